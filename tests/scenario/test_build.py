"""Which wells a scenario asks for, and what is in each."""

import numpy as np
import pytest

from abm.biology.covariates import Covariates
from abm.biology.serum import Donor
from abm.scenario.build import Subject, build, subjects
from abm.scenario.controls import controls
from abm.scenario.schema import Scenario

DATA = {
    "name": "built",
    "seed": 5,
    "duration": "1 h",
    "dt": "5 min",
    "space": {"kind": "floor", "side": "400 um", "volume": "2 uL"},
    "populations": {"b_cells": {"n": 50}, "nk_cells": {"per_b_cell": 2.0}},
    "processes": {"binding": {"kind": "binding"}, "engagement": {"kind": "engagement"}},
    "probes": {"counts": {"every": "15 min"}},
}


def scenario(arms, **changes):
    return Scenario.model_validate(DATA | changes | {"arms": arms})


def well(arms, name="a", replicate=0, is_control=False, **changes):
    return build(scenario(arms, **changes), Subject(name, replicate, is_control))


def test_wells_are_arms_then_controls_with_all_replicates():
    found = subjects(scenario({"a": {"add": [{"rituximab": "1 ug/mL"}]}, "b": {}}, replicates=2))
    assert [w.label for w in found] == ["a-r0", "a-r1", "b-r0", "b-r1"]  # b is what a's control would be
    found = subjects(scenario({"a": {"add": [{"rituximab": "1 ug/mL"}, {"serum": "9 %"}]}, "b": {}}))
    assert [w.label for w in found] == ["a-r0", "b-r0", "a~control-r0"]
    assert [w.is_control for w in found] == [False, False, True]


def test_arms_that_differ_in_the_drug_alone_share_a_control():
    doses = {f"d{x}": {"x": float(x), "group": "g", "add": [{"rituximab": f"{x} ug/mL"}]} for x in (1, 2, 3)}
    other = {"without": {"add": [{"rituximab": "1 ug/mL"}], "without": ["nk_cells"]}}
    changed = {"changed": {"add": [{"rituximab": "1 ug/mL"}], "set": {"processes.binding.kind": "binding"}}}
    assert controls(scenario(doses | other | changed)) == {
        "d1": "d1~control",
        "d2": "d1~control",
        "d3": "d1~control",
        "without": "without~control",
        "changed": "changed~control",
    }


def test_a_dose_of_nothing_is_the_control_of_the_others_wherever_it_lies_on_the_axis():
    doses = {"d0": {"x": 0.0, "group": "g"}, "d9": {"x": 9.0, "group": "g", "add": [{"rituximab": "9 ug/mL"}]}}
    assert controls(scenario(doses)) == {"d0": "d0", "d9": "d0"}


def test_a_patient_has_the_dheas_of_neat_serum(patient):
    sim = patient(only=("two_compartment",))
    assert sim.world.pools.nM("dheas") == pytest.approx(1e3 * Donor().dheas_uM(Covariates()), rel=1e-12)


def test_amounts_are_converted_to_molecules_in_the_well():
    sim = well({"a": {"add": [{"rituximab": "10 ug/mL"}, {"serum": "25 %"}, {"igg": "1 uM"}, {"anti_cd59": "50 %"}]}})
    pools = sim.world.pools
    assert pools.nM("antibody_rituximab") == pytest.approx(1e4 / 145.0, rel=0.02)  # 10 mg/L of about 145 kDa
    assert pools.nM("c3") == pytest.approx(0.25 * 7030.0, rel=1e-12)
    assert pools.nM("igg") == pytest.approx(0.25 * 66_000.0 + 1000.0, rel=1e-12)
    assert pools["anti_cd59"] == 0.5
    assert pools["c3_supplied"] == pools["c3"]


@pytest.mark.parametrize("lacking", [["c3"], ["complement"], ["igg", "dheas"], []])
def test_serum_without_a_constituent_brings_all_others(lacking):
    pools = well({"a": {"add": [{"serum": "25 %", "lacking": lacking}]}}).world.pools
    gone = {"c1q", "c2c4", "c3", "c5c9"} if lacking == ["complement"] else set(lacking)
    for name in ("c1q", "c2c4", "c3", "c5c9", "igg", "igm_serum", "dheas"):
        assert (pools[name] == 0.0) == (name in gone)


def test_every_addition_has_a_step_of_its_own_moment():
    sim = well({"a": {"add": [{"serum": "9 %", "at": "7.3 min"}, {"b_cells": 6, "at": "40 min"}]}})
    assert np.isclose(sim.grid_h * 60, 7.3).any()
    assert sim.grid_h.size == 14
    sim.run()
    b = sim.world.populations["b_cells"]
    assert b.n == 56
    assert np.bincount(b.cohort).tolist() == [50, 6]


def test_replicates_seeds_and_nothing_else_change_the_cells():
    arms = {"a": {"add": [{"rituximab": "1 ug/mL"}]}, "b": {"add": [{"serum": "9 %"}]}}

    def cells(**words):
        b = well(arms, **words).world.populations["b_cells"]
        return b.cd20_per_cell, b.x_um

    first = cells()
    for same in (cells(name="b"), cells(is_control=True)):
        np.testing.assert_array_equal(first, same)
    for other in (cells(replicate=1), cells(seed=6)):
        assert not np.isin(first, other).any()


def test_an_arm_without_nk_cells_has_none_and_counts_follow_the_ratio():
    arms = {"a": {}, "b": {"without": ["nk_cells"]}}
    assert well(arms).world.populations["nk_cells"].n == 100
    assert "nk_cells" not in well(arms, name="b").world.populations


def test_what_an_arm_sets_holds_for_it_and_its_control_alone():
    arms = {"a": {"add": [{"rituximab": "1 ug/mL"}], "set": {"populations.b_cells.n": 20}}, "b": {}}
    assert well(arms).world.populations["b_cells"].n == 20
    assert well(arms, is_control=True).world.populations["b_cells"].n == 20
    assert well(arms, is_control=True).world.pools["antibody_rituximab"] == 0.0
    assert well(arms, name="b").world.populations["b_cells"].n == 50


def test_counts_look_at_start_and_end_whatever_else_is_asked():
    sim = well({"a": {}}, probes={"counts": {"at": ["20 min"]}, "cells": {"at": ["30 min"]}})
    sim.run()
    assert [round(row["time_h"] * 60) for row in sim.records["counts"].values()] == [0, 20, 60]
    assert list(sim.records["cells"]) == [6]
