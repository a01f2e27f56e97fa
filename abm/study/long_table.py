"""Doses and measurements of a trial as one table that pharmacometric programs read, and the key to its columns.

One ID for each patient under each protocol, in order of ID and TIME; every time is in days. Read-outs say what is
measured in which compartment; drug is given into 1 and, by mouth, into 4 (AMT mg). A row of EVID 0 is the look of a
visit and stands before what is given at that moment; EVID 1 is what was really given, a dose cut by the end of the run
or withheld included, so that AMT sums to the ledger; EVID 2 is a plasma exchange: it takes REMOVED, a fraction, of
compartment 1 and of the IgM in plasma. Covariates are as drawn or as a protocol sets them at that time; none where the
process is off. Words are numbers, which the key explains.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from abm.biology.given.ibrutinib import IbrutinibGiven
from abm.biology.given.infusion import Infusion
from abm.biology.signalling.ibrutinib import Ibrutinib, taken
from abm.core.clock import H_PER_D, SAME_MOMENT_H
from abm.core.rng import stream_key
from abm.scenario.build import scenario_of
from abm.scenario.draws import patient_of
from abm.scenario.kinds import READOUTS
from abm.scenario.parameters import parameters
from abm.scenario.schema import Scenario

Record = dict[str, Any]
MEASURED = {one.number: one for kind in READOUTS.values() for one in kind.compartments}
BY_MOUTH = 4
ORDER = (0, 2, 1)  # order of EVID at one moment: a measurement comes before what is given
COLUMNS = {
    "ID": ("", "one patient under one protocol"),
    "PROTOCOL": ("", "the protocol"),
    "TIME": ("d", "days since the start of the run"),
    "DV": ("", "what was measured, in the unit of its compartment; empty in a row of something done"),
    "MDV": ("", "1 where nothing was measured"),
    "EVID": ("", "0 a measurement, 1 a dose, 2 a plasma exchange"),
    "AMT": ("mg", "what was given"),
    "RATE": ("mg/d", "of an infusion; it lasts AMT / RATE"),
    "CMT": ("", "compartment"),
    "II": ("d", "time between the doses that a row stands for"),
    "ADDL": ("", "how many more doses follow"),
    "REMOVED": ("", "fraction of compartment 1, and of the IgM in plasma, that a plasma exchange takes"),
    "TIME_d": ("d", "TIME, with its unit"),
    "PATIENT": ("", "the virtual patient, the same under every protocol: replicate + 1"),
}
COMPARTMENTS = {number: one.told for number, one in sorted(MEASURED.items())} | {BY_MOUTH: "ibrutinib by mouth"}
NOTHING: Record = {"DV": None, "MDV": 1, "EVID": 1, "AMT": 0.0, "RATE": 0.0, "CMT": 1, "II": 0, "ADDL": 0,
                   "REMOVED": 0.0}  # fmt: skip


class LongTable:
    """The table of a trial's scenario."""

    def __init__(self, scenario: Scenario):
        self.scenario, self.rules = scenario, scenario.readouts[0]
        vary = scenario.cohort.vary if scenario.cohort else {}
        units = dict(zip(*(parameters(scenario)[name] for name in ("name", "unit")), strict=True))
        self.units = {path: units.get(path, "") for path in vary}
        sets = [own.set for arm in scenario.arms.values() for own in (arm, *arm.change)]
        self.words = {
            path: list(dict.fromkeys([*spread.shares, *(str(own[path]) for own in sets if path in own)]))
            for path, spread in vary.items()
            if spread.shares
        }

    def rows(self, series: pd.DataFrame) -> Iterator[Mapping[str, Sequence[Any]]]:
        """Yield the rows of one subject after another."""
        protocols = list(self.scenario.arms)
        for index, ((arm, replicate), own) in enumerate(series.groupby(["arm", "replicate"], sort=False)):
            subject = _Subject(self, str(arm), int(replicate), own)
            head = {"ID": index + 1, "PATIENT": int(replicate) + 1, "PROTOCOL": protocols.index(str(arm)) + 1}
            every = (NOTHING | row for row in subject.records())
            records = sorted(every, key=lambda row: (row["TIME"], ORDER.index(row["EVID"]), row["CMT"]))
            found = [
                head | {"TIME": row["TIME"], "TIME_d": row["TIME"]} | row | subject.covariates(row["TIME"] * H_PER_D)
                for row in records
            ]
            yield {name: [row[name] for row in found] for name in (*COLUMNS, *map(_column, self.units))}

    def key(self) -> Mapping[str, Sequence[Any]]:
        """Return what every column means, and every number that stands for words."""
        table = [(name, None, *told[::-1]) for name, told in COLUMNS.items()]
        table += [("PROTOCOL", i, arm, "") for i, arm in enumerate(self.scenario.arms, start=1)]
        table += [("CMT", i, words, "") for i, words in COMPARTMENTS.items()]
        table += [(_column(path), None, path, _per_day(unit)[1]) for path, unit in self.units.items()]
        table += [(_column(path), i, word, "") for path, words in self.words.items() for i, word in enumerate(words, 1)]
        return dict(zip(("column", "value", "meaning", "unit"), map(list, zip(*table, strict=True)), strict=True))


class _Infused(NamedTuple):
    """One infusion of a course."""

    course: int
    t_h: float
    of: Infusion


class _Subject:
    """One patient under one protocol, from the patient's series and own scenario."""

    def __init__(self, table: LongTable, arm: str, replicate: int, series: pd.DataFrame):
        self.table, self.replicate, self.series = table, replicate, series
        self.arm, self.patient = table.scenario.arms[arm], patient_of(table.scenario, replicate)
        self.t_h, self.given_mg = series["time_h"].to_numpy(), series["dosed_mg"].to_numpy()
        given = [(course, one) for course, one in enumerate(self.arm.add) if isinstance(one, Infusion)]
        self.infusions = [_Infused(course, t_h, one) for course, one in given for t_h in one.moments]
        self.own: dict[int, Scenario] = {}

    def records(self) -> Iterator[Record]:
        """Yield all that was given, done and measured."""
        yield from self._infusions()
        for one in self.arm.add:
            if one.kind == "plasmapheresis" and self._has(one.kind, one.at):
                yield {"TIME": one.at / H_PER_D, "EVID": 2, "REMOVED": one.amount}
        yield from self._daily()
        yield from self._looks()

    def covariates(self, t_h: float) -> Record:
        """Return the covariates of this patient at a moment: as drawn, or as the protocol sets them."""
        own, found = self._own(t_h), {}
        for path, unit in self.table.units.items():
            value = _at(own, path)
            if path in self.table.words:
                found[_column(path)] = self.table.words[path].index(value) + 1 if value is not None else None
            else:
                found[_column(path)] = value * _per_day(unit)[0] if value is not None else None
        return found

    def _infusions(self) -> Iterator[Record]:
        """Yield each infusion with the amount that ran in before the end."""
        withheld = self._withheld()
        for one in self.infusions:
            mg = self._mg(one, self.t_h[-1])
            if one.course not in withheld and mg > 0.0:
                rate = mg / min(one.of.over, self.t_h[-1] - one.t_h) * H_PER_D
                yield {"TIME": one.t_h / H_PER_D, "AMT": mg, "RATE": rate}

    def _withheld(self) -> set[int]:
        """Return the conditional courses that were not given, according to the amounts infused, in order of time."""
        courses: dict[int, list[_Infused]] = {}
        for one in self.infusions:
            courses.setdefault(one.course, []).append(one)
        given, withheld = [one for one in self.infusions if not one.of.unless_progressed], set()
        for course, own in sorted(courses.items(), key=lambda item: item[1][0].t_h):
            if not own[0].of.unless_progressed:
                continue
            look = int(np.searchsorted(self.t_h, own[0].t_h + SAME_MOMENT_H, side="right"))
            mine, others = (sum(self._mg(one, self.t_h[look]) for one in some) for some in (own, given))
            if self.given_mg[look] - others > 0.5 * mine:
                given += own
            else:
                withheld.add(course)
        return withheld

    def _mg(self, one: _Infused, t_h: float) -> float:
        """Return how much of an infusion that is not withheld has run in by a moment, mg."""
        own = self._own(one.t_h)
        return one.of.dose_mg(own.covariates) * min(max(t_h - one.t_h, 0.0), one.of.over) / one.of.over

    def _daily(self) -> Iterator[Record]:
        """Yield a row per run of daily doses that were taken: the first, and how many follow, one a day."""
        names = [name for name, process in self._own(0.0).processes.items() if isinstance(process, Ibrutinib)]
        if not names:
            return
        row: Record = {}
        key = stream_key(self.patient.seed, self.replicate, names[0])
        daily = [one for one in self.arm.add if isinstance(one, IbrutinibGiven)]
        for t_h, mg in taken(daily, key, 0.0, float(self.t_h[-1])):
            day = t_h / H_PER_D
            if row and row["AMT"] == mg and abs(day - row["TIME"] - row["ADDL"] - 1) < SAME_MOMENT_H:
                row["ADDL"] += 1
                continue
            if row:
                yield row
            row = {"TIME": day, "AMT": mg, "CMT": BY_MOUTH, "II": 1, "ADDL": 0}
        if row:
            yield row

    def _looks(self) -> Iterator[Record]:
        """Yield what was measured at the last look that is not after each visit, at the moment of the look."""
        first = self.table.rules.first_h(self.arm.add)
        visits = np.array(self.table.rules.visits_h(float(self.t_h[-1]) - first)) + first
        for look in np.unique(np.searchsorted(self.t_h, visits + SAME_MOMENT_H, side="right") - 1):
            for number, one in MEASURED.items():
                value = self.series[one.column].iloc[look] if one.column in self.series else np.nan
                if np.isfinite(value):
                    seen = {"DV": float(value), "MDV": 0, "EVID": 0, "CMT": number}
                    yield {"TIME": self.t_h[look] / H_PER_D} | seen

    def _own(self, t_h: float) -> Scenario:
        """Return the patient's scenario under the protocol as it is at a moment."""
        n_changes = sum(change.at <= t_h for change in self.arm.change)
        if n_changes not in self.own:
            self.own[n_changes] = scenario_of(self.patient, self.arm, t_h)
        return self.own[n_changes]

    def _has(self, kind: str, t_h: float) -> bool:
        return any(process.kind == kind for process in self._own(t_h).processes.values())


def _at(scenario: Scenario, path: str) -> Any:
    """Return the value at a dotted path; None where the process is off."""
    found: Any = scenario
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else getattr(found, name, None)
    return found


def _column(path: str) -> str:
    return path.upper().replace(".", "_")


def _per_day(unit: str) -> tuple[float, str]:
    """Return the factor and the unit that convert a quantity in hours to one in days."""
    if unit == "h":
        return 1.0 / H_PER_D, "d"
    return (H_PER_D, f"{unit.removesuffix('/h')}/d") if unit.endswith("/h") else (1.0, "" if unit == "1" else unit)
