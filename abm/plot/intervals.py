"""95 % intervals: Student's t over replicates, Wilson's score for a share of cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

LEVEL = 0.95


class Interval(NamedTuple):
    """A mean with the ends of its interval; arrays of one shape or three numbers."""

    mean: NDArray[np.float64]
    lo: NDArray[np.float64]
    hi: NDArray[np.float64]


NO_INTERVAL = Interval(np.array(np.nan), np.array(np.nan), np.array(np.nan))


def over_replicates(values: ArrayLike) -> Interval:
    """Return the mean over the first axis with its t interval; one replicate has an interval of zero width."""
    rows = np.atleast_1d(np.asarray(values, dtype=float))
    mean = rows.mean(axis=0)
    n = rows.shape[0]
    if n < 2:
        return Interval(mean, mean, mean)
    half = stdtrit(n - 1, 0.5 + LEVEL / 2) * rows.std(axis=0, ddof=1) / np.sqrt(n)
    return Interval(mean, mean - half, mean + half)


def wilson(hits: ArrayLike, n: ArrayLike) -> Interval:
    """Return the observed share of `hits` in `n > 0` with Wilson's score interval."""
    total = np.asarray(n, dtype=float)
    share = np.asarray(hits, dtype=float) / total
    z2 = ndtri(0.5 + LEVEL / 2) ** 2
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = np.sqrt(z2 * (share * (1 - share) / total + z2 / (4 * total**2))) / (1 + z2 / total)
    return Interval(share, np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1))
