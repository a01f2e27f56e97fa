"""Conjugates: formed in proportion to what an NK cell sees, few on a target, parted at random."""

import math

import numpy as np
import pytest


def crowd(culture, alike, engagement, n_b=400, per_b_cell=10.0, space="mixed", processes=None):
    """Return a well in which every target shows a full signal."""
    cells = {"b_cells": alike(n_b), "nk_cells": {"per_b_cell": per_b_cell}}
    changes = {"space": {"kind": space, "side": "100 um"}, "populations": cells}
    sim = culture({"engagement": engagement} | (processes or {}), [], changes)
    sim.world.populations["b_cells"].bound_per_cell[:] = 1e12
    return sim


FEW = {"rate_per_h": 0.05, "max_per_target": 20}


@pytest.mark.parametrize(("cd16", "rel_engagement"), [(1.0, 1.0), (0.5, 1.0), (1.0, 0.4)])
def test_engagement_follows_rate_cd16_readiness_and_touched_targets(culture, alike, act, near, cd16, rel_engagement):
    sim = crowd(culture, alike, {"rate_per_h": 1.0, "max_per_target": 20})
    nk = sim.world.populations["nk_cells"]
    nk.cd16[:], nk.rel_engagement[:] = cd16, rel_engagement
    act(sim, "engagement", dt_h=0.02)
    touched = 400 * math.pi * 10**2 / 100**2
    p = -math.expm1(-0.02 * cd16 * rel_engagement * touched)
    assert (nk.partner >= 0).mean() == near(p, math.sqrt(p * (1 - p)), nk.n)


def test_a_target_that_shows_nothing_is_not_engaged_and_half_signal_half_as_often(culture, alike, act):
    sim = crowd(culture, alike, FEW, n_b=300, per_b_cell=20)
    b, half = sim.world.populations["b_cells"], sim.processes["engagement"].fc50_vv_per_cell
    b.bound_per_cell[:100], b.bound_per_cell[100:200] = 0.0, half
    act(sim, "engagement", dt_h=1.0)
    engaged = [b.n_engaged[k : k + 100].sum() for k in (0, 100, 200)]
    assert engaged[0] == 0
    share, n = 1 / 3, engaged[1] + engaged[2]
    assert engaged[1] / n == pytest.approx(share, abs=4.5 * math.sqrt(share * (1 - share) / n))


@pytest.mark.parametrize("space", ["mixed", "floor"])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_at_most_so_many_nk_cells_hold_one_target(culture, alike, space, most):
    sim = crowd(culture, alike, {"rate_per_h": 1e4, "max_per_target": most, "unbinding_per_h": 5.0}, 10, 60, space)

    def check(sim):
        nk, b = sim.world.populations["nk_cells"], sim.world.populations["b_cells"]
        held = np.bincount(nk.partner[nk.partner >= 0], minlength=b.n)
        assert (held == b.n_engaged).all()
        assert held.max() <= most
        fullest.append(held.max())

    fullest = []
    sim.run(check)
    assert max(fullest) == most


def test_where_many_ask_each_is_as_likely_to_be_granted(culture, alike, act):
    sim = crowd(culture, alike, {"rate_per_h": 1e4, "max_per_target": 1}, n_b=400, per_b_cell=10)
    act(sim, "engagement")
    nk = sim.world.populations["nk_cells"]
    granted = (nk.partner >= 0).reshape(10, 400).sum(axis=1)
    assert granted.sum() == 400
    assert (np.abs(granted - 40) < 4.5 * math.sqrt(40)).all()


def parted(culture, alike, act, is_dying):
    sim = crowd(culture, alike, {"rate_per_h": 0.0, "unbinding_per_h": 0.6, "unbinding_dying_per_h": 3.0})
    nk, b = sim.world.populations["nk_cells"], sim.world.populations["b_cells"]
    nk.partner[:] = np.arange(nk.n) % b.n
    b.is_dying[:] = is_dying
    act(sim, "engagement", dt_h=0.5)
    return (nk.partner < 0).mean(), nk.n


@pytest.mark.parametrize(("is_dying", "rate_per_h"), [(False, 0.6), (True, 3.0)])
def test_conjugates_part_at_a_constant_rate_sooner_from_the_dying(culture, alike, act, near, is_dying, rate_per_h):
    found, n = parted(culture, alike, act, is_dying)
    p = -math.expm1(-0.5 * rate_per_h)
    assert found == near(p, math.sqrt(p * (1 - p)), n)


def test_each_engagement_sheds_cd16_and_it_grows_back(culture, alike, act):
    sim = crowd(
        culture,
        alike,
        {"rate_per_h": 1e4, "cd16_shed_frac": 0.3},
        processes={"effector_recovery": {"cd16_time_constant": "8 h"}},
    )
    nk = sim.world.populations["nk_cells"]
    act(sim, "engagement")
    engaged = nk.partner >= 0
    assert nk.cd16[engaged] == pytest.approx(np.full(engaged.sum(), 0.7))
    assert (nk.cd16[~engaged] == 1.0).all()
    act(sim, "effector_recovery", dt_h=8.0)
    assert nk.cd16[engaged] == pytest.approx(np.full(engaged.sum(), 1 - 0.3 / math.e))


def test_on_the_floor_only_neighbours_engage(culture, alike, act):
    cells = {"b_cells": alike(50), "nk_cells": {"per_b_cell": 10}}
    sim = culture({"engagement": {"rate_per_h": 1e4}}, (), {"populations": cells})
    b, nk = sim.world.populations["b_cells"], sim.world.populations["nk_cells"]
    b.bound_per_cell[:] = 1e9
    act(sim, "engagement")
    engaged = nk.partner >= 0
    assert engaged.sum() > 10
    away = np.hypot(nk.x_um[engaged] - b.x_um[nk.partner[engaged]], nk.y_um[engaged] - b.y_um[nk.partner[engaged]])
    assert (away <= 10.0).all()


def test_a_dead_target_frees_the_nk_cells_that_held_it(culture, alike):
    processes = {"killing": {"rate_per_h": 60, "lag": "5 min", "repair_per_h": 0}}
    engagement = {"rate_per_h": 1e4, "unbinding_per_h": 0.0, "unbinding_dying_per_h": 0.0}
    sim = crowd(culture, alike, engagement, n_b=5, per_b_cell=10, processes=processes)
    sim.world.populations["nk_cells"].is_killer[:] = True
    sim.run()
    assert sim.world.populations["b_cells"].n == 0
    assert (sim.world.populations["nk_cells"].partner == -1).all()


@pytest.mark.parametrize(
    ("state", "rel_natural", "floor"),
    [("il2", 1.0, 0.3), ("il2_pbmc", 0.5, 0.15), ("resting", 1.0, 0.04), ("pbmc", 0.0, 0.0)],
)
def test_without_antibody_an_nk_cell_sees_what_is_natural_and_with_it_the_rest_of_a_full_signal(
    culture, alike, act, state, rel_natural, floor
):
    engagement = {"natural_il2_frac": 0.3, "natural_resting_frac": 0.04, "fc50_vv_per_cell": 800.0}
    cells = {"b_cells": alike(3) | {"rel_natural": rel_natural}, "nk_cells": {"per_b_cell": 10.0, "state": state}}
    sim = culture({"engagement": engagement}, [], {"populations": cells})
    b = sim.world.populations["b_cells"]
    b.bound_per_cell[:], b.rel_signal[2] = [0.0, 800.0, 800.0], 0.25
    act(sim, "engagement")
    assert b.fc_signal == pytest.approx([floor, floor + (1 - floor) * 0.5, floor + (1 - floor) * 0.125], rel=1e-12)


@pytest.mark.parametrize(
    ("nk", "others"),
    [
        ({"per_b_cell": 1.0, "state": "il2", "bystanders_per_b_cell": 9.0}, 9.0),
        ({"per_b_cell": 10.0, "state": "il2_pbmc", "il2_pbmc_nk_frac": 0.1}, 9.0),
        ({"per_b_cell": 10.0, "state": "il2_pbmc", "il2_pbmc_nk_frac": 0.1, "bystanders_per_b_cell": 5.0}, 14.0),
        ({"per_b_cell": 1.0, "state": "il2"}, 0.0),
    ],
)
def test_inert_cells_take_the_places_of_nk_cells(culture, alike, act, near, nk, others):
    engagement = {"rate_per_h": 1.0, "max_per_target": 20, "place_um2": 79.0}
    cells, space = {"b_cells": alike(2000), "nk_cells": nk}, {"kind": "mixed", "side": "1000 um"}
    sim = culture({"engagement": engagement}, [], {"space": space, "populations": cells})
    sim.world.populations["b_cells"].bound_per_cell[:] = 1e12
    act(sim, "engagement", dt_h=0.5)
    asked = 0.5 * 2000 * math.pi * 10**2 / 1000**2 * math.exp(-others * 2000 * 79 / 1000**2)
    p, found = -math.expm1(-asked), sim.world.populations["nk_cells"]
    assert found.n == 2000 or nk["state"] == "il2_pbmc"
    assert (found.partner >= 0).mean() == near(p, math.sqrt(p * (1 - p)), found.n)


@pytest.mark.parametrize("most", [2, 6])
def test_places_on_a_target_fill_as_erlangs_loss_formula_says(culture, alike, near, most):
    engagement = {"rate_per_h": 0.04, "max_per_target": most, "unbinding_per_h": 6.0, "cd16_shed_frac": 0.0}
    sim = crowd(culture, alike, engagement, n_b=500, per_b_cell=60.0)
    sim.run()
    nk, b = sim.world.populations["nk_cells"], sim.world.populations["b_cells"]
    asking = 0.04 * sim.world.dt_h * (nk.partner < 0).sum() * math.pi * 10**2 / 100**2
    load = asking / -math.expm1(-6.0 * sim.world.dt_h)
    p = np.cumprod([1.0, *(load / k for k in range(1, most + 1))])
    p, held = p / p.sum(), np.arange(most + 1)
    mean = p @ held
    assert b.n_engaged.mean() == near(mean, math.sqrt(p @ (held - mean) ** 2), b.n)
