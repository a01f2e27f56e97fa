"""Probes read the world, never write to it, and say in their units what is there."""

import copy
import math

import numpy as np
import pytest

from abm.scenario.kinds import PROBES

AVOGADRO = 6.02214076e23


@pytest.fixture(scope="module")
def world(busy):
    """Return a busy well in the middle of its course."""
    sim = busy()
    while sim.world.step < 20:
        sim.step()
    return sim.world


@pytest.fixture
def row(culture):
    """Return the first row of the totals of a well with some pools set."""

    def observe(pools, changes=None):
        sim = culture({}, (), changes)
        sim.world.pools.amounts |= pools
        return PROBES["counts"]().observe(sim.world)

    return observe


def frozen_copy(world):
    columns = {f"{n}.{c}": p[c].tobytes() for n, p in world.populations.items() for c in p.columns}
    fields = {name: field.values.tobytes() for name, field in world.fields.items()}
    return columns, fields, dict(world.pools.amounts), dict(world.tallies), {n: d.n for n, d in world.deaths.items()}


@pytest.mark.parametrize("kind", PROBES)
def test_a_probe_writes_nothing_and_what_it_saw_stays(kind, world):
    before = frozen_copy(world)
    first = PROBES[kind]().observe(world)
    kept = copy.deepcopy(first)
    assert frozen_copy(world) == before
    b = world.populations["b_cells"]
    b.cd20_per_cell += 1.0
    world.fields["dheas"].values += 1.0
    np.testing.assert_equal(first, kept)
    b.cd20_per_cell -= 1.0
    world.fields["dheas"].values -= 1.0


@pytest.mark.parametrize("kind", PROBES)
def test_a_probe_says_what_kind_of_table_it_yields(kind):
    assert PROBES[kind].table in ("series", "cells", "fields", "events")


@pytest.mark.parametrize(
    ("kind", "timing", "expected"),
    [
        ("counts", {}, [0.0, 2.0]),
        ("counts", {"every": "30 min"}, [0.0, 0.5, 1.0, 1.5, 2.0]),
        ("counts", {"every": "1.5 h"}, [0.0, 1.5, 2.0]),
        ("counts", {"at": ["1 h"]}, [0.0, 1.0, 2.0]),
        ("cells", {}, [0.0, 2.0]),
        ("cells", {"at": ["1 h"]}, [1.0]),
        ("cells", {"at": ["10 min", "2 h"], "every": "1 h"}, [0.0, round(1 / 6, 9), 1.0, 2.0]),
        ("cells", {"at": ["3 h"]}, []),
    ],
)
def test_moments_of_looking(kind, timing, expected):
    assert PROBES[kind].model_validate(timing).times_h(2.0) == expected


def test_cells_that_entered_are_alive_dying_or_dead(busy):
    sim = busy()
    sim.run()
    for row in sim.records["counts"].values():
        assert row["n_b_start"] == row["n_b_alive"] + row["n_b_dying"] + row["n_b_dead"]
        assert sum(n for key, n in row.items() if key.startswith("deaths_")) == row["n_b_dying"] + row["n_b_dead"]
    last = sim.records["counts"][sim.world.step]
    assert (last["n_b_dead"], last["n_b_dying"]) == (
        sim.world.tallies["b_cells.lysed"],
        sim.world.populations["b_cells"].is_dying.sum(),
    )
    assert min(last[f"deaths_{cause}"] for cause in ("cdc", "adcc", "background")) > 0


def test_igm_is_converted_from_molecules_to_mass(row):
    """1 uL with 1e9 molecules of 950 kDa: 1e9 / NA mol x 950 000 g/mol in 1e-3 mL."""
    ng_per_mL = 1e9 / AVOGADRO * 950e3 * 1e9 / 1e-3
    seen = row({"igm_secreted": 0.75e9, "igm_released": 0.25e9, "igm_serum": 2e12})
    assert seen["igm_molecules"] == 1e9
    assert seen["igm_released_molecules"] == 0.25e9
    assert seen["igm_ng_per_mL"] == pytest.approx(ng_per_mL, rel=1e-6)
    assert seen["igm_serum_ug_per_mL"] == pytest.approx(2 * ng_per_mL, rel=1e-6)


def test_drug_complement_and_hormone_are_concentrations_and_fractions(row):
    per_nM = AVOGADRO * 1e-9 * 1e-6
    seen = row({"antibody_rituximab": 3 * per_nM, "c3": 5.0, "c3_supplied": 20.0, "dheas": 2000 * per_nM})
    assert seen["rituximab_nM"] == pytest.approx(3.0)
    assert (seen["c3_frac"], seen["c1q_frac"]) == (0.25, 0.0)
    assert seen["dheas_uM"] == pytest.approx(2.0)


@pytest.mark.parametrize("nk_cells", [{"per_b_cell": 0}, None])
def test_totals_of_an_empty_well_are_zero_and_means_over_no_cell_are_missing(row, nk_cells):
    seen = row({}, {"populations": {"b_cells": {"n": 0}, "nk_cells": nk_cells}})
    assert {name for name, value in seen.items() if np.isnan(value)} == {
        "bound_mean_per_cell", "c3b_mean_per_cell", "mac_mean_per_cell", "potency_mean", "granules_mean", "cd16_mean",
    }  # fmt: skip
    assert (seen["n_b_alive"], seen["n_nk"], seen["igm_ng_per_mL"]) == (0, 0, 0.0)


def test_a_snapshot_holds_every_cell_once(world):
    seen = PROBES["cells"]().observe(world)
    for name in ("b_cells", "nk_cells"):
        assert sorted(seen[name]["uid"]) == sorted(world.populations[name].uid)
        assert len({len(values) for values in seen[name].values()}) == 1
    assert {"x_um", "y_um", "cd20_per_cell", "bound_per_cell", "c3b_per_cell", "is_dying"} <= seen["b_cells"].keys()
    assert seen["nk_cells"]["is_engaged"].sum() == (world.populations["nk_cells"].partner >= 0).sum() > 0


def test_every_docking_event_of_the_step_is_seen(busy):
    sim = busy(("complement_docking_limiting",), changes={"probes": {"complement_events": {"every": "1 min"}}})
    sim.run()
    seen = [table for table in sim.records["complement_events"].values() if len(table["uid"])]
    assert any((table["n_docked"] == 1).any() for table in seen)
    assert len(seen) > 20
    assert all((table["n_docked"] > 0).all() for table in seen)
    events = sum(table["n_docked"].sum() for table in seen)
    assert (
        0.9 * sim.world.tallies["docking_events"] < events <= sim.world.tallies["docking_events"]
    )  # the lysed are gone


def test_field_maps_are_in_micromolar_and_show_the_potency_that_follows(world):
    seen = PROBES["fields"]().observe(world)
    assert seen["dheas_uM"] == pytest.approx(world.fields["dheas"].map * 1e-3)
    assert (seen["potency"] >= 1.0).all()
    assert np.argmax(seen["potency"]) == np.argmax(seen["dheas_uM"])
    assert seen["voxel_um"] == 300.0 / 5


def test_probes_of_what_is_not_there_see_nothing(culture):
    sim = culture({}, (), {"probes": {"fields": {}, "complement_events": {}, "cells": {}}})
    sim.run()
    assert sim.records["fields"][0] == {}
    assert not any(len(v) for v in sim.records["complement_events"][0].values())
    assert set(sim.records["cells"][0]) == {"b_cells"}


def test_totals_are_of_the_living_and_means_of_their_own_columns(culture):
    kinds = ("binding", "c3b_deposition", "mac_insertion", "engagement", "effector_recovery", "dheas_field")
    cells = {"populations": {"b_cells": {"n": 10}, "nk_cells": {"per_b_cell": 1.0}}}
    world = culture({kind: {} for kind in kinds}, (), cells).world
    b, nk = world.populations["b_cells"], world.populations["nk_cells"]
    b.is_dying[:3], b.bound_per_cell[:5], b.c3b_per_cell[:2], b.mac_per_cell[:4] = True, 8.0, 20.0, 5
    nk.partner[:4], nk.granules[:5] = [0, 0, 1, 2], 0.5
    voxels = world.fields["dheas"].divide()
    voxels[0, 0] = 2000.0 * voxels.size
    seen = PROBES["counts"]().observe(world)
    assert (seen["n_b_alive"], seen["n_b_dying"], seen["n_nk"], seen["n_nk_engaged"]) == (7, 3, 10, 4)
    means = [seen[f"{name}_mean_per_cell"] for name in ("bound", "c3b", "mac")]
    assert means == pytest.approx([4.0, 4.0, 2.0])
    assert (seen["granules_mean"], seen["potency_mean"]) == (0.75, 1.0)
    assert seen["dheas_uM"] == pytest.approx(2.0)
    assert (PROBES["cells"]().observe(world)["nk_cells"]["is_engaged"] == (nk.partner >= 0)).all()


def test_engagements_hits_and_docking_are_counted_from_the_start(busy):
    sim, probe, seen = busy(), PROBES["counts"](), []
    while sim.world.step < 20:
        sim.step()
        seen.append(probe.observe(sim.world))
    for name in ("engagements", "hits", "docking_events"):
        counts = [row[f"n_{name}"] for row in seen]
        assert counts == sorted(counts)
        assert 0 < counts[-1] == sim.world.tallies[name]
    hosts = sim.world.populations["nk_cells"]
    assert seen[-1]["cd16_mean"] == pytest.approx(hosts.cd16.mean())


def test_where_nothing_engages_hits_or_docks_none_is_counted(row):
    assert [row({})[f"n_{name}"] for name in ("engagements", "hits", "docking_events")] == [0, 0, 0]


def test_docking_events_are_those_of_every_cell_that_had_one(culture):
    world = culture({"complement_docking": {}}, (), {"populations": {"b_cells": {"n": 4}}}).world
    b = world.populations["b_cells"]
    b.n_docked[:] = [0, 1, 2, 0]
    seen = PROBES["complement_events"]().observe(world)
    assert (seen["uid"].tolist(), seen["n_docked"].tolist()) == (b.uid[1:3].tolist(), [1, 2])


@pytest.fixture
def cll(leukaemia):
    """Return a patient of three subclones and one with the mutation, and the probe's look."""
    world = leukaemia({"cells_per_agent": 1e12, "cells": 3e12, "c481s_cells": 100.0}).world
    b = world.populations["b_cells"]
    assert b.c481s.tolist() == [0.0, 0.0, 0.0, 1.0]
    b.accessible_cells[:], b.niche_cells[:] = [1e11, 2e11, 0.0, 4.0], [1e12, 0.0, 0.0, 96.0]
    return world, PROBES["patient"]().observe


def test_lymphocytes_are_clone_cells_per_nanolitre_of_blood(cll):
    """3 L of plasma are 5 L of blood."""
    world, look = cll
    assert world.pools.volume_uL == 3e6
    assert look(world)["lymphocytes_per_nL"] == pytest.approx(3e11 / 5e9, rel=1e-9)


def test_a_level_that_no_process_keeps_is_missing_and_a_drug_that_nobody_gave_is_zero(cll):
    world, look = cll
    seen = look(world)
    assert math.isnan(seen["albumin_g_per_L"])
    assert math.isnan(seen["viscosity_cP"])
    assert (seen["rituximab_ug_per_mL"], seen["dosed_mg"], seen["il6"]) == (0.0, 0.0, 0.0)


def test_cells_are_counted_where_they_are_and_mutated_ones_everywhere(cll):
    world, look = cll
    seen = look(world)
    assert (seen["n_accessible"], seen["n_tissue"]) == (3e11 + 4, 1e12 + 96)
    assert seen["n_clone"] == 1.3e12 + 100
    assert seen["n_c481s"] == 100.0


def test_surface_igm_is_that_of_blood_and_signal_and_cd20_those_of_all_cells(cll):
    world, look = cll
    b = world.populations["b_cells"]
    b.c481s[:] = b.accessible_cells[3] = b.niche_cells[3] = 0.0
    b.surface_igm[:], b.signal_rel[:] = [1.0, 4.0, 9.0, 9.0], [0.2, 0.85, 0.0, 0.0]
    b.cd20_start_per_cell[:], b.cd20_per_cell[:] = 100.0, [100.0, 35.0, 0.0, 0.0]
    seen = look(world)
    assert seen["surface_igm_MFI"] == pytest.approx(65.0 * 3.0, rel=1e-12)
    assert seen["signal_rel"] == pytest.approx((0.2 * 1.1 + 0.85 * 0.2) / 1.3, rel=1e-12)
    assert seen["rel_cd20"] == pytest.approx((1.0 * 1.1 + 0.35 * 0.2) / 1.3, rel=1e-12)
