"""Draws from one posterior stand for another: importance weights with a smoothed tail, and how far to trust them.

*References*: Vehtari2024 (Pareto-smoothed importance sampling), ZhangStephens2009 (fit of the generalised Pareto law),
Vehtari2017 (leaving one out), Dawid1984 (probability integral transform).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from abm.inference.likelihood import Array
from abm.statistics.draws import n_independent

FEWEST_IN_TAIL = 5  # of which a Pareto law can be fitted
HIGHEST_K = 0.7  # beyond it weights are not to be trusted however many draws there are


@dataclass(frozen=True)
class Weights:
    """Smoothed importance weights.

    Attributes
    ----------
    log_weight : array, shape (draws,)
        The weights add up to 1.
    k_hat : float
        Shape of the tail of the raw weights: moments beyond 1 / k are infinite. Minus infinity of equal weights,
        infinity where there are too few draws to tell.
    log_mean : float
        Logarithm of the mean of target over proposal: of the evidence of one over that of the other.
    """

    log_weight: Array
    k_hat: float
    log_mean: float

    @property
    def weights(self) -> Array:
        """Weights of the draws, which add up to 1."""
        return np.exp(self.log_weight)

    @property
    def n_effective(self) -> float:
        """How many draws of equal weight would tell as much."""
        return n_independent(self.weights)

    @property
    def log_mean_error(self) -> float:
        """Standard deviation of `log_mean`, from the finite number of draws."""
        return math.sqrt(max(1.0 / self.n_effective - 1.0 / len(self.log_weight), 0.0))

    @property
    def is_good(self) -> bool:
        """Whether they can be trusted: k-hat below 0.7, and below what as few draws allow."""
        return self.k_hat < min(1.0 - 1.0 / math.log10(max(len(self.log_weight), 2)), HIGHEST_K)


def smooth(log_ratio: ArrayLike) -> Weights:
    """Return the weights of draws from the logarithm of target over proposal, the largest made those of a Pareto law.

    Parameters
    ----------
    log_ratio : array, shape (draws,)
        Up to a constant.
    """
    ratio = np.asarray(log_ratio, dtype=float)
    top = float(ratio.max())
    raw = ratio - top
    if np.ptp(raw) == 0.0:
        return _weights(raw, -math.inf, top)
    n_tail = math.ceil(min(0.2 * raw.size, 3.0 * math.sqrt(raw.size)))
    order = np.argsort(raw, kind="stable")
    start, tail = raw[order[-n_tail - 1]], order[-n_tail:]
    beyond = np.exp(raw[tail]) - math.exp(start)
    if n_tail < FEWEST_IN_TAIL or beyond[_quarter(n_tail)] <= 0.0:
        return _weights(raw, math.inf, top)
    k_hat, scale = fit_pareto(beyond)
    p = (np.arange(n_tail) + 0.5) / n_tail
    quantile = -scale * np.log1p(-p) if abs(k_hat) < 1e-12 else scale * np.expm1(-k_hat * np.log1p(-p)) / k_hat
    smoothed = raw.copy()
    smoothed[tail] = np.minimum(np.log(math.exp(start) + quantile), 0.0)
    return _weights(smoothed, k_hat, top)


def fit_pareto(beyond: ArrayLike) -> tuple[float, float]:
    """Return shape and scale of the generalised Pareto law of excesses, the shape drawn weakly towards 0.5.

    Parameters
    ----------
    beyond : array, shape (excesses,)
        In ascending order, 0 or above, the most of them above.
    """
    x = np.asarray(beyond, dtype=float)
    n, n_grid = x.size, 30 + int(math.sqrt(x.size))
    grid = 1.0 - np.sqrt(n_grid / (np.arange(1, n_grid + 1) - 0.5))
    theta = grid / (3.0 * x[_quarter(n)]) + 1.0 / x[-1]
    shape = np.log1p(-theta[:, None] * x).mean(axis=1)
    log_profile = n * (np.log(-theta / shape) - shape - 1.0)
    weight = np.exp(log_profile - np.logaddexp.reduce(log_profile))
    best = float(theta @ weight)
    k = float(np.log1p(-best * x).mean())
    return (n * k + 10 * 0.5) / (n + 10), -k / best  # ten draws' worth of 0.5, as Vehtari2024 has it


@dataclass(frozen=True)
class LeftOut:
    """A paper predicted by the posterior of all others.

    Attributes
    ----------
    weights : Weights
        Of the draws of the posterior of all papers, which make them draws without this one.
    log_score : float
        Logarithm of the predictive density of what the paper published.
    """

    weights: Weights
    log_score: float


def leave_out(log_likelihood: ArrayLike) -> tuple[LeftOut, ...]:
    """Leave every paper out in turn.

    Parameters
    ----------
    log_likelihood : array, shape (draws, papers)
        Of each paper at draws of equal weight from the posterior of all papers.
    """
    papers = np.asarray(log_likelihood, dtype=float).T
    without = [smooth(-own) for own in papers]
    scores = [float(np.logaddexp.reduce(part.log_weight + own)) for part, own in zip(without, papers, strict=True)]
    return tuple(LeftOut(part, score) for part, score in zip(without, scores, strict=True))


def pit(drawn: ArrayLike, seen: float, weights: ArrayLike | None = None) -> float:
    """Return the share of predictive draws below what was published, those equal to it by half.

    Parameters
    ----------
    drawn : array, shape (draws,)
        Numbers as they would be published.
    seen : float
        Published number.
    weights : array, shape (draws,), optional
        Equal where not given.
    """
    numbers = np.asarray(drawn, dtype=float)
    mass = np.ones(numbers.size) if weights is None else np.asarray(weights, dtype=float)
    return float(mass @ ((numbers < seen) + 0.5 * (numbers == seen)) / mass.sum())


def _quarter(n: int) -> int:
    return int(n / 4 + 0.5) - 1


def _weights(log_weight: Array, k_hat: float, top: float) -> Weights:
    total = float(np.logaddexp.reduce(log_weight))
    return Weights(log_weight - total, k_hat, top + total - math.log(log_weight.size))
