"""Shares and medians with exact intervals."""

import math

import numpy as np

LEVEL = 0.95


def share(k: int, n: int) -> dict[str, float | None]:
    """Return k of n with its exact 95 % interval (Clopper and Pearson); nulls of none."""
    from scipy.stats import binomtest

    if n == 0:
        return {"k": 0, "n": 0, "share": None, "lo": None, "hi": None}
    interval = binomtest(k, n).proportion_ci(LEVEL, method="exact")
    return {"k": k, "n": n, "share": k / n, "lo": float(interval.low), "hi": float(interval.high)}


def quantile_interval(values: np.ndarray) -> dict[str, float | None]:
    """Return the median of a sample with its 95 % interval by order statistics; nulls where there are too few."""
    from scipy.stats import quantile_test

    if values.size == 0:
        return {"median": None, "lo": None, "hi": None}
    interval = quantile_test(values, q=0.0).confidence_interval(LEVEL) if values.size > 1 else (math.nan, math.nan)
    return {"median": float(np.median(values)), "lo": known(interval[0]), "hi": known(interval[1])}


def known(value: float) -> float | None:
    """Return a number, or null for one that is not finite."""
    return float(value) if math.isfinite(value) else None
