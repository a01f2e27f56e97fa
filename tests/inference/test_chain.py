"""From claims to posterior and evidence in one go, on a model whose answers are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from abm.inference.counted import Counts
from abm.inference.emulator import fit
from abm.inference.emulators import Emulators, check, refuse_failed
from abm.inference.measured import Correlation, Interval, LogNormal, Normal
from abm.inference.nested import nested
from abm.inference.paper import Paper, Papers

SLOPES = np.array([[2.0, 0.5], [-1.0, 1.5], [0.7, 0.7], [1.0, -2.0]])
SEEN = SLOPES @ [0.45, 0.55] + [0.03, -0.02, 0.05, 0.01]
SDS = np.array([0.12, 0.1, 0.15, 0.2])
CLAIMS = tuple(Normal(float(value), float(sd)) for value, sd in zip(SEEN, SDS, strict=True))


@pytest.fixture(scope="module")
def emulators():
    """Return emulators of a linear model of two parameters and four claims, checked on runs they have not seen."""
    rng = np.random.default_rng(1)
    x, unseen = rng.random((60, 2)), rng.random((30, 2))
    parts = tuple(fit(x, x @ slope + 0.005 * rng.normal(size=60), 0.005) for slope in SLOPES)
    emulated = Emulators(("a", "b", "c", "d"), parts)
    refuse_failed(check(emulated, unseen, unseen @ SLOPES.T))
    return emulated


def log_likelihood(emulators, papers):
    """Return the log likelihood of papers at a place in the cube."""
    together = Papers(tuple(papers))
    return lambda theta: float(together.log_likelihood(*emulators.at(theta[None])).sum())


def test_a_linear_model_has_the_posterior_and_the_evidence_of_its_closed_form(emulators):
    precision = SLOPES.T @ (SLOPES / SDS[:, None] ** 2)
    mean = np.linalg.solve(precision, SLOPES.T @ (SEEN / SDS**2))
    left = stats.norm.logpdf(SEEN, SLOPES @ mean, SDS).sum()
    log_evidence = left + np.log(2.0 * np.pi) - 0.5 * np.linalg.slogdet(precision)[1]  # the cube holds all of it
    papers = [Paper(CLAIMS[:2], tau_scale=0.0), Paper(CLAIMS[2:], tau_scale=0.0)]
    found = nested(log_likelihood(emulators, papers), 2, seed=2, n_live=150)
    centre, covariance = found.weights @ found.points, np.cov(found.points.T, aweights=found.weights)
    assert abs(found.log_evidence - log_evidence) < 3.0 * found.log_evidence_error
    assert (np.abs(centre - mean) < 4.0 * np.sqrt(np.diag(covariance) / found.n_effective)).all()
    np.testing.assert_allclose(covariance, np.linalg.inv(precision), atol=0.2 * np.abs(np.linalg.inv(precision)).max())


def test_papers_that_contradict_one_another_have_the_evidence_of_brute_force(emulators):
    moved = tuple(replace(claim, value=claim.value + 4.0 * claim.sd) for claim in CLAIMS[2:])
    papers = [Paper(CLAIMS[:2]), Paper(moved)]
    middle = (np.arange(200) + 0.5) / 200
    grid = np.stack(np.meshgrid(middle, middle, indexing="ij"), axis=-1).reshape(-1, 2)
    exact = Papers(tuple(papers)).log_likelihood(grid @ SLOPES.T).sum(axis=1)
    found = nested(log_likelihood(emulators, papers), 2, seed=3, n_live=120)
    share = np.exp(exact - exact.max())
    assert abs(found.log_evidence - (exact.max() + np.log(share.mean()))) < 3.0 * found.log_evidence_error
    sd = np.sqrt(share @ (grid - share @ grid / share.sum()) ** 2 / share.sum())
    assert (np.abs(found.weights @ found.points - share @ grid / share.sum()) < 5.0 * sd / found.n_effective**0.5).all()


def model(theta):
    """Return the values of five kinds of claims on their links' scales, shape (points, 5)."""
    t = np.asarray(theta, dtype=float)[..., 0]
    return np.stack([4.0 * t - 2.0, np.log(1.0 + t), np.sin(2.0 * t), 2.0 * t, np.arctanh(0.8 * t)], axis=-1)


PUBLISHED = (Counts(10, 60), LogNormal(1.0, 0.2), Normal(0.0, 0.25), Interval(-0.3, 0.3), Correlation(0.0, 25))
OF_PAPERS = ([0, 1], [2, 3], [4])


def republished(claim, number):
    """Return a claim as if another number had been found in the same way."""
    if isinstance(claim, Counts):
        return replace(claim, k=round(number * claim.n))
    if isinstance(claim, Interval):
        half = 0.5 * (claim.hi - claim.lo)
        return Interval(number - half, number + half)
    return replace(claim, r=number) if isinstance(claim, Correlation) else replace(claim, value=number)


def published_by(theta, rng):
    """Return papers as they would be published where a place in the cube is the truth."""
    papers = []
    for own in OF_PAPERS:
        claims = tuple(PUBLISHED[i] for i in own)
        numbers = Paper(claims).predict(model(theta)[None, own], 0.0, rng)[0]
        again = (republished(claim, float(number)) for claim, number in zip(claims, numbers, strict=True))
        papers.append(Paper(tuple(again)))
    return papers


def emulated_model(n_dim=1):
    rng = np.random.default_rng(4)
    x = rng.random((40, n_dim))
    noise = 0.05 * rng.normal(size=(40, 5))
    parts = tuple(fit(x, column, 0.05) for column in (model(x) + noise).T)
    return Emulators(tuple("abcde"), parts)


def ranks(n, tau_scale):
    """Return the rank of the truth among 19 posterior draws, for truths from the prior."""
    rng = np.random.default_rng(5)
    places = ((np.arange(100) + 0.5) / 100)[:, None]
    values, sds = emulated_model().at(places)
    found = []
    for _ in range(n):
        truth = rng.random(1)
        papers = Papers(tuple(replace(paper, tau_scale=tau_scale) for paper in published_by(truth, rng)))
        log_p = papers.log_likelihood(values, sds).sum(axis=1)
        p = np.exp(log_p - log_p.max())
        found.append(int((rng.choice(places[:, 0], 19, p=p / p.sum()) < truth).sum()))
    return np.array(found)


def test_truths_rank_evenly_among_their_posterior_draws():
    """Simulation-based calibration: claims are drawn with discrepancies, emulated and read back."""
    counts = np.bincount(ranks(400, 0.5), minlength=20)
    assert stats.chisquare(counts).pvalue > 0.01


def test_truths_rank_unevenly_where_the_discrepancy_is_ignored():
    counts = np.bincount(ranks(400, 0.0), minlength=20)
    assert stats.chisquare(counts).pvalue < 1e-4


@pytest.mark.verification
def test_truths_rank_evenly_among_draws_of_nested_sampling():
    """The whole chain, and how often its middle half holds the truth."""
    rng, emulators, found = np.random.default_rng(6), emulated_model(), []
    for i in range(100):
        truth = rng.random(1)
        draws = nested(log_likelihood(emulators, published_by(truth, rng)), 1, seed=i, n_live=50).equal(19, seed=i)
        found.append(int((draws[:, 0] < truth).sum()))
    assert stats.chisquare(np.bincount(np.array(found) // 4, minlength=5)).pvalue > 0.01
    inside = sum(5 <= rank < 15 for rank in found)
    assert stats.binomtest(inside, 100, 0.5).pvalue > 0.01


def test_a_share_near_its_end_is_read_back():
    """What the logit cannot reach comes back through half a subject."""
    claim = Counts(0, 40)
    at = claim.to_link(0.0, 40)
    assert expit(at) == pytest.approx(0.0125)
    assert np.isfinite(Paper((claim,)).log_likelihood([[float(at)]], [[0.3]])).all()
