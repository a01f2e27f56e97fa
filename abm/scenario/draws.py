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
from pydantic.fields import FieldInfo

from abm.core.errors import Fault, InputError, nearest
from abm.core.par import bounds_text, parameter, plain, reader
from abm.core.rng import normal, stream_key, uniform
from abm.core.units import UnitError, parse_quantity
from abm.core.words import listing
from abm.document.explain import Shape
from abm.document.load import Document, apply_overrides, placing, validate
from abm.document.reading import value_at
from abm.scenario.checks import consistency_faults
from abm.scenario.cohort import CELLS, Cohort, Spread
from abm.scenario.renamed import RENAMED
from abm.scenario.schema import Scenario
from abm.scenario.untreated import CheckUp, entry_of, told

INSIDE = 1e-9  # of a standard deviation, to an open bound
MOST_CANDIDATES = 50  # design: where one in ten enters, 1 place in 200 stays empty
FIRST, FEW = 200, 10  # design: patients by whom it is told who never enters, and who are asked when a file is read
MOST_OUTSIDE = 0.01  # design: what changes a cohort of a hundred patients


def parameter_at(data: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return unit, bounds, words and reader of the parameter at a dotted path of plain data; empty if there is none."""
    owner, _, last = path.rpartition(".")
    return known_of(last, _fields_at(data, owner).get(last))


def known_of(name: str, field: FieldInfo | None) -> dict[str, Any]:
    """Return the same of a field by its name; empty if it is no parameter."""
    extra = parameter(field) if field else {}
    if not extra or field is None:
        return {}
    read = reader(name, field)
    told = {"description": field.description or "", "is_whole": read.is_whole, "takes_bare": read.takes_bare}
    return {**extra, **told, "read": read}


def _fields_at(data: Mapping[str, Any], path: str) -> Mapping[str, FieldInfo]:
    """Return the fields of the model at a dotted path; none at a list or a mapping."""
    keys = tuple(int(key) if key.isdecimal() else key for key in path.split(".")) if path else ()
    return Shape.of(Scenario).at(keys, data).fields(value_at(data, keys))


def draws(scenario: Scenario, replicate: int) -> dict[str, float | str]:
    """Return what a patient is: the value of each quantity that varies, by dotted path, in the parameter's unit."""
    if scenario.cohort is None or not scenario.cohort.drawn:
        return {}
    if scenario.cohort.enter_at:
        return _entered(_The(scenario), replicate).values
    return _cohort_of(scenario).values(scenario.seed, replicate)


def entry(scenario: Scenario, replicate: int) -> dict[str, float | str]:
    """Return after how many untreated years a patient entered, and by which rule; nothing where nobody is grown."""
    if scenario.cohort is None or not scenario.cohort.enter_at:
        return {}
    found = _entered(_The(scenario), replicate).check_up
    return {"entry_years": found.years, "entered_by": listing(found.holds)}


@dataclass(frozen=True)
class _Entered:
    """A patient who entered: what was drawn, the check-up, and those of all candidates for the place before."""

    values: dict[str, float | str]
    check_up: CheckUp
    before: tuple[CheckUp, ...]


@lru_cache(maxsize=1024)
def _entered(the: "_The", replicate: int) -> _Entered:
    """Return the first candidate for a patient's place who enters."""
    scenario, before = the.scenario, []
    found, rules = _cohort_of(scenario), scenario.cohort.enter_at
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


def fault_of_drawn(scenario: Scenario, path: str) -> Fault:
    """Return why a value would have no effect of which every patient draws one."""
    who = scenario.space.individual
    allowed = f"what 'cohort' draws no values of; what an arm sets, all its {who}s have"
    return Fault(f"every {who} draws a value of its own for it", path, allowed=allowed)


def warnings_of(scenario: Scenario) -> list[str]:
    """Return warnings about a valid scenario: old names of keys, what processes tell, and wide spreads."""
    found = (f"processes.{key}.{text}" for key, one in scenario.processes.items() for text in one.told(scenario.space))
    return [*scenario.told, *found, *beyond_bounds(scenario), *_replaced(scenario)]


def _replaced(scenario: Scenario, most: int = FIRST) -> list[str]:
    """Return a sentence about the candidates who never enter and are replaced, where there are any."""
    if scenario.cohort is None or not scenario.cohort.enter_at:
        return []
    found = [_entered(_The(scenario), replicate).before for replicate in range(min(scenario.replicates, most))]
    before = [one for own in found for one in own]
    if not before:
        return []
    n, passed = len(before) + len(found), told(before, scenario.cohort.enter_at)
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
        return
    faults = []
    for path in filter(scenario.cohort.is_usual_idle, scenario.cohort.drawn):
        place = ("cohort", "vary", path) if path in scenario.cohort.vary else ("cohort", "enter_at")
        if document.is_later(keys := document.path(path), place):
            own = fault_of_drawn(scenario, path)
            faults.append(document.fault(keys, own.message, own.allowed))
    for path, spread in scenario.cohort.vary.items():
        place = ("cohort", "vary", path)
        try:
            apply_overrides(plain(scenario), {path: None}, Scenario)
            _value_of(scenario, path, spread)
        except InputError as error:
            faults += [document.fault(place, f.message, f.allowed, f.nearest) for f in error.faults]
    if faults:
        raise InputError(*faults)
    with placing(document):
        _replaced(scenario, FEW)


VARIES = ("covariates", "populations", "processes", "serum", "space", "antibodies")


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
        known = [name for name in _fields_at(data, owner) if parameter_at(data, f"{owner}.{name}")]
        raise InputError(Fault("no number that can vary", path, allowed="a parameter", nearest=nearest(last, known)))
    try:
        _Quantity.of(data, path, spread)
    except UnitError as error:
        raise InputError(Fault(str(error), path, allowed=error.allowed)) from None


class _Quantity:
    """One number that varies: typical value, spread and bounds in its unit."""

    def __init__(self, typical: float, known: Mapping[str, Any], spread: Spread):
        self.typical, self.known, self.spread = typical, known, spread
        self.sd = self._sd(spread.sd) if spread.sd is not None else 0.0
        self.sigma = math.sqrt(math.log1p(spread.cv**2)) if spread.cv is not None else 0.0
        self.ends = self._ends(spread.range) if spread.range is not None else (0.0, 0.0)
        self.limits = self._limits()

    @classmethod
    def of(cls, data: Mapping[str, Any], path: str, spread: Spread) -> "_Quantity":
        keys = tuple(int(key) if key.isdecimal() else key for key in path.split("."))
        known, value = parameter_at(data, path), value_at(data, keys)
        if value is None and spread.keeps_typical:
            raise UnitError("there is no value to spread about", "a range, or a value of the scenario itself")
        typical = parse_quantity(value, known["unit"]) if isinstance(value, str) else value
        return cls(float(typical or 0.0), known, spread)

    def _sd(self, given: float | str) -> float:
        found = float(self.known["read"].in_unit(given))
        if found < 0.0:
            raise UnitError(f"found the standard deviation {given}", ">= 0")
        return found

    def _ends(self, given: tuple[float | str, float | str]) -> tuple[float, float]:
        lo, hi = (float(self.known["read"](end)) for end in given)
        if not lo < hi:
            raise UnitError(f"the range from {given[0]} to {given[1]} is no range", "the lower end first")
        if self.known["is_whole"] and not (lo.is_integer() and hi.is_integer()):
            raise UnitError(f"found the range from {given[0]} to {given[1]}", "whole numbers")
        return lo, hi

    def _limits(self) -> tuple[float, float]:
        """Return the normal scores between which the value is inside the bounds."""
        if not (self.sd or self.sigma * self.typical):  # a range, and what does not vary, is inside at any score
            return -math.inf, math.inf
        bound, half = self.known, 0.5 if self.known["is_whole"] else 0.0
        lowest = bound["ge"] - half if "ge" in bound else bound.get("gt", -math.inf) + half
        highest = bound["le"] + half if "le" in bound else bound.get("lt", math.inf) - half
        lo, hi = sorted((self._score(lowest), self._score(highest)))
        return lo + INSIDE, hi - INSIDE

    def _score(self, value: float) -> float:
        """Return the normal score of a value."""
        if self.sd:
            return (value - self.typical) / self.sd
        return math.log(value / self.typical) / self.sigma if value / self.typical > 0.0 else -math.inf

    @property
    def outside(self) -> float:
        """Return the share of all draws that would lie outside the bounds."""
        return float(scipy.special.ndtr((self.limits[0], -self.limits[1])).sum())

    def at(self, z: float) -> float:
        """Return the value at a normal score."""
        if self.spread.cv is not None:
            value = self.typical * math.exp(self.sigma * z)
        elif self.spread.sd is not None:
            value = self.typical + self.sd * z
        else:
            return uniform_between(self.ends, float(scipy.special.ndtr(z)), self.known["is_whole"])
        return round(value) if self.known["is_whole"] else value


def uniform_between(ends: tuple[float, float], share: float, is_whole: bool) -> float:
    """Return the number at a share of a range; all whole numbers of a range, ends included, are equally likely."""
    lo, hi = ends
    return min(math.floor(lo + share * (hi + 1.0 - lo)), int(hi)) if is_whole else lo + share * (hi - lo)


def _between(lo: float, hi: float, u: float) -> float:
    """Return the normal score below which lies the share `u` of all scores between two."""
    if lo > 0.0:  # near 1 there are too few floats: the upper tail is computed as a lower one
        return -_between(-hi, -lo, 1.0 - u)
    low, high = scipy.special.ndtr((lo, hi))
    return min(max(float(scipy.special.ndtri(low + u * (high - low))), lo), hi)


class _Cohort:
    """What all patients of a scenario share."""

    def __init__(self, data: Mapping[str, Any]):
        self.data, self.cohort = data, Cohort.model_validate(data["cohort"])
        self.root = np.linalg.cholesky(self.cohort.matrix())
        first = [RENAMED.first(path, data) for path in self.cohort.vary]
        self.identities = [np.uint64(stream_key(0, 0, path)) for path in first]
        numbers = {path: spread for path, spread in self.cohort.vary.items() if spread.shares is None}
        self.quantities = {path: _Quantity.of(data, path, spread) for path, spread in numbers.items()}

    def scores(self, key: tuple[np.uint64, np.uint32]) -> np.ndarray:
        """Return a normal score for each quantity; one that lies outside its bounds is drawn anew inside them."""
        own = np.array([normal(key, uid, 0) for uid in self.identities])
        found = self.root @ own
        for i, (path, uid) in enumerate(zip(self.cohort.vary, self.identities, strict=True)):
            lo, hi = self.quantities[path].limits if path in self.quantities else (-math.inf, math.inf)
            if not lo <= found[i] <= hi:
                given = self.root[i, :i] @ own[:i]
                own[i] = _between((lo - given) / self.root[i, i], (hi - given) / self.root[i, i], uniform(key, uid, 1))
                found = self.root @ own
        return found

    def values(self, seed: int, replicate: int, attempt: int = 0) -> dict[str, float | str]:
        """Return what a candidate for a patient's place is by dotted path."""
        key = (stream_key(seed, replicate, "cohort"), np.uint32(attempt))
        return {path: self.value(path, float(z)) for path, z in zip(self.cohort.vary, self.scores(key), strict=True)}

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
