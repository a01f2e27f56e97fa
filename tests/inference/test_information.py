"""Expected information against closed forms and integration, and what evidences make of hypotheses."""

import numpy as np
import pytest
from scipy import stats

from abm.core.errors import InputError
from abm.inference.information import bayes_factor, expected_information, probabilities

RNG = np.random.default_rng


def by_integration(means, sd, prior):
    """Return the bits that one normal measurement tells about its mean."""
    x = np.linspace(min(means) - 10 * sd, max(means) + 10 * sd, 20_001)
    each = stats.norm.pdf(x, np.array(means)[:, None], sd)
    both = prior @ each
    terms = np.where(each > 0.0, each * np.log2(np.where(each > 0.0, each, 1.0) / np.where(both > 0.0, both, 1.0)), 0.0)
    return float(prior @ np.trapezoid(terms, x, axis=1))


def test_far_apart_is_one_bit_and_equal_is_none():
    far = expected_information([np.zeros((300, 1)), np.full((300, 1), 50.0)], [1.0], [1])
    same = RNG(1).normal(size=(500, 2))
    equal = expected_information([same, same], [1.0, 1.0], [1, 8])
    assert far.bits[0] == pytest.approx(1.0, abs=1e-9)
    assert far.most == pytest.approx(1.0)
    np.testing.assert_allclose(equal.bits, 0.0, atol=1e-9)


@pytest.mark.parametrize("n", [1, 4, 9])
@pytest.mark.parametrize("prior", [(0.5, 0.5), (0.8, 0.2)])
def test_two_normal_means_tell_what_integration_says(n, prior):
    found = expected_information([np.zeros((2000, 1)), np.ones((2000, 1))], [1.0], [n], prior)
    assert found.error[0] < 0.015
    assert found.bits[0] == pytest.approx(
        by_integration([0.0, 1.0], n**-0.5, np.array(prior)), abs=4.0 * found.error[0]
    )


def test_spread_of_the_predictions_adds_to_the_error():
    """Predictions that spread as a normal law and a normal error are one wider normal law."""
    draws = [m + RNG(i).normal(0.0, 0.8, (1500, 1)) for i, m in enumerate((0.0, 2.0))]
    found = expected_information(draws, [0.6], [1])
    assert found.bits[0] == pytest.approx(by_integration([0.0, 2.0], 1.0, np.array([0.5, 0.5])), abs=0.04)


def test_no_number_of_replicates_tells_more_than_the_predictions_differ():
    draws = [m + RNG(i).normal(0.0, 1.0, (1500, 1)) for i, m in enumerate((0.0, 2.0))]
    found = expected_information(draws, [0.01], [1, 100])
    np.testing.assert_allclose(found.bits, by_integration([0.0, 2.0], 1.0, np.array([0.5, 0.5])), atol=0.05)


def test_measures_that_tell_nothing_hide_nothing_and_those_that_tell_add_up():
    draws = [RNG(i).normal([m, 0.0, m], 0.05, (800, 3)) for i, m in enumerate((0.0, 1.0))]
    one, two, three = (expected_information([d[:, :k] for d in draws], np.ones(k), [1]).bits[0] for k in (1, 2, 3))
    assert two == pytest.approx(one, abs=0.04)
    assert three == pytest.approx(by_integration([0.0, 2.0**0.5], 1.0, np.array([0.5, 0.5])), abs=0.04)


def test_many_measures_of_the_same_law_tell_nothing():
    same = [RNG([i, 3]).normal(size=(200, 18)) for i in range(6)]
    np.testing.assert_allclose(expected_information(same, np.full(18, 0.3), [1, 12]).bits, 0.0, atol=0.01)


def test_four_hypotheses_hold_two_bits_and_replicates_needed_are_counted():
    means = [np.full((400, 1), float(m)) for m in range(4)]
    found = expected_information(means, [1.0], [1, 2, 4, 8, 16, 32, 64])
    assert found.most == pytest.approx(2.0)
    assert (np.diff(found.bits) > 0.0).all()
    assert found.bits[-1] == pytest.approx(2.0, abs=0.01)
    integrated = [by_integration([0.0, 1.0, 2.0, 3.0], n**-0.5, np.full(4, 0.25)) for n in found.n_replicates]
    np.testing.assert_allclose(found.bits, integrated, atol=0.05)
    assert found.needed(0.9) == 16
    assert expected_information(means, [1.0], [1, 2]).needed(0.9) is None


def test_the_same_seed_gives_the_same_bits():
    draws = [RNG(i).normal(m, 1.0, (200, 2)) for i, m in enumerate((0.0, 1.0))]
    one, again, other = (expected_information(draws, [1.0, 1.0], [1, 2], seed=seed).bits for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).all()


@pytest.mark.parametrize(
    ("predicted", "sd", "path"),
    [([np.zeros((5, 1))], [1.0], "predicted"), ([np.zeros((5, 1)), np.zeros((5, 2))], [1.0], "predicted"),
     ([np.zeros((5, 1))] * 2, [0.0], "sd")],
)  # fmt: skip
def test_an_experiment_that_cannot_be_is_refused(predicted, sd, path):
    with pytest.raises(InputError) as refused:
        expected_information(predicted, sd)
    assert refused.value.faults[0].path == path


def test_evidences_make_probabilities():
    found = probabilities(np.log([1.0, 3.0, 6.0]), 1e-9)
    np.testing.assert_allclose(found.mean, [0.1, 0.3, 0.6])
    np.testing.assert_allclose(found.hi, found.lo, atol=1e-6)
    np.testing.assert_allclose(probabilities(np.log([3.0, 1.0]), 1e-9, [0.25, 0.75]).mean, 0.5)


def test_errors_of_evidences_are_carried_to_probabilities():
    """The logit of two hypotheses' probability is normal with the errors' variance."""
    found = probabilities([0.0, 1.0], [0.3, 0.4])
    expected = stats.logistic.cdf(1.0 + 0.5 * stats.norm.ppf([0.025, 0.975]))
    assert (found.lo[1], found.hi[1]) == pytest.approx(expected, abs=0.01)


def test_evidences_far_below_what_a_number_holds_still_compare():
    np.testing.assert_allclose(probabilities([-5000.0, -5000.0 + np.log(3.0)], 0.0).mean, [0.25, 0.75])


def test_a_bayes_factor_has_its_interval():
    found = bayes_factor([np.log(20.0), 0.0], [0.3, 0.4])
    assert float(found.mean) == pytest.approx(20.0)
    assert float(found.hi) == pytest.approx(20.0 * np.exp(1.95996 * 0.5), rel=1e-4)
    assert float(found.lo * found.hi) == pytest.approx(400.0)
