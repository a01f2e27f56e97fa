"""The claims of one paper share one discrepancy: what its laboratory sees differently from the model.

*Model*: on the scale of each claim's link, seen = model + delta (in units of a claim's own standard deviation where it
has no link); delta ~ N(0, tau²), tau ~ half-normal(`tau_scale`). Over tau, delta is the product of two normal numbers,
whose density is K0(|delta| / tau_scale) / (pi tau_scale). Over delta, the mean is a sum on fixed nodes.

*References*: TakahasiMori1974 (a substitution under which equal steps integrate over the singularity at 0).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from abm.core.errors import Fault, InputError
from abm.inference.likelihood import Array, Likelihood, LogDensity
from abm.statistics.intervals import Interval, Z

TAU_SCALE = 0.5  # assumed: laboratories rarely differ by more than a factor of three, or one standard deviation
STEP = 0.8  # design: of the substituted variable; rounding is all that is left of its error
FARTHEST = 30.0  # design: nodes in tau_scales, beyond which the density is below 1e-13 of the middle
FINE = 1.4  # design: nodes per width of the likelihood near 0
AT_ONCE = 64  # design: points computed at once, which fit the cache
CENTRE = 1e-3  # design: nodes nearer to 0 than this, in tau_scales, are one


@dataclass(frozen=True)
class Paper:
    """The claims of one paper with their discrepancy.

    Attributes
    ----------
    claims : tuple of Likelihood
        How each number was measured.
    tau_scale : float
        Of the half-normal prior of tau; 0 for a model held against itself.
    """

    claims: tuple[Likelihood, ...]
    tau_scale: float = TAU_SCALE

    def __post_init__(self) -> None:
        """Refuse a paper without claims and a scale below 0."""
        if not self.claims:
            raise InputError(Fault("a paper without claims", path="claims", allowed="1 or more"))
        if not 0.0 <= self.tau_scale < math.inf:
            raise InputError(Fault(f"a scale of {self.tau_scale}", path="tau_scale", allowed="0 or more"))

    @property
    def width(self) -> float:
        """Width of the likelihood of all claims together over the discrepancy."""
        return sum((claim.width / claim.delta_unit) ** -2 for claim in self.claims) ** -0.5

    @property
    def units(self) -> Array:
        """What a discrepancy of 1 is for each claim."""
        return np.array([claim.delta_unit for claim in self.claims])

    def log_likelihood(self, values: ArrayLike, sds: ArrayLike = 0.0) -> Array:
        """Return the log likelihood of all claims together, shape (points,); arguments as of `Papers`."""
        return Papers((self,)).log_likelihood(values, sds)[:, 0]

    def discrepancy(self, values: ArrayLike, sds: ArrayLike = 0.0) -> Interval:
        """Return the posterior mean of delta with its middle 95 %, over points that are draws of equal weight."""
        from scipy.special import ndtri

        node, at_nodes = Papers((self,)).at_nodes(values, sds)
        weights = np.exp(at_nodes[:, 0] - at_nodes[:, 0].max(axis=1, keepdims=True))
        weight = (weights / weights.sum(axis=1, keepdims=True)).mean(axis=0)
        below = ndtri(np.clip(np.cumsum(weight) - 0.5 * weight, 1e-15, 1.0 - 1e-15))  # straight where it is normal
        return Interval(*(self.tau_scale * part for part in (node @ weight, *np.interp([-Z, Z], below, node))))

    def predict(self, values: ArrayLike, sds: ArrayLike, rng: np.random.Generator) -> Array:
        """Return what another laboratory would publish, a discrepancy of its own at every point.

        Returns
        -------
        array, shape (points, claims)
            In the units of the claims.
        """
        value = np.asarray(values, dtype=float)
        delta = self.tau_scale * np.abs(rng.normal(size=len(value))) * rng.normal(size=len(value))
        at = rng.normal(value, sds) + delta[:, None] * self.units
        return np.stack([claim.draw(at[:, i], rng) for i, claim in enumerate(self.claims)], axis=1)


@dataclass(frozen=True)
class Papers:
    """All papers at once, on nodes that all share; claims of one family are computed together.

    Attributes
    ----------
    papers : tuple of Paper
        Their claims in this order are the columns of the model's values.
    """

    papers: tuple[Paper, ...]

    def log_likelihood(self, values: ArrayLike, sds: ArrayLike = 0.0) -> Array:
        """Return the log likelihood of each paper.

        Parameters
        ----------
        values : array, shape (points, claims)
            The model's values on the scale of each claim's link.
        sds : array, shape (points, claims)
            Standard deviations of their errors there.

        Returns
        -------
        array, shape (points, papers)
        """
        value = np.asarray(values, dtype=float)
        sd = np.broadcast_to(np.asarray(sds, dtype=float), value.shape)
        blocks = [slice(start, start + AT_ONCE) for start in range(0, len(value), AT_ONCE)]
        return np.concatenate([_log_sum(self.at_nodes(value[block], sd[block])[1]) for block in blocks])

    def at_nodes(self, values: ArrayLike, sds: ArrayLike) -> tuple[Array, Array]:
        """Return the nodes in tau_scales, and at each the log likelihood plus the node's log weight.

        Returns
        -------
        node : array, shape (nodes,)
        at_nodes : array, shape (points, papers, nodes)
        """
        value = np.asarray(values, dtype=float)
        sd = np.broadcast_to(np.asarray(sds, dtype=float), value.shape)[:, :, None]
        node, log_weight, deltas, first = self._plan
        at = value[:, :, None] + deltas
        each = np.empty(at.shape)
        for own, log_density in self._families:
            each[:, own] = log_density(at[:, own], sd[:, own])
        return node, np.add.reduceat(each, first, axis=1) + log_weight

    @cached_property
    def _plan(self) -> tuple[Array, Array, Array, Array]:
        """Nodes, their log weights, the discrepancy of every claim at them, and the first claim of each paper."""
        finest = min((paper.width / paper.tau_scale for paper in self.papers if paper.tau_scale), default=math.inf)
        node, weight = discrepancy_nodes(finest)
        deltas = np.concatenate([paper.tau_scale * paper.units for paper in self.papers])[:, None] * node
        return node, np.log(weight), deltas, np.cumsum([0] + [len(paper.claims) for paper in self.papers[:-1]])

    @cached_property
    def _families(self) -> list[tuple[list[int], LogDensity]]:
        claims = [claim for paper in self.papers for claim in paper.claims]
        columns: dict[str, list[int]] = {}
        for i, claim in enumerate(claims):
            columns.setdefault(claim.family, []).append(i)
        return [(own, claims[own[0]].together([claims[i] for i in own])) for own in columns.values()]


def _log_sum(at_nodes: Array) -> Array:
    top = at_nodes.max(axis=-1)
    return top + np.log(np.exp(at_nodes - top[..., None]).sum(axis=-1))


def discrepancy_nodes(width: float) -> tuple[Array, Array]:
    """Return nodes and weights of the mean over a discrepancy, in units of the scale of tau.

    Equal steps in t, with delta = 2 sinh(c log(1 + e^t) / 2): the singularity at 0 moves to minus infinity, and nodes
    stand evenly around 0 and thin out where the density falls.

    Parameters
    ----------
    width : float
        Of the narrowest peak that is to be resolved; infinite for one node at 0.
    """
    from scipy.special import expit, k0

    if width == math.inf:
        return np.zeros(1), np.ones(1)
    c = min(width / (FINE * STEP), 0.5)
    t = np.arange(-40.0, 2.0 * math.asinh(FARTHEST / 2.0) / c + STEP, STEP)
    reach = c * np.logaddexp(0.0, t)
    x = 2.0 * np.sinh(reach / 2.0)
    weight = STEP * k0(x) / math.pi * np.cosh(reach / 2.0) * c * expit(t)
    is_out = x > CENTRE
    node, weight, middle = x[is_out], weight[is_out], 2.0 * weight[~is_out].sum()
    return np.concatenate([-node[::-1], [0.0], node]), np.concatenate([weight[::-1], [middle], weight])
