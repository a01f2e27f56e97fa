"""Likelihoods of what was measured: numbers with their spread, ranges, correlations, orders, tests without a finding.

*References*: Fisher1921 (z of a correlation).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from abm.inference.likelihood import Array, Likelihood, LogDensity, refuse
from abm.statistics.intervals import Z

EDGE = 0.05  # design: softness of an interval's edges as a share of its width


class _Gaussian(Likelihood):
    """A published number that is normal about the model's value on the link's scale."""

    family: ClassVar[str] = "normal"

    @property
    @abstractmethod
    def log_slope(self) -> float:
        """Logarithm of the link's slope where the number is, which makes it a density in the claim's unit."""

    def log_density(self, at: ArrayLike, sd: ArrayLike = 0.0) -> Array:
        """Return the log likelihood; a normal error widens it."""
        distance = np.asarray(at, dtype=float) - float(self.to_link(self.seen))
        return self.log_slope + _log_normal(distance, self.width**2 + np.asarray(sd, dtype=float) ** 2)

    @classmethod
    def together(cls, claims: Sequence[Likelihood]) -> LogDensity:
        """Return the log density of many at once."""
        columns = ([float(claim.to_link(claim.seen)), claim.width**2, claim.log_slope] for claim in claims)
        seen, variance, slope = np.array(list(columns)).T[:, :, None]
        return lambda at, sd: slope + _log_normal(at - seen, variance + sd**2)

    def draw(self, at: ArrayLike, rng: np.random.Generator) -> Array:
        """Return normal numbers about each true value, in the unit of the claim."""
        return self.from_link(rng.normal(at, self.width))


@dataclass(frozen=True)
class Normal(_Gaussian):
    """A number with its standard deviation, in the unit of the claim."""

    value: float
    sd: float

    def __post_init__(self) -> None:
        """Refuse a number without spread."""
        refuse(
            (not math.isfinite(self.value), "value", f"{self.value} is no number", "a finite number"),
            (not 0.0 < self.sd < math.inf, "sd", f"a standard deviation of {self.sd} cannot be", "above 0"),
        )

    @classmethod
    def of_range(cls, value: float, lo: float, hi: float) -> Normal:
        """Return the number whose 95 % interval is as wide as a published range."""
        return cls(value, (hi - lo) / (2.0 * Z))

    @property
    def seen(self) -> float:
        """Published number."""
        return self.value

    @property
    def width(self) -> float:
        """Its standard deviation."""
        return self.sd

    @property
    def delta_unit(self) -> float:
        """Its standard deviation."""
        return self.sd

    @property
    def log_slope(self) -> float:
        """None: the scale is the claim's own."""
        return 0.0


@dataclass(frozen=True)
class LogNormal(_Gaussian):
    """A positive number with the standard deviation of its natural logarithm."""

    value: float
    sd_log: float
    link: ClassVar[str] = "log"

    def __post_init__(self) -> None:
        """Refuse what has no logarithm."""
        refuse(
            (not 0.0 < self.value < math.inf, "value", f"{self.value} has no logarithm", "above 0"),
            (not 0.0 < self.sd_log < math.inf, "sd_log", f"a standard deviation of {self.sd_log} cannot be", "above 0"),
        )

    @classmethod
    def of_range(cls, value: float, lo: float, hi: float) -> LogNormal:
        """Return the number whose 95 % interval spans the same factor as a published range, of two positive ends."""
        refuse((not 0.0 < lo < hi, "lo", f"a range {lo} to {hi} spans no factor", "0 < lo < hi"))
        return cls(value, math.log(hi / lo) / (2.0 * Z))

    @property
    def seen(self) -> float:
        """Published number."""
        return self.value

    @property
    def width(self) -> float:
        """Standard deviation of the logarithm."""
        return self.sd_log

    @property
    def log_slope(self) -> float:
        """Logarithm of 1 over the number."""
        return -math.log(self.value)


@dataclass(frozen=True)
class Correlation(_Gaussian):
    """A correlation over `n` patients: normal as Fisher's z, with variance ``1 / (n - 3)``."""

    r: float
    n: int
    link: ClassVar[str] = "fisher"

    def __post_init__(self) -> None:
        """Refuse a perfect correlation, and one of three patients."""
        refuse(
            (not -1.0 < self.r < 1.0, "r", f"a correlation of {self.r} cannot be", "between -1 and 1"),
            (self.n < 4, "n", f"{self.n} patients tell no correlation", "4 or more"),
        )

    @property
    def seen(self) -> float:
        """Published correlation."""
        return self.r

    @property
    def width(self) -> float:
        """Standard deviation of Fisher's z."""
        return (self.n - 3.0) ** -0.5

    @property
    def log_slope(self) -> float:
        """Logarithm of the slope of Fisher's z."""
        return -math.log1p(-(self.r**2))


@dataclass(frozen=True)
class Interval(Likelihood):
    """A published range: the true value lies anywhere inside, and beyond its ends by a soft edge.

    As if the middle of the range were published, off by a uniform error of the range's width and a normal one.

    Attributes
    ----------
    lo, hi : float
        Ends in the unit of the claim.
    """

    lo: float
    hi: float

    def __post_init__(self) -> None:
        """Refuse a range without width."""
        refuse(
            (not math.isfinite(self.lo + self.hi), "lo", f"a range {self.lo} to {self.hi}", "finite numbers"),
            (self.lo >= self.hi, "lo", f"{self.lo} is not below {self.hi}", f"below {self.hi}"),
        )

    @property
    def seen(self) -> float:
        """Middle of the range."""
        return 0.5 * (self.lo + self.hi)

    @property
    def width(self) -> float:
        """Standard deviation of the edge."""
        return EDGE * (self.hi - self.lo)

    @property
    def delta_unit(self) -> float:
        """Standard deviation of both errors together."""
        return math.sqrt((self.hi - self.lo) ** 2 / 12.0 + self.width**2)

    def log_density(self, at: ArrayLike, sd: ArrayLike = 0.0) -> Array:
        """Return the log likelihood; a normal error softens the edges."""
        edge = np.sqrt(self.width**2 + np.asarray(sd, dtype=float) ** 2)
        mean = np.asarray(at, dtype=float)
        return _log_between((self.lo - mean) / edge, (self.hi - mean) / edge) - math.log(self.hi - self.lo)

    def draw(self, at: ArrayLike, rng: np.random.Generator) -> Array:
        """Return the middles of ranges about each true value."""
        mean, half = np.asarray(at, dtype=float), 0.5 * (self.hi - self.lo)
        return rng.normal(mean, self.width) + rng.uniform(-half, half, mean.shape)

    def luck(self, at: ArrayLike) -> Array:
        """Return the variance of both errors together."""
        return np.full(np.shape(at), self.delta_unit**2)


@dataclass(frozen=True)
class NotSignificant(Likelihood):
    """A test of `n` patients that found nothing: the model's value is the difference over its standard error there.

    What is published is 1 for nothing found, with the chance that a standard normal number moved by the model's value
    stays inside the test's limits.

    Attributes
    ----------
    p : float
        Two-sided level that the test did not reach.
    n : int
        Patients in the trial, as large as the model's trial has to be.
    """

    p: float
    n: int

    def __post_init__(self) -> None:
        """Refuse a level outside 0 to 1, and a test of nobody."""
        refuse(
            (not 0.0 < self.p < 1.0, "p", f"a level of {self.p} cannot be", "between 0 and 1"),
            (self.n < 2, "n", f"{self.n} patients cannot be compared", "2 or more"),
        )

    @property
    def seen(self) -> float:
        """1: nothing was found."""
        return 1.0

    @property
    def width(self) -> float:
        """One standard error."""
        return 1.0

    def log_density(self, at: ArrayLike, sd: ArrayLike = 0.0) -> Array:
        """Return the log probability that nothing is found."""
        from scipy.special import ndtri

        mean, spread = np.asarray(at, dtype=float), np.sqrt(1.0 + np.asarray(sd, dtype=float) ** 2)
        limit = -ndtri(0.5 * self.p)
        return _log_between((-limit - mean) / spread, (limit - mean) / spread)

    def draw(self, at: ArrayLike, rng: np.random.Generator) -> Array:
        """Return 1 where nothing would be found and 0 elsewhere."""
        return _happens(self.log_density(at), rng)


@dataclass(frozen=True)
class Ordered(Likelihood):
    """A published order: the model's value is the smallest gap between neighbours in that order, over its spread.

    What is published is 1 for the order; a gap of none is found in either order as often.

    Attributes
    ----------
    softness : float
        Standard deviation of the gap as the laboratory finds it, in the same unit.
    """

    softness: float = 1.0

    def __post_init__(self) -> None:
        """Refuse an order without softness."""
        refuse((not 0.0 < self.softness < math.inf, "softness", f"a softness of {self.softness}", "above 0"))

    @property
    def seen(self) -> float:
        """1: the order was found."""
        return 1.0

    @property
    def width(self) -> float:
        """Its softness."""
        return self.softness

    @property
    def delta_unit(self) -> float:
        """Its softness."""
        return self.softness

    def log_density(self, at: ArrayLike, sd: ArrayLike = 0.0) -> Array:
        """Return the log probability that the order is found."""
        from scipy.special import log_ndtr

        return log_ndtr(np.asarray(at, dtype=float) / np.sqrt(self.softness**2 + np.asarray(sd, dtype=float) ** 2))

    def draw(self, at: ArrayLike, rng: np.random.Generator) -> Array:
        """Return 1 where the order would be found and 0 elsewhere."""
        return _happens(self.log_density(at), rng)


def _log_normal(distance: Array, variance: Array) -> Array:
    return -0.5 * (distance**2 / variance + np.log(2.0 * math.pi * variance))


def _happens(log_p: Array, rng: np.random.Generator) -> Array:
    return (rng.random(log_p.shape) < np.exp(log_p)).astype(float)


def _log_between(lo: Array, hi: Array) -> Array:
    """Return the log probability of a standard normal number between two ends, precise also far out."""
    from scipy.special import log_ndtr

    is_above = lo > 0.0
    near, far = log_ndtr(np.where(is_above, -lo, hi)), log_ndtr(np.where(is_above, -hi, lo))
    return near + np.log1p(-np.exp(far - near))
