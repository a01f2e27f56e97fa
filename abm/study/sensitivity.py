"""Which parameters matter: Morris's elementary effects and Sobol' indices, with noise between replicates.

Rows of one point under several seeds are replicates. A trajectory, or a point with its k neighbours, counts under the
seeds under which all of it is defined. Intervals come from a bootstrap that draws seeds and, for Morris, trajectories,
for Sobol', sample points anew, so that they hold the noise of both.

*References*: Saltelli2010 (estimators of the indices).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abm.statistics.draws import middle

Matrix = NDArray[np.float64]
N_BOOTSTRAP = 500  # design: ends of a 95 % interval to about a tenth of its width
FEWEST_TRAJECTORIES = 2  # design: a single one has no spread
FEWEST_POINTS = 4  # design: the variance of fewer means nothing
FEWEST_FOR_INTERVAL = 5  # design: of fewer no 40 different samples can be drawn, so there is no tail of 2.5 %


@dataclass(frozen=True)
class Index:
    """One sensitivity measure of one axis; without an interval where too few points are whole.

    Attributes
    ----------
    n, planned : int
        Trajectories or sample points that are whole, and that the design has.
    """

    path: str
    name: str
    value: float
    lo: float | None
    hi: float | None
    n: int
    planned: int


def morris(paths: Sequence[str], shares: Matrix, outputs: Matrix, rng_seed: int = 1) -> list[Index]:
    """Return ``mu_star``, ``mu`` and ``sigma`` of every axis; none where too few trajectories are whole.

    Parameters
    ----------
    paths : sequence of str
        The k axes.
    shares : array, shape (n (k + 1), k)
        Trajectories in the unit cube, as the design drew them.
    outputs : array, shape (n (k + 1), seeds)
        What came out; NaN where it is undefined.
    rng_seed : int
        Of the bootstrap.
    """
    k = len(paths)
    blocks = shares.reshape(-1, k + 1, k)
    found = _whole(outputs.reshape(blocks.shape[0], k + 1, -1))
    effects = np.empty((blocks.shape[0], k, found.shape[2]))
    for i, block in enumerate(blocks):
        steps = np.diff(block, axis=0)
        moved = np.abs(steps).argmax(axis=1)
        effects[i, moved] = np.diff(found[i], axis=0) / steps[np.arange(k), moved][:, None]

    def measures(trajectories: NDArray[np.int64], seeds: NDArray[np.int64]) -> Matrix:
        own = _over_seeds(effects[trajectories][:, :, seeds])
        if len(own) < FEWEST_TRAJECTORIES:
            return np.full((3, k), np.nan)
        return np.stack([np.abs(own).mean(axis=0), own.mean(axis=0), own.std(axis=0, ddof=1)])

    return _indices(paths, ("mu_star", "mu", "sigma"), measures, effects, FEWEST_TRAJECTORIES, rng_seed)


def sobol(paths: Sequence[str], n: int, outputs: Matrix, rng_seed: int = 1) -> list[Index]:
    """Return first-order ``S1`` and total ``ST`` indices of every axis; none where too few points are whole.

    Parameters
    ----------
    paths : sequence of str
        The k axes.
    n : int
        Points of each of the two samples.
    outputs : array, shape (n (k + 2), seeds)
        What came out of A, B and A with each axis from B, in that order; NaN where it is undefined.
    rng_seed : int
        Of the bootstrap.
    """
    k = len(paths)
    found = _whole(outputs.reshape(k + 2, n, -1).swapaxes(0, 1))

    def measures(points: NDArray[np.int64], seeds: NDArray[np.int64]) -> Matrix:
        own = _over_seeds(found[points][:, :, seeds])
        if len(own) < FEWEST_POINTS:
            return np.full((2, k), np.nan)
        a, b = own[:, 0] - own[:, :2].mean(), own[:, 1] - own[:, :2].mean()
        mixed, variance = own[:, 2:] - own[:, :2].mean(), np.var([a, b])
        if np.ptp(own[:, :2]) == 0.0:  # nothing varies: nothing matters
            return np.zeros((2, k))
        first = (b[:, None] * (mixed - a[:, None])).mean(axis=0)
        total = 0.5 * ((a[:, None] - mixed) ** 2).mean(axis=0)
        return np.stack([first, total]) / variance

    return _indices(paths, ("S1", "ST"), measures, found, FEWEST_POINTS, rng_seed)


def _whole(found: Matrix) -> Matrix:
    """Return outputs, shape (blocks, points of a block, seeds); with one missing, its whole block and seed are NaN."""
    return np.where(np.isnan(found).any(axis=1, keepdims=True), np.nan, found)


def _over_seeds(found: Matrix) -> Matrix:
    """Return the mean over the seeds that are whole, without the blocks that have none."""
    known = np.ma.masked_invalid(found)
    means = known.mean(axis=2)
    return means.filled(np.nan)[~np.ma.getmaskarray(means).any(axis=1)]


def _indices(
    paths: Sequence[str],
    names: Sequence[str],
    measures: Callable[[NDArray[np.int64], NDArray[np.int64]], Matrix],
    found: Matrix,
    fewest: int,
    rng_seed: int,
) -> list[Index]:
    """Return all measures of all axes, from what each block of points shows under each seed."""
    planned, _, n_seeds = found.shape
    whole = np.flatnonzero(~np.isnan(found).any(axis=1).all(axis=1))
    n = len(whole)
    if n < fewest:
        return []
    values = measures(whole, np.arange(n_seeds))
    lo = hi = np.full(values.shape, np.nan)
    if n >= FEWEST_FOR_INTERVAL:
        rng = np.random.default_rng(rng_seed)
        draws = [(rng.integers(0, n, n), rng.integers(0, n_seeds, n_seeds)) for _ in range(N_BOOTSTRAP)]
        lo, hi = middle([measures(whole[rows], seeds) for rows, seeds in draws], axis=0)
    ends = [[None if np.isnan(end) else float(end) for end in side.ravel()] for side in (lo, hi)]
    cells = zip(((name, path) for name in names for path in paths), values.ravel(), *ends, strict=True)
    return [Index(path, name, float(value), low, high, n, planned) for (name, path), value, low, high in cells]
