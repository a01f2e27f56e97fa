"""What draws know, against closed forms."""

import numpy as np
import pytest

from abm.inference.counted import Counts, Median
from abm.inference.learnt import NOTHING, UNIFORM, directions, spread, variance_left
from abm.inference.measured import Correlation, Interval, LogNormal, Normal
from abm.inference.paper import Paper

RNG = np.random.default_rng(5)


def test_the_directions_of_a_normal_law_are_the_eigenvectors_of_its_covariance():
    """One combination of two parameters is known to 1 % of the prior's variance, the other to 30 %, the third not."""
    turned = np.array([[0.8, 0.6, 0.0], [-0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    left = np.array([0.01, 0.3, 0.9])
    draws = RNG.normal(size=(20_000, 3)) * np.sqrt(left * UNIFORM) @ turned
    found = directions(draws)
    np.testing.assert_allclose(found.left, left, rtol=0.05)
    np.testing.assert_allclose(found.loadings, [[0.8, 0.6, 0], [-0.6, 0.8, 0], [0, 0, 1]], atol=0.03)
    np.testing.assert_allclose(found.learnt, [0.64 * 0.99 + 0.36 * 0.7, 0.36 * 0.99 + 0.64 * 0.7, 0.1], atol=0.02)
    np.testing.assert_allclose(found.left @ found.loadings**2, variance_left(draws))


def test_two_that_each_look_unknown_are_learnt_together():
    """Their sum is known and neither alone: half of all that there was to learn of each."""
    x = RNG.random(5000)
    draws = np.column_stack([x, 1.0 - x, RNG.random(5000)])
    found = directions(draws)
    np.testing.assert_allclose(found.left, [0.0, 1.0, 2.0], atol=0.06)
    np.testing.assert_allclose(found.loadings[0], [np.sqrt(0.5), np.sqrt(0.5), 0.0], atol=1e-6)
    np.testing.assert_allclose(variance_left(draws), 1.0, atol=0.06)
    assert found.learnt[:2] == pytest.approx([0.5, 0.5], abs=0.05)
    assert found.learnt[2] < NOTHING


def test_of_nothing_nothing_seems_learnt():
    assert directions(RNG.random((1000, 14))).learnt.max() < 0.15 < NOTHING


def test_one_parameter_is_its_own_direction():
    found = directions(RNG.random((1000, 1)))
    assert found.left == pytest.approx([1.0], abs=0.1)
    assert found.loadings == pytest.approx(np.ones((1, 1)))


def test_weights_make_draws_those_of_another_law():
    """Of draws of the prior, weights that fall off like a normal law leave its variance."""
    x = RNG.random((200_000, 2))
    weights = np.exp(-0.5 * ((x[:, 0] - 0.4) / 0.1) ** 2)
    np.testing.assert_allclose(variance_left(x, weights / weights.sum()), [0.01 / UNIFORM, 1.0], rtol=0.02)


def test_the_spread_of_a_linear_model_is_known_and_adds_up_to_what_would_be_published():
    sd_parameter, sd_emulator, tau = 0.3, 0.2, 0.4
    paper = Paper((Normal(1.0, 0.5), LogNormal(2.0, 0.25)), tau_scale=tau)
    values = RNG.normal(0.0, sd_parameter, size=(100_000, 1)) * np.array([2.0, 1.0])
    found = spread(paper, values, np.full_like(values, sd_emulator))
    np.testing.assert_allclose(found.parameters, [0.36, 0.09], rtol=0.02)
    np.testing.assert_allclose(found.luck, [0.25, 0.0625])
    np.testing.assert_allclose(found.emulator, 0.04)
    np.testing.assert_allclose(found.discrepancy, [0.04, 0.16])  # in the first claim's own standard deviations
    total = found.parameters + found.luck + found.emulator + found.discrepancy
    numbers = paper.predict(values, sd_emulator, RNG)
    np.testing.assert_allclose([numbers[:, 0].var(), np.log(numbers[:, 1]).var()], total, rtol=0.05)


@pytest.mark.parametrize(
    "claim",
    [
        Normal(1.0, 0.5),
        LogNormal(2.0, 0.3),
        Correlation(0.4, 40),
        Interval(1.0, 3.0),
        Counts(30, 120),
        Median(5.0, 200),
    ],
    ids=lambda claim: type(claim).__name__,
)
@pytest.mark.parametrize("at", [0.0, 0.8])
def test_luck_is_the_variance_of_what_would_be_published_on_the_scale_of_the_link(claim, at):
    drawn = claim.to_link(claim.draw(np.full(100_000, at), RNG))
    assert claim.luck([at])[0] == pytest.approx(drawn.var(), rel=0.05)
