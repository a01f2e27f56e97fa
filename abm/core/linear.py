"""Linear equations advanced by their exact solution: numbers, or arrays of one for each subject."""

import math
from typing import Any

import numpy as np

from abm.core.jit import device

TERMS = 18  # design: of a matrix of norm below 1/2 the rest is below 1e-21
SLOWEST = 1e-200  # design: a rate that does nothing and can be divided by


@device
def integral(rate, dt):
    """Return the integral of ``exp(-rate t)`` from 0 to dt."""
    rate = np.maximum(rate, SLOWEST)
    return -np.expm1(-rate * dt) / rate


def one_pool(x: Any, inflow: Any, rate: Any, dt: float) -> Any:
    """Advance ``dx/dt = inflow - rate x``."""
    return x * np.exp(-rate * dt) + inflow * integral(rate, dt)


@device
def two_pools(x, inflow, rates, dt):
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
    mean = np.maximum(0.5 * (a + c), SLOWEST)
    gap = np.maximum(np.sqrt(0.25 * (a - c) ** 2 + b * c), 2e-9 * mean)  # equal rates: a limit, exact to nine digits
    fast = mean + gap
    slow = (a - b) * c / fast  # their product is the determinant: no cancellation
    e_slow, e_fast = np.exp(-slow * dt), np.exp(-fast * dt)
    i_slow, i_fast = integral(slow, dt), integral(fast, dt)
    # exp(-M t) = p I - r M by its two eigenvalues, and its integral over the step likewise
    p, r = (fast * e_slow - slow * e_fast) / (fast - slow), (e_slow - e_fast) / (fast - slow)
    ip, ir = (fast * i_slow - slow * i_fast) / (fast - slow), (i_slow - i_fast) / (fast - slow)
    first = (p - r * a) * x[0] + r * c * x[1] + inflow * (ip - ir * a)
    second = r * b * x[0] + (p - r * c) * x[1] + inflow * ir * b
    return first, second


@device
def exponential(matrix):
    """Return the exponential of a small square matrix: the series of a power of two of its root, squared again.

    Loops compile in a fraction of the time of array expressions, and round alike on every machine; BLAS does not.
    """
    n = matrix.shape[0]
    if n == 1:
        return np.array([[math.exp(matrix[0, 0])]])
    norm = 0.0
    for i in range(n):
        of_row = 0.0
        for j in range(n):
            of_row += abs(matrix[i, j])
        norm = max(norm, of_row)
    halvings = max(0, math.frexp(norm)[1] + 1)
    term, found, product = np.zeros((n, n)), np.zeros((n, n)), np.empty((n, n))
    for i in range(n):
        term[i, i] = found[i, i] = 1.0
    for k in range(1, TERMS):
        multiply(product, term, matrix, 0.5**halvings / k)
        term, product = product, term
        for i in range(n):
            for j in range(n):
                found[i, j] += term[i, j]
    for _ in range(halvings):
        multiply(product, found, found, 1.0)
        found, product = product, found
    return found


@device
def multiply(out, a, b, factor):
    """Write the product of two square matrices and a number."""
    n = out.shape[0]
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += a[i, k] * b[k, j]
            out[i, j] = total * factor
