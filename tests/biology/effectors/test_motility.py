"""The persistent random walk against its theory. Bounds are 4.5 standard errors or p = 1e-5."""

import math

import numpy as np
import pytest
from scipy import stats

N, SPEED, TAU_H = 4000, 2.7 * 60, 5 / 60


def walkers(culture, side, walls, dt="30 s", duration="1 h", n=N, processes=None):
    changes = {
        "duration": duration,
        "dt": dt,
        "space": {"kind": "floor", "side": side, "walls": walls},
        "populations": {"b_cells": {"n": 10}, "nk_cells": {"per_b_cell": n / 10}},
    }
    own = {"motility": {"speed_um_per_min": 2.7, "persistence": "5 min"}} | (processes or {})
    return culture(own, (), changes)


def by_uid(nk, column):
    return nk[column][np.argsort(nk.uid)]


def test_mean_squared_displacement_is_that_of_a_persistent_walk(culture):
    """2 v^2 tau (t - tau (1 - exp(-t / tau))); turning only at step ends adds under 0.3 % at dt = tau / 10."""
    sim = walkers(culture, "100000 um", "periodic")
    nk = sim.world.populations["nk_cells"]
    start = np.array([by_uid(nk, "x_um"), by_uid(nk, "y_um")])
    squared = {}

    def look(sim):
        moved = np.array([by_uid(nk, "x_um"), by_uid(nk, "y_um")]) - start
        moved -= np.round(moved / 1e5) * 1e5
        squared[sim.world.t_h] = (moved**2).sum(axis=0)

    sim.run(look)
    for t_h in (2 / 60, 10 / 60, 1.0):
        found = squared[min(squared, key=lambda t: abs(t - t_h))]
        theory = 2 * SPEED**2 * TAU_H * (t_h - TAU_H * -math.expm1(-t_h / TAU_H))
        assert found.mean() == pytest.approx(theory, abs=4.5 * found.std() / math.sqrt(N) + 0.003 * theory)


def test_in_a_step_a_cell_goes_as_far_as_its_speed_allows(culture):
    sim = walkers(culture, "10000 um", "periodic", dt="1 min")
    nk = sim.world.populations["nk_cells"]
    before = np.array([by_uid(nk, "x_um"), by_uid(nk, "y_um")])
    sim.step()
    moved = np.array([by_uid(nk, "x_um"), by_uid(nk, "y_um")]) - before
    moved -= np.round(moved / 1e4) * 1e4
    assert np.hypot(*moved) == pytest.approx(np.full(N, 2.7), rel=1e-6)


@pytest.mark.parametrize("walls", ["reflecting", "periodic"])
def test_cells_stay_on_the_floor_and_are_even_over_it_for_ever(culture, walls):
    sim = walkers(culture, "60 um", walls, dt="1 min", duration="2 h")
    nk = sim.world.populations["nk_cells"]

    def check(sim):
        assert (nk.x_um.min() >= 0) & (nk.x_um.max() <= 60) & (nk.y_um.min() >= 0) & (nk.y_um.max() <= 60)

    sim.run(check)
    counts = np.histogram2d(nk.x_um, nk.y_um, bins=6, range=((0, 60), (0, 60)))[0]
    assert stats.chisquare(counts.ravel()).pvalue > 1e-5
    for place in (nk.x_um, nk.y_um):
        assert stats.chisquare(np.histogram(place, bins=60, range=(0, 60))[0]).pvalue > 1e-5


def test_from_one_corner_cells_spread_evenly_between_reflecting_walls(culture):
    sim = walkers(culture, "60 um", "reflecting", dt="1 min", duration="6 h")
    nk = sim.world.populations["nk_cells"]
    nk.x_um[:], nk.y_um[:] = 1.0, 1.0
    sim.run()
    counts = np.histogram2d(nk.x_um, nk.y_um, bins=6, range=((0, 60), (0, 60)))[0]
    assert stats.chisquare(counts.ravel()).pvalue > 1e-5


@pytest.mark.parametrize("dt", ["1 h", "1 min"])
def test_even_a_step_longer_than_the_floor_keeps_cells_on_it(culture, dt):
    sim = walkers(
        culture, "21 um", "reflecting", dt=dt, duration="2 h", n=200, processes={"motility": {"speed_um_per_min": 100}}
    )
    sim.run()
    nk = sim.world.populations["nk_cells"]
    assert (nk.x_um >= 0).all()
    assert (nk.x_um <= 21).all()


def test_engaged_cells_stand_still(culture):
    sim = walkers(culture, "1000 um", "periodic", n=100, processes={"killing": {}})
    nk = sim.world.populations["nk_cells"]
    nk.partner[:50] = 3
    held = nk.uid[:50].copy()
    before = {uid: x for uid, x in zip(nk.uid, nk.x_um, strict=True)}
    sim.step()
    stayed = {int(uid) for uid, x in zip(nk.uid, nk.x_um, strict=True) if before[uid] == x}
    assert stayed == set(held.tolist())


def test_directions_are_even_over_the_circle_and_turned_at_the_rate_of_persistence(culture):
    sim = walkers(culture, "1000 um", "periodic")
    sim.step()
    nk = sim.world.populations["nk_cells"]
    angle = np.arctan2(by_uid(nk, "y_heading"), by_uid(nk, "x_heading"))
    assert stats.kstest(angle, stats.uniform(-math.pi, 2 * math.pi).cdf).pvalue > 1e-5
    sim.step()
    again = np.arctan2(by_uid(nk, "y_heading"), by_uid(nk, "x_heading"))
    p = -math.expm1(-0.1)
    assert (again != angle).mean() == pytest.approx(p, abs=4.5 * math.sqrt(p * (1 - p) / N))
