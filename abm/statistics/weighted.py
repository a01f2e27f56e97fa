"""What subjects that do not count alike say: shares, medians, correlations and survival curves.

Intervals are those of as many subjects of equal weight as tell as much (Kish).

*References*: KaplanMeier1958.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from abm.statistics.draws import n_independent, weighted_quantiles
from abm.statistics.intervals import NO_INTERVAL, Array, Interval, Z, wilson
from abm.statistics.survival import KaplanMeier

NO_SHARE = 1e-12  # design: what rounding leaves where the last one had the event


def share_of(flags: ArrayLike, weights: ArrayLike) -> Interval:
    """Return the weighted share of those whose 0-or-1 is known, with Wilson's interval."""
    seen, mass = _known(flags, weights)
    if not mass.sum() > 0.0:
        return NO_INTERVAL
    n = n_independent(mass)
    return wilson(n * float(np.average(seen, weights=mass)), n)


def median_of(values: ArrayLike, weights: ArrayLike) -> Interval:
    """Return the weighted median of what is known; its ends are quantiles as far out as chance may put a half."""
    seen, mass = _known(values, weights)
    if not mass.sum() > 0.0:
        return NO_INTERVAL
    half = Z * math.sqrt(0.25 / n_independent(mass))
    lo, middle, hi = weighted_quantiles(seen, mass, [max(0.0, 0.5 - half), 0.5, min(1.0, 0.5 + half)])
    return Interval(*map(np.asarray, (middle, lo, hi)))


def moments_of(values: ArrayLike, weights: ArrayLike) -> tuple[float, float]:
    """Return the weighted mean and standard deviation of what is known."""
    seen, mass = _known(values, weights)
    mean = float(np.average(seen, weights=mass))
    return mean, math.sqrt(float(np.average((seen - mean) ** 2, weights=mass)))


def correlation_of(x: ArrayLike, y: ArrayLike, weights: ArrayLike) -> float:
    """Return Pearson's weighted r over the pairs in which both are known; NaN without spread."""
    one, other = (np.asarray(side, dtype=float) for side in (x, y))
    is_known = np.isfinite(one) & np.isfinite(other)
    mass = np.where(is_known, weights, 0.0)
    (mean_x, sd_x), (mean_y, sd_y) = (moments_of(np.where(is_known, side, np.nan), mass) for side in (one, other))
    if not sd_x * sd_y > 0.0:
        return math.nan
    product = (one[is_known] - mean_x) * (other[is_known] - mean_y)
    return float(np.average(product, weights=mass[is_known])) / (sd_x * sd_y)


def kaplan_meier_of(time: ArrayLike, had_event: ArrayLike, weights: ArrayLike) -> KaplanMeier:
    """Return the curve of times to an event, as :func:`abm.statistics.survival.kaplan_meier` does of equal weights.

    Parameters
    ----------
    time, had_event, weights : array, shape (n,)
        Moment of the event or end of follow-up, whether it came, and how much each counts.
    """
    at, event, mass = (
        np.asarray(one, dtype=kind) for one, kind in ((time, float), (had_event, bool), (weights, float))
    )
    mass = mass * (n_independent(mass) / mass.sum())
    moments = np.unique(at[event])
    came = np.bincount(np.searchsorted(moments, at[event]), mass[event], moments.size)
    order = np.argsort(at, kind="stable")
    left = np.cumsum(mass[order][::-1])[::-1][np.searchsorted(at[order], moments)]
    stay = np.clip(1.0 - came / left, 0.0, 1.0)
    share = np.cumprod(np.where(stay > NO_SHARE, stay, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = Z * np.sqrt(np.cumsum(came / (left * left * stay))) / np.abs(np.log(share))
        ends = [share ** np.exp(side * spread) for side in (1.0, -1.0)]
    lo, hi = (np.where(np.isfinite(end) & (share > 0.0) & (share < 1.0), end, share) for end in ends)
    return KaplanMeier(*(np.concatenate([[first], rest]) for first, rest in
                         ((0.0, moments), (1.0, share), (1.0, lo), (1.0, hi))))  # fmt: skip


def share_at(curve: KaplanMeier, moment: float) -> float:
    """Return the share without the event after a moment, which itself counts."""
    return float(curve.share[np.searchsorted(curve.time, moment, side="right") - 1])


def median_with_ends(curve: KaplanMeier) -> Interval:
    """Return the median of a curve and where the ends of its interval fall to one half; infinite if never."""
    ends = [curve.time[(side <= 0.5) & (curve.share > 0.0)] for side in (curve.lo, curve.hi)]
    lo, hi = (end[0] if end.size else math.inf for end in ends)
    return Interval(*map(np.asarray, (curve.median, lo, hi)))


def _known(values: ArrayLike, weights: ArrayLike) -> tuple[Array, Array]:
    own, mass = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    is_known = np.isfinite(own)
    return own[is_known], mass[is_known]
