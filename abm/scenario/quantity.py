"""How one number varies between patients: its law, cut off at the bounds of its parameter, by normal scores."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy  # its parts are imported where they are first used: they are slow

from abm.core.units import UnitError, parse_quantity
from abm.document.reading import keys_in, value_at
from abm.scenario.cohort import Spread
from abm.scenario.known import parameter_at

INSIDE = 1e-9  # of a standard deviation, to an open bound
LEAST_SHARE = 1e-6  # design: the end of a range is 4.75 standard deviations out


class Quantity:
    """One number that varies: typical value, spread and bounds in its unit."""

    def __init__(self, typical: float, known: Mapping[str, Any], spread: Spread):
        self.typical, self.known, self.spread = typical, known, spread
        self.sd = self._sd(spread.sd) if spread.sd is not None else 0.0
        self.sigma = math.sqrt(math.log1p(spread.cv**2)) if spread.cv is not None else 0.0
        self.ends = self._ends(spread.range) if spread.range is not None else (0.0, 0.0)
        self.limits = self._limits()

    @classmethod
    def of(cls, data: Mapping[str, Any], path: str, spread: Spread) -> "Quantity":
        """Return the quantity at a dotted path of a scenario's plain data."""
        known, value = parameter_at(data, path), value_at(data, keys_in(data, path))
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

    def place(self, value: float) -> tuple[float, float] | None:
        """Return between which normal scores a known value lies; None where nothing varies.

        Raises
        ------
        UnitError
            The law gives no such value.
        """
        unit = self.known["unit"]
        if self.spread.range is not None:
            (lo, hi), width = self.ends, 1.0 if self.known["is_whole"] else 0.0
            if not lo <= value <= hi:
                raise UnitError(f"{value:g} is outside the range in cohort.vary", f"{lo:g} to {hi:g} {unit}")
            shares = (np.array([value, value + width]) - lo) / (hi + width - lo)
            lo_z, hi_z = scipy.special.ndtri(np.clip(shares, LEAST_SHARE, 1.0 - LEAST_SHARE))
            return float(lo_z), float(hi_z)
        if not (self.sd or self.sigma * self.typical):
            return None
        z = self._score(value)
        if not math.isfinite(z):
            raise UnitError(f"{value:g} is not of the sign of the typical value", f"like {self.typical:g} {unit}")
        return z, z

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


def between(lo: float, hi: float, u: float) -> float:
    """Return the normal score below which lies the share `u` of all scores between two, which may be one."""
    if lo == hi:
        return lo
    if lo > 0.0:  # near 1 there are too few floats: the upper tail is computed as a lower one
        return -between(-hi, -lo, 1.0 - u)
    low, high = scipy.special.ndtr((lo, hi))
    return min(max(float(scipy.special.ndtri(low + u * (high - low))), lo), hi)
