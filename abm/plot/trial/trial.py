"""A virtual trial read once from its run folder: a protocol is an arm, a patient a replicate, times are in days."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from ruamel.yaml import YAML

from abm.plot import arms, draws
from abm.plot.tables import Tables
from abm.plot.trial.clock import HOURS_PER_DAY, clock_for
from abm.results.declared import Measure, declared
from abm.results.run import Run
from abm.results.weights import Weights, weights_of

COURSE_GAP_D = 35.0
LONGEST_INFUSION_D = 1.0
IGM = "igm_g_per_L"
SEEN = f"seen_{IGM}"
NOT_OBSERVED = "not observed"
OF_DRUG = "_ug_per_mL"  # ends the name of the level of an antibody


class Trial:
    """The tables of a trial; nobody may change them.

    Attributes
    ----------
    series : DataFrame
        One row per protocol, patient and look, with ``time_d``.
    end_points : DataFrame
        One row per protocol and patient.
    visits : DataFrame
        One row per protocol, patient and visit: ``time_d``, what there was and what was seen; empty where the series
        tells.
    patients : DataFrame
        One row per patient, a column per drawn quantity; empty where nothing was drawn.
    protocols : list of str
        In the order of the scenario.
    clock : Clock
        The unit of the time axes.

    Raises
    ------
    ReadError
        A table is missing or damaged.
    """

    def __init__(self, run: Run):
        self.run = Tables(run.path)
        self.series = _named(self.run.series()).assign(time_d=self.run.series()["time_h"] / HOURS_PER_DAY)
        self.end_points = _named(run.end_points())
        self.visits = run.visits().pipe(_named) if run.has("visits.csv") else pd.DataFrame()
        self.patients = run.patients() if run.has("patients.csv") else pd.DataFrame()
        self.protocols = arms.treated(self.run)
        self.looks = arms.looks(self.run)
        self.end_d = float(self.series["time_d"].max())
        self.clock = clock_for(self.end_d)
        self._tables: dict[tuple[str, str], pd.DataFrame] = {}

    @cached_property
    def rules(self) -> dict[str, float]:
        """Return the numbers by which end points were read, times in hours; else those that the scenario states."""
        told = declared(self.run.path).get("rules")
        found = told or YAML(typ="safe", pure=True).load(self.run.scenario_text()).get("end_points") or {}
        return {name: number for name, value in found.items() if (number := _leading(value)) is not None}

    @cached_property
    def weights(self) -> list[Weights]:
        """Return the virtual populations of these patients, by name."""
        return weights_of(self.run)

    def rule(self, name: str) -> float:
        """Return one of these; NaN where nobody states it."""
        return self.rules.get(name, math.nan)

    @property
    def level(self) -> str:
        """Return the column of the series that the end points were read from."""
        told = str(declared(self.run.path).get("level", ""))
        return told or (IGM if self.has(IGM) else next((c for c in self.series if c.endswith("_per_nL")), ""))

    def end_point(self, name: str) -> Measure:
        """Return what an end point is, or one in the summary."""
        return self.run.measures("readouts").of(name)

    def end_points_known(self, names: Sequence[str]) -> list[Measure]:
        """Return what these end points are, in the order in which the run declares them."""
        known = [one for one in self.run.measures("readouts") if one.name in names]
        return known or [self.end_point(name) for name in names]

    @property
    def falls_percent(self) -> list[float]:
        """Return the falls of IgM that make a response minor, partial and very good."""
        return [round(100 * self.rule(f"{grade}_frac"), 9) for grade in ("minor", "partial", "very_good")]

    @property
    def n_patients(self) -> int:
        """Return the number of patients in a protocol."""
        return int(self.end_points["replicate"].nunique())

    @property
    def is_single(self) -> bool:
        """Return whether there is one patient alone."""
        return self.n_patients == 1

    def has(self, *columns: str) -> bool:
        """Return whether the series holds values in all these columns."""
        return all(column in self.series and self.series[column].notna().any() for column in columns)

    def label(self, column: str) -> str:
        """Return the label of a column's axis, with its unit."""
        return self.run.measures().of(column).axis

    @property
    def drugs(self) -> list[str]:
        """Return the levels of antibodies that any patient had, that of the first where none had any."""
        known = [column for column in self.series if column.endswith(OF_DRUG)]
        return [column for column in known if (self.series[column] > 0).any()] or known[:1]

    def table(self, protocol: str, column: str) -> pd.DataFrame:
        """Return one column of the series: a row per look (index in days), a column per patient."""
        key = (protocol, column)
        if key not in self._tables:
            rows = self.series.loc[self.series["arm"] == protocol]
            self._tables[key] = rows.pivot(index="time_d", columns="replicate", values=column).sort_index()
        return self._tables[key]

    def band(self, protocol: str, column: str) -> draws.Band | None:
        """Return between which ends the middle 95 % of draws lie, of medians over patients, by day."""
        found = draws.band(self.run, protocol, column)
        return found and found._replace(x=found.x / HOURS_PER_DAY)

    def outcomes_of_draws(self) -> list[dict[str, pd.DataFrame]]:
        """Return for every draw the end points of each protocol, indexed by patient; none where there are no draws."""
        drawn = self.run.draws()
        if drawn is None:
            return []
        each = _named(drawn.end_points()).groupby(["replicate", "arm"], sort=True)
        tables = {key: rows.set_index("patient").sort_index() for key, rows in each}
        numbers = sorted({draw for draw, _ in tables})
        return [{name: tables[draw, name] for name in self.protocols} for draw in numbers]

    def outcomes(self, protocol: str) -> pd.DataFrame:
        """Return the end points of a protocol, indexed by patient."""
        rows = self.end_points.loc[self.end_points["arm"] == protocol]
        return rows.set_index("replicate").sort_index()

    def change_percent(self, protocol: str) -> pd.DataFrame:
        """Return IgM as percent change from baseline, shaped as :meth:`table`; missing without IgM at the start."""
        first = self.visits_of(protocol, 0)
        baseline = first[IGM] if len(first) else self.outcomes(protocol)[f"baseline_{IGM}"]
        return 100 * (self.table(protocol, IGM).div(baseline.where(baseline > 0), axis=1) - 1)

    @cached_property
    def has_error(self) -> bool:
        """Return whether an assay showed anything but the truth."""
        return SEEN in self.visits and bool((self.visits[SEEN] != self.visits[IGM]).any())

    def visits_of(self, protocol: str, number: int | None = None) -> pd.DataFrame:
        """Return the visits of a protocol, or those of one number, indexed by patient."""
        if self.visits.empty:
            return self.visits
        is_own = self.visits["arm"] == protocol
        is_own = is_own if number is None else is_own & (self.visits["visit"] == number)
        return self.visits.loc[is_own].set_index("replicate")

    def seen_percent(self, protocol: str) -> pd.DataFrame:
        """Return ``time_d`` and ``percent``, the change from baseline that was seen, a row per visit, by patient."""
        rows, first = self.visits_of(protocol), self.visits_of(protocol, 0)[SEEN]
        change = rows[SEEN] / first.where(first > 0).reindex(rows.index) - 1
        return pd.DataFrame({"time_d": rows["time_h"] / HOURS_PER_DAY, "percent": 100 * change})

    def has_change(self, protocol: str) -> bool:
        """Return whether any patient of a protocol had IgM at the start that could change."""
        return bool(self.change_percent(protocol).notna().any(axis=None))

    def is_observed(self, name: str, protocol: str = "") -> bool:
        """Return whether an end point could be seen in any patient, of a protocol or of all."""
        rows = self.outcomes(protocol) if protocol else self.end_points
        return name in rows and bool(rows[name].notna().any())

    def infusions_d(self, protocol: str) -> NDArray[np.float64]:
        """Return the days on which any patient of a protocol was infused, as exactly as the looks tell."""
        table = self.table(protocol, "dosed_mg")
        return _rises(table.index.to_numpy(dtype=float), table.to_numpy(dtype=float))

    def look_gap_d(self) -> float:
        """Return the usual time between two looks, 0 where there is one alone."""
        t_d = self.table(self.protocols[0], IGM if self.has(IGM) else "dosed_mg").index.to_numpy(dtype=float)
        return float(np.median(np.diff(t_d))) if t_d.size > 1 else 0.0

    def first_course_end_d(self, protocol: str) -> float:
        """Return the day of the last infusion before the first long pause, from the first one; 0 without infusions."""
        days = self.infusions_d(protocol)
        days = days - days[:1].sum()
        pauses = np.flatnonzero(np.diff(days) > COURSE_GAP_D)
        return float(days[pauses[0]] if pauses.size else days[-1]) if days.size else 0.0


def _leading(value: object) -> float | None:
    """Return a number, or the one that a text such as "12 weeks" begins with."""
    try:
        return float(str(value).split()[0])
    except ValueError:
        return None


def _rises(t_d: NDArray[np.float64], dosed_mg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return when the dose given rose; where no look at 0 counts the first infusion, a rise began a look earlier."""
    added = np.diff(dosed_mg, axis=0, prepend=0.0)
    rows = np.flatnonzero((added > 1e-9).any(axis=1))
    late = rows.size > 0 and t_d[rows[0]] > 0
    days = t_d[rows - 1] if late else t_d[rows]
    return days[np.diff(days, prepend=-np.inf) > LONGEST_INFUSION_D]


def _named(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(arm=table["arm"].astype(str))
