"""Virtual patients, and donors of wells: the values that a patient's own scenario has where patients differ.

Draws are pure functions of seed, patient and dotted path, by its first name: a patient is the same under every
protocol, and neither letting one more quantity vary nor naming one anew changes another. A normal or log-normal
quantity is cut off at the bounds of its parameter: what would lie outside is drawn anew inside, given what it goes
together with, so that nothing piles up on a bound.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
import scipy  # its parts are imported where they are first used: they are slow

from abm.core.errors import Fault, InputError, nearest
from abm.core.par import bounds_text, plain
from abm.core.rng import normal, stream_key, uniform
from abm.core.units import UnitError
from abm.core.words import listing
from abm.document.load import Document, apply_overrides, placing, validate
from abm.document.reading import keys_in
from abm.scenario.checks import consistency_faults
from abm.scenario.cohort import CELLS, Cohort, Spread
from abm.scenario.entry import Entry
from abm.scenario.known import fields_at, parameter_at
from abm.scenario.patient_columns import VARIES
from abm.scenario.patient_table import PatientTable, read_patients, told_of_table
from abm.scenario.quantity import Quantity, between
from abm.scenario.recorded import record_faults, refuse_records
from abm.scenario.renamed import RENAMED
from abm.scenario.schema import Scenario
from abm.scenario.untreated import CheckUp, entry_of, told

MOST_CANDIDATES = 50  # design: where one in ten enters, 1 place in 200 stays empty
FIRST, FEW = 200, 10  # design: patients by whom it is told who never enters, and who are asked when a file is read
MOST_OUTSIDE = 0.01  # design: what changes a cohort of a hundred patients


def draws(scenario: Scenario, replicate: int) -> dict[str, float | str]:
    """Return what a patient is: the value of each quantity that varies, by dotted path, in the parameter's unit."""
    if scenario.cohort is None or not (scenario.cohort.drawn or scenario.cohort.table):
        return {}
    if scenario.cohort.enter_at:
        return _entered(_The(scenario), scenario.cohort.enter_at, replicate).values
    return _cohort_of(scenario).values(scenario.seed, replicate)


def entry(scenario: Scenario, replicate: int) -> dict[str, float | str]:
    """Return after how many untreated years a patient entered, and by which rule; nothing where nobody is grown."""
    if scenario.cohort is None or not scenario.cohort.enter_at:
        return {}
    found = _entered(_The(scenario), scenario.cohort.enter_at, replicate).check_up
    return {"entry_years": found.years, "entered_by": listing(found.holds)}


@dataclass(frozen=True)
class _Entered:
    """A patient who entered: what was drawn, the check-up, and those of all candidates for the place before."""

    values: dict[str, float | str]
    check_up: CheckUp
    before: tuple[CheckUp, ...]


@lru_cache(maxsize=1024)
def _entered(the: "_The", rules: Entry, replicate: int) -> _Entered:
    """Return the first candidate for a patient's place who enters."""
    scenario, found = the.scenario, _cohort_of(the.scenario)
    before: list[CheckUp] = []
    for attempt in range(MOST_CANDIDATES):
        values = found.values(scenario.seed, replicate, attempt)
        check_up = entry_of(found.patient(values), rules, replicate)
        if check_up.enters:
            return _Entered(values | {CELLS: check_up.cells}, check_up, tuple(before))
        before.append(check_up)
    largest = max(one.cells for one in before)
    text = f"of {len(before)} candidates for patient {replicate} {told(before, rules)}"
    allowed = f"what an untreated clone reaches: the largest of them has {largest:.3g} cells"
    raise InputError(Fault(text, "cohort.enter_at", allowed=allowed))


def drawn(scenario: Scenario) -> list[str]:
    """Return the dotted paths of which patients have values of their own."""
    return list(_cohort_of(scenario).paths) if scenario.cohort else []


def is_idle(scenario: Scenario, path: str) -> bool:
    """Whether the scenario's own value at a path says nothing about patients: every one has another."""
    cohort, table = scenario.cohort, table_of(scenario)
    is_in_table = cohort is not None and table is not None and path in table.paths and path not in cohort.vary
    return is_in_table or (cohort is not None and cohort.is_usual_idle(path))


def drawn_words(scenario: Scenario) -> dict[str, list[str]]:
    """Return the words that patients may have at a dotted path, by path: those with shares, and those of a table."""
    table, vary = table_of(scenario), scenario.cohort.vary if scenario.cohort else {}
    found = {path: list(spread.shares) for path, spread in vary.items() if spread.shares}
    for one in table.patients if table else ():
        for path, value in one.values.items():
            if isinstance(value, str) and value not in (words := found.setdefault(path, [])):
                words.append(value)
    return found


def table_of(scenario: Scenario) -> PatientTable | None:
    """Return what a table of the user's says of the patients, if there is one."""
    return _cohort_of(scenario).table if scenario.cohort and scenario.cohort.table else None


def fault_of_drawn(scenario: Scenario, path: str) -> Fault:
    """Return why a value would have no effect of which every patient draws one."""
    who = scenario.space.individual
    allowed = f"what 'cohort' draws no values of; what an arm sets, all its {who}s have"
    return Fault(f"every {who} draws a value of its own for it", path, allowed=allowed)


def warnings_of(scenario: Scenario) -> list[str]:
    """Return warnings about a valid scenario: old names of keys, what processes tell, and wide spreads."""
    found = (f"processes.{key}.{text}" for key, one in scenario.processes.items() for text in one.told(scenario.space))
    return [*scenario.told, *found, *beyond_bounds(scenario), *_replaced(scenario), *told_of_table(table_of(scenario))]


def _replaced(scenario: Scenario, most: int = FIRST) -> list[str]:
    """Return a sentence about the candidates who never enter and are replaced, where there are any."""
    if scenario.cohort is None or not scenario.cohort.enter_at:
        return []
    the, rules = _The(scenario), scenario.cohort.enter_at
    found = [_entered(the, rules, replicate).before for replicate in range(min(scenario.n_replicates, most))]
    before = [one for own in found for one in own]
    if not before:
        return []
    n, passed = len(before) + len(found), told(before, rules)
    return [f"cohort.enter_at: of {n} candidates for {len(found)} patients {passed}; others take their places"]


def beyond_bounds(scenario: Scenario) -> list[str]:
    """Return a sentence for each quantity of which more than 1 % of the draws would lie outside its bounds."""
    if scenario.cohort is None or not scenario.cohort.vary:
        return []
    return [
        f"cohort.vary.{path}: {100.0 * one.outside:.1f} % of the draws would lie outside the bounds "
        f"({bounds_text(one.known, one.known['unit'])}) and are drawn anew inside them"
        for path, one in _cohort_of(scenario).quantities.items()
        if one.outside > MOST_OUTSIDE
    ]


def patient_of(scenario: Scenario, replicate: int) -> Scenario:
    """Return the scenario with a patient's own values; without a cohort it is the same for all.

    Raises
    ------
    InputError
        The values do not fit together.
    """
    return _patient(_The(scenario), replicate)


@lru_cache(maxsize=1024)
def _patient(the: "_The", replicate: int) -> Scenario:
    scenario = the.scenario
    found = draws(scenario, replicate)
    if not found:
        return scenario
    patient = _cohort_of(scenario).patient(found)
    if faults := consistency_faults(patient):
        raise InputError(*(replace(fault, file=f"{scenario.space.individual} {replicate}") for fault in faults))
    return patient


def _changed(owner: Any, path: Sequence[str], value: float | str) -> Any:
    """Return the same with another number at a dotted path."""
    name, *rest = path
    if isinstance(owner, Mapping):
        return {**owner, name: _changed(owner[name], rest, value)}
    return owner.model_copy(update={name: _changed(getattr(owner, name), rest, value) if rest else value})


def check_cohort(scenario: Scenario, document: Document) -> None:
    """Refuse paths that lead nowhere and spreads that do not fit what they spread, with their lines.

    Raises
    ------
    InputError
        All faults of the cohort.
    """
    if scenario.cohort is None:
        with placing(document):
            refuse_records(scenario)
        return
    faults = []
    for path in filter(scenario.cohort.is_usual_idle, scenario.cohort.drawn):
        place = ("cohort", "vary", path) if path in scenario.cohort.vary else ("cohort", "enter_at")
        if document.is_later(keys := keys_in(document.data, path), place):
            own = fault_of_drawn(scenario, path)
            faults.append(document.fault(keys, own.message, own.allowed))
    for path, spread in scenario.cohort.vary.items():
        place = ("cohort", "vary", path)
        try:
            apply_overrides(plain(scenario), {path: None}, Scenario)
            _value_of(scenario, path, spread)
        except InputError as error:
            faults += [document.fault(place, f.message, f.allowed, f.nearest) for f in error.faults]
    with placing(document):
        own_faults = [] if faults else _table_faults(scenario, document)
    faults += [fault if fault.file else document.placed(fault) for fault in own_faults]
    if faults:
        raise InputError(*faults)
    with placing(document):
        _replaced(scenario, FEW)
    for replicate in range(min(FEW, scenario.n_replicates) if scenario.cohort.table else 0):
        patient_of(scenario, replicate)


def _table_faults(scenario: Scenario, document: Document) -> list[Fault]:
    """Hold the patients of a table against their number, the cohort's laws, the arms, and what the scenario says."""
    table = table_of(scenario)
    if table is None:
        refuse_records(scenario)
        return []
    n = len(table.patients)
    if n < scenario.n_replicates:
        text = f"{table.sheet.file.name} has {n} patients"
        return [Fault(text, "replicates", allowed=f"at most {n}", beside=("cohort.table",))]
    found = _cohort_of(scenario)
    own = [path for path in table.paths if path not in found.cohort.vary]
    later = [path for path in own if document.is_later(keys_in(document.data, path), ("cohort", "table"))]
    faults = [fault_of_drawn(scenario, path) for path in later]
    if CELLS in table.paths and found.cohort.enter_at:
        text = f"{table.sheet.file.name} says at which burden patients enter, which enter_at decides"
        faults.append(Fault(text, "cohort.enter_at", allowed="one of the two", beside=("cohort.table",)))
    for patient in table.patients:
        for path, value in patient.values.items():
            try:
                found.place(path, value)
            except UnitError as error:
                table.sheet.note(table.paths[path], patient.lines[path], str(error), error.allowed)
    return [*faults, *table.sheet.faults, *(() if table.sheet.faults else record_faults(scenario, table))]


def _value_of(scenario: Scenario, path: str, spread: Spread) -> None:
    if path.partition(".")[0] not in VARIES:
        text = f"the same for all {scenario.space.individual}s"
        raise InputError(Fault(text, path, allowed=f"paths below {', '.join(VARIES)}"))
    data = plain(scenario)
    if spread.shares is not None:
        for word in spread.shares:
            validate(Scenario, Document("cohort", apply_overrides(data, {path: word, "cohort": None}, Scenario)))
        return
    if not parameter_at(data, path):
        owner, _, last = path.rpartition(".")
        known = [name for name in fields_at(data, owner) if parameter_at(data, f"{owner}.{name}")]
        raise InputError(Fault("no number that can vary", path, allowed="a parameter", nearest=nearest(last, known)))
    try:
        Quantity.of(data, path, spread)
    except UnitError as error:
        raise InputError(Fault(str(error), path, allowed=error.allowed)) from None


def _rank(known: tuple[float, float] | None) -> int:
    """Return when a score is due: one that is known, one that lies between two, one that is drawn."""
    return 2 if known is None else int(known[0] < known[1])


def _most(replicates: int | Mapping[str, Any]) -> int:
    """Return how many there are at most, as plain data of a scenario say it."""
    return replicates["at_most"] if isinstance(replicates, Mapping) else replicates


class _Cohort:
    """What all patients of a scenario share."""

    def __init__(self, data: Mapping[str, Any]):
        self.data, self.cohort = data, Cohort.model_validate(data["cohort"])
        file = self.cohort.table
        self.table = read_patients(data, self.cohort, file, _most(data["replicates"])) if file else None
        self.paths = tuple(dict.fromkeys((*self.cohort.drawn, *(self.table.paths if self.table else ()))))
        first = [RENAMED.first(path, data) for path in self.cohort.vary]
        self.identities = [np.uint64(stream_key(0, 0, path)) for path in first]
        numbers = {path: spread for path, spread in self.cohort.vary.items() if spread.shares is None}
        self.quantities = {path: Quantity.of(data, path, spread) for path, spread in numbers.items()}

    def values(self, seed: int, replicate: int, attempt: int = 0) -> dict[str, float | str]:
        """Return what a candidate for a patient's place is: as a table has it, else drawn given what the table has."""
        key = (stream_key(seed, replicate, "cohort"), np.uint32(attempt))
        known = self.table.patients[replicate].values if self.table else {}
        places = {path: place for path, value in known.items() if (place := self.place(path, value))}
        drawn = zip(self.cohort.vary, self.scores(key, places), strict=True)
        return {path: self.value(path, float(z)) for path, z in drawn if path not in known} | known

    def scores(self, key: tuple[np.uint64, np.uint32], known: Mapping[str, tuple[float, float]]) -> np.ndarray:
        """Return a normal score for each quantity; one that lies outside its bounds is drawn anew inside them.

        What is known lies between two scores, which are one for a number. It comes first, so that the rest is drawn
        given it.
        """
        names = list(self.cohort.vary)
        order = sorted(range(len(names)), key=lambda i: _rank(known.get(names[i])))
        root = self.root(tuple(order))
        own = np.array([normal(key, self.identities[i], 0) for i in order])
        found = root @ own
        for i, (path, uid) in enumerate((names[j], self.identities[j]) for j in order):
            lo, hi = self.quantities[path].limits if path in self.quantities else (-math.inf, math.inf)
            lo, hi = known.get(path, (lo, hi))
            if not lo <= found[i] <= hi:
                given = root[i, :i] @ own[:i]
                own[i] = between((lo - given) / root[i, i], (hi - given) / root[i, i], uniform(key, uid, 1))
                found = root @ own
        return found[np.argsort(order)]

    @cache  # noqa: B019 - as long-lived as the cohort
    def root(self, order: tuple[int, ...]) -> np.ndarray:
        """Return the root of the correlations of all that varies, in some order."""
        return np.linalg.cholesky(self.cohort.matrix()[np.ix_(order, order)])

    def place(self, path: str, value: Any) -> tuple[float, float] | None:
        """Return between which normal scores a known value lies; None where it tells nothing of others.

        Raises
        ------
        UnitError
            The law of the cohort gives no such value.
        """
        spread = self.cohort.vary.get(path)
        if spread is None:
            return None
        if spread.shares is None:
            return self.quantities[path].place(value)
        edges, words = [0.0, *np.cumsum(list(spread.shares.values()))], list(spread.shares)
        if not spread.shares.get(value):
            raise UnitError(f"{value!r} has no share in cohort.vary", ", ".join(w for w in words if spread.shares[w]))
        lo, hi = scipy.special.ndtri(np.clip(edges[words.index(value) :][:2], 0.0, 1.0))
        return float(lo), float(hi)

    def value(self, path: str, z: float) -> float | str:
        """Return the value of a quantity at a normal score."""
        shares = self.cohort.vary[path].shares
        if shares is None:
            return self.quantities[path].at(z)
        edges, words = np.cumsum(list(shares.values())), list(shares)
        return words[min(int(np.searchsorted(edges, float(scipy.special.ndtr(z)), side="right")), len(words) - 1)]

    def patient(self, values: Mapping[str, float | str]) -> Scenario:
        """Return the scenario with a patient's own values, which lie inside their bounds, as they are drawn."""
        words = {path: value for path, value in values.items() if isinstance(value, str)}
        found = self.with_words(json.dumps(words))
        for path, value in values.items():
            found = found if path in words else _changed(found, path.split("."), value)
        return found

    @cache  # noqa: B019 - as long-lived as the cohort
    def with_words(self, words: str) -> Scenario:
        """Return the scenario of patients with these words, which may change what there is, as JSON by dotted path."""
        data = apply_overrides(self.data, json.loads(words) | {"cohort": None}, Scenario)
        return validate(Scenario, Document("patient", data))


class _The:
    """A scenario as a key: itself, and no other that says the same."""

    def __init__(self, scenario: Scenario):
        self.scenario = scenario

    def __hash__(self) -> int:
        return id(self.scenario)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _The) and self.scenario is other.scenario


@lru_cache(maxsize=8)
def _read(the: _The) -> _Cohort:
    return _Cohort(plain(the.scenario))


def _cohort_of(scenario: Scenario) -> _Cohort:
    return _read(_The(scenario))
