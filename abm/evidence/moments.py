"""Published numbers as weighted means: by how much each simulated patient misses a target."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abm.statistics import weighted
from abm.statistics.draws import weighted_quantiles
from abm.statistics.intervals import Array


@dataclass(frozen=True)
class Moment:
    """One number that weights shall give a cohort.

    Attributes
    ----------
    published : float
        In the unit of its column; of shares between 0 and 1.
    error : float
        Standard error of `misses`' mean; 0: exact.
    misses : callable
        From weights (n,) to by how much each patient misses (n,); only what is standardised depends on the weights.
    value : callable
        From weights (n,) to the number.
    """

    published: float
    error: float
    misses: Callable[[Array], Array]
    value: Callable[[Array], float]


def share(flags: Array, published: float, n: int | None) -> Moment:
    """Return the share of those in whom a flag is known; flags (n,) are 0 to 1, NaN where unknown."""
    miss = np.where(np.isfinite(flags), flags - published, 0.0)
    error = _binomial(published, n) * float(np.isfinite(flags).mean())
    return Moment(published, error, lambda _: miss, lambda mass: float(weighted.share_of(flags, mass).mean))


def median(values: Array, published: float, n: int | None) -> Moment:
    """Return the median of what is known, as the share below it."""
    below = share(beyond(values, published, -1.0), 0.5, n)
    known = np.isfinite(values)

    def seen(mass: Array) -> float:
        return weighted_quantiles(values[known], mass[known], [0.5])[0]

    return Moment(published, below.error, below.misses, seen)


def beyond(values: Array, cut: float, side: float) -> Array:
    """Return whether values lie above a cut (`side` 1) or below it (-1): 1 or 0, of the cut itself 1/2."""
    return np.where(np.isfinite(values), 0.5 + 0.5 * side * np.sign(values - cut), np.nan)


def mean(values: Array, published: float, sd: float | None, n: int | None) -> Moment:
    """Return the mean of what is known; its error is from a published spread, else from the cohort's."""
    known = np.isfinite(values)
    miss = np.where(known, values - published, 0.0)
    error = (sd or float(np.std(values[known]))) / math.sqrt(n) * float(known.mean()) if n else 0.0
    return Moment(published, error, lambda _: miss, lambda mass: weighted.moments_of(values, mass)[0])


def spread(values: Array, centre: float, published: float, n: int | None) -> Moment:
    """Return the standard deviation of what is known around a published mean."""
    known = np.isfinite(values)
    miss = np.where(known, (values - centre) ** 2 - published**2, 0.0)
    error = published**2 * math.sqrt(2.0 / n) * float(known.mean()) if n else 0.0
    return Moment(published, error, lambda _: miss, lambda mass: weighted.moments_of(values, mass)[1])


def correlation(x: Array, y: Array, published: float, n: int | None) -> Moment:
    """Return Pearson's r: the mean product of values standardised as the weighted cohort's own."""
    known = np.isfinite(x) & np.isfinite(y)

    def misses(mass: Array) -> Array:
        product = np.ones(x.size)
        for side in (x, y):
            own = np.where(known, side, np.nan)
            centre, sd = weighted.moments_of(own, mass)
            product = product * np.where(known, (own - centre) / (sd or 1.0), 0.0)
        return np.where(known, product - published, 0.0)

    error = (1.0 - published**2) / math.sqrt(n) * float(known.mean()) if n else 0.0
    return Moment(published, error, misses, lambda mass: weighted.correlation_of(x, y, mass))


def free(time: Array, came: NDArray[np.bool_], at: float, published: float, n: int | None) -> Moment:
    """Return the share free of an event at a time, as Kaplan and Meier estimate it.

    Patients last seen before then without the event miss nothing; for them the others stand, each by the inverse of
    the share that was still followed when its own state became known (of the weighted cohort, as the estimate has it).
    """
    known = came | (time >= at)
    is_free = np.where(came, time > at, 1.0)

    last = np.where(came, np.nextafter(time, -np.inf), time)  # who has the event is gone before others are lost

    def misses(mass: Array) -> Array:
        followed = weighted.kaplan_meier_of(last, ~came, mass)
        still = followed.share[np.searchsorted(followed.time, np.minimum(time, at), side="left") - 1]
        return np.where(known, (is_free - published) / np.where(known, still, 1.0), 0.0)

    def seen_free(mass: Array) -> float:
        return weighted.share_at(weighted.kaplan_meier_of(time, came, mass), at)

    return Moment(published, _binomial(published, n), misses, seen_free)


def half_free(time: Array, came: NDArray[np.bool_], at: float, n: int | None) -> Moment:
    """Return the median of a time to an event: half are free of it then."""
    half = free(time, came, at, 0.5, n)

    def seen(mass: Array) -> float:
        return float(weighted.kaplan_meier_of(time, came, mass).median)

    return Moment(at, half.error, half.misses, seen)


def _binomial(share: float, n: int | None) -> float:
    return math.sqrt(share * (1.0 - share) / n) if n else 0.0
