"""How many bits an experiment is expected to tell about hypotheses that exclude one another, before it is done.

*Model*: each hypothesis predicts the outcome by draws from its posterior, smoothed to a continuous law of the same mean
and covariance; n replicates are measured with a normal error of variance sd² / n. The information is by how much the
logarithm of the true hypothesis' probability is expected to rise, from draws that its law has not seen: a lower bound.

*References*: Lindley1956, West1993 (draws smoothed without widening them).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from abm.core.errors import Fault, InputError
from abm.inference.likelihood import Array
from abm.statistics.draws import middle
from abm.statistics.intervals import Interval, Z

OWN_STREAM = 1  # design: apart from draws that the same seed was used for
N_PROPAGATED = 4000  # design: draws of the evidences


class Information(NamedTuple):
    """What an experiment is expected to tell.

    Attributes
    ----------
    n_replicates : tuple of int
        How often it is measured.
    bits, error : array, shape (numbers of replicates,)
        Expected information and its standard error from the finite number of draws.
    most : float
        Bits that would tell the hypothesis for certain: the entropy of the prior.
    """

    n_replicates: tuple[int, ...]
    bits: Array
    error: Array
    most: float

    def needed(self, share: float) -> int | None:
        """Return the fewest of these replicates that tell a share of the most there is to tell; None if none do."""
        enough = (n for n, bits in zip(self.n_replicates, self.bits, strict=True) if bits >= share * self.most)
        return next(enough, None)


def expected_information(
    predicted: Sequence[ArrayLike],
    sd: ArrayLike,
    n_replicates: Sequence[int] = (1, 2, 3, 4, 6, 8, 12, 16),
    prior: ArrayLike | None = None,
    seed: int = 0,
) -> Information:
    """Return the information in bits about the hypotheses from the outcome of an experiment.

    Parameters
    ----------
    predicted : sequence of array, each of shape (draws, measures)
        True outcomes as each hypothesis predicts them.
    sd : array, shape (measures,)
        Standard deviation of one replicate.
    n_replicates : sequence of int
        In ascending order.
    prior : array, shape (hypotheses,), optional
        Probabilities; equal where not given.
    seed : int
        Of the outcomes, which are the same for every number of replicates but for their scale.

    Raises
    ------
    InputError
        Fewer than two hypotheses, or a measurement without spread.
    """
    outcomes = [np.asarray(each, dtype=float) for each in predicted]
    error = np.asarray(sd, dtype=float)
    _refuse(outcomes, error)
    p = np.full(len(outcomes), 1.0 / len(outcomes)) if prior is None else np.asarray(prior, dtype=float)
    p = p / p.sum()
    told = [_bits(outcomes, error / math.sqrt(n), p, seed) for n in n_replicates]
    bits, errors = np.array(told).T
    return Information(tuple(n_replicates), bits, errors, float(_entropy(p)))


def _bits(outcomes: Sequence[Array], sd: Array, prior: Array, seed: int) -> tuple[float, float]:
    """Return the expected information of a measurement with its standard error.

    It is the gain of the logarithmic score of the true hypothesis, each outcome judged without the draw that it came
    from: what is not known of the laws makes it smaller, never larger, however many measures there are.
    """
    rng = np.random.default_rng([seed, OWN_STREAM])
    laws = [_Mixture.of(draws, sd) for draws in outcomes]
    gained = []
    for true, law in enumerate(laws):
        seen = law.centres + rng.normal(size=law.centres.shape) @ law.lower.T
        each = [other.log_density(seen, without_own=other is law) for other in laws]
        log_p = np.stack(each, axis=1) + np.log(prior)
        gained.append((log_p[:, true] - np.logaddexp.reduce(log_p, axis=1) - np.log(prior[true])) / math.log(2.0))
    mean = sum(p * own.mean() for p, own in zip(prior, gained, strict=True))
    variance = sum(p**2 * own.var() / len(own) for p, own in zip(prior, gained, strict=True))
    return max(float(mean), 0.0), math.sqrt(variance)


@dataclass(frozen=True)
class _Mixture:
    """Outcomes as measured: normal laws about draws, which are drawn together by as much as the laws widen them."""

    centres: Array
    lower: Array

    @classmethod
    def of(cls, draws: Array, sd: Array) -> _Mixture:
        n, n_dim = draws.shape
        width = min((4.0 / ((n_dim + 2.0) * n)) ** (1.0 / (n_dim + 4.0)), 1.0)
        mean = draws.mean(axis=0)
        own = np.atleast_2d(np.cov(draws, rowvar=False, ddof=0)) if n > 1 else np.zeros((n_dim, n_dim))
        centres = mean + math.sqrt(1.0 - width**2) * (draws - mean)
        return cls(centres, np.linalg.cholesky(width**2 * own + np.diag(sd**2)))

    def log_density(self, x: Array, without_own: bool) -> Array:
        """Return the log density at places, shape (places,); of its own places without the draw that each came from."""
        from scipy.linalg import solve_triangular

        a, b = (solve_triangular(self.lower, rows.T, lower=True).T for rows in (x, self.centres))
        squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2.0 * a @ b.T
        n = max(len(b) - without_own, 1)
        constant = np.log(np.diag(self.lower)).sum() + 0.5 * x.shape[1] * math.log(2.0 * math.pi) + math.log(n)
        exponent = -0.5 * np.maximum(squares, 0.0)
        if n < len(b):
            np.fill_diagonal(exponent, -np.inf)
        top = exponent.max(axis=1)
        return top + np.log(np.exp(exponent - top[:, None]).sum(axis=1)) - constant


def probabilities(log_evidence: ArrayLike, error: ArrayLike, prior: ArrayLike | None = None, seed: int = 0) -> Interval:
    """Return the posterior probabilities of hypotheses with their middle 95 % over the errors of their evidences.

    Parameters
    ----------
    log_evidence, error : array, shape (hypotheses,)
        Natural logarithms with their standard deviations.
    prior : array, shape (hypotheses,), optional
        Equal where not given.
    seed : int
        Of the draws of the evidences.
    """
    evidence = np.asarray(log_evidence, dtype=float)
    before = np.zeros(evidence.size) if prior is None else np.log(np.asarray(prior, dtype=float))
    drawn = np.random.default_rng(seed).normal(evidence, error, (N_PROPAGATED, evidence.size))
    after = [_shares(log_p + before) for log_p in (evidence, drawn)]
    return Interval(after[0], *middle(after[1], axis=0))


def bayes_factor(log_evidence: ArrayLike, error: ArrayLike) -> Interval:
    """Return how many times likelier the first of two hypotheses makes the data, with its 95 % interval.

    Parameters
    ----------
    log_evidence, error : array, shape (2,)
        Natural logarithms with their standard deviations.
    """
    first, second = np.asarray(log_evidence, dtype=float)
    half = Z * math.hypot(*np.broadcast_to(np.asarray(error, dtype=float), 2))
    return Interval(*(np.exp(first - second + shift) for shift in (0.0, -half, half)))


def _shares(log_p: Array) -> Array:
    p = np.exp(log_p - log_p.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def _entropy(p: Array) -> Array:
    """Return the entropy over the last axis in bits."""
    return -(p * np.log2(np.where(p > 0.0, p, 1.0))).sum(axis=-1)


def _refuse(outcomes: Sequence[Array], sd: Array) -> None:
    if len(outcomes) < 2:
        raise InputError(
            Fault(f"{len(outcomes)} hypothesis leaves nothing to tell", path="predicted", allowed="2 or more")
        )
    if any(draws.ndim != 2 or draws.shape[1:] != sd.shape for draws in outcomes):
        raise InputError(
            Fault("outcomes that are not of the same measures", path="predicted", allowed="draws x measures")
        )
    if not (sd > 0.0).all():
        raise InputError(Fault(f"a measurement with a spread of {sd.min()}", path="sd", allowed="above 0"))
