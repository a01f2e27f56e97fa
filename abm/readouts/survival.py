"""Survival of B cells in a culture well against its control, and what they died of.

*Model*: a cell is alive until it is committed to die. ``survival`` is alive over alive in the control; ``lysis`` is
what lysed above the control, of what it left; both of every replicate and its own control, then the mean. Neither is
known of an arm without control.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from abm.core.clock import SAME_MOMENT_H
from abm.core.fate import Fate
from abm.core.world import World
from abm.readouts.readout import EndPoint, Found, Readout, Seen, Told
from abm.statistics.intervals import Z, of_mean, of_ratio, of_share

if TYPE_CHECKING:
    import pandas as pd

    from abm.results.run import Run

CAUSES = ("cdc", "adcc", "background")
OF_START = "fraction of the start"
Interval = dict[str, float | None]


class Survival(Readout):
    """How many B cells live, against the same well without antibody."""

    kind: Literal["survival"] = "survival"
    scale: ClassVar = "well"
    level: ClassVar = "n_b_alive"
    relative: ClassVar = ("survival", "lysis", "control")
    at_any_time: ClassVar = ("survival", "survival_raw", "lysis")
    by_cd20: ClassVar = ("survival_raw",)
    declared: ClassVar = (
        EndPoint("survival", "1", "survival", "ratio", "fraction of control"),
        EndPoint("survival_raw", "1", "survival", "share", OF_START, 1.0),
        EndPoint("control", "1", "survival in the control", "share", OF_START, 1.0),
        EndPoint("lysis", "1", "specific lysis", shown="fraction of control", summary="specific_lysis"),
        EndPoint("lysed_frac", "1", "B cells lysed", "share", where="study"),
        EndPoint("deaths_*_frac", "1", "B cells dead by *", "share", where="study"),
        EndPoint("n_b_start", "cells", "B cells that ever were", where="study"),
        EndPoint("alive_h_per_cell", "h", "time alive per B cell", where="study"),
    )

    def of_subject(self, seen: Seen) -> Found:
        """Return what became of the cells of a well that ever were, and the hours that they spent alive."""
        world = seen.simulated
        b, n = world.populations[world.target], ever(world)
        found = {
            "n_b_start": float(n),
            "survival_raw": float((~b.is_dying).sum()) / n,
            "lysed_frac": world.tallies.get(f"{world.target}.lysed", 0) / n,
            "alive_h_per_cell": _alive_h(world) / n,
        }
        for cause in Fate().causes(b):
            found[f"deaths_{cause}_frac"] = world.tallies.get(f"{world.target}.deaths_{cause}", 0) / n
        return found

    def at_look(self, row: Mapping[str, float]) -> Found:
        """Return the shares of all cells there ever were that are alive and lysed at a look."""
        n = max(1.0, float(row["n_b_start"]))
        return {"survival_raw": float(row["n_b_alive"]) / n, "lysed_frac": float(row["n_b_dead"]) / n}

    def against_control(self, own: Found, control: Found) -> Found:
        """Return survival and lysis of a well against its control, and the control's own survival."""
        return {
            "survival": _over(own["survival_raw"], control["survival_raw"]),
            "lysis": _over(own["lysed_frac"] - control["lysed_frac"], 1.0 - control["lysed_frac"]),
            "control": control["survival_raw"],
        }

    def summary(self, run: Run, table: pd.DataFrame) -> dict[str, Any]:
        """Return survival by arm with intervals over replicates, and deaths by cause."""
        return summarise(run)

    def of_draws(self, run: Run, table: pd.DataFrame) -> Told:
        """Return survival against the control, the survivals that it is made of, and lysis, of each replicate."""
        found = _of_arms(run.series(), _controls(run))
        return {arm: {name: own.to_numpy() for name, own in each.items()} for arm, each in found.items()}

    def by_chance(self, run: Run, summary: Mapping[str, Any]) -> dict[str, dict[str, float]]:
        """Return what differs between replicates; one alone does not tell."""
        found = self.of_draws(run, run.arms())
        return {
            arm: {name: Z * float(np.std(own, ddof=1)) if own.size > 1 else math.nan for name, own in each.items()}
            for arm, each in found.items()
        }


def ever(world: World) -> int:
    """Return how many B cells a well ever held; at least one, to divide by."""
    return max(1, _n(world))


def _n(world: World) -> int:
    return sum(world.tallies.get(f"{world.target}.{how}", 0) for how in ("entered", "born"))


def _alive_h(world: World) -> float:
    """Return the hours that all cells spent alive; cells that came later count from the start."""
    dead = world.deaths.get(world.target)
    return _n(world) * world.t_h - (float((world.t_h - dead.time_h).sum()) if dead is not None else 0.0)


def _over(above: float, below: float) -> float:
    return above / below if below > 0 else math.nan


def interval(values: ArrayLike, n_cells: float = math.nan) -> Interval:
    """Return the mean of shares over replicates with its 95 % interval, as plain numbers.

    Parameters
    ----------
    values : sequence of float
        One share per replicate; NaN where there was nothing to divide by.
    n_cells : float
        Cells behind each of them.
    """
    return of_share(values, n_cells).as_numbers()


def summarise(run: Run) -> dict:
    """Return the summary of a merged run, without its hashes."""
    last, controls, series = _last(run), _controls(run), run.series()
    causes = [c.removeprefix("deaths_") for c in last if c.startswith("deaths_")]
    causes = [c for c in CAUSES if c in causes] + [c for c in causes if c not in CAUSES]
    later, result = _later_cohorts(run), {}
    for arm, own in _of_arms(series, controls).items():
        cells = float(last.loc[arm, "n_b_start"].iloc[0])
        deaths = {c: _share(last.loc[arm], c) for c in dict.fromkeys((*CAUSES, *causes))}
        result[arm] = {
            "survival": of_ratio(own["survival"], cells).as_numbers(),
            "survival_raw": interval(own["survival_raw"], cells),
            "control": interval(own["control"], float(last.loc[controls[arm] or arm, "n_b_start"].iloc[0])),
            "deaths": deaths,
            "specific_lysis": of_mean(own["specific_lysis"]).as_numbers(),
        }
        if arm in later:
            result[arm]["cohorts"] = later[arm]
    return {
        "arms": result,
        "replicates": int(last.index.get_level_values("replicate").nunique()),
    }


def _last(run: Run) -> pd.DataFrame:
    return _ends(run.series())


def _ends(series: pd.DataFrame) -> pd.DataFrame:
    return series.groupby(["arm", "replicate"], sort=False).last()


def _controls(run: Run) -> dict[str, str]:
    """Return which arm is whose control; "" where there is none."""
    arms = run.arms()
    own = arms.loc[~arms["is_control"]]
    return dict(zip(own["arm"], own["control_arm"].fillna(""), strict=True))


def _of_arms(series: pd.DataFrame, controls: Mapping[str, str]) -> dict[str, dict[str, pd.Series]]:
    """Return what an arm's replicates show at their end beside their controls then; NaN where they have none."""
    found, last = {}, _ends(series)
    for arm, control in controls.items():
        own = last.loc[arm]
        beside = _at_the_end_of(own, series, last, control) if control else own
        raw, alive = (_ratio(one["n_b_alive"], one["n_b_start"]) for one in (own, beside))
        lysed, gone = (_ratio(one["n_b_dead"], one["n_b_start"]) for one in (own, beside))
        alive, gone = (one if control else one * math.nan for one in (alive, gone))
        found[arm] = {
            "survival": _ratio(raw, alive),
            "survival_raw": raw,
            "control": alive,
            "specific_lysis": _ratio(lysed - gone, 1.0 - gone),
        }
    return found


def _at_the_end_of(own: pd.DataFrame, series: pd.DataFrame, last: pd.DataFrame, control: str) -> pd.DataFrame:
    """Return the controls of an arm's replicates as they were when those ended, who may have been stopped before."""
    beside = last.loc[control]
    if (own["time_h"] >= beside["time_h"].reindex(own.index) - SAME_MOMENT_H).all():
        return beside
    rows = series.loc[series["arm"] == control]
    ends = rows["replicate"].map(own["time_h"])
    return rows.loc[rows["time_h"] <= ends + SAME_MOMENT_H].groupby("replicate", sort=False).last()


def _later_cohorts(run: Run) -> dict[str, dict[str, Interval]]:
    """Return raw survival by cohort of every arm to which B cells were added later."""
    keys = ["arm", "replicate", "cohort"]
    started, died = run.start().groupby(keys).size(), run.deaths()
    dead = died.groupby(keys).size() if "cohort" in died else started * 0
    alive = 1.0 - dead.reindex(started.index, fill_value=0) / started
    found = {}
    for arm, shares in alive.groupby("arm", sort=False):
        cohorts = shares.groupby("cohort")
        if cohorts.ngroups > 1:
            cells = started[arm].groupby("cohort").first()
            found[arm] = {str(c): interval(share.to_numpy(), float(cells[c])) for c, share in cohorts}
    return found


def _ratio(above: pd.Series, below: pd.Series) -> pd.Series:
    return above / below.where(below > 0)


def _share(rows: pd.DataFrame, cause: str) -> float | None:
    if f"deaths_{cause}" not in rows:
        return 0.0
    share = _ratio(rows[f"deaths_{cause}"], rows["n_b_start"]).mean()
    return None if math.isnan(share) else float(share)
