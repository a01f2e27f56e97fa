"""Groups, such as donors, whose values of some parameters differ: partial pooling by a population's mean and spread.

*Model*: on the scale of a parameter's range a group's value is normal about the population's mean, cut at the ends of
the range. Mean and spread are as likely anywhere in the range and up to half of it. In the unit cube of a fit stand
first what all groups share, then the means, the spreads, and for each group where it lies in the population.

*References*: Gelman2006 (a uniform prior of the spread of groups).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from abm.inference.emulators import Emulators
from abm.inference.likelihood import Array

MOST_SPREAD = 0.5  # design: of a range, beyond which groups are even over it and nothing is pooled
LEAST_SPREAD = 1e-6  # design: below it groups are the same


@dataclass(frozen=True)
class Groups:
    """Which dimensions of a model's cube groups share, and of which each has a value of its own.

    Attributes
    ----------
    names : tuple of str
        Of the groups.
    n_dim : int
        Dimensions of the model's cube.
    own : tuple of int
        Those of which each group has a value.
    """

    names: tuple[str, ...]
    n_dim: int
    own: tuple[int, ...]

    @property
    def shared(self) -> tuple[int, ...]:
        """Return the dimensions that all groups share."""
        return tuple(k for k in range(self.n_dim) if k not in self.own)

    @property
    def n_all(self) -> int:
        """Return the dimensions of the cube of a fit."""
        return len(self.shared) + (2 + len(self.names)) * len(self.own)

    def told(self, points: ArrayLike) -> Array:
        """Return points of the cube with the values of groups as shares of their ranges, the spreads of the most."""
        found = np.array(points, dtype=float)
        for g in range(len(self.names)):
            found[..., self._columns(g)] = self._values(found, found[..., self._columns(g)])
        return found

    def place(self, points: ArrayLike, group: int) -> Array:
        """Return where in the model's cube a group is, shape (..., n_dim)."""
        point = np.asarray(points, dtype=float)
        return self._whole(point, self._values(point, point[..., self._columns(group)]))

    def typical(self, points: ArrayLike) -> Array:
        """Return where the mean of the population is, shape (..., n_dim)."""
        point = np.asarray(points, dtype=float)
        return self._whole(point, self._mean(point))

    def another(self, points: ArrayLike, rng: np.random.Generator) -> Array:
        """Return where a group is that nobody has seen, drawn from the population of each point."""
        point = np.asarray(points, dtype=float)
        return self._whole(point, self._values(point, rng.random((*point.shape[:-1], len(self.own)))))

    def _columns(self, group: int) -> slice:
        start = len(self.shared) + (2 + group) * len(self.own)
        return slice(start, start + len(self.own))

    def _mean(self, point: Array) -> Array:
        start = len(self.shared)
        return point[..., start : start + len(self.own)]

    def _values(self, point: Array, level: Array) -> Array:
        """Return the values of groups that lie at these levels of the population: quantiles of a cut normal law."""
        from scipy.special import ndtr, ndtri

        mean, start = self._mean(point), len(self.shared) + len(self.own)
        spread = np.maximum(MOST_SPREAD * point[..., start : start + len(self.own)], LEAST_SPREAD)
        lo, hi = ndtr(-mean / spread), ndtr((1.0 - mean) / spread)
        return np.clip(mean + spread * ndtri(lo + level * (hi - lo)), 0.0, 1.0)

    def _whole(self, point: Array, own: Array) -> Array:
        found = np.empty((*point.shape[:-1], self.n_dim))
        found[..., list(self.shared)] = point[..., : len(self.shared)]
        found[..., list(self.own)] = own
        return found


@dataclass(frozen=True)
class Grouped:
    """Emulators of claims, each asked where its group is.

    Attributes
    ----------
    emulators : Emulators
        Over the model's cube.
    groups : Groups
        Where the groups are.
    group_of : tuple of int
        Which group each claim is of.
    """

    emulators: Emulators
    groups: Groups
    group_of: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the claims."""
        return self.emulators.names

    @property
    def n_dim(self) -> int:
        """Return the dimensions of the cube of the fit."""
        return self.groups.n_all

    def at(self, theta: ArrayLike) -> tuple[Array, Array]:
        """Return means and standard deviations of all claims, shape (..., claims), at places of the cube of the fit."""
        point, (known, own) = np.asarray(theta, dtype=float), self._distinct
        each = np.stack([self.groups.place(point, g) for g in range(len(self.groups.names))], axis=-2)
        mean, sd = known.at(each)
        return mean[..., self.group_of, own], sd[..., self.group_of, own]

    def part(self, columns: Sequence[int]) -> Grouped:
        """Return those of some claims."""
        return Grouped(self.emulators.part(columns), self.groups, tuple(self.group_of[k] for k in columns))

    @cached_property
    def _distinct(self) -> tuple[Emulators, list[int]]:
        """Return emulators of which no two are the same, and which of them each claim has: donors share experiments."""
        keys = [(part.y.tobytes(), part.x.tobytes(), part.noise.tobytes()) for part in self.emulators.parts]
        first = [keys.index(key) for key in keys]
        kept = sorted(set(first))
        return self.emulators.part(kept), [kept.index(k) for k in first]
