"""Weights of maximum entropy: as equal as they can be while weighted means are what they shall be.

*References*: Jaynes1957.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from abm.statistics.intervals import Array

MOST_STEPS = 500  # design: Newton's steps in a trust region take some tens
FARTHEST = 1e12  # design: slopes are as large as a contradiction over its variance
SOLVED = 1e-12  # design: of columns whose largest entry is 1
NO_MISS = 1e-9


def tilted(misses: Array, errors: Array) -> Array:
    """Return the weights, of sum 1, nearest to equal ones under which every column has the mean 0.

    They minimise ``sum w log(n w) + sum (mean_k / error_k)^2 / 2`` and have the form ``w ~ exp(misses @ slopes)``. So a
    miss by its own error costs half a nat, and contradictions are shared out. Where exact columns cannot all have the
    mean 0 the weights run to a border; see :func:`out_of_reach`.

    Parameters
    ----------
    misses : array, shape (n, k)
        By how much each of n subjects misses each of k targets.
    errors : array, shape (k,)
        Standard errors of the targets, in the units of the columns; 0: exact.

    Returns
    -------
    array, shape (n,)
    """
    from scipy.optimize import minimize

    columns, size = _scaled(misses)
    ridge = (errors / size) ** 2
    found = minimize(
        _dual,
        np.zeros(size.size),
        (columns, ridge),
        "trust-exact",
        jac=True,
        hess=_curvature,
        options={"gtol": SOLVED, "maxiter": MOST_STEPS, "max_trust_radius": FARTHEST},
    )
    return _weights(columns, _polished(found.x, columns, ridge))


def _polished(slopes: Array, columns: Array, ridge: Array) -> Array:
    """Return the minimum closer than the function's own rounding tells, by Newton's steps while the gradient falls."""
    gradient = _dual(slopes, columns, ridge)[1]
    for _ in range(MOST_STEPS):
        step = np.linalg.lstsq(_curvature(slopes, columns, ridge), gradient)[0]
        nearer = _dual(slopes - step, columns, ridge)[1]
        if not np.abs(nearer).max() < 0.5 * np.abs(gradient).max():
            break
        slopes, gradient = slopes - step, nearer
    return slopes


def out_of_reach(misses: Array) -> NDArray[np.bool_]:
    """Return which columns cannot have the mean 0 under any weights that give it to the others.

    They are those with a part in the least sum of misses (a linear programme); each column counts relative to its
    largest entry.

    Parameters
    ----------
    misses : array, shape (n, k)

    Returns
    -------
    array of bool, shape (k,)
    """
    from scipy.optimize import linprog

    columns, _ = _scaled(misses)
    n, k = columns.shape
    cost = np.concatenate([np.zeros(n), np.ones(2 * k)])
    means = np.hstack([columns.T, np.eye(k), -np.eye(k)])
    total = np.concatenate([np.ones(n), np.zeros(2 * k)])
    found = linprog(cost, A_eq=np.vstack([means, total]), b_eq=[0.0] * k + [1.0])
    return np.abs(found.x[n : n + k] - found.x[n + k :]) > NO_MISS


def _scaled(misses: Array) -> tuple[Array, Array]:
    size = np.abs(misses).max(axis=0)
    size = np.where(size > 0.0, size, 1.0)
    return misses / size, size


def _weights(columns: Array, slopes: Array) -> Array:
    height = columns @ slopes
    mass = np.exp(height - height.max())
    return mass / mass.sum()


def _dual(slopes: Array, columns: Array, ridge: Array) -> tuple[float, Array]:
    """Return the convex function whose minimum is where the means are met, and its gradient."""
    height = columns @ slopes
    top = height.max()
    value = top + np.log(np.exp(height - top).mean()) + 0.5 * (ridge * slopes**2).sum()
    return float(value), _weights(columns, slopes) @ columns + ridge * slopes


def _curvature(slopes: Array, columns: Array, ridge: Array) -> Array:
    mass = _weights(columns, slopes)
    mean = mass @ columns
    return (columns * mass[:, None]).T @ columns - np.outer(mean, mean) + np.diag(ridge)
