"""What becomes of antibody: decay in the medium, internalisation, shaving."""

import math

import numpy as np
import pytest


def loaded(culture, alike, processes, bound=1e5, changes=None):
    sim = culture(processes, [{"rituximab": "0 ug/mL"}], {"populations": {"b_cells": alike(50, 2e5)}} | (changes or {}))
    b = sim.world.populations["b_cells"]
    b.bound_rituximab_per_cell[:] = b.bound_per_cell[:] = bound
    return sim


def test_about_40_percent_of_bound_antibody_is_inside_after_2_h(culture, alike):
    """V13: rate 0.26 /h."""
    processes = {"internalisation": {"rate_per_h": 0.26, "recovery_per_h": 0.0}}
    sim = loaded(culture, alike, processes, changes={"duration": "2 h"})
    sim.run()
    inside = sim.world.pools["antibody_rituximab_internalised"] / (50 * 1e5)
    assert inside == pytest.approx(-math.expm1(-0.52), rel=1e-9)
    assert inside == pytest.approx(0.40, abs=0.02)


def test_internalised_antibody_takes_its_cd20_along(culture, alike):
    sim = loaded(culture, alike, {"internalisation": {"rate_per_h": 0.5, "recovery_per_h": 0.0}})
    b = sim.world.populations["b_cells"]
    sim.run()
    assert b.cd20_per_cell == pytest.approx(2e5 - (1e5 - b.bound_per_cell) / 0.7, rel=1e-9)
    assert sim.world.pools["antibody_rituximab_internalised"] + b.bound_per_cell.sum() == pytest.approx(
        50 * 1e5, rel=1e-12
    )


def test_cd20_grows_back_to_the_cells_own_set_point_within_a_day(culture, alike):
    sim = loaded(culture, alike, {"internalisation": {}}, bound=0.0, changes={"duration": "24 h", "dt": "6 min"})
    b = sim.world.populations["b_cells"]
    b.cd20_per_cell[:] = 0.0
    sim.run()
    assert b.cd20_per_cell / 2e5 == pytest.approx(np.full(50, -math.expm1(-2.4)), rel=1e-9)
    assert b.cd20_per_cell[0] > 0.9 * 2e5


def test_cd20_never_falls_below_zero(culture, alike):
    sim = loaded(culture, alike, {"internalisation": {"rate_per_h": 2.0, "recovery_per_h": 0.0}}, bound=1e6)
    sim.run()
    assert (sim.world.populations["b_cells"].cd20_per_cell == 0.0).all()


def test_an_antibody_that_internalises_less_stays_outside(culture, alike):
    inside = []
    for antibody in ("rituximab", "obinutuzumab_like"):
        cells = {"populations": {"b_cells": alike(50, 2e5)}}
        sim = culture({"internalisation": {"rate_per_h": 0.26}}, [{antibody: "0 ug/mL"}], cells)
        sim.world.populations["b_cells"][f"bound_{antibody}_per_cell"][:] = 1e5
        sim.run()
        inside.append(sim.world.pools[f"antibody_{antibody}_internalised"] / (50 * 1e5))
    assert inside == pytest.approx([-math.expm1(-0.26), -math.expm1(-0.26 * 0.3)], rel=1e-9)


@pytest.mark.parametrize("dt", ["1 min", "30 min"])
def test_free_drug_halves_in_its_half_life_and_what_decays_is_kept_in_the_books(culture, dt):
    sim = culture(
        {"antibody_decay": {"half_life": "3 h"}},
        [{"rituximab": "1 ug/mL"}],
        {"duration": "6 h", "dt": dt, "probes": {"counts": {"every": "3 h"}}},
    )
    supplied = sim.world.pools["antibody_rituximab_supplied"]
    sim.run()
    assert [row["rituximab_nM"] for row in sim.records["counts"].values()] == pytest.approx(
        [1e3 / 145 / 2**k for k in range(3)], rel=1e-9
    )
    assert sim.world.pools["antibody_rituximab_decayed"] == pytest.approx(0.75 * supplied, rel=1e-9)


def test_only_cells_that_an_effector_holds_are_shaved(culture, alike, act):
    sim = loaded(culture, alike, {"shaving": {"rate_per_h": 0.5}})
    b = sim.world.populations["b_cells"]
    b.n_engaged[:20] = [1, 2] * 10
    act(sim, "shaving", dt_h=2.0)
    kept = math.exp(-1.0)
    assert b.bound_per_cell[:20] == pytest.approx(np.full(20, 1e5 * kept), rel=1e-12)
    assert b.cd20_per_cell[:20] == pytest.approx(np.full(20, 2e5 - 1e5 * (1 - kept) / 0.7), rel=1e-12)
    assert (b.bound_per_cell[20:] == 1e5).all()
    assert sim.world.pools["antibody_rituximab_shaved"] == pytest.approx(20 * 1e5 * (1 - kept), rel=1e-12)


def test_two_effectors_shave_as_one(culture, alike, act):
    sim = loaded(culture, alike, {"shaving": {}})
    sim.world.populations["b_cells"].n_engaged[:] = np.arange(50) % 3
    act(sim, "shaving")
    b = sim.world.populations["b_cells"]
    assert np.unique(b.bound_per_cell[b.n_engaged > 0]).size == 1
