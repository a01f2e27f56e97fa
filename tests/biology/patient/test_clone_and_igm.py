"""The clone under treatment and what it secretes: one mechanism at a time, then all together."""

import math
from pathlib import Path

import numpy as np
import pytest

from abm.biology.patient.balance import balance
from abm.scenario.build import Subject, build
from abm.scenario.from_file import load_scenario

WALDENSTROM = Path(__file__).parents[3] / "configs" / "parameters" / "waldenstrom.yaml"
CELLS, CD20 = 4.3e11, 152_000.0
COURSE = {"infusion": "375 mg/m2", "times": 4, "every": "7 d"}
AT_REST = {"niche_exchange": {}, "plasma_cells": {}, "igm_turnover": {}}


def body(culture, processes, add=(), cells=CELLS, sigma=0.0, per_b_cell=0.1, **changes):
    """Return a patient of twenty subclones."""
    clone = {"kind": "clone", "cells": cells, "cells_per_agent": max(1.0, cells / 20)}
    clone |= {"cd20": {"median": CD20, "sigma": sigma}, "niche_frac": 0.12}
    base = {
        "duration": "400 d",
        "dt": "4 h",
        "space": {"kind": "body"},
        "populations": {"b_cells": clone, "nk_cells": {"per_b_cell": per_b_cell, "state": "resting"}},
        "probes": {"counts": None, "patient": {"every": "7 d"}},
    }
    return culture(processes, list(add), base | changes)


def typical(*sets, days=300):
    """Run the typical patient of the published set and return its simulation."""
    arms = "arms={course: {add: [{infusion: 375 mg/m2, times: 4}]}}"
    few = "populations.b_cells.cells_per_agent=1e9"
    looks = f"probes.patient={{every: 7 d, at: [{days} d]}}"
    scenario = load_scenario(WALDENSTROM, ("cohort=null", f"duration={days} d", arms, few, looks, *sets))
    sim = build(scenario, Subject("course", 0))
    sim.run()
    return sim


def course(sim, name="igm_g_per_L"):
    """Return what the probe saw, in order of time."""
    return np.array([row[name] for row in sim.records["patient"].values()])


def before_and_after(sim, act, name, dt_h):
    b = sim.world.populations["b_cells"]
    before = b.accessible_cells.copy(), b.niche_cells.copy()
    act(sim, name, dt_h)
    return *before, b.accessible_cells, b.niche_cells


def killing(culture, cells=CELLS, sigma=0.0, effect=0.5, genotype="VF", **values):
    """Return a patient ready for one step of killing, without effectors."""
    who = {"fcgr3a": genotype}
    sim = body(culture, {"marrow_killing": values}, cells=cells, sigma=sigma, per_b_cell=0.0, covariates=who)
    sim.world.pools["drug_effect"] = effect
    return sim


RATE_PER_H = 0.15 / 24


@pytest.mark.parametrize("power", [0.0, 0.7, 2.0])
@pytest.mark.parametrize("effect", [0.1, 0.8])
def test_a_subclone_dies_at_a_rate_that_follows_a_power_of_its_cd20(culture, act, power, effect):
    sim = killing(culture, sigma=0.6, effect=effect, cd20_power=power)
    accessible, niche, *left = before_and_after(sim, act, "marrow_killing", 24.0)
    rel_cd20 = sim.world.populations["b_cells"].cd20_per_cell / CD20
    hazard = RATE_PER_H * 1.1 * effect * rel_cd20**power / (1 + CELLS / 1.5e11)
    assert left[0] / accessible == pytest.approx(np.exp(-24 * hazard), rel=1e-9)
    assert left[1] / niche == pytest.approx(np.exp(-24 * 0.025 * hazard), rel=1e-9)
    killed = accessible.sum() + niche.sum() - sum(part.sum() for part in left)
    assert sim.world.pools["cells_killed"] == pytest.approx(killed, rel=1e-9)


@pytest.mark.parametrize("rel_niche", [0.0, 0.3, 1.0])
def test_the_niche_protects_by_its_factor(culture, act, rel_niche):
    sim = killing(culture, rel_niche=rel_niche)
    accessible, niche, *left = before_and_after(sim, act, "marrow_killing", 24.0)
    rates = [np.log(after / before) for after, before in zip(left, (accessible, niche), strict=True)]
    assert (rates[0] < -0.01).all()
    assert rates[1] == pytest.approx(rel_niche * rates[0], rel=1e-6, abs=1e-12)


def killed_rate(sim, act):
    """Return the hazard that one short step showed, 1/h."""
    accessible, _, left, _ = before_and_after(sim, act, "marrow_killing", 1e-3)
    return float(-np.log(left.sum() / accessible.sum()) / 1e-3)


@pytest.mark.parametrize(("genotype", "factor"), [("VV", 1.3), ("VF", 1.1), ("FF", 0.5)])
def test_the_genotype_sets_the_rate(culture, act, genotype, factor):
    sim = killing(culture, cells=1e6, effect=1.0, genotype=genotype)
    assert killed_rate(sim, act) == pytest.approx(RATE_PER_H * factor, rel=1e-4)


@pytest.mark.parametrize("rel_burden", [0.01, 1.0, 5.0])
def test_the_rate_halves_at_the_burden_of_saturation(culture, act, rel_burden):
    sim = killing(culture, cells=rel_burden * 1.5e11, effect=1.0)
    assert killed_rate(sim, act) == pytest.approx(RATE_PER_H * 1.1 / (1.0 + rel_burden), rel=1e-4)


def test_without_drug_nothing_is_killed(culture, act):
    sim = killing(culture, effect=0.0)
    accessible, niche, *left = before_and_after(sim, act, "marrow_killing", 24.0)
    assert (left[0] == accessible).all()
    assert (left[1] == niche).all()
    assert sim.world.pools["cells_killed"] == 0.0


@pytest.mark.parametrize(("potency", "reserve"), [(1.0, 1.0), (1.3, 1.0), (1.0, 0.4), (0.0, 1.0)])
def test_effectors_kill_in_proportion_to_potency_and_reserve(culture, act, potency, reserve):
    sim = body(culture, {"marrow_killing": {}}, cells=1e6)
    nk = sim.world.populations["nk_cells"]
    nk.potency[:], nk.granules[:], sim.world.pools["drug_effect"] = potency, reserve, 1.0
    assert nk.n == 2
    expected = RATE_PER_H * 1.1 * potency * reserve
    assert killed_rate(sim, act) == pytest.approx(expected, rel=1e-4, abs=1e-12)


def test_kills_use_up_the_reserve_and_rest_refills_it(culture, act):
    kinds = {"effector_recovery": {"granules_time_constant": "20 d"}, "marrow_killing": {"kills_to_tire": 2e10}}
    sim = body(culture, kinds)
    nk, pools = sim.world.populations["nk_cells"], sim.world.pools
    pools["drug_effect"] = 1.0
    act(sim, "marrow_killing", 24.0)
    left = math.exp(-pools["cells_killed"].item() / 2e10)
    assert 0.2 < left < 0.8
    assert nk.granules == pytest.approx(left, rel=1e-12)
    act(sim, "effector_recovery", 240.0)
    assert nk.granules == pytest.approx(1 - (1 - left) * math.exp(-0.5), rel=1e-12)


def test_exhaustion_of_all_kills_lasts(culture, act):
    sim = killing(culture, cells=1e6, effect=1.0, kills_to_exhaust=2e10)
    sim.world.pools["cells_killed"] = 1e10
    assert killed_rate(sim, act) == pytest.approx(RATE_PER_H * 1.1 * math.exp(-0.5), rel=1e-4)


@pytest.mark.parametrize(("level", "effect"), [(0.0, 0.0), (50.0, 0.5), (150.0, 0.75), (1e6, 1.0)])
def test_the_drug_has_half_its_effect_near_50_ug_per_mL_in_plasma(culture, act, level, effect):
    sim = body(culture, {"marrow_effect": {}})
    sim.world.pools["drug_ug_per_mL"] = level
    act(sim, "marrow_effect")
    assert sim.world.pools["drug_effect"] == pytest.approx(effect, abs=1e-4)


@pytest.mark.parametrize(("rel_start", "capacity"), [(0.1, 2.0), (1.0, 2.0), (1.0, 0.5)])
def test_growth_is_logistic(culture, until, rel_start, capacity):
    sim = body(culture, {"logistic_growth": {"rate": "0.05 /d", "rel_capacity": capacity}}, dt="1 h")
    b, limit = sim.world.populations["b_cells"], capacity * CELLS
    for column in (b.accessible_cells, b.niche_cells):
        column[:] *= rel_start
    for days in (20, 60, 200):
        until(sim, days * 24.0)
        expected = limit / (1 + (limit / (rel_start * CELLS) - 1) * math.exp(-0.05 * days))
        assert (b.accessible_cells + b.niche_cells).sum() == pytest.approx(expected, rel=2e-3)
    assert b.niche_cells / b.accessible_cells == pytest.approx(0.12 / 0.88, rel=1e-9)


def test_cells_in_the_niche_reach_their_share_at_their_rate(culture, until):
    sim = body(culture, {"niche_exchange": {"rate": "0.05 /d"}}, sigma=0.5)
    b = sim.world.populations["b_cells"]
    b.accessible_cells[:] = np.linspace(1e9, 9e9, b.n)
    b.niche_cells[:], total = 0.0, b.accessible_cells.copy()
    for days in (1, 10, 400):
        until(sim, days * 24.0)
        share = 0.12 * -math.expm1(-0.05 / 0.88 * days)
        assert b.niche_cells == pytest.approx(share * total, rel=1e-9)
        assert b.accessible_cells + b.niche_cells == pytest.approx(total, rel=1e-12)


def test_cells_leave_an_overfull_niche_at_the_rate_stated(culture, act):
    sim = body(culture, {"niche_exchange": {"rate": "0.05 /d"}})
    b = sim.world.populations["b_cells"]
    b.accessible_cells[:], b.niche_cells[:] = 0.0, 1e9
    act(sim, "niche_exchange", 0.01)
    assert b.accessible_cells == pytest.approx(1e9 * 0.05 / 24 * 0.01, rel=1e-3)


def test_plasma_cells_are_fed_by_b_cells_and_age(culture, until):
    sim = body(culture, {"plasma_cells": {"differentiation": "0.01 /d", "half_life": "30 d"}})
    b, ageing = sim.world.populations["b_cells"], math.log(2) / 30
    b.plasma_cells[:] = 0.0
    for days in (1, 30, 400):
        until(sim, days * 24.0)
        assert b.plasma_cells.sum() == pytest.approx(CELLS * 0.01 / ageing * -math.expm1(-ageing * days), rel=1e-9)


def test_plasma_cells_begin_at_balance_and_halve_in_a_half_life_when_no_longer_fed(culture, until):
    sim = body(culture, {"plasma_cells": {"rel_long_lived": 0.6}})
    b, start = sim.world.populations["b_cells"], CELLS * 0.002 * 50 / math.log(2)
    assert until(sim, 240.0).world.populations["b_cells"].plasma_cells.sum() == pytest.approx(start, rel=1e-9)
    b.accessible_cells[:] = b.niche_cells[:] = 0.0
    until(sim, 240.0 + 50 * 24)
    assert b.plasma_cells.sum() == pytest.approx(start / 2, rel=1e-9)
    assert b.long_lived_cells.sum() == pytest.approx(0.6 * start, rel=1e-12)


def test_igm_begins_where_secretion_and_catabolism_balance(culture):
    sim = body(culture, AT_REST)
    plasma = CELLS * 0.002 * 50 / math.log(2)
    g_per_d = 1e-12 * (3 * CELLS + 130 * 1.6 * plasma)
    assert sim.world.pools["igm_g_per_L"] == pytest.approx(0.82 * g_per_d * 5.1 / math.log(2) / 3.0, rel=1e-9)


def test_igm_stays_at_balance_without_drug_and_growth():
    sim = typical("arms={course: {}}", "processes.growth.rate=0 /d", days=200)
    for name in ("igm_g_per_L", "n_clone", "n_plasma", "albumin_g_per_L", "viscosity_cP"):
        seen = course(sim, name)
        assert seen[0] > 0
        assert seen == pytest.approx(seen[0], rel=1e-9)


def test_igm_begins_at_balance_whatever_the_order_of_the_processes(culture):
    in_order, not_in_order = (body(culture, kinds) for kinds in (AT_REST, dict(reversed(AT_REST.items()))))
    assert not_in_order.world.pools["igm_g_per_L"] == pytest.approx(in_order.world.pools["igm_g_per_L"], rel=1e-9)


def test_igm_halves_in_5_1_days_when_nothing_is_secreted(culture, until):
    sim = body(culture, AT_REST)
    b, start = sim.world.populations["b_cells"], sim.world.pools["igm_g_per_L"]
    for column in (b.accessible_cells, b.niche_cells, b.plasma_cells, b.long_lived_cells):
        column[:] = 0.0
    for halves in (1, 2, 10):
        assert until(sim, halves * 5.1 * 24).world.t_h == pytest.approx(halves * 122.4, abs=4.0)
        expected = start * 0.5 ** (sim.world.t_h / 122.4)
        assert sim.world.pools["igm_g_per_L"] == pytest.approx(expected, rel=1e-9)
        assert sim.world.pools["igm_nadir_g_per_L"] == sim.world.pools["igm_g_per_L"]


def test_igm_is_told_apart_by_who_secreted_it(culture):
    sim = body(culture, AT_REST)
    sim.run()
    row = sim.records["patient"][0]
    parts = [row[f"igm_{who}_g_per_L"] for who in ("clone", "plasma", "long_lived")]
    assert sum(parts) == pytest.approx(row["igm_g_per_L"], rel=1e-12)
    assert parts[2] == pytest.approx(0.6 * parts[1], rel=1e-9)
    assert parts[0] / parts[1] == pytest.approx(3 / (130 * 0.002 * 50 / math.log(2)), rel=1e-9)


def test_il6_relaxes_to_what_coated_cells_ask_for_and_multiplies_secretion(culture, act):
    sim = body(culture, {"il6": {"strength": 0.5, "tau": "4 d", "half_coated": 0.1}})
    pools, coated = sim.world.pools, 0.4 * 0.88
    assert pools["rel_secretion"] == 1.0
    pools["drug_effect"] = 0.4
    act(sim, "il6", 48.0)
    assert pools["il6"] == pytest.approx(coated / (coated + 0.1) * -math.expm1(-0.5), rel=1e-9)
    assert pools["rel_secretion"] == pytest.approx(1 + 0.5 * pools["il6"], rel=1e-12)


def test_secretion_follows_il6(culture, act):
    sim = body(culture, AT_REST)
    start, sim.world.pools["rel_secretion"] = sim.world.pools["igm_g_per_L"], 2.0
    act(sim, "igm_turnover", 122.4)
    assert sim.world.pools["igm_g_per_L"] == pytest.approx(1.5 * start, rel=1e-9)


def test_il6_makes_igm_rise_before_it_falls():
    igm = course(typical("processes.il6.strength=0.6", "processes.growth.rate=0 /d"))
    assert igm[1:9].max() > 1.1 * igm[0]
    assert igm[20:].min() < 0.9 * igm[0]


def test_without_il6_igm_only_falls():
    igm = course(typical("processes.il6=null", "processes.growth.rate=0 /d"))
    assert (np.diff(igm[:12]) < 0).all()
    assert igm.max() == igm[0]


def test_long_lived_plasma_cells_keep_igm_up():
    lowest = []
    for rel in (0.0, 1.0):
        sim = typical(f"processes.plasma_cells.rel_long_lived={rel}", "processes.il6=null")
        igm, kept = course(sim), course(sim, "igm_long_lived_g_per_L")
        assert kept == pytest.approx(kept[0], rel=1e-9)
        lowest.append(igm.min() / igm[0])
    assert lowest[1] > lowest[0] + 0.1


def test_cd20_falls_under_the_drug_and_comes_back():
    seen = course(typical(days=600), "rel_cd20")
    assert seen[0] == 1.0
    assert seen[5] < 0.85
    assert seen[-1] > 0.95


@pytest.mark.parametrize("frac", [0.0, 0.6])
def test_a_plasma_exchange_lowers_igm_by_its_fraction_of_what_is_in_plasma(culture, until, act, frac):
    kinds = {"plasmapheresis": {}} | AT_REST
    sim = until(body(culture, kinds, [{"plasmapheresis": frac, "at": "10 d"}]), 240.0)
    pools, parts = sim.world.pools, ("igm_clone_g", "igm_plasma_g", "igm_long_lived_g")
    before = [pools[name].item() for name in parts]
    act(sim, "plasmapheresis")
    assert [pools[name].item() for name in parts] == pytest.approx([x * (1 - 0.82 * frac) for x in before], rel=1e-9)


def test_plasma_exchange_happens_once(culture):
    sim = body(culture, {"plasmapheresis": {}} | AT_REST, [{"plasmapheresis": 0.6, "at": "10 d"}], duration="40 d")
    start, low = sim.world.pools["igm_g_per_L"], 1 - 0.82 * 0.6
    sim.run()
    for row in sim.records["patient"].values():
        missing = (1 - low) * 0.5 ** ((row["time_h"] - 240) / 122.4) if row["time_h"] > 240 else 0.0
        assert row["igm_g_per_L"] == pytest.approx(start * (1 - missing), rel=1e-9)


def test_two_plasma_exchanges_at_one_moment_take_one_after_the_other(culture):
    add = [{"plasmapheresis": 0.9, "at": "10 d"}, {"plasmapheresis": 0.9, "at": "10 d"}]
    sim = body(culture, {"plasmapheresis": {}} | AT_REST, add, duration="11 d", dt="4 h")
    start = sim.world.pools["igm_g_per_L"]
    sim.run()
    low = 1 - 0.82 * 0.99
    assert sim.world.pools["igm_g_per_L"] == pytest.approx(start * (1 - (1 - low) * 0.5 ** (24 / 122.4)), rel=1e-9)


@pytest.mark.parametrize("igm", [0.0, 10.0, 40.0, 100.0])
def test_viscosity_rises_steeply_with_igm(culture, act, igm):
    sim = body(culture, {"viscosity": {}})
    sim.world.pools["igm_g_per_L"] = igm
    act(sim, "viscosity")
    c = igm / 10
    assert sim.world.pools["viscosity_cP"] == pytest.approx(1.55 * math.exp(0.16 * c / (1 - c / 27)), rel=1e-9)


def test_viscosity_stays_finite_beyond_the_densest_packing(culture, act):
    sim = body(culture, {"viscosity": {}})
    sim.world.pools["igm_g_per_L"] = 5000.0
    act(sim, "viscosity")
    assert math.isfinite(sim.world.pools["viscosity_cP"].item())


@pytest.mark.parametrize(("rel_burden", "il6"), [(1.0, 0.0), (0.5, 1.0)])
def test_albumin_relaxes_to_what_burden_and_il6_leave_it(culture, act, rel_burden, il6):
    sim = body(culture, {"albumin": {}})
    b, pools, start = sim.world.populations["b_cells"], sim.world.pools, 42 * (1 - 0.143)
    assert pools["albumin_g_per_L"] == pytest.approx(start, rel=1e-12)
    for column in (b.accessible_cells, b.niche_cells):
        column[:] *= rel_burden
    pools["il6"] = il6
    act(sim, "albumin", 27 * 24)
    aim = 42 * (1 - 0.143 * rel_burden - 0.05 * il6)
    assert pools["albumin_g_per_L"] == pytest.approx(aim + (start - aim) * math.exp(-1), rel=1e-9)


@pytest.mark.parametrize("rel_burden", [0.5, 1.0, 3.0])
def test_albumin_at_the_start_falls_with_a_burden_where_the_fall_is_that_of_a_number_of_cells(culture, rel_burden):
    sim = body(culture, {"albumin": {"reference_cells": CELLS}}, cells=rel_burden * CELLS)
    assert sim.world.pools["albumin_g_per_L"] == pytest.approx(42.0 * (1.0 - 0.143 * rel_burden), rel=1e-12)


def test_albumin_does_not_fall_below_its_lowest(culture):
    sim = body(culture, {"albumin": {"per_burden": 1.0}}, cells=2 * CELLS)
    assert sim.world.pools["albumin_g_per_L"] == 5.0


@pytest.mark.parametrize(("power", "is_selected"), [(0.0, False), (0.7, True)])
def test_treatment_leaves_a_clone_of_lower_cd20_where_the_bright_die_faster(power, is_selected):
    b = typical(f"processes.killing.cd20_power={power}", days=120).world.populations["b_cells"]
    log_cd20, cells = np.log(b.cd20_start_per_cell), b.accessible_cells + b.niche_cells
    shift = np.average(log_cd20, weights=cells) - log_cd20.mean()
    assert (shift < -0.05) if is_selected else (abs(shift) < 1e-9)


def test_every_cell_is_accounted_for(patient):
    sim = patient(values={"logistic_growth": {"rate": "0.05 /d"}})
    pools = sim.world.pools
    while not sim.is_over:
        sim.step()
        found = balance(sim.world)
        assert max(found.values()) < 1e-9, found
    assert min(pools[name] for name in ("cells_born", "cells_killed", "plasma_born", "plasma_died")) > 1e9


def test_cells_that_find_no_room_are_accounted_for(patient):
    sim = patient(values={"logistic_growth": {"rate": "0.05 /d", "rel_capacity": 0.5}})
    sim.run()
    assert sim.world.pools["cells_crowded"] > 1e9
    assert max(balance(sim.world).values()) < 1e-9


def test_halving_the_step_moves_igm_by_less_than_half_a_percent():
    coarse, fine = (course(typical(f"dt={dt}")) for dt in ("4 h", "2 h"))
    assert coarse.size == 44
    assert np.abs(coarse / fine - 1).max() < 0.005
