"""Docking, C3b, MAC, lysis and their regulators, one at a time and in a row."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from abm.biology.complement.docking import Docking, LimitingDocking
from abm.biology.complement.supply import trim

N = 4000
P_MIN = 1e-4
KEY = (np.array([7], np.uint64), np.uint32(3))
CHAIN = {
    "regulator_block": {},
    "complement_docking": {},
    "c3b_deposition": {},
    "mac_insertion": {},
    "mac_lysis": {},
}
SERUM = {"serum": "25 %"}


def well(culture, alike, add=(SERUM,), processes=None, bound=1e5, n=N):
    """Return a well whose cells carry antibody already."""
    processes = CHAIN if processes is None else processes
    sim = culture(processes, list(add), {"populations": {"b_cells": alike(n)}})
    if "bound_per_cell" in sim.world.populations["b_cells"]:
        sim.world.populations["b_cells"].bound_per_cell[:] = bound
    return sim


def availability(frac, half_frac):
    return frac / (frac + half_frac)


Q = availability(0.25, 0.05) * availability(0.25, 0.10) * availability(0.25, 0.05)


@pytest.mark.parametrize("bound", [30_000.0, 72_000.0, 200_000.0])
def test_docking_events_are_poisson_with_a_steep_mean_in_bound_antibody(culture, alike, act, near, bound):
    sim = well(
        culture,
        alike,
        processes={"complement_docking": {"max_per_h": 9000, "rho50_per_cell": 72_000, "steepness": 3.8}},
        bound=bound,
    )
    act(sim, "complement_docking")
    events = sim.world.populations["b_cells"].n_docked
    mean = 150 * Q * bound**3.8 / (72_000**3.8 + bound**3.8)
    assert events.mean() == near(mean, math.sqrt(mean), N)
    assert events.var() == near(mean, math.sqrt(mean + 2 * mean**2), N)


def test_antibody_that_docks_c1_better_docks_more_often(culture, alike, act, near):
    counts = []
    for rel in (1.0, 3.0):
        sim = well(culture, alike, [SERUM], {"complement_docking": {"max_per_h": 90}})
        sim.world.populations["b_cells"].rel_c1q[:] = rel
        act(sim, "complement_docking")
        counts.append(sim.world.populations["b_cells"].n_docked.mean())
    assert counts[1] == near(3 * counts[0], math.sqrt(3 * counts[0] + 9 * counts[0]), N)


@pytest.mark.parametrize("component", ["c1q", "c2c4", "c3"])
def test_serum_that_lacks_an_early_component_docks_nothing(culture, alike, component):
    sim = well(culture, alike, [SERUM | {"lacking": [component]}], n=200)
    sim.run()
    assert sim.world.tallies.get("docking_events", 0) == 0
    assert sim.world.tallies.get("b_cells.deaths_cdc", 0) == 0


def test_without_c5_c3b_is_laid_but_no_cell_is_lysed(culture, alike):
    sim = well(culture, alike, [SERUM | {"lacking": ["c5c9"]}], n=200)
    sim.run()
    b = sim.world.populations["b_cells"]
    assert (b.c3b_per_cell > 1e5).all()
    assert (b.mac_per_cell == 0).all()
    assert b.n == 200


def test_heated_serum_has_igg_and_dheas_but_no_complement(culture, alike):
    sim = well(culture, alike, [SERUM | {"lacking": ["complement"]}], n=200)
    sim.run()
    assert sim.world.populations["b_cells"].c3b_per_cell.sum() == 0
    assert sim.world.pools.nM("igg") == pytest.approx(0.25 * 66_000)
    assert sim.world.pools.nM("dheas") > 500


def test_serum_in_halves_gives_the_product_of_saturating_terms(culture, alike):
    for frac in (0.1, 0.5, 1.0):
        sim = well(culture, alike, [{"serum": frac}], n=1)
        product = availability(frac, 0.05) * availability(frac, 0.10) * availability(frac, 0.05)
        assert Docking().available_frac(sim.world) == pytest.approx(product)


@given(st.lists(st.integers(0, 50), max_size=30), st.floats(0, 2000), st.floats(0.5, 20))
def test_trimming_never_uses_more_than_the_supply_and_wastes_less_than_one_event(events, supply, per_event):
    wanted, granted = np.array(events, np.int64), np.array(events, np.int64)
    uid, first = np.arange(len(events), dtype=np.uint64), np.array([0, len(events)])
    trim(granted, granted.sum(keepdims=True), supply / per_event, (uid, first), 1, KEY)
    assert (granted <= wanted).all()
    assert (granted >= 0).all()
    assert granted.sum() * per_event <= supply * (1 + 1e-12) or (granted == wanted).all()
    assert (granted == wanted).all() or supply - granted.sum() * per_event < per_event * (1 + 1e-9)


def test_what_is_scarce_goes_to_cells_drawn_anew_wherever_their_row_is():
    uid, order = np.arange(1000, dtype=np.uint64), np.random.default_rng(1).permutation(1000)
    events, shuffled = np.full(1000, 3), np.full(1000, 3)
    n, first = np.array([3000]), np.array([0, 1000])
    assert trim(events, n, 600.0, (uid, first), 1, KEY) == 600
    trim(shuffled, n, 600.0, (uid[order], first), 1, KEY)
    assert (shuffled == events[order]).all()
    assert stats.binomtest(int((events[:500] > 0).sum()), 200, 0.5).pvalue > P_MIN
    later = np.full(1000, 3)
    trim(later, n, 600.0, (uid, first), 1, (KEY[0], np.uint32(KEY[1] + 1)))
    assert (later != events).any()


@pytest.mark.parametrize(("scarce", "used_per_event"), [("c1q", 1.0), ("c2c4", 10.0)])
def test_docking_stops_where_a_component_runs_out(culture, alike, act, scarce, used_per_event):
    sim = well(culture, alike, processes={"complement_docking": {f"half_{scarce}_frac": 1e-12}}, bound=2e5)
    sim.world.pools[scarce] = 1234.5
    act(sim, "complement_docking")
    assert sim.world.populations["b_cells"].n_docked.sum() == 1234.5 // used_per_event
    assert 0 <= sim.world.pools[scarce] < used_per_event
    assert sim.world.pools[f"{scarce}_used"] == 1234.5 // used_per_event * used_per_event


def test_complement_used_and_decayed_is_what_was_supplied(culture, alike):
    sim = well(culture, alike, processes={"complement_decay": {}} | CHAIN, n=200)
    sim.run()
    pools = sim.world.pools
    for name in ("c1q", "c2c4", "c3", "c5c9"):
        total = pools[name] + pools[f"{name}_used"] + pools[f"{name}_decayed"]
        assert total == pytest.approx(pools[f"{name}_supplied"], rel=1e-12)
        assert pools[f"{name}_used"] > 0
    assert pools["c2c4_decayed"] == pytest.approx(pools["c2c4_supplied"] * -math.expm1(-0.3), rel=0.01)


def test_each_docking_event_lays_a_burst_of_c3b_divided_by_cd55(culture, alike, act, near):
    sim = well(culture, alike, processes={"c3b_deposition": {"burst": 420, "c3_per_c3b": 10}})
    b = sim.world.populations["b_cells"]
    b.n_docked[:], b.cd55[: N // 2] = 3, 2.0
    act(sim, "c3b_deposition")
    assert b.c3b_per_cell[: N // 2].mean() == near(630, math.sqrt(630), N // 2)
    assert b.c3b_per_cell[N // 2 :].mean() == near(1260, math.sqrt(1260), N // 2)
    assert sim.world.pools["c3_used"] == 10 * b.c3b_per_cell.sum()
    assert (b.c3b_gain_per_cell == b.c3b_per_cell).all()


def test_cell_bound_c3b_is_lost_exponentially(culture, alike, act):
    sim = well(culture, alike, processes={"c3b_deposition": {"loss_per_h": 0.05}}, n=3)
    sim.world.populations["b_cells"].c3b_per_cell[:] = 1e5
    act(sim, "c3b_deposition", dt_h=4.0)
    assert sim.world.populations["b_cells"].c3b_per_cell == pytest.approx(np.full(3, 1e5 * math.exp(-0.2)))


def test_no_more_c3b_is_laid_than_c3_allows(culture, alike, act):
    sim = well(culture, alike, processes={"c3b_deposition": {"c3_per_c3b": 10}})
    b, pools = sim.world.populations["b_cells"], sim.world.pools
    b.n_docked[:] = 5
    pools["c3"] = 1e6
    act(sim, "c3b_deposition")
    assert b.c3b_per_cell.sum() == pytest.approx(1e5, rel=1e-12)
    assert b.c3b_gain_per_cell.sum() == pytest.approx(1e5, rel=1e-12)
    assert (pools["c3"], pools["c3_used"]) == (0.0, 1e6)


def test_each_docking_event_inserts_pores_divided_by_cd59_and_the_root_of_cd55(culture, alike, act, near):
    sim = well(culture, alike, processes={"mac_insertion": {"per_event": 0.5, "half_c5c9_frac": 0.1}})
    b = sim.world.populations["b_cells"]
    b.n_docked[:], b.cd55[:1000], b.cd59[1000:2000], b.rel_cd59[2000:3000], b.rel_cd55[2000:3000] = (
        40,
        4.0,
        2.0,
        0.1,
        0.25,
    )
    act(sim, "mac_insertion")
    mean = 20 * 0.25 / 0.35
    for quarter, factor in enumerate((0.5, 0.5, 20.0, 1.0)):
        gained = b.mac_per_cell[1000 * quarter : 1000 * (quarter + 1)]
        assert gained.mean() == near(factor * mean, math.sqrt(factor * mean), 1000)
    assert sim.world.pools["c5c9_used"] == b.mac_per_cell.sum()


def test_no_more_pores_are_inserted_than_c5c9_allows(culture, alike, act):
    sim = well(culture, alike, processes={"mac_insertion": {"half_c5c9_frac": 1e-12, "per_event": 10}})
    sim.world.populations["b_cells"].n_docked[:] = 20
    sim.world.pools["c5c9"] = 777.0
    act(sim, "mac_insertion")
    assert sim.world.populations["b_cells"].mac_per_cell.sum() == 777
    assert sim.world.pools["c5c9"] == 0.0


def test_pores_are_repaired_one_by_one(culture, alike, act, near):
    sim = well(culture, alike, processes={"mac_insertion": {"repair_per_h": 1.5}})
    b = sim.world.populations["b_cells"]
    b.mac_per_cell[:] = 60
    act(sim, "mac_insertion", dt_h=0.4)
    kept = math.exp(-0.6)
    assert b.mac_per_cell.mean() == near(60 * kept, math.sqrt(60 * kept * (1 - kept)), N)
    assert b.mac_per_cell.var() == near(60 * kept * (1 - kept), 60 * kept * (1 - kept) * math.sqrt(2), N)


def test_pores_lyse_together_not_one_by_one(culture, alike, act):
    processes = {"mac_lysis": {"max_per_h": 17.4, "mac50_per_cell": 90, "steepness": 10}}
    sim = well(culture, alike, processes=processes, n=4)
    b = sim.world.populations["b_cells"]
    b.mac_per_cell[:] = [0, 45, 90, 180]
    act(sim, "mac_lysis")
    assert b.hazard_cdc_per_h == pytest.approx([0.0, 17.4 / (1 + 2**10), 8.7, 17.4 / (1 + 2**-10)])


def deaths(culture, alike, add):
    sim = well(culture, alike, [SERUM, *add], bound=45_000, n=400)
    sim.run()
    return sim.world.tallies.get("b_cells.deaths_cdc", 0)


def test_blocking_cd59_kills_more_and_blocking_both_regulators_more_still(culture, alike):
    free = deaths(culture, alike, [])
    without_cd59 = deaths(culture, alike, [{"anti_cd59": 1.0}])
    without_both = deaths(culture, alike, [{"anti_cd59": 1.0}, {"anti_cd55": 1.0}])
    assert free < 20
    assert without_cd59 > free + 100
    assert without_both >= without_cd59


@pytest.mark.parametrize(("blocked", "left"), [(0.0, 1.0), (0.5, 0.55), (1.0, 0.1), (2.0, 0.1)])
def test_a_blocked_regulator_keeps_what_the_antibody_leaves(culture, alike, act, blocked, left):
    sim = well(culture, alike, processes={"regulator_block": {"efficacy_frac": 0.9}}, n=3)
    sim.world.pools["anti_cd55"] = blocked
    act(sim, "regulator_block")
    b = sim.world.populations["b_cells"]
    assert b.rel_cd55 == pytest.approx(np.full(3, left))
    assert (b.rel_cd59 == 1.0).all()


def test_lysis_rises_steeply_with_cd20(culture, alike):
    """Below half the docking threshold nobody dies of complement, at twice it nearly everybody."""
    killed = []
    for bound in (36_000, 144_000):
        sim = well(culture, alike, bound=bound, n=200)
        sim.run()
        killed.append(sim.world.tallies.get("b_cells.deaths_cdc", 0) / 200)
    assert killed[0] < 0.05
    assert killed[1] > 0.95


def test_complement_loses_activity_at_each_components_own_rate(culture, alike):
    sim = well(
        culture,
        alike,
        processes={"complement_decay": {"c1q_per_h": 0.02, "c2c4_per_h": 0.3, "c3_per_h": 0.03, "c5c9_per_h": 0.05}},
        n=1,
    )
    sim.run()
    pools = sim.world.pools
    left = {name: pools[name] / pools[f"{name}_supplied"] for name in ("c1q", "c2c4", "c3", "c5c9")}
    assert left == pytest.approx(
        {"c1q": math.exp(-0.02), "c2c4": math.exp(-0.3), "c3": math.exp(-0.03), "c5c9": math.exp(-0.05)}
    )


def test_the_scarcest_component_alone_limits_the_variant(culture, alike):
    for frac, lacking in ((0.1, []), (0.5, []), (0.25, ["c3"])):
        sim = well(culture, alike, [{"serum": frac, "lacking": lacking}], n=1)
        expected = 0.0 if lacking else availability(frac, 0.10)
        assert LimitingDocking().available_frac(sim.world) == pytest.approx(expected)


def test_c3b_fills_the_room_that_there_is_as_by_the_differential_equation(culture, alike, act, near):
    own = {"burst": 1000.0, "most_per_cell": 5e4, "loss_per_h": 0.0}
    sim = well(culture, alike, processes={"c3b_deposition": own})
    b = sim.world.populations["b_cells"]
    for step in range(1, 4):
        b.n_docked[:] = 20
        act(sim, "c3b_deposition")
        assert b.c3b_per_cell.mean() == near(5e4 * -math.expm1(-0.4 * step), math.sqrt(5e4), N)
    b.n_docked[:], b.c3b_per_cell[:] = 10**6, 5e4
    act(sim, "c3b_deposition")
    assert (b.c3b_gain_per_cell == 0).all()


def test_without_a_limit_c3b_piles_up(culture, alike, act, near):
    sim = well(culture, alike, processes={"c3b_deposition": {"burst": 1000.0, "loss_per_h": 0.0}})
    b = sim.world.populations["b_cells"]
    b.n_docked[:], b.c3b_per_cell[:] = 20, 1e7
    act(sim, "c3b_deposition")
    assert b.c3b_gain_per_cell.mean() == near(2e4, math.sqrt(2e4), N)


WASTE = {"per_lysed_igg_per_h": 0.2, "per_free_igg_per_h": 0.0, "half_c1q_frac": 0.05, "c2c4_per_event": 10.0}


@pytest.mark.parametrize("seen", ["lysed", "free"])
def test_complement_is_wasted_on_antibody_of_lysed_cells_and_on_free_antibody(culture, alike, act, seen):
    own = WASTE | {"c3_per_event": 100.0}
    own |= {} if seen == "lysed" else {"per_lysed_igg_per_h": 0.0, "per_free_igg_per_h": 0.2}
    sim = well(culture, alike, [SERUM, {"rituximab": "0 ug/mL"}], {"binding": {}, "complement_waste": own}, n=1)
    pools = sim.world.pools
    pools["antibody_rituximab_lysed"], pools["antibody_rituximab"] = (1e6, 3e5) if seen == "lysed" else (3e5, 1e6)
    before = {name: pools[name] for name in ("c1q", "c2c4", "c3")}
    act(sim, "complement_waste", dt_h=0.5)
    events = 0.2 * 1e6 * 0.5 * availability(0.25, 0.05)
    for name, per_event in (("c1q", 1.0), ("c2c4", 10.0), ("c3", 100.0)):
        assert pools[f"{name}_used"] == pytest.approx(events * per_event, rel=1e-9)
        assert pools[name] + pools[f"{name}_used"] == pytest.approx(before[name], rel=1e-12)


def test_no_more_complement_is_wasted_than_there_is(culture, alike, act):
    own = WASTE | {"c3_per_event": 5600.0}
    sim = well(culture, alike, [SERUM, {"rituximab": "0 ug/mL"}], {"binding": {}, "complement_waste": own}, n=1)
    pools = sim.world.pools
    pools["antibody_rituximab_lysed"], pools["c3"] = 1e18, 5600.0 * 7
    c1q = pools["c1q"]
    act(sim, "complement_waste", dt_h=1.0)
    assert pools["c3"] == pytest.approx(0.0, abs=1e-6)
    assert pools["c1q"] == pytest.approx(c1q - 7.0, rel=1e-12)


def test_a_stabiliser_keeps_c3b_and_makes_room_for_more(culture, alike, act, near):
    own = {"burst": 1e6, "most_per_cell": 5e5, "loss_per_h": 0.5, "stabilised_fold": 2.0}
    for share in (0.0, 0.5, 1.0):
        add = [SERUM, {"c3b_stabiliser": share}] if share else [SERUM]
        sim = well(culture, alike, add, {"c3b_deposition": own}, n=400)
        b = sim.world.populations["b_cells"]
        b.c3b_per_cell[:] = 1e4
        act(sim, "c3b_deposition", dt_h=2.0)
        assert b.c3b_per_cell == pytest.approx(np.full(400, 1e4 * math.exp(-(1.0 - share))))
        b.n_docked[:] = 1000
        act(sim, "c3b_deposition")
        assert b.c3b_per_cell.mean() == near(5e5 * (1.0 + share), 1e3, 400)
