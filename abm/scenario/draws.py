"""Virtual patients: the values that a patient's own scenario has where patients differ.

Draws are pure functions of seed, patient and dotted path: a patient is the same under every protocol, and letting one
more quantity vary changes no other.
"""

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from pydantic.fields import FieldInfo
from scipy.special import ndtr

from abm.core.errors import Fault, InputError, nearest
from abm.core.par import parameter, plain, takes_bare_numbers
from abm.core.rng import normal, stream_key
from abm.core.units import UnitError, parse_quantity, quantity_text
from abm.scenario.cohort import Cohort, Spread
from abm.scenario.explain import Shape
from abm.scenario.load import Document, apply_overrides, validate
from abm.scenario.reading import value_at
from abm.scenario.schema import Scenario

INSIDE = 1e-9  # of the distance to an open bound


def parameter_at(data: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return unit, bounds, key and words of the parameter at a dotted path of plain data; empty where there is none."""
    owner, _, last = path.rpartition(".")
    field = _fields_at(data, owner).get(last)
    extra = parameter(field) if field else {}
    if not extra or field is None:
        return {}
    bare = takes_bare_numbers(last, extra["unit"])
    own = {"description": field.description or "", "is_whole": field.annotation is int, "takes_bare": bare}
    return {**extra, **own}


def _fields_at(data: Mapping[str, Any], path: str) -> Mapping[str, FieldInfo]:
    """Return the fields of the model at a dotted path; none at a list or a mapping."""
    keys = tuple(int(key) if key.isdecimal() else key for key in path.split(".")) if path else ()
    return Shape.of(Scenario).at(keys, data).fields(value_at(data, keys))


def draws(scenario: Scenario, replicate: int) -> dict[str, float | str]:
    """Return what a patient is: the value of each quantity that varies, by dotted path, in the parameter's unit."""
    if scenario.cohort is None or not scenario.cohort.vary:
        return {}
    found = _cohort_of(scenario)
    key = (stream_key(scenario.seed, replicate, "cohort"), np.uint32(0))
    scores = found.root @ np.array([normal(key, uid, 0) for uid in found.identities])
    return {path: found.value(path, float(z)) for path, z in zip(found.cohort.vary, scores, strict=True)}


def patient_of(scenario: Scenario, replicate: int) -> Scenario:
    """Return the scenario with a patient's own values; without a cohort it is the same for all.

    Raises
    ------
    InputError
        The values do not fit together.
    """
    found = draws(scenario, replicate)
    if not found:
        return scenario
    known = _cohort_of(scenario)
    changes = {path: known.written(path, value) for path, value in found.items()}
    data = apply_overrides(known.data, changes | {"cohort": None}, Scenario)
    return validate(Scenario, Document(f"patient {replicate}", data))


def check_cohort(scenario: Scenario, document: Document) -> None:
    """Refuse paths that lead nowhere and spreads that do not fit what they spread, with their lines.

    Raises
    ------
    InputError
        All faults of the cohort.
    """
    faults = []
    for path, spread in scenario.cohort.vary.items() if scenario.cohort else ():
        try:
            apply_overrides(plain(scenario), {path: None}, Scenario)
            _value_of(scenario, path, spread)
        except InputError as error:
            place = ("cohort", "vary", path)
            faults += [document.fault(place, f.message, f.allowed, f.nearest) for f in error.faults]
    if faults:
        raise InputError(*faults)


VARIES = ("populations", "processes", "serum", "space", "antibodies")


def _value_of(scenario: Scenario, path: str, spread: Spread) -> None:
    if path.partition(".")[0] not in VARIES:
        raise InputError(Fault("the same for all patients", path, allowed=f"paths below {', '.join(VARIES)}"))
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
        self.sd = self._number(spread.sd) if spread.sd is not None else 0.0
        self.ends = tuple(map(self._number, spread.range)) if spread.range is not None else (0.0, 0.0)

    @classmethod
    def of(cls, data: Mapping[str, Any], path: str, spread: Spread) -> "_Quantity":
        keys = tuple(int(key) if key.isdecimal() else key for key in path.split("."))
        known, value = parameter_at(data, path), value_at(data, keys)
        typical = parse_quantity(value, known["unit"]) if isinstance(value, str) else value
        return cls(float(typical or 0.0), known, spread)

    def _number(self, given: float | str) -> float:
        if isinstance(given, str):
            return float(parse_quantity(given, self.known["unit"]))
        if not self.known["takes_bare"]:
            raise UnitError(f"unit missing: found the number {given}", f"a text such as '1 {self.known['unit']}'")
        return float(given)

    def at(self, z: float) -> float:
        """Return the value at a normal score, inside the parameter's bounds."""
        if self.spread.cv is not None:
            value = self.typical * math.exp(math.sqrt(math.log1p(self.spread.cv**2)) * z)
        elif self.spread.sd is not None:
            value = self.typical + self.sd * z
        else:
            value = self.ends[0] + float(ndtr(z)) * (self.ends[1] - self.ends[0])
        bound, inside = self.known, INSIDE * max(1.0, abs(self.typical))
        lowest = bound.get("ge", bound.get("gt", -math.inf) + inside)
        highest = bound.get("le", bound.get("lt", math.inf) - inside)
        value = min(max(value, lowest), highest)
        return round(value) if bound["is_whole"] else value


class _Cohort:
    """What all patients of a scenario share."""

    def __init__(self, data: Mapping[str, Any]):
        self.data, self.cohort = data, Cohort.model_validate(data["cohort"])
        self.root = np.linalg.cholesky(self.cohort.matrix())
        self.identities = [np.uint64(stream_key(0, 0, path)) for path in self.cohort.vary]
        numbers = {path: spread for path, spread in self.cohort.vary.items() if spread.shares is None}
        self.quantities = {path: _Quantity.of(data, path, spread) for path, spread in numbers.items()}

    def value(self, path: str, z: float) -> float | str:
        """Return the value of a quantity at a normal score."""
        shares = self.cohort.vary[path].shares
        if shares is None:
            return self.quantities[path].at(z)
        edges, words = np.cumsum(list(shares.values())), list(shares)
        return words[min(int(np.searchsorted(edges, float(ndtr(z)), side="right")), len(words) - 1)]

    def written(self, path: str, value: float | str) -> Any:
        """Return a value as a scenario takes it."""
        if isinstance(value, str):
            return value
        known = self.quantities[path].known
        return value if known["takes_bare"] else quantity_text(value, known["unit"])


@lru_cache(maxsize=8)
def _read(text: str) -> _Cohort:
    return _Cohort(json.loads(text))


def _cohort_of(scenario: Scenario) -> _Cohort:
    return _read(json.dumps(plain(scenario)))
