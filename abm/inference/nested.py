"""Posterior and evidence by nested sampling: draws from the unit cube, from all of it to the peak of the likelihood.

*References*: Skilling2006, Speagle2020 (dynesty).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from abm.core.errors import Fault, InputError, RunFailed
from abm.inference.likelihood import Array
from abm.statistics.draws import n_independent

N_LIVE = 400  # design: the evidence is then right to a quarter in the log with twelve parameters
STOP = 0.1  # design: of the log evidence may be left in the live points when it stops
MOST_WALKED = 20  # design: dimensions; random walks need fewer calls up to here, slices beyond
TOLD_EVERY = 200  # design: points between two words of progress


@dataclass(frozen=True)
class Sample:
    """Weighted draws from a posterior with its evidence.

    Attributes
    ----------
    points : array, shape (draws, dimensions)
        In the unit cube.
    log_likelihood, log_weight : array, shape (draws,)
        The weights add up to 1.
    log_evidence, log_evidence_error : float
        Natural logarithm, with its standard deviation.
    n_calls : int
        How often the likelihood was computed.
    """

    points: Array
    log_likelihood: Array
    log_weight: Array
    log_evidence: float
    log_evidence_error: float
    n_calls: int

    @property
    def weights(self) -> Array:
        """Weights of the draws, which add up to 1."""
        return np.exp(self.log_weight)

    @property
    def n_effective(self) -> float:
        """How many draws of equal weight would tell as much."""
        return n_independent(self.weights)

    def equal(self, n: int, seed: int) -> Array:
        """Return draws of equal weight in random order, by systematic resampling.

        Returns
        -------
        array, shape (n, dimensions)
        """
        rng = np.random.default_rng(seed)
        ends = np.cumsum(self.weights)
        rows = np.searchsorted(ends / ends[-1], (np.arange(n) + rng.random()) / n)
        return self.points[rng.permutation(rows)]


def nested(
    log_likelihood: Callable[[Array], float],
    n_dim: int,
    seed: int,
    n_live: int = N_LIVE,
    stop: float = STOP,
    progress: Callable[[int, float], None] | None = None,
) -> Sample:
    """Return the posterior of a likelihood under a uniform prior in the unit cube; of no dimensions, it is a point.

    Parameters
    ----------
    log_likelihood : callable
        Takes a place, shape (dimensions,).
    n_dim : int
        Dimensions of the cube.
    seed : int
        The same seed gives the same sample to the byte.
    n_live : int
        Points that are kept alive: the evidence's error falls with their square root.
    stop : float
        How much of the log evidence may still be missing when it ends.
    progress : callable, optional
        Takes the calls so far and the log evidence still missing.

    Raises
    ------
    InputError
        Too few live points, or dynesty is not installed.
    RunFailed
        The likelihood is no number somewhere.
    """
    if n_dim == 0:
        value = _checked(log_likelihood)(np.zeros(0))
        return Sample(np.zeros((1, 0)), np.array([value]), np.zeros(1), value, 0.0, 1)
    try:
        from dynesty import NestedSampler
    except ImportError as missing:
        raise InputError("nested sampling needs dynesty: pip install 'antibody-abm[fit]'") from missing
    if n_live <= 2 * n_dim:
        message = f"{n_live} live points cannot hold the shape of {n_dim} dimensions"
        raise InputError(Fault(message, path="n_live", allowed=f"{2 * n_dim + 1} or more"))
    how = "rwalk" if n_dim <= MOST_WALKED else "rslice"
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*plateau")  # a flat top, as that of intervals, is no fault
        sampler = NestedSampler(_checked(log_likelihood), _as_is, n_dim, nlive=n_live, sample=how, rstate=rng)
        sampler.run_nested(dlogz=stop, print_progress=progress is not None, print_func=_teller(progress))
    found = sampler.results
    log_weight = found.logwt - np.logaddexp.reduce(found.logwt)
    evidence, error = float(found.logz[-1]), float(found.logzerr[-1])
    return Sample(found.samples, found.logl, log_weight, evidence, error, int(np.sum(found.ncall)))


def _as_is(place: Array) -> Array:
    return place


def _checked(log_likelihood: Callable[[Array], float]) -> Callable[[Array], float]:
    def known(place: Array) -> float:
        value = float(log_likelihood(place))
        if math.isnan(value):
            raise RunFailed(f"the likelihood is no number at {np.round(place, 4).tolist()} of the unit cube")
        return value

    return known


def _teller(progress: Callable[[int, float], None] | None) -> Callable[..., None] | None:
    """Return what the sampler calls at each point, by names of its own."""
    if progress is None:
        return None

    def tell(
        found: Any,
        niter: int,
        ncall: int,
        dlogz: float,
        logl_max: float,
        add_live_it: int | None = None,
    ) -> None:
        if niter % TOLD_EVERY == 0 and add_live_it is None:
            progress(ncall, float(found.delta_logz))

    return tell
