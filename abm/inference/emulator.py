"""A Gaussian process stands in for the model: one for each claim, on the unit cube of the parameters.

*Model*: the claim's value on the scale of its link is a constant plus a Gaussian process with a squared exponential
kernel and a length for each parameter; a run differs from it by the noise of its seeds, given with each point, and by
a white part that is fitted. Lengths, amplitude and white part are those of greatest marginal likelihood.

*References*: RasmussenWilliams2006.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from abm.core.errors import Fault, InputError
from abm.inference.likelihood import Array

POINTS_PER_DIMENSION = 5  # design: a tenth of what is advised, below which no length can be told
LENGTHS = (0.05, 50.0)  # design: bounds in the unit cube, from finer than any design to a straight line
AMPLITUDES = (1e-3, 1e3)  # design: bounds of the variance, in units of the values' own
WHITES = (1e-8, 1.0)  # design: bounds of the white variance, likewise
RESTARTS = 1  # design: beside the start from lengths of 1
PRECISION = 1e-6  # design: of the search, as a share of the log likelihood
SAME = 1e-12  # design: relative difference that rounding makes
JITTER = 1e-9  # design: keeps the covariance solvable, in units of the values' variance


@dataclass(frozen=True)
class Emulator:
    """A fitted Gaussian process of one claim.

    Attributes
    ----------
    x : array, shape (points, dimensions)
        Design in the unit cube.
    y : array, shape (points,)
        The claim's values on the scale of its link.
    noise : array, shape (points,)
        Standard deviations of the values from their seeds.
    lengths : array, shape (dimensions,)
        Over which the values change.
    amplitude, white : float
        Variances of the process and of its white part, in units of the variance of `y`.
    """

    x: Array
    y: Array
    noise: Array
    lengths: Array
    amplitude: float
    white: float

    @property
    def middle(self) -> float:
        """Mean of the values."""
        return float(self.y.mean())

    @property
    def spread(self) -> float:
        """Standard deviation of the values; 1 where they are all the same."""
        return _spread(self.y) or 1.0

    @cached_property
    def lower(self) -> Array:
        """Cholesky factor of the covariance of the values, in units of their variance."""
        own = self.white + (self.noise / self.spread) ** 2 + JITTER * self.amplitude
        return np.linalg.cholesky(self.covariance(self.x) + np.diag(own))

    @cached_property
    def weights(self) -> Array:
        """What each point of the design adds to a mean, per covariance with it."""
        from scipy.linalg import cho_solve

        return cho_solve((self.lower, True), (self.y - self.middle) / self.spread)

    def covariance(self, x: Array) -> Array:
        """Return the covariance of places with the design, in units of the variance of the values."""
        a, b = x / self.lengths, self.x / self.lengths
        squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2.0 * a @ b.T
        return self.amplitude * np.exp(-0.5 * np.maximum(squares, 0.0))

    def predict(self, x: ArrayLike) -> tuple[Array, Array]:
        """Return the mean and the standard deviation of the emulated value, without the noise of a run.

        Parameters
        ----------
        x : array, shape (points, dimensions)
            Places in the unit cube.
        """
        from scipy.linalg import solve_triangular

        with_design = self.covariance(np.atleast_2d(np.asarray(x, dtype=float)))
        told = (solve_triangular(self.lower, with_design.T, lower=True) ** 2).sum(axis=0)
        variance = np.maximum(self.amplitude - told, 0.0)
        return self.middle + self.spread * with_design @ self.weights, self.spread * np.sqrt(variance)

    def to_arrays(self) -> dict[str, Array]:
        """Return all that it is made of, as arrays."""
        return {"x": self.x, "y": self.y, "noise": self.noise, "lengths": self.lengths,
                "variances": np.array([self.amplitude, self.white])}  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Emulator:
        """Return the emulator that :meth:`to_arrays` was called on, to the bit."""
        parts = {name: np.asarray(arrays[name], dtype=float) for name in ("x", "y", "noise", "lengths")}
        amplitude, white = (float(part) for part in arrays["variances"])
        return cls(**parts, amplitude=amplitude, white=white)


def fit(x: ArrayLike, y: ArrayLike, noise: ArrayLike = 0.0, seed: int = 0) -> Emulator:
    """Return the emulator of a claim over a design.

    Parameters
    ----------
    x : array, shape (points, dimensions)
        Design in the unit cube.
    y : array, shape (points,)
        The claim's values on the scale of its link; points where they are not finite are left out.
    noise : array
        Standard deviations of the values from their seeds; broadcast against `y`.
    seed : int
        Of the places that the search starts from.

    Raises
    ------
    InputError
        Fewer finite values than `POINTS_PER_DIMENSION` for each dimension, or scikit-learn is not installed.
    """
    place, value = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    own = np.broadcast_to(np.asarray(noise, dtype=float), value.shape)
    is_known = np.isfinite(value) & np.isfinite(own)
    _refuse_small(int(is_known.sum()), place.shape[1])
    place, value, own = place[is_known], value[is_known], own[is_known]
    spread = _spread(value)
    if spread == 0.0:  # what never changes is known everywhere
        return Emulator(place, value, own, np.full(place.shape[1], LENGTHS[1]), AMPLITUDES[0], WHITES[0])
    kernel = _most_likely_kernel(place, (value - value.mean()) / spread, (own / spread) ** 2, seed)
    smooth = kernel.k1
    lengths = np.broadcast_to(smooth.k2.length_scale, (place.shape[1],)).astype(float)
    return Emulator(place, value, own, lengths, float(smooth.k1.constant_value), float(kernel.k2.noise_level))


def _spread(y: Array) -> float:
    """Return the standard deviation; 0 of values that rounding alone tells apart."""
    return float(y.std()) if np.ptp(y) > SAME * np.abs(y).max() else 0.0


def _most_likely_kernel(x: Array, y: Array, variance: Array, seed: int) -> Any:
    """Return the fitted kernel: (amplitude x squared exponential) + white."""
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
    except ImportError as missing:
        raise InputError("an emulator needs scikit-learn: pip install 'antibody-abm[fit]'") from missing
    smooth = ConstantKernel(1.0, AMPLITUDES) * RBF(np.ones(x.shape[1]), LENGTHS)
    process = GaussianProcessRegressor(smooth + WhiteKernel(0.01, WHITES), alpha=variance + JITTER, optimizer=_climb,
                                       n_restarts_optimizer=RESTARTS, random_state=seed)  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound: the parameter changes nothing
        return process.fit(x, y).kernel_


def _climb(loss: Callable, start: Array, bounds: Array) -> tuple[Array, float]:
    """Return where a loss with its gradient is least, and the loss there."""
    from scipy.optimize import minimize

    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": PRECISION})
    return found.x, found.fun


def _refuse_small(n: int, n_dim: int) -> None:
    fewest = POINTS_PER_DIMENSION * n_dim
    if n < fewest:
        message = f"{n} points of the design have a value, too few to emulate {n_dim} parameters"
        allowed = f"{fewest} or more, {POINTS_PER_DIMENSION} for each parameter; ten times that is advised"
        raise InputError(Fault(message, path="design", allowed=allowed))
