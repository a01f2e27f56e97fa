"""All claims at once: fast enough to be asked a million times, and held against runs that no emulator has seen.

The variance of a Gaussian process costs the square of its points. Over the cube it is told by far fewer directions:
those that tell most are kept until the standard deviation is right to `SD_PRECISION`, and of the rest the mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from abm.core.errors import Fault, InputError
from abm.inference.emulator import Emulator
from abm.inference.likelihood import Array

SD_PRECISION = 0.01  # design: of a standard deviation, at 95 % of places
ROUNDED = 0.002  # design: by which single precision may add to it, or double is kept
N_PLACES = 1000  # design: places in the cube at which the directions are chosen, beside those of the design
AT_ONCE = 64  # design: places computed at once, which fit the cache
LEAST_EXPLAINED = 0.8  # design: share of what noise leaves that an emulator has to explain
LARGEST_ERROR = 1.5  # design: of standardised errors' root mean square; beyond, the emulator is too sure of itself
NEGLIGIBLE = 1e-4  # design: share of the variance that nobody misses, however sure the emulator was of it


@dataclass(frozen=True)
class Emulators:
    """The emulators of several claims on one unit cube.

    Attributes
    ----------
    names : tuple of str
        Of the claims.
    parts : tuple of Emulator
        One for each.
    """

    names: tuple[str, ...]
    parts: tuple[Emulator, ...]

    def at(self, theta: ArrayLike) -> tuple[Array, Array]:
        """Return means and standard deviations of all claims.

        Parameters
        ----------
        theta : array, shape (..., dimensions)
            One place in the unit cube, or many.

        Returns
        -------
        mean, sd : array, shape (..., claims)
        """
        place = np.asarray(theta, dtype=float)
        rows = place.reshape(-1, place.shape[-1])
        blocks = [self._block(rows[start : start + AT_ONCE]) for start in range(0, len(rows), AT_ONCE)]
        means, sds = (np.concatenate(part) for part in zip(*blocks, strict=True))
        shape = (*place.shape[:-1], len(self.parts))
        return means.reshape(shape), sds.reshape(shape)

    def _block(self, rows: Array) -> tuple[Array, Array]:
        fast = self._fast
        scaled = (rows[:, None, :] / fast.lengths).transpose(1, 2, 0)
        exponent = fast.x @ scaled
        exponent -= fast.half_squares
        exponent -= 0.5 * (scaled**2).sum(axis=1, keepdims=True)
        covariance = fast.amplitudes[:, None, None] * np.exp(exponent)
        own = {np.dtype(np.float32): covariance.astype(np.float32), np.dtype(np.float64): covariance}
        told = np.stack([_told(basis, own[basis.dtype][i]) for i, basis in enumerate(fast.bases)])
        variance = np.maximum(fast.amplitudes[:, None] - fast.rests[:, None] - told, fast.least[:, None])
        mean = fast.middles[:, None] + fast.spreads[:, None] * (fast.weights @ covariance)[:, 0, :]
        return mean.T, (fast.spreads[:, None] * np.sqrt(variance)).T

    @property
    def n_dim(self) -> int:
        """Return the dimensions of the cube."""
        return self.parts[0].x.shape[1]

    def part(self, columns: Sequence[int]) -> Emulators:
        """Return those of some claims."""
        return Emulators(tuple(self.names[k] for k in columns), tuple(self.parts[k] for k in columns))

    @cached_property
    def _fast(self) -> _Fast:
        return _Fast.of(self.parts)

    def to_arrays(self) -> dict[str, Array]:
        """Return all that they are made of, as arrays with names."""
        own = [(name, part.to_arrays()) for name, part in zip(self.names, self.parts, strict=True)]
        return {"names": np.array(self.names)} | {
            f"{name}/{key}": a for name, arrays in own for key, a in arrays.items()
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Emulators:
        """Return the emulators that :meth:`to_arrays` was called on, to the bit."""
        names = tuple(str(name) for name in arrays["names"])
        own = ({key: arrays[f"{name}/{key}"] for key in ("x", "y", "noise", "lengths", "variances")} for name in names)
        return cls(names, tuple(Emulator.from_arrays(part) for part in own))


@dataclass(frozen=True)
class _Fast:
    """What does not depend on the place, one entry a claim; designs of fewer points are filled up with weights of 0."""

    x: Array  # design over lengths, shape (claims, points, dimensions)
    half_squares: Array
    lengths: Array
    amplitudes: Array
    weights: Array
    middles: Array
    spreads: Array
    bases: tuple[Array, ...]
    rests: Array
    least: Array

    @classmethod
    def of(cls, parts: Iterable[Emulator]) -> _Fast:
        each = tuple(parts)
        n = max(len(part.x) for part in each)
        x = np.stack([_filled(part.x / part.lengths, n) for part in each])
        bases, rests, least = zip(*(_directions(part) for part in each), strict=True)
        columns = ([getattr(part, name) for part in each] for name in ("lengths", "amplitude", "middle", "spread"))
        lengths, amplitudes, middles, spreads = (np.array(column) for column in columns)
        weights = np.stack([_filled(part.weights[:, None], n).T for part in each])
        half_squares = 0.5 * (x**2).sum(axis=2, keepdims=True)
        return cls(
            x, half_squares, lengths, amplitudes, weights, middles, spreads, bases, np.array(rests), np.array(least)
        )


def _filled(rows: Array, n: int) -> Array:
    return np.concatenate([rows, np.zeros((n - len(rows), rows.shape[1]))])


def _told(basis: Array, covariance: Array) -> Array:
    """Return what the directions tell of the variance at each place."""
    return np.square(basis @ covariance[: basis.shape[1]], dtype=float).sum(axis=0)


def _directions(part: Emulator) -> tuple[Array, float, float]:
    """Return the directions that tell the variance, the mean of what the others tell, and the least variance.

    Returns
    -------
    basis : array, shape (directions, points)
        The variance is the amplitude less the squares of its product with the covariance with the design.
    rest, least : float
    """
    from scipy.linalg import solve_triangular

    rng = np.random.default_rng(0)
    places = np.concatenate([rng.random((N_PLACES, part.x.shape[1])), part.x])
    covariance = part.covariance(places)
    white = solve_triangular(part.lower, covariance.T, lower=True)
    _, turned = np.linalg.eigh(white @ white.T / len(places))
    turned = turned[:, ::-1]
    told = (turned.T @ white) ** 2
    rest = told.mean(axis=1)[::-1].cumsum()[::-1]  # of this direction and all after it
    variance = np.maximum(part.amplitude - told.sum(axis=0), np.finfo(float).eps * part.amplitude)
    rest = np.append(rest, 0.0)
    first = part.amplitude - np.cumsum(told, axis=0) - rest[1:, None]
    n = int(np.argmax(_error(first, variance) <= SD_PRECISION)) + 1
    basis = np.ascontiguousarray(solve_triangular(part.lower, turned[:, :n], lower=True, trans="T").T)
    single = basis.astype(np.float32)  # half as much to read, which is what the time goes into
    rounded = part.amplitude - _told(single, covariance.T.astype(np.float32)) - rest[n]
    is_enough = _error(rounded, variance) <= SD_PRECISION + ROUNDED
    return single if is_enough else basis, float(rest[n]), float(variance.min())


def _error(found: Array, variance: Array) -> Array:
    """Return the error of standard deviations that 95 % of places stay below."""
    return np.quantile(np.abs(np.sqrt(np.maximum(found, 0.0) / variance) - 1.0), 0.95, axis=-1)


@dataclass(frozen=True)
class Check:
    """How an emulator did on runs that it had not seen.

    Attributes
    ----------
    name : str
        Of the claim.
    n : int
        Runs that it had not seen.
    r2 : float
        Share of the variance explained.
    explained : float
        Share explained of what the noise of the runs leaves to be explained, but for what chance may do;
        1 where it leaves nothing.
    shift, spread : float
        Mean and standard deviation of the standardised errors: 0 and 1 for an emulator that knows what it knows.
    beyond : float
        Share of standardised errors beyond 2; 0.05 is expected.
    """

    name: str
    n: int
    r2: float
    explained: float
    shift: float
    spread: float
    beyond: float

    @property
    def error(self) -> float:
        """How many times larger its errors are than it says, less what chance may add over so few runs."""
        return math.hypot(self.shift, self.spread) / (1.0 + math.sqrt(2.0 / self.n))

    @property
    def verdict(self) -> str:
        """What is wrong and what to do; empty where nothing is."""
        if self.explained < LEAST_EXPLAINED:
            found = f"explains {100 * self.explained:.0f} % of what there is to explain"
            to_do = "add points to the design"
        elif self.error > LARGEST_ERROR and self.r2 < 1.0 - NEGLIGIBLE:
            found = f"is too sure of itself: its errors are {self.error:.1f} times what it says"
            to_do = "add points where the posterior sits, or seeds"
        else:
            return ""
        return f"on unseen runs the emulator of '{self.name}' {found}; {to_do}"


def check(emulators: Emulators, x: ArrayLike, y: ArrayLike, noise: ArrayLike = 0.0) -> tuple[Check, ...]:
    """Hold every emulator against runs that it has not seen.

    Parameters
    ----------
    x : array, shape (points, dimensions)
        Places of the runs in the unit cube.
    y : array, shape (points, claims)
        The claims' values on the scale of their links; those not finite are left out.
    noise : array
        Standard deviations of the values from their seeds; broadcast against `y`.
    """
    place, value = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    own = np.broadcast_to(np.asarray(noise, dtype=float), value.shape)
    columns = zip(emulators.names, emulators.parts, value.T, own.T, strict=True)
    return tuple(_check(name, part, place, *column) for name, part, *column in columns)


def refuse_failed(checks: Iterable[Check]) -> None:
    """Raise an input error that names every claim whose emulator failed, and what to do."""
    faults = [Fault(each.verdict, path=each.name) for each in checks if each.verdict]
    if faults:
        raise InputError(*faults)


def _check(name: str, part: Emulator, x: Array, y: Array, noise: Array) -> Check:
    is_known = np.isfinite(y) & np.isfinite(noise)
    if is_known.sum() < 3:
        raise InputError(Fault(f"{is_known.sum()} unseen runs have a value", path=name, allowed="3 or more"))
    mean, sd = part.predict(x[is_known])
    error, seen = y[is_known] - mean, y[is_known]
    of_runs = noise[is_known] ** 2 + part.white * part.spread**2
    z = error / np.sqrt(np.maximum(sd**2 + of_runs, np.finfo(float).tiny))
    square, of_noise = float((error**2).mean()), float(of_runs.mean())
    chance = 2.0 * of_noise * math.sqrt(2.0 / len(seen))  # that noise alone makes of a variance
    left, lost = float(seen.var()) - of_noise, max(square - of_noise - chance, 0.0)
    explained = max(1.0 - lost / left, 0.0) if left > chance else 1.0
    r2 = 1.0 - square / float(seen.var()) if seen.var() > 0.0 else math.nan
    return Check(name, len(seen), r2, explained, float(z.mean()), float(z.std()), float((np.abs(z) > 2.0).mean()))
