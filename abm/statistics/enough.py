"""How many replicates a wanted precision takes, from those that there are."""

from __future__ import annotations

import math

import scipy

from abm.statistics.intervals import LEVEL

MOST = 10_000_000  # design: nobody runs as many


def enough(n: int, half: float, wanted: float) -> int | None:
    """Return how many replicates give an interval of a wanted half width; None where nobody can tell.

    Student's interval is as wide as t(n - 1) / √n, at the spread that the replicates show.

    Parameters
    ----------
    n : int
        How many there are.
    half : float
        Half the width of their 95 % interval.
    wanted : float
        Half the width that is wanted, in the same unit.
    """
    if n < 2 or not (half > 0.0 and wanted > 0.0 and math.isfinite(half)):
        return None
    aim = _width(n) * wanted / half
    low, high = 1, 2
    while _width(high) > aim and high < MOST:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _width(middle) <= aim else (middle, high)
    return high


def _width(n: int) -> float:
    return float(scipy.special.stdtrit(n - 1.0, 0.5 + LEVEL / 2)) / math.sqrt(n)
