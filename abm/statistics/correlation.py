"""How closely two columns of numbers go together."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

FEWEST = 3  # design: through two points there is always a line


def pearson(x: ArrayLike, y: ArrayLike) -> float:
    """Return Pearson's r over the pairs in which both are known; NaN of fewer than three, or without spread."""
    both = np.array([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    known = both[:, np.isfinite(both).all(axis=0)]
    is_told = known.shape[1] >= FEWEST and (known.std(axis=1) > 0.0).all()
    return float(np.corrcoef(*known)[0, 1]) if is_told else math.nan


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Return Spearman's rank correlation."""
    from scipy.stats import spearmanr

    return float(spearmanr(x, y).statistic)
