"""Doses and measurements of a trial as one table that pharmacometric programs read, and the key to its columns.

One ID for each patient under each protocol, in order of ID and TIME; every time is in days. Read-outs say what is
measured in which compartment; an antibody is given into 1, a second one, and what is taken by mouth, into others (AMT
mg). A row of EVID 0 is the look of a visit and stands before what is given at that moment; EVID 1 is what was really
given, a dose cut by the end of the run or withheld included, so that AMT sums to the ledger; EVID 2 is a plasma
exchange: it takes REMOVED, a fraction, of the antibody and of the IgM in plasma. Covariates are as drawn or as a
protocol sets them at that time; none where the process is off. Words are numbers, which the key explains.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from abm.biology.covariates import Covariates
from abm.core.addition import Addition, Dose
from abm.core.clock import H_PER_D, SAME_MOMENT_H
from abm.core.rng import stream_key
from abm.readouts.readout import Compartment
from abm.scenario.build import Subject, arm_of
from abm.scenario.draws import drawn, drawn_words, patient_of
from abm.scenario.kinds import GIVEN, READOUTS
from abm.scenario.parameters import parameters
from abm.scenario.schema import Scenario
from abm.scenario.start import scenario_of

Record = dict[str, Any]
MEASURED = {one.number: one for kind in READOUTS.values() for one in kind.compartments}
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
INFUSED, MOST = 1, 99  # the compartment of the first antibody, and the last number that a compartment can have
FREE = [number for number in range(INFUSED + 1, MOST) if number not in MEASURED]
ROUTES = dict(zip(sorted({cls.route for cls in GIVEN.values() if cls.route}), FREE, strict=False))
NOTHING: Record = {"DV": None, "MDV": 1, "EVID": 1, "AMT": 0.0, "RATE": 0.0, "CMT": 1, "II": 0, "ADDL": 0,
                   "REMOVED": 0.0}  # fmt: skip


class LongTable:
    """The table of a trial's scenario."""

    def __init__(self, scenario: Scenario):
        self.scenario, self.rules = scenario, scenario.readouts[0]
        self.number_of = dict(zip(scenario.drugs(), [INFUSED, *FREE[len(ROUTES) :]], strict=False))
        drugs = {number: _plasma(drug, number) for drug, number in self.number_of.items()}
        self.measured = dict(sorted((drugs | MEASURED).items()))
        units = dict(zip(*(parameters(scenario)[name] for name in ("name", "unit")), strict=True))
        self.units = {path: units.get(path, "") for path in drawn(scenario)}
        sets = [own.set for arm in scenario.arms.values() for own in (arm, *arm.change)]
        self.words = {
            path: list(dict.fromkeys([*words, *(str(own[path]) for own in sets if path in own)]))
            for path, words in drawn_words(scenario).items()
        }

    def rows(self, series: pd.DataFrame) -> Iterator[Mapping[str, Sequence[Any]]]:
        """Yield the rows of one subject after another."""
        protocols = list(self.scenario.arms)
        for index, ((arm, replicate), own) in enumerate(series.groupby(["arm", "replicate"], sort=False)):
            subject = _Subject(self, str(arm), int(replicate), own)
            head = {"ID": index + 1, "PATIENT": int(replicate) + 1, "PROTOCOL": protocols.index(str(arm)) + 1}
            every = (NOTHING | row for row in subject.records())
            records = sorted(every, key=lambda row: (row["TIME"], ORDER.index(row["EVID"]), row["CMT"]))
            found = [head | row | {"TIME_d": row["TIME"]} for row in records]
            covariates = [subject.covariates(row["TIME"] * H_PER_D) for row in records]
            columns = {name: [row[name] for row in found] for name in COLUMNS}
            yield columns | {name: [own[name] for own in covariates] for name in map(_column, self.units)}

    def key(self) -> Mapping[str, Sequence[Any]]:
        """Return what every column means, and every number that stands for words."""
        of_each = {"compartment 1": "its compartment"} if len(self.number_of) > 1 else {}
        table = [(name, None, _worded(text, of_each), unit) for name, (unit, text) in COLUMNS.items()]
        table += [("PROTOCOL", i, arm, "") for i, arm in enumerate(self.scenario.arms, start=1)]
        words = {number: one.told for number, one in self.measured.items()} | {i: words for words, i in ROUTES.items()}
        table += [("CMT", i, told, "") for i, told in sorted(words.items())]
        table += [(_column(path), None, path, _per_day(unit)[1]) for path, unit in self.units.items()]
        table += [(_column(path), i, word, "") for path, words in self.words.items() for i, word in enumerate(words, 1)]
        return dict(zip(("column", "value", "meaning", "unit"), map(list, zip(*table, strict=True)), strict=True))


class _Subject:
    """One patient under one protocol, from the patient's series and own scenario."""

    def __init__(self, table: LongTable, arm: str, replicate: int, series: pd.DataFrame):
        self.table, self.replicate, self.series = table, replicate, series
        self.arm = arm_of(table.scenario, Subject(arm, replicate))
        self.patient = patient_of(table.scenario, replicate)
        self.t_h, self.given_mg = series["time_h"].to_numpy(), series["dosed_mg"].to_numpy()
        self.own: dict[int, tuple[Scenario, dict[str, str], Record]] = {}

    def records(self) -> Iterator[Record]:
        """Yield all that was given, done and measured."""
        for cls in GIVEN.values():
            doses = self._doses(cls)
            yield from self._single([dose for dose in doses if not dose.every_d])
            yield from self._regimen([dose for dose in doses if dose.every_d], ROUTES.get(cls.route, INFUSED))
        yield from self._looks()

    def covariates(self, t_h: float) -> Record:
        """Return the covariates of this patient at a moment: as drawn, or as the protocol sets them."""
        return self._own(t_h)[2]

    def _covariates_of(self, own: Scenario) -> Record:
        found: Record = {}
        for path, unit in self.table.units.items():
            value = _at(own, path)
            if path in self.table.words:
                found[_column(path)] = self.table.words[path].index(value) + 1 if value is not None else None
            else:
                found[_column(path)] = value * _per_day(unit)[0] if value is not None else None
        return found

    def _doses(self, cls: type[Addition]) -> list[Dose]:
        """Return what of a kind is given while a process is there to take it up."""
        given = {index: one for index, one in enumerate(self.arm.add) if one.kind == cls.kind}
        key = stream_key(self.patient.seed, self.replicate, self._taker(cls, 0.0))
        doses = cls.doses(given, self._covariates, key, float(self.t_h[-1])) if given else []
        changes_h = sorted(change.at for change in self.arm.change)
        is_taken_up = [bool(self._taker(cls, t_h)) for t_h in (0.0, *changes_h)]
        return [dose for dose in doses if is_taken_up[bisect_right(changes_h, dose.t_h)]]

    def _single(self, doses: list[Dose]) -> Iterator[Record]:
        """Yield each removal, and each dose with the amount that ran in before the end."""
        withheld, end_h = self._withheld(doses), self.t_h[-1]
        for dose in doses:
            row, mg = {"TIME": dose.t_h / H_PER_D}, dose.mg_until(end_h)
            if dose.removed_frac:
                for number in self.table.number_of.values():
                    yield row | {"EVID": 2, "CMT": number, "REMOVED": dose.removed_frac}
            elif mg > 0.0 and (dose.course is None or dose.course not in withheld):
                rate = mg / min(dose.over_h, end_h - dose.t_h) * H_PER_D if dose.over_h else 0.0
                yield row | {"AMT": mg, "RATE": rate, "CMT": self.table.number_of.get(dose.antibody, INFUSED)}

    def _withheld(self, doses: list[Dose]) -> set[int]:
        """Return the conditional courses that were not given, according to the amounts infused, in order of time."""
        courses: dict[int, list[Dose]] = {}
        for dose in doses:
            if dose.course is not None:
                courses.setdefault(dose.course, []).append(dose)
        given, withheld = [dose for dose in doses if dose.course is None], set()
        for course, own in sorted(courses.items(), key=lambda item: item[1][0].t_h):
            look = int(np.searchsorted(self.t_h, own[0].t_h + SAME_MOMENT_H, side="right"))
            mine, others = (sum(dose.mg_until(self.t_h[look]) for dose in some) for some in (own, given))
            if self.given_mg[look] - others > 0.5 * mine:
                given += own
            else:
                withheld.add(course)
        return withheld

    def _regimen(self, doses: list[Dose], compartment: int) -> Iterator[Record]:
        """Yield a row per run of doses that were taken: the first, and how many follow, one every so often."""
        row: Record = {}
        for dose in doses:
            day = dose.t_h / H_PER_D
            if (
                row
                and row["AMT"] == dose.mg
                and abs(day - row["TIME"] - dose.every_d * (row["ADDL"] + 1)) < SAME_MOMENT_H
            ):
                row["ADDL"] += 1
                continue
            if row:
                yield row
            row = {"TIME": day, "AMT": dose.mg, "CMT": compartment, "II": dose.every_d, "ADDL": 0}
        if row:
            yield row

    def _looks(self) -> Iterator[Record]:
        """Yield what was measured at the last look that is not after each visit, at the moment of the look."""
        first = self.table.rules.first_h(self.arm.add)
        who = (self.patient.seed, self.replicate)
        visits = np.array(self.table.rules.visits_of(float(self.t_h[-1]) - first, *who)) + first
        there = {n: one.column for n, one in self.table.measured.items() if one.column in self.series}
        seen_of = {number: self._shown(column, visits.size) for number, column in there.items()}
        looks, kept = np.unique(np.searchsorted(self.t_h, visits + SAME_MOMENT_H, side="right") - 1, return_index=True)
        for look, visit in zip(looks, kept, strict=True):
            for number, (values, errors) in seen_of.items():
                if math.isfinite(value := values[look] * errors[visit]):
                    seen = {"DV": value, "MDV": 0, "EVID": 0, "CMT": number}
                    yield {"TIME": self.t_h[look] / H_PER_D} | seen

    def _shown(self, column: str, n: int) -> tuple[list[float], list[float]]:
        """Return a column, and what is seen of it at n visits relative to the truth."""
        rules = self.table.rules
        errors = rules.errors(n, self.patient.seed, self.replicate) if column == rules.level else np.ones(n)
        return self.series[column].tolist(), errors.tolist()

    def _own(self, t_h: float) -> tuple[Scenario, dict[str, str], Record]:
        """Return the patient's scenario under the protocol at a moment, which process writes what, and covariates."""
        n_changes = sum(change.at <= t_h for change in self.arm.change)
        if n_changes not in self.own:
            own = scenario_of(self.patient, self.arm, t_h)
            written = {target: name for name, process in own.processes.items() for target in process.writes}
            self.own[n_changes] = own, written, self._covariates_of(own)
        return self.own[n_changes]

    def _taker(self, cls: type[Addition], t_h: float) -> str:
        """Return the name of the process that takes up a kind at a moment, if one is on."""
        written = self._own(t_h)[1]
        return next((written[need] for need in cls.needs if need in written), "")

    def _covariates(self, t_h: float) -> Covariates:
        return self._own(t_h)[0].covariates


def _worded(text: str, words: Mapping[str, str]) -> str:
    for one, other in words.items():
        text = text.replace(one, other)
    return text


def _plasma(drug: str, number: int) -> Compartment:
    return Compartment(number, f"{drug}_ug_per_mL", drug.replace("_", " "), "ug/mL")


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
