"""DHEAS in the well and the potency that follows it."""

import math

import numpy as np
import pytest

NK = {"populations": {"b_cells": {"n": 100}, "nk_cells": {"per_b_cell": 2.0}}}
MIXED = {"kind": "mixed", "side": "400 um", "volume": "1 uL"}
LAW = {"max_effect": 0.3, "ec50_uM": 1.0, "lag": "4 h"}


def test_potency_follows_dheas_with_its_lag(culture):
    sim = culture({"dheas_potency": LAW}, [{"dheas": "4 uM"}], NK | {"duration": "4 h"})
    sim.run()
    steady = 1 + 0.3 * 4 / 5
    assert sim.world.populations["nk_cells"].potency == pytest.approx(
        np.full(200, 1 + (steady - 1) * -math.expm1(-1.0)), rel=1e-9
    )


def test_potency_rises_monotonically_from_1e_8_to_1e_5_molar(culture):
    """V15."""
    potency = []
    for dheas in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0):
        sim = culture({"dheas_potency": LAW}, [{"dheas": f"{dheas} uM"}], NK)
        sim.run()
        potency.append(sim.world.populations["nk_cells"].potency.mean())
    assert (np.diff(potency) > 0).all()
    assert 1.0 < potency[0] < potency[-1] < 1.3


def test_more_dheas_makes_nk_cells_hit_more(culture, alike):
    hits = []
    for dheas in ("0 uM", "10 uM"):
        cells = {"b_cells": alike(300) | {"hits_needed": {"median": 1e9, "sigma": 0}}, "nk_cells": {"per_b_cell": 3.0}}
        processes = {
            "dheas_potency": LAW | {"lag": "1 min", "max_effect": 0.6},
            "binding": {},
            "engagement": {},
            "killing": {},
            "motility": {},
        }
        sim = culture(processes, [{"rituximab": "10 ug/mL"}, {"dheas": dheas}], {"populations": cells})
        sim.run()
        hits.append(sim.world.tallies["hits"])
    assert hits[1] / hits[0] == pytest.approx(1 + 0.6 * 10 / 11, abs=4.5 * 1.6 * math.sqrt(1 / hits[0] + 1 / hits[1]))


def test_a_uniform_field_is_the_pool(culture):
    potency = []
    for field in ({"dheas_field": {"loss_per_h": 0.0, "uptake_pL_per_h": 0.0, "voxels_per_side": 16}}, {}):
        sim = culture(field | {"dheas_potency": LAW}, [{"serum": "25 %"}], NK)
        sim.run()
        potency.append(sim.world.populations["nk_cells"].potency)
    assert potency[0] == pytest.approx(potency[1], rel=1e-12)
    assert potency[0].min() > 1.01


def test_a_local_source_makes_a_gradient_of_dheas_and_potency(culture):
    field = {"voxels_per_side": 20, "diffusion_um2_per_s": 5.0}
    source = {"pmol_per_h": 0.1, "x_um": 10.0, "y_um": 10.0}
    sim = culture(
        {"dheas_field": field, "dheas_source": source, "dheas_potency": LAW}, (), NK | {"space": {"side": "1000 um"}}
    )
    sim.run()
    values, nk = sim.world.fields["dheas"].values, sim.world.populations["nk_cells"]
    assert (np.diff(np.diag(values)) < 0).all()
    away = np.hypot(nk.x_um - 10, nk.y_um - 10)
    assert nk.potency[away < 200].min() > nk.potency[away > 900].max()
    assert np.corrcoef(away, nk.potency)[0, 1] < -0.5


def test_a_source_releases_at_its_own_place(culture, act):
    processes = {
        "dheas_field": {"voxels_per_side": 4},
        "dheas_source": {"pmol_per_h": 0.1, "x_um": 350.0, "y_um": 150.0},
    }
    sim = culture(processes)
    act(sim, "dheas_source", dt_h=1.0)
    values = sim.world.fields["dheas"].values
    assert np.flatnonzero(values).tolist() == [4 * 1 + 3]  # row is y, column is x
    assert values[1, 3] == pytest.approx(0.1e-12 / (1e-6 / 16) * 1e9)  # mol in a sixteenth of 1 uL, nM


def test_in_a_mixed_well_a_source_feeds_the_pool(culture):
    sim = culture({"dheas_source": {"pmol_per_h": 1.0}}, (), {"space": MIXED})
    sim.run()
    assert sim.world.pools.nM("dheas") == pytest.approx(1000.0, rel=1e-9)  # 1 pmol in 1 uL


@pytest.mark.parametrize("space", [{"kind": "floor"}, MIXED], ids=["floor", "mixed"])
def test_what_is_released_is_in_the_field_lost_or_taken_up(culture, space):
    processes = {
        "dheas_field": {"loss_per_h": 0.05, "uptake_pL_per_h": 5.0, "voxels_per_side": 10},
        "dheas_source": {"pmol_per_h": 0.1, "x_um": 50.0, "y_um": 300.0},
    }
    sim = culture(processes, [{"dheas": "1 uM"}, {"dheas": "2 uM", "at": "31 min"}], NK | {"space": space})
    sim.run()
    pools = sim.world.pools
    held = sim.world.fields["dheas"].values.mean() * pools.molecules(1.0)
    assert held + pools["dheas_lost"] + pools["dheas_taken_up"] == pytest.approx(
        pools["dheas_supplied"] + pools["dheas_released"], rel=1e-10
    )
    assert pools["dheas_released"] == pytest.approx(1e-13 * 6.02214076e23)
    assert min(pools["dheas_lost"], pools["dheas_taken_up"]) > 0


def test_loss_and_uptake_are_exponential(culture):
    """k = 0.05 /h and 200 cells that each clear 100 pL/h of 1 uL, so 0.02 /h."""
    processes = {"dheas_field": {"loss_per_h": 0.05, "uptake_pL_per_h": 100.0}}
    sim = culture(processes, [{"dheas": "1 uM"}], NK | {"space": MIXED})
    sim.run()
    assert sim.world.fields["dheas"].values[0, 0] == pytest.approx(1000 * math.exp(-0.07), rel=1e-9)


@pytest.mark.parametrize("walls", ["reflecting", "periodic"])
def test_scattered_cells_leave_the_field_as_uneven_as_the_law_says(culture, walls):
    """Of each of several wells, since few modes hold most of the variance."""
    found, expected = [], 0.0
    for seed in range(1, 21):
        law = {"uptake_pL_per_h": 200.0, "voxel_um": 100}
        cells = {"b_cells": {"n": 1}, "nk_cells": {"per_b_cell": 400}}
        space = {"kind": "floor", "side": "3000 um", "volume": "10 uL", "walls": walls}
        run = {"populations": cells, "space": space, "duration": "12 h", "dt": "1 min", "seed": seed}
        sim = culture({"dheas_field": law}, [{"dheas": "1 uM"}], run)
        sim.run()
        values = sim.world.fields["dheas"].values
        assert values.size == 900
        found.append(values.std() / values.mean())
        expected = sim.processes["dheas_field"].unevenness(400, 3000.0, 10.0)
    ratio = math.sqrt(np.mean(np.square(found))) / expected
    assert ratio == pytest.approx(1.0 if walls == "reflecting" else 0.0622 / 0.163, rel=0.25)


def test_where_uptake_leaves_it_even_the_field_is_the_limit_of_one_number(culture):
    means = []
    for divided in (False, True):
        cells = {
            "populations": {"b_cells": {"n": 1}, "nk_cells": {"per_b_cell": 400}},
            "duration": "24 h",
            "dt": "15 min",
        }
        space = {"space": {"side": "3000 um", "volume": "10 uL"}}
        sim = culture({"dheas_field": {"uptake_pL_per_h": 10.0, "voxel_um": 100}}, [{"dheas": "1 uM"}], cells | space)
        sim.step()
        assert sim.world.fields["dheas"].is_even
        if divided:
            sim.world.fields["dheas"].divide()
        sim.run()
        values = sim.world.fields["dheas"].values
        means.append(values.mean())
        assert values.std() <= 1e-3 * values.mean()
    left = math.exp(-(0.02 + 400 * 10e-6 / 10.0) * 24)
    assert means[0] == pytest.approx(1000.0 * left, rel=1e-9)
    assert means[1] == pytest.approx(means[0], rel=1e-5)


def test_voxels_have_a_size_or_a_number(culture):
    for law, n in (
        ({}, 5),
        ({"voxel_um": 40}, 10),
        ({"voxel_um": 1e4}, 1),
        ({"voxels_per_side": 7, "voxel_um": 40}, 7),
    ):
        field = culture({"dheas_field": law}, (), NK).world.fields["dheas"]
        assert (field.n_voxels, field.voxel_um) == (n, 400.0 / n)


def test_an_nk_cell_takes_up_from_its_own_voxel(culture, act):
    sim = culture(
        {"dheas_field": {"loss_per_h": 0.0, "uptake_pL_per_h": 1e4, "voxels_per_side": 4}}, [{"dheas": "1 uM"}], NK
    )
    nk = sim.world.populations["nk_cells"]
    nk.x_um[:], nk.y_um[:] = 150.0, 350.0
    act(sim, "dheas_field")
    values = sim.world.fields["dheas"].values
    assert np.unravel_index(values.argmin(), values.shape) == (3, 1)
    assert np.delete(values.ravel(), 13) == pytest.approx(np.full(15, 1000.0))
    assert values[3, 1] < 999
