"""Macrophages eat what they touch and see, one at a time and a few a day, and strip what they touch."""

import math

import numpy as np
import pytest

from abm.biology.additions import conservation

SIDE_UM, CONTACT_UM = 3000.0, 15.0
SHARE = math.pi * CONTACT_UM**2 / SIDE_UM**2
PLENTY = 1e12


def well(culture, alike, n_b, n_eaters, processes, space="mixed", duration="2 h", dt="1 min", add=()):
    cells = {"b_cells": alike(n_b), "macrophages": {"per_b_cell": n_eaters / n_b, "phagocyte_frac": 1.0}}
    changes = {
        "populations": cells,
        "duration": duration,
        "dt": dt,
        "space": {"kind": space, "side": f"{SIDE_UM} um", "volume": "10 uL"},
    }
    sim = culture(processes, add, changes)
    sim.world.populations["b_cells"].bound_per_cell[:] = PLENTY
    return sim


def test_in_a_mixed_well_targets_decay_as_the_differential_equation_has_it(culture, alike, near):
    """dB/dt = -k s M B while nobody is busy or has had enough."""
    n, n_eaters, own = 2000, 5000, {"rate_per_h": 1.0, "busy": "0 min", "most_per_day": 1000}
    sim = well(culture, alike, n, n_eaters, {"phagocytosis": own})
    sim.run()
    expected = math.exp(-SHARE * n_eaters * 2.0)
    left = sim.world.populations["b_cells"].n / n
    assert left == near(expected, math.sqrt(expected * (1 - expected)), n)
    assert 0.3 < expected < 0.6


def test_an_eater_with_plenty_is_free_and_busy_in_turn(culture, alike, near):
    """Meals are a renewal process: an exponential time to find one, then the time that it takes."""
    n, n_eaters, hours, busy_h = 20_000, 60, 8.0, 0.5
    own = {"rate_per_h": 1.0, "busy": "30 min", "most_per_day": 1000}
    sim = well(culture, alike, n, n_eaters, {"phagocytosis": own}, duration="8 h")
    sim.run()
    waits = np.random.default_rng(1).exponential(1.0 / (SHARE * n), (20_000, 60))
    meals = (np.cumsum(waits, axis=1) + busy_h * np.arange(60) < hours).sum(axis=1)
    found = sim.world.populations["macrophages"].n_eaten
    assert found.mean() == near(meals.mean() * (1 - 0.5 * found.sum() / n), meals.std(), n_eaters)
    assert 5 < meals.mean() < 10


def test_nobody_eats_more_than_a_few_in_the_day_that_the_first_begins(culture, alike):
    own = {"rate_per_h": 20.0, "busy": "1 min", "most_per_day": 3}
    sim = well(culture, alike, 2000, 40, {"phagocytosis": own}, duration="30 h", dt="4 min")
    while sim.world.t_h < 23.9:
        sim.step()
    eaters = sim.world.populations["macrophages"]
    assert (eaters.n_eaten == 3).all()
    sim.run()
    assert (eaters.n_eaten == 6).all()


def test_a_busy_macrophage_stands_still_and_eats_nothing(culture, alike):
    own = {"phagocytosis": {"rate_per_h": 60.0, "busy": "2 h"}, "motility": {"population": "macrophages"}}
    sim = well(culture, alike, 4000, 50, own, "floor", "1 h")
    eaters = sim.world.populations["macrophages"]
    for _ in range(30):
        sim.step()
    busy = eaters.uid[eaters.busy_h > 0.6]
    place = dict(zip(eaters.uid.tolist(), eaters.x_um.tolist(), strict=True))
    sim.run()
    stayed = {uid for uid, x in zip(eaters.uid.tolist(), eaters.x_um.tolist(), strict=True) if place[uid] == x}
    assert busy.size > 10
    assert set(busy.tolist()) <= stayed
    assert (eaters.n_eaten[np.isin(eaters.uid, busy)] == 1).all()


def test_what_is_eaten_is_dead_at_once_by_a_known_eater_and_everything_balances(culture, alike):
    kinds = {"binding": {}, "phagocytosis": {"rate_per_h": 10.0}, "trogocytosis": {}, "igm_secretion": {}}
    sim = well(culture, alike, 600, 1200, kinds, "floor", add=[{"rituximab": "10 ug/mL"}])
    sim.world.populations["b_cells"].bound_per_cell[:] = 0.0
    sim.run()
    world = sim.world
    dead, eaters = world.deaths["b_cells"], world.populations["macrophages"]
    n = world.tallies["b_cells.deaths_phagocytosis"]
    assert n == dead.n == eaters.n_kills.sum() == eaters.n_eaten.sum() == world.tallies["uptakes"] > 50
    assert np.isin(dead.killer_uid, eaters.uid.astype(np.int64)).all()
    assert (dead.t_lysis_h == dead.time_h).all()
    assert world.pools["igm_released"] == 0.0
    assert max(map(abs, conservation(world).values())) < 1e-9


def test_of_several_that_reach_for_one_cell_the_first_has_it(culture, alike, act):
    sim = well(culture, alike, 3, 400, {"phagocytosis": {"rate_per_h": 60.0}}, dt="15 min")
    act(sim, "phagocytosis", 50.0)
    b, eaters = sim.world.populations["b_cells"], sim.world.populations["macrophages"]
    assert (b.mark_phagocytosis_by >= 0).all()
    assert (b.mark_phagocytosis_h < 50.0).all()
    assert sorted(np.flatnonzero(eaters.n_eaten)) == sorted(b.mark_phagocytosis_by)


def test_half_of_full_rate_is_at_the_half_saturation_and_hidden_antibody_does_not_count(culture, alike, act):
    eaten = []
    for bound, hidden in ((1550.0, 0.0), (PLENTY, 0.0), (2 * 1550.0, 0.5)):
        own = {"rate_per_h": 2.0, "fc50_per_cell": 1550.0}
        sim = well(culture, alike, 20_000, 20_000, {"phagocytosis": own})
        b = sim.world.populations["b_cells"]
        b.bound_per_cell[:], b.rel_fc[:] = bound, 1.0 - hidden
        act(sim, "phagocytosis", 1e-3)
        eaten.append(int((b.mark_phagocytosis_by >= 0).sum()))
    assert eaten[1] == pytest.approx(20_000 * SHARE * 20_000 * 2.0 * 1e-3, rel=0.25)
    assert eaten[0] == pytest.approx(eaten[1] / 2, rel=0.25)
    assert eaten[2] == eaten[0]


def test_macrophages_in_touch_strip_antibody_with_its_cd20(culture, alike):
    """dR/dt = -k s M R in a mixed well, whatever each cell carries."""
    sim = well(culture, alike, 50, 4000, {"trogocytosis": {"rate_per_h": 2.0}}, add=[{"rituximab": "0 ug/mL"}])
    b, pools = sim.world.populations["b_cells"], sim.world.pools
    b.bound_rituximab_per_cell[:], b.bound_per_cell[:] = 50_000.0, 50_000.0
    cd20 = b.cd20_per_cell.copy()
    sim.run()
    left = 50_000.0 * math.exp(-2.0 * SHARE * 4000 * 2.0)
    assert b.bound_per_cell == pytest.approx(left, rel=1e-9)
    assert pools["antibody_rituximab_shaved"] == pytest.approx(50 * (50_000.0 - left), rel=1e-9)
    assert cd20 - b.cd20_per_cell == pytest.approx((50_000.0 - left) / 0.7, rel=1e-9)


def test_what_no_macrophage_touches_keeps_its_antibody(culture, alike, act):
    sim = well(culture, alike, 400, 400, {"trogocytosis": {}}, "floor", add=[{"rituximab": "0 ug/mL"}])
    b, eaters = sim.world.populations["b_cells"], sim.world.populations["macrophages"]
    b.bound_rituximab_per_cell[:], b.bound_per_cell[:] = 1e4, 1e4
    away = np.hypot(b.x_um[:, None] - eaters.x_um, b.y_um[:, None] - eaters.y_um).min(axis=1)
    act(sim, "trogocytosis", 0.1)
    assert ((b.bound_per_cell < 1e4) == (away <= CONTACT_UM)).all()
    assert 5 < (away <= CONTACT_UM).sum() < 100
