"""Likelihoods of what was counted in patients, wells or cells: shares, categories, quantiles.

*References*: LiuPierce1994 (quadrature where the integrand lies), DavidNagaraja2003 (order statistics).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from abm.inference.likelihood import Array, Likelihood, LogDensity, from_link, refuse

N_NODES = 7  # design: of the quadrature over the model's error, right to 1e-4 in the log for an error of 1 (tests)
N_STEPS = 5  # design: of Newton, to where the nodes stand
NO_ERROR = 1e-6  # design: an error that changes no likelihood


class _OfPatients(Likelihood):
    """A likelihood ``share^a (1 - share)^b``, whose model value is a share on the logit scale."""

    link: ClassVar[str] = "logit"
    family: ClassVar[str] = "patients"

    @property
    @abstractmethod
    def powers(self) -> tuple[float, float]:
        """The powers of a share and of what is left of it."""

    @property
    @abstractmethod
    def log_constant(self) -> float:
        """What makes it a probability, or a density, of what was published."""

    @property
    def width(self) -> float:
        """Standard deviation of the logit of the published share."""
        return math.sqrt(_variance(*self.powers))

    def log_density(self, at: ArrayLike, sd: ArrayLike = 0.0) -> Array:
        """Return the log likelihood; the error by quadrature about where likelihood and error together peak."""
        a, b = self.powers
        return self.log_constant + log_of_share(a, b, np.asarray(at, dtype=float), np.asarray(sd, dtype=float))

    @classmethod
    def together(cls, claims: Sequence[Likelihood]) -> LogDensity:
        """Return the log density of many at once."""
        columns = ([*claim.powers, claim.log_constant] for claim in claims)
        a, b, constant = np.array(list(columns), dtype=float).T[:, :, None]
        return lambda at, sd: constant + log_of_share(a, b, at, sd)

    def draw(self, at: ArrayLike, rng: np.random.Generator) -> Array:
        """Return how large a share of as many patients would be found, in the unit of the claim."""
        return self.unit_per_share * rng.binomial(self.n, from_link("logit", at)) / self.n

    def luck(self, at: ArrayLike) -> Array:
        """Return the variance of the logit of the share that as many patients have."""
        share = from_link("logit", at)
        return _variance(self.n * share, self.n * (1.0 - share))


@dataclass(frozen=True)
class Counts(_OfPatients):
    """`k` of `n` patients, wells or cells: binomial, the model's value a share.

    Attributes
    ----------
    k, n : int
        How many of how many.
    unit_per_share : float
        1 for a claim in shares, 100 for one in percent.
    """

    k: int
    n: int
    unit_per_share: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what cannot have been counted."""
        refuse(
            (self.n < 1, "n", f"{self.n} are too few to be counted", "1 or more"),
            (not 0 <= self.k <= self.n, "k", f"{self.k} of {self.n} cannot be", f"0 to {self.n}"),
            (
                self.k != int(self.k) or self.n != int(self.n),
                "k",
                f"{self.k} of {self.n} are no counts",
                "whole numbers",
            ),
            (self.unit_per_share not in (1, 100), "unit_per_share", f"a share in {self.unit_per_share}", "1 or 100"),
        )

    @property
    def seen(self) -> float:
        """Published share in the unit of the claim."""
        return self.unit_per_share * self.k / self.n

    @property
    def powers(self) -> tuple[float, float]:
        """Those who had it, and those who had not."""
        return self.k, self.n - self.k

    @property
    def log_constant(self) -> float:
        """Logarithm of the ways to choose `k` of `n`."""
        return math.lgamma(self.n + 1) - math.lgamma(self.k + 1) - math.lgamma(self.n - self.k + 1)


@dataclass(frozen=True)
class Multinomial:
    """Patients in categories that exclude one another, as a chain of binomials.

    The first category is counted of all, the second of those not in the first, and so on. The product of these
    binomials is the multinomial exactly, and each step has a model value of its own that a logit suits.

    Attributes
    ----------
    counts : tuple of int
        Patients in each category, in the order of the chain.
    unit_per_share : float
        As in `Counts`.
    """

    counts: tuple[int, ...]
    unit_per_share: float = 1.0

    def __post_init__(self) -> None:
        """Refuse fewer than two categories, and nobody."""
        refuse(
            (len(self.counts) < 2, "counts", f"{len(self.counts)} category", "2 or more categories"),
            (min(self.counts, default=0) < 0, "counts", f"{min(self.counts, default=0)} patients", "0 or more"),
            (sum(self.counts) < 1, "counts", "nobody is in any category", "1 patient or more"),
        )

    @property
    def chain(self) -> tuple[Counts, ...]:
        """The binomials, as long as somebody is left to be counted."""
        left = np.cumsum(self.counts[::-1])[::-1]
        steps = zip(self.counts[:-1], left, strict=False)
        return tuple(Counts(k, int(n), self.unit_per_share) for k, n in steps if n > 0)

    def conditional(self, shares: ArrayLike) -> Array:
        """Return the share of each step of the chain among those left for it.

        Parameters
        ----------
        shares : array, shape (..., categories)
            Shares of the categories in the model, in any one unit; they are made to add up to 1.

        Returns
        -------
        array, shape (..., steps)
            In the unit of the claim.
        """
        each = np.asarray(shares, dtype=float)
        left = np.cumsum(each[..., ::-1], axis=-1)[..., ::-1][..., : len(self.chain)]
        own = each[..., : len(self.chain)]
        return self.unit_per_share * np.divide(own, left, out=np.full(own.shape, 0.5), where=left > 0.0)


@dataclass(frozen=True)
class Quantile(_OfPatients):
    """A quantile of `n` patients: the model's value is the share of its patients below the published value.

    That share has the Beta distribution of an order statistic wherever the patients come from the model's population.
    What is drawn is the same seen from the other side: the share of as many patients who would be below the value.

    Attributes
    ----------
    value : float
        Published quantile.
    n : int
        Patients.
    p : float
        Which quantile: 0.5 is the median.
    """

    value: float
    n: int
    p: float

    def __post_init__(self) -> None:
        """Refuse a quantile of nobody, and one outside 0 to 1."""
        refuse(
            (not math.isfinite(self.value), "value", f"{self.value} is no number", "a finite number"),
            (self.n < 1, "n", f"{self.n} are too few", "1 or more"),
            (not 0.0 < self.p < 1.0, "p", f"the quantile {self.p} cannot be", "between 0 and 1"),
        )

    @property
    def seen(self) -> float:
        """Share of the patients below the published value."""
        return self.p

    @property
    def powers(self) -> tuple[float, float]:
        """Those of the density of the order statistic, whose rank may lie between two patients."""
        return tuple(max(share * (self.n + 1) - 1.0, 0.0) for share in (self.p, 1.0 - self.p))

    @property
    def log_constant(self) -> float:
        """Logarithm of one over the Beta function."""
        a, b = self.powers
        return math.lgamma(a + b + 2.0) - math.lgamma(a + 1.0) - math.lgamma(b + 1.0)


@dataclass(frozen=True)
class Median(Quantile):
    """The median of `n` patients: `Quantile` with p 0.5."""

    p: float = field(default=0.5, init=False)


def log_of_share(a: ArrayLike, b: ArrayLike, mean: Array, sd: Array) -> Array:
    """Return the logarithm of the mean of ``share^a (1 - share)^b`` over normal logits.

    Parameters
    ----------
    a, b : float or array
        Powers, broadcast against `mean`.
    mean, sd : array
        Of the logit.
    """
    if not sd.any():
        return _log_kernel(a, b, mean)
    error = np.maximum(sd, NO_ERROR)
    peak, spread = _peak(a, b, mean, error)
    node, log_weight = _hermite()
    x = peak + spread * node.reshape(-1, *(1,) * peak.ndim)
    z = (x - mean) / error
    inner = _log_kernel(a, b, x) - 0.5 * z**2
    inner += (0.5 * node**2 + log_weight).reshape(-1, *(1,) * peak.ndim)
    top = inner.max(axis=0)
    return np.log(spread / error) + top + np.log(np.exp(inner - top).sum(axis=0))


def _log_kernel(a: ArrayLike, b: ArrayLike, x: Array) -> Array:
    return a * x - (a + b) * (np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x))))


def _peak(a: ArrayLike, b: ArrayLike, mean: Array, error: Array) -> tuple[Array, Array]:
    """Return where likelihood times error is highest and how wide it is there, by Newton's steps from afar."""
    from scipy.special import expit

    own, variance = _variance(a, b), error**2
    x = (own * mean + variance * np.log((a + 0.5) / (b + 0.5))) / (own + variance)
    for _ in range(N_STEPS):
        share = expit(x)
        curvature = (a + b) * share * (1.0 - share) + 1.0 / variance
        x = x + np.clip((a - (a + b) * share - (x - mean) / variance) / curvature, -2.0, 2.0)
    return x, curvature**-0.5


def _variance(a: ArrayLike, b: ArrayLike) -> ArrayLike:
    """Return the variance of the logit of a share of counts."""
    return 1.0 / (a + 0.5) + 1.0 / (b + 0.5)


@cache
def _hermite() -> tuple[Array, Array]:
    """Return nodes and log weights of the mean over a standard normal number."""
    node, weight = np.polynomial.hermite_e.hermegauss(N_NODES)
    return node, np.log(weight / math.sqrt(2.0 * math.pi))
