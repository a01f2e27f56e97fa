"""What many random draws say, weighted or not: the middle 95 %, quantiles, how many of them count."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy  # its parts are imported where they are first used: they are slow
from numpy.typing import ArrayLike

from abm.statistics.intervals import Array

ENDS = (0.025, 0.975)  # of the middle 95 %


def middle(draws: ArrayLike, axis: int | None = None) -> tuple[Array, Array]:
    """Return between which ends the middle 95 % of draws lie; NaN is passed over."""
    lo, hi = np.nanquantile(draws, ENDS, axis=axis)
    return lo, hi


def as_extreme(draws: ArrayLike, value: float) -> float:
    """Return the share of draws at least as far out as a value, on either side."""
    rows = np.asarray(draws, dtype=float)
    return float(min(1.0, 2.0 * min((rows <= value).mean(), (rows >= value).mean())))


def weighted_quantiles(values: Sequence[float], weights: Sequence[float], at: Sequence[float]) -> list[float]:
    """Return quantiles of weighted draws."""
    order = np.argsort(values)
    own, mass = np.asarray(values, dtype=float)[order], np.asarray(weights, dtype=float)[order]
    below = (np.cumsum(mass) - 0.5 * mass) / mass.sum()
    return [float(v) for v in np.interp(at, below, own)]


def sorted_uniform(n: int) -> tuple[Array, Array]:
    """Return between which ends each of `n` sorted uniform numbers lies with 95 %, both of shape (n,)."""
    place = np.arange(1, n + 1)
    lo, hi = (scipy.special.betaincinv(place, n + 1 - place, end) for end in ENDS)
    return lo, hi


def n_independent(weights: Sequence[float]) -> float:
    """Return how many draws of equal weight would tell as much (Kish)."""
    return math.fsum(weights) ** 2 / math.fsum(weight**2 for weight in weights)
