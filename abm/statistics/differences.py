"""How two sets of replicates differ, with 95 % intervals, and which of many differences luck does not explain.

*References*: Welch1947 (unlike spreads), Holm1979 (many differences at once).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from abm.statistics.intervals import LEVEL, NO_SPREAD, Array
from abm.statistics.survival import kaplan_meier

N_RESAMPLED = 2_000  # design: ends of intervals repeat to a tenth of their width


class Difference(NamedTuple):
    """B less A.

    Attributes
    ----------
    mean, lo, hi : float
        Ends are NaN where there is too little to tell them, or nothing that differs.
    p : float
        How often luck alone gives one at least as large; NaN where nobody can tell.
    """

    mean: float
    lo: float
    hi: float
    p: float

    @property
    def is_told_from_0(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.lo > 0.0 or self.hi < 0.0

    def times(self, factor: float) -> Difference:
        """Return it in another unit."""
        return Difference(factor * self.mean, factor * self.lo, factor * self.hi, self.p)


def paired(a: ArrayLike, b: ArrayLike) -> Difference:
    """Return the mean of B less A over pairs, with Student's t interval; pairs of which one is NaN are passed over."""
    own = np.asarray(b, dtype=float) - np.asarray(a, dtype=float)
    own = own[~np.isnan(own)]
    return _difference(own.mean(), own.var(ddof=1) / own.size, own.size - 1.0) if own.size > 1 else _alone(own)


def unpaired(a: ArrayLike, b: ArrayLike) -> Difference:
    """Return the difference of the means of two sets with Welch's interval; NaN is passed over."""
    sets = [own[~np.isnan(own)] for own in (np.asarray(a, dtype=float), np.asarray(b, dtype=float))]
    if min(own.size for own in sets) < 2:
        return _alone(np.array([sets[1].mean() - sets[0].mean()]) if all(own.size for own in sets) else np.empty(0))
    of_a, of_b = (own.var(ddof=1) / own.size for own in sets)
    freedom = sum(part**2 / (own.size - 1) for part, own in zip((of_a, of_b), sets, strict=True))
    return _difference(sets[1].mean() - sets[0].mean(), of_a + of_b, (of_a + of_b) ** 2 / freedom if freedom else 1.0)


def of_medians(a: Sequence[Array], b: Sequence[Array], is_paired: bool) -> Difference:
    """Return the difference of two medians by Kaplan and Meier, its interval by drawing the patients again.

    Parameters
    ----------
    a, b : (array, array)
        Times, and whether the event came then; else follow-up ended.
    is_paired : bool
        Whether they are of the same patients, who are then drawn together.
    """
    weights = [_drawn(own[0].size, 0 if is_paired else seed) for seed, own in enumerate((a, b))]
    whole = [kaplan_meier(*own).median for own in (a, b)]
    if not all(map(math.isfinite, whole)):  # a median that is not reached has no difference
        return _alone(np.empty(0))
    mean, found = whole[1] - whole[0], _median(*b, weights[1]) - _median(*a, weights[0])
    if not np.isfinite(found).all():
        return _alone(np.array([mean]))
    lo, hi = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    p = min(1.0, 2 * max(1.0, min((found <= 0).sum(), (found >= 0).sum())) / found.size)
    return Difference(mean, float(min(lo, mean)), float(max(hi, mean)), p)


def beyond_luck(p: Sequence[float]) -> list[bool]:
    """Return which of many differences luck does not explain, all at once at 5 % (Holm); NaN is never one."""
    known = [index for index, one in enumerate(p) if not math.isnan(one)]
    found = [False] * len(p)
    for place, index in enumerate(sorted(known, key=lambda index: p[index])):
        if p[index] > (1 - LEVEL) / (len(known) - place):
            break
        found[index] = True
    return found


def _difference(mean: float, variance: float, freedom: float) -> Difference:
    error = math.sqrt(variance)
    if error < NO_SPREAD * max(1.0, abs(mean)):  # what does not vary differs, or does not, in every replicate
        is_none = abs(mean) < NO_SPREAD
        return Difference(mean, *((math.nan, math.nan, math.nan) if is_none else (mean, mean, 0.0)))
    half = scipy.special.stdtrit(freedom, 0.5 + LEVEL / 2) * error
    p = 2.0 * scipy.special.stdtr(freedom, -abs(mean) / error)
    return Difference(float(mean), float(mean - half), float(mean + half), float(p))


def _alone(values: Array) -> Difference:
    return Difference(float(values[0]) if values.size else math.nan, math.nan, math.nan, math.nan)


def _drawn(n: int, seed: int) -> Array:
    """Return how often each of n patients is drawn, shape (resamples, n), the same every time."""
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), N_RESAMPLED).astype(float)


def _median(time: Array, came: Array, weights: Array) -> Array:
    """Return the median time for each row of weights; infinite where it is not reached."""
    order = np.lexsort((~np.asarray(came, dtype=bool), time))  # an event comes before follow-up that ends with it
    at, own = np.asarray(time, dtype=float)[order], weights[:, order]
    risk = own[:, ::-1].cumsum(axis=1)[:, ::-1]
    left = 1.0 - np.where(np.asarray(came, dtype=bool)[order], own, 0.0) / np.maximum(risk, 1e-300)
    is_half = np.cumprod(left, axis=1) <= 0.5 + NO_SPREAD
    return np.where(is_half.any(axis=1), at[is_half.argmax(axis=1)], np.inf)
