"""Linear equations advanced by their exact solution."""

import math

import numpy as np

TERMS = 18  # design: of a matrix of norm below 1/2 the rest is below 1e-21


def integral(rate: float, dt: float) -> float:
    """Return the integral of ``exp(-rate t)`` from 0 to dt."""
    return -math.expm1(-rate * dt) / rate if rate * dt > 1e-12 else dt


def one_pool(x: float, inflow: float, rate: float, dt: float) -> float:
    """Advance ``dx/dt = inflow - rate x``."""
    return x * math.exp(-rate * dt) + inflow * integral(rate, dt)


def two_pools(
    x: tuple[float, float], inflow: float, rates: tuple[float, float, float], dt: float
) -> tuple[float, float]:
    """Advance ``dx/dt = inflow - a x + c y``, ``dy/dt = b x - c y``.

    Parameters
    ----------
    x : tuple of float
        Both amounts.
    inflow : float
        Into the first.
    rates : tuple of float
        ``a`` (all losses of the first, at least ``b``), ``b`` (into the second), ``c`` (back).
    dt : float
        Time.
    """
    a, b, c = rates
    if a <= 0.0 and c <= 0.0:
        return x[0] + inflow * dt, x[1]
    gap = max(math.sqrt(0.25 * (a - c) ** 2 + b * c), 1e-9 * (a + c))  # equal rates: a limit, exact to nine digits
    fast = 0.5 * (a + c) + gap
    slow = (a - b) * c / fast  # their product is the determinant: no cancellation
    e_slow, e_fast = math.exp(-slow * dt), math.exp(-fast * dt)
    i_slow, i_fast = integral(slow, dt), integral(fast, dt)
    # exp(-M t) = p I - r M by its two eigenvalues, and its integral over the step likewise
    p, r = (fast * e_slow - slow * e_fast) / (fast - slow), (e_slow - e_fast) / (fast - slow)
    ip, ir = (fast * i_slow - slow * i_fast) / (fast - slow), (i_slow - i_fast) / (fast - slow)
    first = (p - r * a) * x[0] + r * c * x[1] + inflow * (ip - ir * a)
    second = r * b * x[0] + (p - r * c) * x[1] + inflow * ir * b
    return first, second


def exponential(matrix: np.ndarray) -> np.ndarray:
    """Return the exponential of a small square matrix: the series of a power of two of its root, squared again."""
    if matrix.size == 1:
        return np.array([[math.exp(matrix[0, 0])]])
    halvings = max(0, math.frexp(float(np.abs(matrix).sum(axis=1).max()))[1] + 1)
    root, term = matrix / 2.0**halvings, np.eye(len(matrix))
    found = term.copy()
    for k in range(1, TERMS):
        term = term @ root / k
        found += term
    for _ in range(halvings):
        found = found @ found
    return found
