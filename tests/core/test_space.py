"""Who touches whom, against looking at every pair."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import abm.core.space
from abm.core.population import Population
from abm.core.rng import stream_key
from abm.core.space import Floor, Mixed

RADIUS_UM = 10.0
KEY = (np.array([stream_key(1, 0, "touch")]), np.uint32(5))
P_MIN = 1e-5
WALLS = pytest.mark.parametrize("walls", ["reflecting", "periodic"])


def cells(x_um, y_um):
    population = Population("cells")
    population.add(len(x_um), {"x_um": np.asarray(x_um), "y_um": np.asarray(y_um)})
    return population


def scattered(rng, n, side_um):
    """Return cells anywhere, some of them on the walls and in the corners."""
    places = rng.uniform(0, side_um, (2, n))
    on_wall = rng.random((2, n)) < 0.15
    return cells(*np.where(on_wall, rng.choice([0.0, side_um], (2, n)), places))


def touch(space, seekers, is_free, targets, weight, key=KEY):
    """Return for every seeker the chosen target, -1 for none, and the summed weight."""
    rows, weights, choose = space.touch(seekers, is_free, targets, weight, np.array([RADIUS_UM]), key)
    assert (np.diff(rows) > 0).all()
    chosen, total = np.full(seekers.n, -1), np.zeros(seekers.n)
    chosen[rows], total[rows] = choose(rows), weights
    return chosen, total


def touching(space, seekers, targets):
    """Return for every pair whether it touches, shape (seekers, targets)."""
    gaps = [np.abs(a[:, None] - b) for a, b in ((seekers.x_um, targets.x_um), (seekers.y_um, targets.y_um))]
    if space.is_periodic:
        gaps = [np.minimum(gap, space.side - gap) for gap in gaps]
    return gaps[0] ** 2 + gaps[1] ** 2 <= RADIUS_UM**2


@WALLS
@given(st.integers(0, 2**32 - 1), st.floats(20.0, 150.0), st.integers(0, 40))
@settings(max_examples=80)
def test_the_floor_finds_whom_brute_force_finds(walls, seed, side_um, n_targets):
    rng, space = np.random.default_rng(seed), Floor(side=f"{side_um} um", walls=walls)
    seekers, targets = scattered(rng, 25, side_um), scattered(rng, n_targets, side_um)
    weight, is_free = rng.choice([0.0, 0.5, 2.0], n_targets), rng.random(25) < 0.8
    chosen, total = touch(space, seekers, is_free, targets, weight)
    seen = touching(space, seekers, targets) & is_free[:, None] & (weight > 0)
    assert total == pytest.approx((seen * weight).sum(axis=1), rel=1e-12, abs=0)
    assert ((chosen >= 0) == seen.any(axis=1)).all()
    found = np.flatnonzero(chosen >= 0)
    assert seen[found, chosen[found]].all()


@WALLS
@pytest.mark.parametrize("n_bins", [0.25, 1, 2, 3, 4])
def test_floors_of_few_bins_find_everyone_once(walls, n_bins):
    rng = np.random.default_rng(5)
    space = Floor(side=f"{n_bins * 2 * RADIUS_UM} um", walls=walls)
    seekers, targets = scattered(rng, 200, space.side), scattered(rng, 30, space.side)
    _, total = touch(space, seekers, np.ones(200, bool), targets, np.ones(30))
    assert (total == touching(space, seekers, targets).sum(axis=1)).all()


def test_opposite_sides_touch_only_where_they_are_joined():
    here, there = cells([0.0], [0.0]), cells([500.0], [500.0])
    for walls, expected in (("periodic", 0), ("reflecting", -1)):
        chosen, _ = touch(Floor(side="500 um", walls=walls), here, np.ones(1, bool), there, np.ones(1))
        assert chosen[0] == expected


WEIGHTS = np.array([1.0, 2.0, 0.0, 4.0, 0.5])


def crowd():
    """Return 20 000 seekers in one place and five targets around it."""
    return cells(np.full(20_000, 50.0), np.full(20_000, 50.0)), cells([45.0, 50.0, 51.0, 55.0, 50.0], [50.0] * 5)


@pytest.mark.parametrize("space", [Floor(side="100 um"), Floor(side="100 um", walls="periodic"), Mixed(side="100 um")])
def test_a_target_is_chosen_with_probability_proportional_to_its_weight(space):
    seekers, targets = crowd()
    chosen, _ = touch(space, seekers, np.ones(seekers.n, bool), targets, WEIGHTS)
    counts = np.bincount(chosen, minlength=5)
    assert counts[2] == 0
    seen = WEIGHTS > 0
    expected = seekers.n * WEIGHTS[seen] / WEIGHTS.sum()
    assert stats.chisquare(counts[seen], expected).pvalue > P_MIN


def test_the_choice_does_not_depend_on_the_order_of_rows():
    rng, space = np.random.default_rng(3), Floor(side="200 um", walls="periodic")
    seekers, targets = scattered(rng, 300, 200.0), scattered(rng, 300, 200.0)
    weight = rng.uniform(0.1, 1.0, 300)
    chosen, _ = touch(space, seekers, np.ones(300, bool), targets, weight)
    order = rng.permutation(300)
    targets.reorder(order)
    again, _ = touch(space, seekers, np.ones(300, bool), targets, weight[order])
    assert (chosen >= 0).sum() > 200
    assert (np.where(again >= 0, order[again], -1) == chosen).all()


def test_other_steps_choose_otherwise():
    seekers, targets = crowd()
    space = Floor(side="100 um")
    first, _ = touch(space, seekers, np.ones(seekers.n, bool), targets, WEIGHTS)
    later, _ = touch(space, seekers, np.ones(seekers.n, bool), targets, WEIGHTS, (KEY[0], np.uint32(6)))
    p_same = ((WEIGHTS / WEIGHTS.sum()) ** 2).sum()
    assert (first == later).mean() == pytest.approx(p_same, abs=4.5 * np.sqrt(p_same * (1 - p_same) / seekers.n))


@pytest.mark.parametrize("space", [Floor(side="100 um"), Mixed(side="100 um")])
def test_the_engaged_do_not_seek_and_nobody_is_found_where_nobody_is(space):
    seekers, targets = crowd()
    chosen, total = touch(space, seekers, np.zeros(seekers.n, bool), targets, WEIGHTS)
    assert (chosen == -1).all()
    assert (total == 0.0).all()
    nobody = cells([], [])
    chosen, total = touch(space, seekers, np.ones(seekers.n, bool), nobody, np.zeros(0))
    assert (chosen == -1).all()
    assert (total == 0.0).all()
    assert touch(space, nobody, np.zeros(0, bool), targets, WEIGHTS)[0].size == 0


def test_the_mixed_space_is_the_mean_over_a_scattered_floor():
    """Mean weight touched on the floor = weight x contact area / floor area, within 4.5 standard errors."""
    rng, weight = np.random.default_rng(8), np.full(400, 0.5)
    side_um = 500.0
    seekers, targets = (cells(*rng.uniform(0, side_um, (2, n))) for n in (8000, 400))
    everyone = np.ones(seekers.n, bool)
    _, floor = touch(Floor(side="500 um", walls="periodic"), seekers, everyone, targets, weight)
    _, mixed = touch(Mixed(side="500 um"), seekers, everyone, targets, weight)
    assert (mixed == 0.5 * 400 * np.pi * RADIUS_UM**2 / side_um**2).all()
    assert floor.mean() == pytest.approx(mixed[0], abs=4.5 * floor.std() / np.sqrt(seekers.n))


def test_scattered_cells_are_even_over_the_floor():
    space, population = Floor(side="300 um"), cells([0.0] * 20_000, [0.0] * 20_000)
    space.scatter(population, slice(0, population.n), (KEY[0][0], KEY[1]))
    counts = np.histogram2d(population.x_um, population.y_um, bins=10, range=((0, 300), (0, 300)))[0]
    assert counts.sum() == population.n
    assert stats.chisquare(counts.ravel()).pvalue > P_MIN


def test_sorting_puts_neighbours_beside_each_other(monkeypatch):
    rng, space = np.random.default_rng(2), Floor(side="400 um")
    population = scattered(rng, 500, 400.0)
    assert space.sort(population) is None, "so few lie in the cache as they are"
    monkeypatch.setattr(abm.core.space, "FEW_CELLS", 100)
    order = space.sort(population)
    n_side = math.isqrt(space.bins(population)[1])
    assert n_side > 10
    places = population.y_um[order], population.x_um[order]
    bins = [np.minimum((place_um * (n_side / 400.0)).astype(int), n_side - 1) for place_um in places]
    assert (np.diff(bins[0] * n_side + bins[1]) >= 0).all()
    assert sorted(order) == list(range(500))
    assert Mixed().sort(population) is None
    population.reorder(order)
    assert space.sort(population) is None
    population.keep(rng.random(500) < 0.5)
    assert space.sort(population) is None, "what is sorted stays sorted when cells go"
