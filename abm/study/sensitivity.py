"""Which parameters matter: Morris's elementary effects and Sobol' indices, with noise between replicates.

Rows of one point under several seeds are replicates. Intervals come from a bootstrap that draws seeds and, for Morris,
trajectories, for Sobol', sample points anew, so that they hold the noise of both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import sobol_indices

Matrix = NDArray[np.float64]
N_BOOTSTRAP = 500  # design: ends of a 95 % interval to about a tenth of its width
LEVEL = 0.95


@dataclass(frozen=True)
class Index:
    """One sensitivity measure of one axis."""

    path: str
    name: str
    value: float
    lo: float
    hi: float


def morris(paths: Sequence[str], shares: Matrix, outputs: Matrix, rng_seed: int = 1) -> list[Index]:
    """Return ``mu_star``, ``mu`` and ``sigma`` of every axis.

    Parameters
    ----------
    paths : sequence of str
        The k axes.
    shares : array, shape (n (k + 1), k)
        Trajectories in the unit cube, as the design drew them.
    outputs : array, shape (n (k + 1), seeds)
        What came out.
    rng_seed : int
        Of the bootstrap.
    """
    k = len(paths)
    blocks = shares.reshape(-1, k + 1, k)
    found = outputs.reshape(blocks.shape[0], k + 1, -1)
    effects = np.empty((blocks.shape[0], k, found.shape[2]))
    for i, block in enumerate(blocks):
        steps = np.diff(block, axis=0)
        moved = np.abs(steps).argmax(axis=1)
        effects[i, moved] = np.diff(found[i], axis=0) / steps[np.arange(k), moved][:, None]

    def measures(trajectories: NDArray[np.int64], seeds: NDArray[np.int64]) -> Matrix:
        own = effects[trajectories][:, :, seeds].mean(axis=2)
        spread = own.std(axis=0, ddof=1) if len(own) > 1 else np.zeros(k)
        return np.stack([np.abs(own).mean(axis=0), own.mean(axis=0), spread])

    values, lo, hi = _bootstrap(measures, effects.shape[0], effects.shape[2], rng_seed)
    return _indices(paths, ("mu_star", "mu", "sigma"), values, lo, hi)


def sobol(paths: Sequence[str], n: int, outputs: Matrix, rng_seed: int = 1) -> list[Index]:
    """Return first-order ``S1`` and total ``ST`` indices of every axis.

    Parameters
    ----------
    paths : sequence of str
        The k axes.
    n : int
        Points of each of the two samples.
    outputs : array, shape (n (k + 2), seeds)
        What came out of A, B and A with each axis from B, in that order.
    rng_seed : int
        Of the bootstrap.
    """
    k = len(paths)
    found = outputs.reshape(k + 2, n, -1)

    def measures(points: NDArray[np.int64], seeds: NDArray[np.int64]) -> Matrix:
        own = found[:, points][:, :, seeds].mean(axis=2)
        if np.ptp(own[:2]) == 0.0:  # nothing varies: nothing matters
            return np.zeros((2, k))
        result = sobol_indices(func={"f_A": own[:1], "f_B": own[1:2], "f_AB": own[2:, None, :]}, n=len(points))
        return np.stack([np.ravel(result.first_order), np.ravel(result.total_order)])

    values, lo, hi = _bootstrap(measures, n, found.shape[2], rng_seed)
    return _indices(paths, ("S1", "ST"), values, lo, hi)


def _bootstrap(
    measures: Callable[[NDArray[np.int64], NDArray[np.int64]], Matrix], n: int, n_seeds: int, rng_seed: int
) -> tuple[Matrix, Matrix, Matrix]:
    rng = np.random.default_rng(rng_seed)
    drawn = np.stack([measures(rng.integers(0, n, n), rng.integers(0, n_seeds, n_seeds)) for _ in range(N_BOOTSTRAP)])
    edge = (1.0 - LEVEL) / 2.0
    lo, hi = np.quantile(drawn, [edge, 1.0 - edge], axis=0)
    return measures(np.arange(n), np.arange(n_seeds)), lo, hi


def _indices(paths: Sequence[str], names: Sequence[str], values: Matrix, lo: Matrix, hi: Matrix) -> list[Index]:
    return [
        Index(path, name, float(values[row, column]), float(lo[row, column]), float(hi[row, column]))
        for row, name in enumerate(names)
        for column, path in enumerate(paths)
    ]
