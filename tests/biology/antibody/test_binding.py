import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

KON_PER_NM_PER_H, KD_NM = 3e5 * 3600e-9, 0.8
KOFF_PER_H = KON_PER_NM_PER_H * KD_NM
SITES = 0.7 * 1e5


def well(culture, alike, dose, n=1000, volume="1 uL", dt="1 min", more=None):
    changes = {"duration": "8 h", "dt": dt, "space": {"volume": volume}, "populations": {"b_cells": alike(n, 1e5)}}
    return culture({"binding": {}} | (more or {}), [{"rituximab": dose}], changes)


def bound(sim):
    return sim.world.populations["b_cells"].bound_per_cell.mean()


@pytest.mark.parametrize("dt", ["1 min", "1 h"])
def test_in_plenty_of_drug_a_cell_fills_exponentially_whatever_the_step(culture, alike, until, dt):
    sim = until(well(culture, alike, "1.45 ug/mL", n=10, volume="200 uL", dt=dt), 2.0)  # 10 nM
    rate_per_h = KON_PER_NM_PER_H * 10 + KOFF_PER_H
    assert bound(sim) == pytest.approx(SITES * 10 / 10.8 * -math.expm1(-2 * rate_per_h), rel=1e-6)


def mass_action(total_nM, sites_nM, t_h):
    """Return bound nM of A + B <-> AB from nothing bound (Riccati, exact)."""
    half_sum = (total_nM + sites_nM + KD_NM) / 2
    root = math.sqrt(half_sum**2 - total_nM * sites_nM)
    fall = math.exp(-2 * root * KON_PER_NM_PER_H * t_h)
    low, high = half_sum - root, half_sum + root
    return low * (1 - fall) / (1 - low / high * fall)


@pytest.mark.parametrize("dose_nM", [0.01, 0.3, 3.0])
@pytest.mark.parametrize("t_h", [0.25, 1.0, 8.0])
def test_where_cells_take_much_of_the_drug_binding_follows_mass_action(culture, alike, until, dose_nM, t_h):
    sim = until(well(culture, alike, f"{dose_nM * 145} ng/mL", volume="0.1 uL"), t_h)
    per_cell = 6.02214076e23 * 1e-9 * 1e-7 / 1000
    expected = mass_action(dose_nM, SITES / per_cell, t_h) * per_cell
    assert bound(sim) == pytest.approx(expected, rel=2e-4)


def test_halving_the_step_quarters_the_error_of_depletion(culture, alike, until):
    per_cell = 6.02214076e23 * 1e-9 * 1e-7 / 1000
    exact = mass_action(0.3, SITES / per_cell, 1.0) * per_cell
    wells = (well(culture, alike, "43.5 ng/mL", volume="0.1 uL", dt=dt) for dt in ("4 min", "2 min"))
    errors = [abs(bound(until(sim, 1.0)) - exact) for sim in wells]
    assert errors[1] == pytest.approx(errors[0] / 4, rel=0.15)


@pytest.mark.parametrize("dose", ["0.1 ng/mL", "10 ug/mL"])
@pytest.mark.parametrize("dt", ["1 min", "2 h"])
def test_no_molecule_is_lost_or_made_at_picomolar_drug_and_dense_cells(culture, alike, dose, dt):
    sim = well(culture, alike, dose, volume="0.01 uL", dt=dt)
    total = sim.world.pools["antibody_rituximab"]
    while not sim.is_over:
        sim.step()
        found = sim.world.pools["antibody_rituximab"] + sim.world.populations["b_cells"].bound_per_cell.sum()
        assert found == pytest.approx(total, rel=1e-12)
        assert sim.world.pools["antibody_rituximab"] >= 0.0
        assert (sim.world.populations["b_cells"].bound_per_cell >= 0.0).all()
    assert bound(sim) > 0


amounts = st.lists(st.floats(0, 3e5), min_size=4, max_size=4)


@given(amounts, amounts, st.floats(0, 1e7), st.floats(1e-5, 100))
def test_never_does_more_bind_than_is_there(culture, alike, act, cd20, bound_before, free, dt_h):
    sim = well(culture, alike, "0 ug/mL", n=4, volume="0.001 uL")
    b, pools = sim.world.populations["b_cells"], sim.world.pools
    b.cd20_per_cell[:], b.bound_rituximab_per_cell[:], pools["antibody_rituximab"] = cd20, bound_before, free
    act(sim, "binding", dt_h)
    assert pools["antibody_rituximab"] >= 0.0
    assert (b.bound_per_cell >= 0.0).all()
    assert pools["antibody_rituximab"] + b.bound_per_cell.sum() == pytest.approx(
        free + sum(bound_before), rel=1e-12, abs=1e-12
    )


def test_in_the_end_occupancy_is_that_of_the_free_drug(culture, alike, until):
    sim = until(well(culture, alike, "100 ng/mL", volume="0.1 uL"), 8.0)
    free_nM = sim.world.pools.nM("antibody_rituximab")
    assert bound(sim) == pytest.approx(SITES * free_nM / (free_nM + KD_NM), rel=1e-6)


def test_without_free_drug_bound_antibody_leaves_at_koff(culture, alike, until):
    sim = well(culture, alike, "0 ug/mL", n=1, volume="200 uL")
    sim.world.populations["b_cells"].bound_rituximab_per_cell[:] = 1000.0
    assert bound(until(sim, 1.0)) == pytest.approx(1000.0 * math.exp(-KOFF_PER_H), rel=1e-6)


def test_a_cell_binds_in_proportion_to_its_cd20(culture, alike, until):
    sim = well(culture, alike, "10 ug/mL")
    b = sim.world.populations["b_cells"]
    b.cd20_per_cell[:500] = b.cd20_start_per_cell[:500] = 2e5
    until(sim, 0.5)
    assert b.bound_per_cell[:500] == pytest.approx(2 * b.bound_per_cell[500:], rel=1e-12)


def test_a_type_two_antibody_binds_half_as_much(culture, alike, until):
    amounts = []
    for antibody in ("rituximab", "obinutuzumab_like"):
        changes = {"duration": "8 h", "space": {"volume": "200 uL"}, "populations": {"b_cells": alike(10, 1e5)}}
        amounts.append(bound(until(culture({"binding": {}}, [{antibody: "100 ug/mL"}], changes), 8.0)))
    assert amounts[1] / amounts[0] == pytest.approx(0.5, rel=0.01)
