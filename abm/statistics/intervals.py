"""95 % intervals of means, shares, ratios and medians: the one place where they are made.

A share's interval stays inside 0 to 1. Over replicates it is Student's t on the logit scale (as ``svyciprop`` of R's
``survey``), over cells Wilson's score, over patients Clopper and Pearson's. Where there is too little to tell an
interval, its ends are NaN.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import scipy  # its parts are imported where they are first used: they are slow
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95
Z = 1.959963984540054  # standard deviations of a normal distribution to either side hold LEVEL
NO_SPREAD = 1e-12  # design: below it replicates differ by rounding alone
Array = NDArray[np.float64]


class Interval(NamedTuple):
    """A mean with the ends of its interval; arrays of one shape or three numbers."""

    mean: Array
    lo: Array
    hi: Array

    def times(self, factor: float) -> Interval:
        """Return it in another unit."""
        return Interval(*(factor * np.asarray(part, dtype=float) for part in self))

    def reach(self) -> tuple[Array, Array]:
        """Return how far the ends are from the mean, as error bars take it: never below 0."""
        return np.maximum(self.mean - self.lo, 0.0), np.maximum(self.hi - self.mean, 0.0)

    def as_numbers(self) -> dict[str, float | None]:
        """Return ``mean``, ``lo`` and ``hi`` of one estimate, null for what is not known."""
        return {name: known(float(part)) for name, part in zip(self._fields, self, strict=True)}


NO_INTERVAL = Interval(np.array(np.nan), np.array(np.nan), np.array(np.nan))


def of_mean(values: ArrayLike) -> Interval:
    """Return the mean over the first axis with Student's t interval; NaN is passed over.

    For what is no share: counts, times, differences.
    """
    n, mean, error = _moments(values)
    return _ordered(mean, mean - _t(n) * error, mean + _t(n) * error)


def of_share(values: ArrayLike, n_each: ArrayLike = np.nan) -> Interval:
    """Return the mean of shares over the first axis with its interval on the logit scale; NaN is passed over.

    Parameters
    ----------
    values : array, shape (replicates, ...)
        Shares between 0 and 1.
    n_each : array
        Cells behind each replicate's share; where there is one replicate, or all are equal, the interval is Wilson's
        over all cells, and without them there is none.
    """
    n, mean, error = _moments(values)
    inside = (n > 1) & (error > NO_SPREAD) & (mean > 0.0) & (mean < 1.0)
    middle = np.where(inside, mean, 0.5)
    half = _t(n) * error / (middle * (1.0 - middle))
    at = scipy.special.logit(middle)
    ends = scipy.special.expit(at - half), scipy.special.expit(at + half)
    return _ordered(mean, *_where(inside, ends, _score(mean, n * np.asarray(n_each, dtype=float))))


def of_percent(values: ArrayLike) -> Interval:
    """Return :func:`of_share` of shares in percent, in percent."""
    return of_share(np.asarray(values, dtype=float) / 100.0).times(100.0)


def of_ratio(values: ArrayLike, n_each: ArrayLike = np.nan) -> Interval:
    """Return the mean of shares of a control's share, with its interval on the log scale, over the first axis.

    A ratio may come out above 1 by chance, but no more than the control can be expected: the upper end is 1, or the
    mean where that is above it. One replicate, or equal ones, as in :func:`of_share`.
    """
    n, mean, error = _moments(values)
    inside = (n > 1) & (error > NO_SPREAD) & (mean > 0.0)
    factor = np.exp(_t(n) * error / np.where(inside, mean, 1.0))
    ends = mean / factor, mean * factor
    lo, hi = _where(inside, ends, _score(mean, n * np.asarray(n_each, dtype=float)))
    return _ordered(mean, lo, np.minimum(hi, np.maximum(mean, 1.0)))


def standard_error(values: ArrayLike) -> Array:
    """Return the standard error of the mean over the first axis; NaN is passed over, and of one value it is NaN."""
    return _moments(values)[2]


def wilson(hits: ArrayLike, n: ArrayLike) -> Interval:
    """Return the observed share of `hits` in `n` with Wilson's score interval; NaN of none."""
    total = np.asarray(n, dtype=float)
    share = np.asarray(hits, dtype=float) / np.where(total > 0.0, total, np.nan)
    return _ordered(share, *_score(share, total))


def share(k: int, n: int) -> dict[str, float | None]:
    """Return k of n patients with the exact 95 % interval (Clopper and Pearson), as trials report it; nulls of none."""
    if n == 0:
        return {"k": 0, "n": 0, "share": None, "lo": None, "hi": None}
    interval = scipy.stats.binomtest(k, n).proportion_ci(LEVEL, method="exact")
    return {"k": k, "n": n, "share": k / n, "lo": float(interval.low), "hi": float(interval.high)}


def quantile_interval(values: np.ndarray) -> dict[str, float | None]:
    """Return the median of a sample with its 95 % interval by order statistics; nulls where there are too few."""
    if values.size == 0:
        return {"median": None, "lo": None, "hi": None}
    interval = (math.nan, math.nan)
    if values.size > 1:
        interval = scipy.stats.quantile_test(values, q=0.0).confidence_interval(LEVEL)
    return {"median": float(np.median(values)), "lo": known(interval[0]), "hi": known(interval[1])}


def known(value: float) -> float | None:
    """Return a number, or null for one that is not finite."""
    return float(value) if math.isfinite(value) else None


def _moments(values: ArrayLike) -> tuple[Array, Array, Array]:
    """Return number, mean and standard error of what is known along the first axis; NaN where there is too little."""
    rows = np.asarray(values, dtype=float)
    is_known = ~np.isnan(rows)
    n = is_known.sum(axis=0).astype(float)
    mean = np.where(is_known, rows, 0.0).sum(axis=0) / np.where(n > 0, n, np.nan)
    squares = np.where(is_known, (rows - mean) ** 2, 0.0).sum(axis=0)
    return n, mean, np.sqrt(squares / np.where(n > 1, n - 1, np.nan) / np.maximum(n, 1.0))


def _t(n: Array) -> Array:
    return scipy.special.stdtrit(np.maximum(n - 1.0, 1.0), 0.5 + LEVEL / 2)


def _where(is_first: NDArray[np.bool_], first: tuple[Array, Array], second: tuple[Array, Array]) -> list[Array]:
    return [np.where(is_first, one, other) for one, other in zip(first, second, strict=True)]


def _score(share: Array, n: Array) -> tuple[Array, Array]:
    """Return the ends of Wilson's interval; NaN where the share is none or of nothing."""
    p = np.where((share >= 0.0) & (share <= 1.0), share, np.nan)
    total = np.where(n > 0.0, n, np.nan)
    z2 = Z**2
    middle = (p + z2 / (2 * total)) / (1 + z2 / total)
    half = np.sqrt(z2 * (p * (1 - p) / total + z2 / (4 * total**2))) / (1 + z2 / total)
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)


def _ordered(mean: Array, lo: Array, hi: Array) -> Interval:
    """Return an interval that holds its mean, which rounding may leave just outside."""
    return Interval(mean, np.minimum(lo, mean), np.maximum(hi, mean))
