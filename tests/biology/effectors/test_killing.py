"""Hits, granules, damage and commitment."""

import math

import numpy as np
import pytest


def pairs(culture, alike, killing, n=4000, kind="killing"):
    """Return a well in which NK cell i holds target i and sees all of its Fc."""
    cells = {"b_cells": alike(n), "nk_cells": {"per_b_cell": 1.0}}
    sim = culture({"engagement": {}, "killing": {"kind": kind} | killing}, [], {"populations": cells})
    b, nk = sim.world.populations["b_cells"], sim.world.populations["nk_cells"]
    nk.partner[:], nk.is_killer[:], b.fc_signal[:] = np.arange(n), True, 1.0
    return sim, b, nk


def hits(nk, granules=1.0):
    """Return how many hits each NK cell has delivered, by the granules that it has spent since it had so many."""
    return np.rint(np.log(nk.granules / granules) / math.log1p(-0.046)).astype(int)


def test_hits_are_poisson_in_rate_granules_potency_readiness_and_signal(culture, alike, act, near):
    sim, b, nk = pairs(culture, alike, {"rate_per_h": 6.0})
    nk.granules[:1000], nk.potency[1000:2000], nk.rel_hit[2000:3000], b.fc_signal[3000:] = 0.5, 1.3, 0.2, 0.25
    before = nk.granules.copy()
    act(sim, "killing", dt_h=0.5)
    for quarter, factor in enumerate((0.5, 1.3, 0.2, 0.25)):
        own = hits(nk, before)[1000 * quarter : 1000 * (quarter + 1)]
        assert own.mean() == near(3 * factor, math.sqrt(3 * factor), 1000)


def test_some_nk_cells_never_kill(culture, alike, act):
    sim, b, nk = pairs(culture, alike, {"rate_per_h": 60.0})
    nk.is_killer[::2] = False
    act(sim, "killing", dt_h=1.0)
    assert (b.damage[::2] == 0).all()
    assert (nk.granules[::2] == 1.0).all()
    assert (hits(nk)[1::2] > 20).all()


def test_a_free_nk_cell_hits_nobody(culture, alike, act):
    sim, b, nk = pairs(culture, alike, {"rate_per_h": 60.0}, n=50)
    nk.partner[:] = -1
    act(sim, "killing", dt_h=1.0)
    assert (nk.granules == 1.0).all()
    assert b.damage.sum() == 0


def test_every_hit_costs_a_share_of_the_granules_and_they_refill(culture, alike, act):
    own = {"rate_per_h": 6.0, "granules_per_hit_frac": 0.046, "repair_per_h": 0.0}
    sim, b, nk = pairs(culture, alike, own, n=200)
    act(sim, "killing", dt_h=0.5)
    assert nk.granules == pytest.approx(0.954**b.damage, rel=1e-12)
    assert b.damage.max() > 5
    tired = culture(
        {"effector_recovery": {"granules_time_constant": "2.8 h"}},
        (),
        {"populations": {"nk_cells": {"per_b_cell": 0.01}}},
    )
    nk = tired.world.populations["nk_cells"]
    nk.granules[:] = 0.25
    act(tired, "effector_recovery", dt_h=2.8)
    assert nk.granules == pytest.approx(np.full(2, 1 - 0.75 / math.e), rel=1e-12)


def test_damage_adds_up_and_is_repaired(culture, alike, act):
    sim, b, nk = pairs(culture, alike, {"rate_per_h": 6.0, "repair_per_h": 0.5}, n=100)
    b.damage[:] = 2.0
    act(sim, "killing", dt_h=1.0)
    assert b.damage == pytest.approx(2 * math.exp(-0.5) + hits(nk), rel=1e-12)


def test_a_cell_commits_when_its_own_number_of_hits_is_reached(culture, alike, act):
    sim, b, nk = pairs(culture, alike, {"rate_per_h": 6.0, "repair_per_h": 0.0}, n=400)
    b.hits_needed[:] = np.linspace(0.5, 8, 400)
    act(sim, "killing", dt_h=0.5)
    committed = np.isfinite(b.mark_adcc_h)
    assert (committed == ((hits(nk) > 0) & (hits(nk) >= b.hits_needed))).all()
    assert 100 < committed.sum() < 300
    assert ((b.mark_adcc_h[committed] > 0) & (b.mark_adcc_h[committed] < 0.5)).all()
    assert (b.mark_adcc_by[committed] == np.flatnonzero(committed)).all()


def test_several_nk_cells_add_their_hits_on_one_target(culture, alike, act):
    sim, b, nk = pairs(culture, alike, {"rate_per_h": 6.0, "repair_per_h": 0.0}, n=300)
    nk.partner[:] = np.arange(300) // 3
    act(sim, "killing", dt_h=0.5)
    assert (b.damage[:100] == hits(nk).reshape(100, 3).sum(axis=1)).all()
    assert (b.damage[100:] == 0).all()


def test_of_several_hitters_the_same_gets_the_credit_in_any_order_of_rows(culture, alike, act):
    credited = []
    for order in (np.arange(300), np.arange(300)[::-1], np.random.default_rng(1).permutation(300)):
        sim, b, nk = pairs(culture, alike, {"rate_per_h": 6.0}, n=300)
        nk.partner[:] = np.arange(300) // 3
        sim.world.reorder("nk_cells", order)
        act(sim, "killing", dt_h=0.5)
        by = b.mark_adcc_by[:100]
        credited.append(np.where(by >= 0, nk.uid[by].astype(int), -1).tolist())
    assert credited[0] == credited[1] == credited[2]
    assert sum(uid >= 0 for uid in credited[0]) > 90


def test_the_dying_are_not_committed_again(culture, alike, act):
    sim, b, _ = pairs(culture, alike, {"rate_per_h": 60.0}, n=50)
    b.is_dying[:25] = True
    act(sim, "killing", dt_h=1.0)
    assert np.isinf(b.mark_adcc_h[:25]).all()
    assert np.isfinite(b.mark_adcc_h[25:]).all()


def test_the_variant_without_fc_hits_as_if_all_were_visible(culture, alike, act):
    damage = {}
    for kind, signal in (("killing", 1.0), ("killing", 0.0), ("killing_without_fc", 0.0)):
        sim, b, _ = pairs(culture, alike, {"rate_per_h": 6.0}, n=200, kind=kind)
        b.fc_signal[:] = signal
        act(sim, "killing", dt_h=0.5)
        damage[kind, signal] = b.damage.copy()
    assert (damage["killing_without_fc", 0.0] == damage["killing", 1.0]).all()
    assert damage["killing", 1.0].sum() > 0
    assert damage["killing", 0.0].sum() == 0


def test_a_killed_cell_lyses_after_the_lag_and_its_killer_is_known(culture, alike):
    sim, b, nk = pairs(culture, alike, {"rate_per_h": 60.0, "lag": "20 min"}, n=30)
    b.bound_per_cell[:] = 1e9
    sim.run()
    deaths = sim.world.deaths["b_cells"]
    assert deaths.n >= 25
    assert deaths.t_lysis_h == pytest.approx(deaths.time_h + 1 / 3)
    assert set(deaths.killer_uid.tolist()) <= set(nk.uid.tolist())
    assert nk.n_kills.sum() == deaths.n
    kills = dict(zip(*np.unique(deaths.killer_uid, return_counts=True), strict=True))
    assert all(nk.n_kills[nk.uid == uid][0] == count for uid, count in kills.items())


def test_resting_nk_kill_less_than_activated_ones(culture, alike):
    killed = []
    for state in ("il2", "resting"):
        cells = {"b_cells": alike(400), "nk_cells": {"per_b_cell": 5, "state": state}}
        changes = {"populations": cells, "space": {"side": "800 um"}}
        sim = culture(
            {"binding": {}, "engagement": {}, "killing": {}, "motility": {}}, [{"rituximab": "10 ug/mL"}], changes
        )
        sim.run()
        killed.append(sim.world.tallies.get("b_cells.deaths_adcc", 0))
    assert killed[0] - killed[1] > 4.5 * math.sqrt(2 * 400 * 0.25)


def test_a_first_kill_speeds_the_hits_that_follow(culture, alike, act, near):
    sim, _, nk = pairs(culture, alike, {"rate_per_h": 2.0, "primed_fold": 3.0})
    nk.n_kills[:2000] = 1
    act(sim, "killing", dt_h=0.5)
    assert hits(nk)[:2000].mean() == near(3.0, math.sqrt(3.0), 2000)
    assert hits(nk)[2000:].mean() == near(1.0, 1.0, 2000)
