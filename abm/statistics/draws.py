"""What many random draws say, weighted or not: the middle 95 %, quantiles, how many of them count."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy  # its parts are imported where they are first used: they are slow
from numpy.typing import ArrayLike

from abm.statistics.intervals import Array, Z, known

ENDS = (0.025, 0.975)  # of the middle 95 %


def middle(draws: ArrayLike, axis: int | None = None) -> tuple[Array, Array]:
    """Return between which ends the middle 95 % of draws lie; NaN is passed over."""
    lo, hi = np.nanquantile(draws, ENDS, axis=axis)
    return lo, hi


def apart(draws: ArrayLike, chance: float) -> dict[str, float | int | None]:
    """Tell apart what parameters and what chance do to a number that was simulated once under each of many draws.

    Parameters
    ----------
    draws : array, shape (n,)
        The number under each draw; NaN is passed over.
    chance : float
        What chance alone does to it, as below; NaN where nobody knows.

    Returns
    -------
    dict
        ``median``, ``lo`` and ``hi`` of the middle 95 %; as halves of 95 % intervals ``chance`` and ``parameters``, of
        the variance that is left when that of chance is taken away; None for what is not known. ``n`` draws tell.
    """
    rows = np.asarray(draws, dtype=float)
    rows = rows[np.isfinite(rows)]
    if rows.size < 2:
        return {"n": rows.size} | dict.fromkeys(("median", "lo", "hi", "parameters", "chance"))
    lo, hi = middle(rows)
    left = max(float(rows.var(ddof=1)) - (chance / Z) ** 2, 0.0) if math.isfinite(chance) else math.nan
    found = {"median": np.median(rows), "lo": lo, "hi": hi, "parameters": Z * math.sqrt(left), "chance": chance}
    return {"n": rows.size} | {name: known(float(value)) for name, value in found.items()}


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
