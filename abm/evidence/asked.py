"""Targets held against a run: columns that there are, numbers in their units, and each number as a weighted mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from abm.core.errors import Fault, nearest
from abm.core.measure import Measure
from abm.core.par import takes_bare_numbers
from abm.core.units import UnitError, like, parse_quantity
from abm.document.load import Document
from abm.evidence import moments
from abm.evidence.moments import Moment
from abm.evidence.patients import Patients
from abm.evidence.targets import Target, VirtualPopulation
from abm.statistics.intervals import Array

NUMBERS = ("median", "mean", "sd", "above", "below", "free_at")
IN_PERCENT = ("%", 100.0)


@dataclass(frozen=True)
class Stated:
    """A published number with how a reader is told of it.

    Attributes
    ----------
    index : int
        Of its target.
    moment : Moment
        What it asks of the weights.
    words : str
        What it is.
    shown, factor : str, float
        Its unit as a reader sees it, and the factor to that.
    """

    index: int
    moment: Moment
    words: str
    shown: str
    factor: float

    def text(self, value: float) -> str:
        """Return a value as a reader sees it."""
        return f"{self.factor * value:.4g} {self.shown}".rstrip()


@dataclass(frozen=True)
class Asked:
    """A weights file and the patients of a run."""

    population: VirtualPopulation
    document: Document
    patients: Patients

    def faults(self, index: int) -> Iterator[Fault]:
        """Yield why a target asks for what the run does not have."""
        target, place, known = self.population.targets[index], ("targets", index), self.patients
        for key, name in self._columns(target):
            if name not in known.names:
                text, allowed = f"the patients have no column '{name}'", ", ".join(known.names)
                yield self.document.fault((*place, *key), text, allowed, nearest(name, known.names))
            elif known.is_text(name) != (target.is_ is not None):
                text = f"'{name}' holds {'words' if known.is_text(name) else 'numbers'}"
                yield self.document.fault((*place, *key), text, "'is' and 'share' of words, all else of numbers")
            elif target.arm not in known.arms and (target.arm or known.differs(name)):
                text = f"no protocol '{target.arm}'" if target.arm else f"'{name}' differs between protocols"
                yield self.document.fault((*place, "arm"), text, ", ".join(known.arms), nearest(target.arm, known.arms))
            elif target.is_ is not None and target.is_ not in (words := self._words(target)):
                text = f"no patient is '{target.is_}'"
                yield self.document.fault((*place, "is"), text, ", ".join(words), nearest(target.is_, words))
            else:
                yield from self._wrong_numbers(target, (*place,))

    def _wrong_numbers(self, target: Target, place: tuple) -> Iterator[Fault]:
        if target.free_at is not None and not self.patients.measure(target.of).event:
            text = f"'{target.of}' is no time of an event that can be followed"
            times = [
                name for name in self.patients.names if self.patients.measure(name).event and name != "follow_up_d"
            ]
            yield self.document.fault((*place, "of"), text, ", ".join(times))
            return
        for key in NUMBERS:
            if getattr(target, key) is not None:
                try:
                    self.number(target, key)
                except UnitError as error:
                    yield self.document.fault((*place, key), str(error), error.allowed, error.nearest)

    def number(self, target: Target, key: str) -> float:
        """Return a number of a target in the unit of its column.

        Raises
        ------
        UnitError
            It has no unit, or one of another kind.
        """
        value, unit = getattr(target, key), self.patients.measure(target.of).unit
        if isinstance(value, str):
            return parse_quantity(value, unit)
        if not takes_bare_numbers(target.of if key != "free_at" else key, unit):
            raise UnitError(f"unit missing: found the number {value}", like(unit))
        return float(value)

    def stated(self, index: int) -> Iterator[Stated]:
        """Yield the numbers of a target."""
        target = self.population.targets[index]
        n = self.population.n_of(target)
        where = f" ({target.arm})" if target.arm and len(self.patients.arms) > 1 else ""
        for words, moment, (shown, factor) in self._moments(target, n):
            yield Stated(index, moment, words + where, shown, factor)

    def _moments(self, target: Target, n: int | None) -> Iterator[tuple[str, Moment, tuple[str, float]]]:
        if target.between:
            one, other = (self._values(name, target) for name in target.between)
            words = " and ".join(self._said(name).words for name in target.between)
            yield (
                f"{words}: correlation",
                moments.correlation(one, other, float(target.correlation or 0.0), n),
                ("", 1.0),
            )
            return
        said = self._said(target.of)
        own, words = (said.shown, said.factor), said.words
        if target.share is not None:
            yield f"{words}{self._beyond(target, said)}", self._share(target, float(target.share), n), IN_PERCENT
        elif target.median is not None:
            yield f"{words}: median", self._median(target, said, n), own
        else:
            values, centre = self._values(target.of, target), self.number(target, "mean")
            sd = None if target.sd is None else self.number(target, "sd")
            yield f"{words}: mean", moments.mean(values, centre, sd, n), own
            if sd is not None:
                yield f"{words}: standard deviation", moments.spread(values, centre, sd, n), own

    def _share(self, target: Target, share: float, n: int | None) -> Moment:
        if target.is_ is not None:
            words = self.patients.words(target.of, self._arm(target))
            return moments.share(np.where(words == "", np.nan, words == target.is_), share, n)
        if target.free_at is not None:
            times = self.patients.event_times(target.of, self._arm(target))
            return moments.free(*times, self.number(target, "free_at"), share, n)
        values = self._values(target.of, target)
        for key, side in (("above", 1.0), ("below", -1.0)):
            if getattr(target, key) is not None:
                return moments.share(moments.beyond(values, self.number(target, key), side), share, n)
        return moments.share(values, share, n)

    def _median(self, target: Target, said: Measure, n: int | None) -> Moment:
        """Return the median; of a time that not everyone reaches that of Kaplan and Meier's curve."""
        at = self.number(target, "median")
        if said.event and said.estimate == "kaplan_meier":
            return moments.half_free(*self.patients.event_times(target.of, self._arm(target)), at, n)
        return moments.median(self._values(target.of, target), at, n)

    def _beyond(self, target: Target, said: Measure) -> str:
        if target.is_ is not None:
            return f": {target.is_}"
        for key, words in (("above", "above"), ("below", "below"), ("free_at", "later than")):
            if getattr(target, key) is not None:
                value = said.factor * self.number(target, key)
                number = f"{value:,.0f}" if said.unit == "d" else f"{value:.4g}"
                return f" {words} {number} {said.shown}".rstrip()
        return ""

    def out_of_range(self, one: Stated, n: int) -> Iterator[Fault]:
        """Yield why no weights can give the cohort a number: all patients lie on one side of it."""
        miss = one.moment.misses(np.full(n, 1.0 / n))
        if miss.min() < 0.0 < miss.max():
            return
        target = self.population.targets[one.index]
        spans = " and ".join(self._span(name, target) for _, name in self._columns(target))
        text = f"{one.words} {one.text(one.moment.published)} is out of reach of weights: {spans}"
        yield self.document.fault(("targets", one.index), text, "a number with patients on both sides of it")

    def _span(self, name: str, target: Target) -> str:
        if self.patients.is_text(name):
            return f"all patients are '{self._words(target)[0]}'"
        values, said = self._values(name, target), self._said(name)
        known = values[np.isfinite(values)] * said.factor
        if not known.size:
            return f"'{name}' was observed in no patient"
        return f"'{name}' goes from {known.min():.4g} to {known.max():.4g} {said.shown} in {known.size} patients"

    def _said(self, name: str) -> Measure:
        return self.patients.measure(name)

    def _columns(self, target: Target) -> list[tuple[tuple, str]]:
        if target.between:
            return [(("between", i), name) for i, name in enumerate(target.between)]
        return [(("of",), target.of)]

    def _values(self, name: str, target: Target) -> Array:
        return self.patients.column(name, self._arm(target)).astype(float)

    def _words(self, target: Target) -> list[str]:
        return sorted({*self.patients.words(target.of, self._arm(target))} - {""})

    def _arm(self, target: Target) -> str:
        return target.arm or self.patients.arms[0]
