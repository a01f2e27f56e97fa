"""Weights of maximum entropy against closed forms, brute force, and what may not change them."""

import numpy as np
import pytest
from scipy.optimize import minimize

from abm.statistics.draws import n_independent
from abm.statistics.tilting import out_of_reach, tilted

RNG = np.random.default_rng(1)
X = RNG.standard_normal(400)
EXACT = np.zeros(1)


def test_a_normal_sample_moved_in_its_mean_is_weighted_by_an_exponential():
    mass = tilted((X - 0.5)[:, None], EXACT)
    slope, rest, *_ = np.polyfit(X, np.log(mass), 1, full=True)
    assert rest == pytest.approx(0.0, abs=1e-15)
    assert slope[0] == pytest.approx(
        (0.5 - X.mean()) / X.var(), rel=0.1
    )  # of a normal law: exactly b = shift / variance
    assert mass @ X == pytest.approx(0.5, abs=1e-10)


def test_a_share_gives_each_side_its_part_evenly():
    above = (X > 0.3).astype(float)
    mass = tilted((above - 0.1)[:, None], EXACT)
    assert mass[X > 0.3] == pytest.approx(0.1 / above.sum(), rel=1e-9)
    assert mass[X <= 0.3] == pytest.approx(0.9 / (X.size - above.sum()), rel=1e-9)
    assert n_independent(mass) == pytest.approx(1.0 / (mass**2).sum())


def test_of_all_weights_that_meet_the_means_they_have_the_largest_entropy():
    x, y = np.array([0.0, 1.0, 2.0, 4.0, 7.0]), np.array([3.0, -1.0, 0.0, 2.0, 1.0])
    misses = np.column_stack([x - 3.2, y - 0.9])
    found = tilted(misses, np.zeros(2))
    assert found @ misses == pytest.approx(0.0, abs=1e-11)
    free = np.linalg.svd(np.vstack([misses.T, np.ones(5)]))[2][3:]  # the directions that keep sum and means
    for shift in (*free, *-free, free.sum(axis=0)):
        for size in (1e-3, 1e-2):
            other = found + size * shift
            assert _entropy(other) < _entropy(found)


def test_with_errors_they_minimise_entropy_and_squared_misses_together():
    misses = np.column_stack([X[:6] - 0.8, X[:6] ** 2 - 0.2])
    errors = np.array([0.3, 0.1])

    def cost(heights):
        mass = np.exp(heights) / np.exp(heights).sum()
        return (mass * np.log(6 * mass)).sum() + 0.5 * (((mass @ misses) / errors) ** 2).sum()

    brute = minimize(cost, np.zeros(6), method="BFGS", options={"gtol": 1e-10}).x
    assert tilted(misses, errors) == pytest.approx(np.exp(brute) / np.exp(brute).sum(), abs=1e-6)


def test_two_targets_that_contradict_meet_in_the_middle_weighed_by_their_errors():
    misses = np.column_stack([X - 1.0, X + 1.0])
    mean = tilted(misses, np.array([1e-3, 1e-3])) @ X
    assert mean == pytest.approx(0.0, abs=1e-5)
    assert tilted(misses, np.array([1e-3, 2e-3])) @ X == pytest.approx(0.6, abs=1e-4)  # 1/4 and 1 of the squares


def test_the_order_of_subjects_and_the_units_of_targets_do_not_matter():
    misses = np.column_stack([X - 0.3, (X > 0) - 0.6])
    errors, order = np.array([0.0, 0.05]), RNG.permutation(X.size)
    mass = tilted(misses, errors)
    assert tilted(misses[order], errors) == pytest.approx(mass[order], rel=1e-9)
    assert tilted(misses * [1e6, 1.0], errors * [1e6, 1.0]) == pytest.approx(mass, rel=1e-9)


def test_what_holds_already_leaves_weights_equal():
    assert tilted((X - X.mean())[:, None], EXACT) == pytest.approx(1.0 / X.size, rel=1e-9)


def test_targets_that_no_weights_have_together_are_found():
    corner = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])  # weights on three corners: shares sum to at most 1
    assert not out_of_reach(corner - [0.4, 0.5]).any()
    assert out_of_reach(corner - [0.7, 0.6]).any()
    missed = np.abs(tilted(corner - [0.7, 0.6], np.zeros(2)) @ (corner - [0.7, 0.6]))
    assert missed.sum() == pytest.approx(0.3, abs=0.02)


def _entropy(mass):
    return -(mass * np.log(mass)).sum()
