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
from abm.inference.likelihood import Array, Likelihood
from abm.statistics.draws import ENDS, weighted_quantiles
from abm.statistics.intervals import Interval

TAU_SCALE = 0.5  # assumed: laboratories rarely differ by more than a factor of three, or one standard deviation
STEP = 0.8  # design: of the substituted variable; rounding is all that is left of its error
FARTHEST = 30.0  # design: nodes in tau_scales, beyond which the density is below 1e-13 of the middle
FINE = 1.6  # design: nodes per width of the likelihood near 0
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

    @cached_property
    def nodes(self) -> tuple[Array, Array]:
        """Nodes and weights of the discrepancy, fine enough for all claims together."""
        widths = [claim.width / claim.delta_unit for claim in self.claims]
        return discrepancy_nodes(self.tau_scale, sum(width**-2 for width in widths) ** -0.5)

    def log_likelihood(self, values: ArrayLike, sds: ArrayLike = 0.0) -> Array:
        """Return the log likelihood of all claims together.

        Parameters
        ----------
        values : array, shape (points, claims)
            The model's values on the scale of each claim's link.
        sds : array, shape (points, claims)
            Standard deviations of their errors there.

        Returns
        -------
        array, shape (points,)
        """
        at_nodes = self._at_nodes(values, sds)
        top = at_nodes.max(axis=1)
        return top + np.log(np.exp(at_nodes - top[:, None]).sum(axis=1))

    def discrepancy(self, values: ArrayLike, sds: ArrayLike = 0.0) -> Interval:
        """Return the posterior mean of delta with its middle 95 %, over points that are draws of equal weight."""
        at_nodes = self._at_nodes(values, sds)
        weights = np.exp(at_nodes - at_nodes.max(axis=1, keepdims=True))
        weight = (weights / weights.sum(axis=1, keepdims=True)).mean(axis=0)
        node = self.nodes[0]
        return Interval(node @ weight, *np.array(weighted_quantiles(node, weight, ENDS)))

    def predict(self, values: ArrayLike, sds: ArrayLike, rng: np.random.Generator) -> Array:
        """Return what another laboratory would publish, a discrepancy of its own at every point.

        Returns
        -------
        array, shape (points, claims)
            In the units of the claims.
        """
        value = np.asarray(values, dtype=float)
        delta = self.tau_scale * np.abs(rng.normal(size=len(value))) * rng.normal(size=len(value))
        at = rng.normal(value, sds) + delta[:, None] * self._units
        return np.stack([claim.draw(at[:, i], rng) for i, claim in enumerate(self.claims)], axis=1)

    @cached_property
    def _units(self) -> Array:
        return np.array([claim.delta_unit for claim in self.claims])

    def _at_nodes(self, values: ArrayLike, sds: ArrayLike) -> Array:
        """Return log likelihood plus log weight at every node, shape (points, nodes)."""
        value = np.asarray(values, dtype=float)
        sd = np.broadcast_to(np.asarray(sds, dtype=float), value.shape)
        node, weight = self.nodes
        total = np.log(weight) + np.zeros((len(value), 1))
        for i, claim in enumerate(self.claims):
            total += claim.log_density(value[:, i, None] + claim.delta_unit * node, sd[:, i, None])
        return total


def discrepancy_nodes(tau_scale: float, width: float) -> tuple[Array, Array]:
    """Return nodes and weights of the mean over a discrepancy.

    Equal steps in t, with delta = 2 tau_scale sinh(c log(1 + e^t) / 2): the singularity at 0 moves to minus infinity,
    and nodes stand evenly around 0 and thin out where the density falls.

    Parameters
    ----------
    tau_scale : float
        Of the half-normal prior of tau; 0 gives one node at 0.
    width : float
        Of the narrowest peak that is to be resolved.
    """
    from scipy.special import expit, k0

    if tau_scale == 0.0:
        return np.zeros(1), np.ones(1)
    c = min(width / (FINE * STEP * tau_scale), 0.5)
    t = np.arange(-40.0, 2.0 * math.asinh(FARTHEST / 2.0) / c + STEP, STEP)
    reach = c * np.logaddexp(0.0, t)
    x = 2.0 * np.sinh(reach / 2.0)
    weight = STEP * k0(x) / math.pi * np.cosh(reach / 2.0) * c * expit(t)
    is_out = x > CENTRE
    node, weight, middle = tau_scale * x[is_out], weight[is_out], 2.0 * weight[~is_out].sum()
    return np.concatenate([-node[::-1], [0.0], node]), np.concatenate([weight[::-1], [middle], weight])
