"""What draws of a posterior know of the unit cube, in which directions, and what their predictions are unsure of.

*Model*: the eigenvectors of the covariance of the draws, relative to the prior's variance of 1/12; and the law of
total variance, on the scale of each claim's link.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from abm.inference.likelihood import Array
from abm.inference.paper import Paper

UNIFORM = 1.0 / 12.0  # variance of the prior in the unit cube
NOTHING = 0.2  # design: learnt shares below; of nothing, 1000 draws in 14 dimensions seem to have learnt up to 0.15


@dataclass(frozen=True)
class Directions:
    """Directions of the unit cube in which draws do not go together, the best known first.

    Attributes
    ----------
    left : array, shape (dimensions,)
        Share of the prior's variance that is left; above 1 where the draws lie at both ends of what was allowed.
    loadings : array, shape (dimensions, dimensions)
        A row for each direction, of length 1, its largest number above 0.
    """

    left: Array
    loadings: Array

    @property
    def learnt(self) -> Array:
        """What was learnt of each parameter, alone or with others, shape (dimensions,): 0 for nothing, 1 for all."""
        return np.maximum(1.0 - self.left, 0.0) @ self.loadings**2


def directions(points: ArrayLike) -> Directions:
    """Return the directions of draws of equal weight, shape (draws, dimensions)."""
    covariance = np.atleast_2d(np.cov(np.asarray(points, dtype=float), rowvar=False, bias=True))
    left, columns = np.linalg.eigh(covariance / UNIFORM)
    largest = columns[np.abs(columns).argmax(axis=0), np.arange(left.size)]
    return Directions(np.maximum(left, 0.0), (columns * np.sign(largest)).T)


def variance_left(points: ArrayLike, weights: ArrayLike | None = None) -> Array:
    """Return the share of the prior's variance that is left of each parameter.

    Parameters
    ----------
    points : array, shape (draws, dimensions)
        In the unit cube.
    weights : array, shape (draws,), optional
        Equal where not given.
    """
    place = np.asarray(points, dtype=float)
    mean = np.average(place, axis=0, weights=weights)
    return np.average((place - mean) ** 2, axis=0, weights=weights) / UNIFORM


@dataclass(frozen=True)
class Spread:
    """Variances of what another laboratory would publish, on the scale of each claim's link, shape (claims,).

    Attributes
    ----------
    parameters : array
        Of the model's value over the draws.
    luck : array
        Of an experiment as large as the published one about its true value.
    emulator : array
        Of the model's value about the emulated one.
    discrepancy : array
        Of what one laboratory sees otherwise than the model.
    """

    parameters: Array
    luck: Array
    emulator: Array
    discrepancy: Array


def spread(paper: Paper, values: ArrayLike, sds: ArrayLike) -> Spread:
    """Return what the predictions of a paper's claims are unsure of.

    Parameters
    ----------
    paper : Paper
        Its claims.
    values, sds : array, shape (draws, claims)
        Emulated values and their standard deviations at draws of equal weight.
    """
    value = np.asarray(values, dtype=float)
    luck = [float(claim.luck(value[:, i]).mean()) for i, claim in enumerate(paper.claims)]
    emulator = np.square(np.broadcast_to(sds, value.shape)).mean(axis=0)
    return Spread(value.var(axis=0), np.array(luck), emulator, (paper.tau_scale * paper.units) ** 2)
