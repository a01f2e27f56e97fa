"""Smoothed weights on tails that are known, and a paper left out of a model whose answer is known."""

import math

import numpy as np
import pytest
from scipy import stats

from abm.inference.reweight import fit_pareto, leave_out, pit, smooth


@pytest.mark.parametrize("shape", [-0.3, 0.1, 0.5, 0.9])
def test_a_pareto_law_is_fitted(shape):
    x = np.sort(stats.genpareto.rvs(shape, scale=2.0, size=4000, random_state=np.random.default_rng(1)))
    assert fit_pareto(x) == pytest.approx((shape, 2.0), abs=0.1)


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.9])
def test_k_hat_is_the_shape_of_the_tail(shape):
    found = [smooth(-shape * np.log(np.random.default_rng(i).random(4000))).k_hat for i in range(40)]
    assert np.mean(found) == pytest.approx(shape, abs=0.08)


def test_k_hat_tells_a_proposal_that_is_too_narrow():
    """Of a normal proposal 0.4 as wide as the target the tail's shape is 1 - 0.16."""
    x = np.random.default_rng(2).normal(0.0, 0.4, 20_000)
    narrow = smooth(stats.norm.logpdf(x) - stats.norm.logpdf(x, scale=0.4))
    wide = smooth(stats.norm.logpdf(x, scale=0.35) - stats.norm.logpdf(x, scale=0.4))
    assert narrow.k_hat == pytest.approx(0.84, abs=0.15)
    assert not narrow.is_good
    assert wide.is_good


def test_smoothed_weights_tell_a_mean():
    x = np.random.default_rng(3).normal(0.0, 1.2, 4000)
    found = smooth(stats.norm.logpdf(x, 0.5) - stats.norm.logpdf(x, scale=1.2))
    assert found.weights.sum() == pytest.approx(1.0)
    assert found.weights @ x == pytest.approx(0.5, abs=4.0 / math.sqrt(found.n_effective))
    assert found.weights @ x**2 == pytest.approx(1.25, abs=0.15)


def test_the_mean_weight_is_by_how_much_one_evidence_exceeds_the_other():
    draws = np.random.default_rng(3).normal(size=4000)
    log_ratio = 3.0 + stats.norm.logpdf(draws, 0.2, 0.9) - stats.norm.logpdf(draws)
    found = smooth(log_ratio)
    assert 0.0 < found.log_mean_error < 0.02
    assert found.log_mean == pytest.approx(3.0, abs=4.5 * found.log_mean_error)
    assert smooth(np.full(10, -2.5)).log_mean == pytest.approx(-2.5)
    assert smooth(np.full(10, -2.5)).log_mean_error == 0.0


def test_only_the_tail_is_smoothed_and_it_keeps_its_order_and_its_top():
    raw = 0.8 * np.random.default_rng(4).exponential(size=1000)
    found = smooth(raw).log_weight
    order = np.argsort(raw)
    moved = (found - raw) - (found - raw)[order[0]]
    np.testing.assert_allclose(moved[order[:900]], 0.0, atol=1e-12)
    assert np.abs(moved[order[-90:]]).max() > 0.01
    assert (np.diff(found[order]) >= -1e-12).all()
    assert found[order[-1]] - found[order[0]] <= np.ptp(raw) + 1e-12


def test_equal_weights_have_no_tail_and_too_few_draws_no_k():
    assert smooth(np.full(100, 3.0)).k_hat == -math.inf
    assert smooth(np.full(100, 3.0)).n_effective == pytest.approx(100.0)
    assert smooth(np.full(100, 3.0)).is_good
    assert smooth(np.arange(12.0)).k_hat == math.inf
    assert not smooth(np.arange(12.0)).is_good


def test_draws_that_come_twice_have_the_k_of_those_that_come_once():
    raw = -0.5 * np.log(np.random.default_rng(5).random(2000))
    assert smooth(np.repeat(raw, 2)).k_hat == pytest.approx(smooth(raw).k_hat, abs=0.1)


SEEN, ERROR = np.array([0.3, -0.5, 1.4, 0.2, 0.8]), np.array([0.8, 1.0, 0.9, 1.2, 1.0])


def exact_without(left_out):
    """Return mean and variance of the truth, N(0, 1) before anything is seen, without one paper."""
    kept = np.arange(5) != left_out
    precision = 1.0 + (ERROR[kept] ** -2).sum()
    return (SEEN[kept] / ERROR[kept] ** 2).sum() / precision, 1.0 / precision


def test_a_paper_left_out_is_predicted_as_by_a_fit_without_it():
    precision = 1.0 + (ERROR**-2).sum()
    draws = np.random.default_rng(6).normal((SEEN / ERROR**2).sum() / precision, precision**-0.5, 8000)
    found = leave_out(stats.norm.logpdf(SEEN, draws[:, None], ERROR))
    assert len(found) == 5
    for i, paper in enumerate(found):
        mean, variance = exact_without(i)
        assert paper.weights.is_good
        assert paper.weights.weights @ draws == pytest.approx(mean, abs=0.03)
        assert paper.log_score == pytest.approx(
            stats.norm.logpdf(SEEN[i], mean, math.hypot(ERROR[i], variance**0.5)), abs=0.02
        )


def test_a_paper_that_alone_holds_the_posterior_cannot_be_left_out_by_weights():
    draws = np.random.default_rng(7).normal(0.0, 0.1, 4000)
    found = leave_out(np.stack([stats.norm.logpdf(1.0, draws, 0.1) * 3, np.zeros(4000)], axis=1))
    assert not found[0].weights.is_good
    assert found[1].weights.is_good


def test_the_share_below_counts_weights_and_halves_ties():
    assert pit([1.0, 2.0, 3.0, 4.0], 2.5) == 0.5
    assert pit([1.0, 2.0, 2.0, 4.0], 2.0) == 0.5
    assert pit([1.0, 2.0, 3.0], 2.5, [1.0, 1.0, 6.0]) == 0.25


def test_shares_below_are_even_where_the_predictions_are_right():
    rng = np.random.default_rng(8)
    shares = [pit(rng.normal(m, 1.0, 500), rng.normal(m, 1.0)) for m in rng.normal(size=300)]
    assert stats.kstest(shares, "uniform").pvalue > 0.01
