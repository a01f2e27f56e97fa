"""What a well shows, relative to its control: the same quantities in a run's summary and in a study's table."""

import math

import pytest

from abm.scenario.build import Well, build, controls
from abm.study.jobs import Flow
from abm.study.measures import kind_of, of_arms, of_well
from abm.study.rows import RowJob, as_base
from abm.study.run import run_scenario

CONTROL = {"a": "a.control"}


def well(survival, lysed):
    return {"survival_raw": survival, "lysed_frac": lysed}


def test_survival_is_the_mean_of_every_replicate_over_its_own_control():
    wells = {"a": [well(0.2, 0.0), well(0.3, 0.0)], "a.control": [well(0.8, 0.0), well(0.5, 0.0)]}
    found = of_arms(wells, CONTROL)
    assert found["a.survival"] == pytest.approx((0.25 + 0.6) / 2)  # not 0.25 / 0.65
    assert found["a.survival_raw"] == pytest.approx(0.25)
    assert found["a.control"] == pytest.approx(0.65)


def test_lysis_is_what_lysed_above_the_control_of_what_the_control_left():
    found = of_arms({"a": [well(0.2, 0.7)], "a.control": [well(0.8, 0.4)]}, CONTROL)
    assert found["a.lysis"] == pytest.approx((0.7 - 0.4) / (1 - 0.4))
    assert of_arms({"a": [well(0.5, 0.1)], "a.control": [well(0.5, 0.2)]}, CONTROL)["a.lysis"] == pytest.approx(-0.125)


def test_a_replicate_without_living_controls_has_no_survival_and_costs_itself_alone():
    wells = {"a": [well(0.2, 0.1), well(0.3, 0.1)], "a.control": [well(0.0, 1.0), well(0.5, 0.0)]}
    found = of_arms(wells, CONTROL)
    assert (found["a.survival"], found["a.lysis"]) == (pytest.approx(0.6), pytest.approx(0.1))
    assert math.isnan(of_arms({"a": [well(0.2, 0.1)], "a.control": [well(0.0, 1.0)]}, CONTROL)["a.survival"])


def test_survival_lysis_and_control_of_a_run_are_those_of_a_study(tiny, tmp_path):
    scenario = tiny("replicates=3", "duration=60 min")
    summary = run_scenario(scenario, tmp_path, 1).summary()["arms"]
    row = RowJob(0, as_base(scenario), {}, scenario.seed).run(Flow(lambda done, total: None, lambda: False))
    for arm in scenario.arms:
        told = summary[arm]
        for name in ("survival", "survival_raw", "control", "lysis"):
            key = "specific_lysis" if name == "lysis" else name
            assert row[f"{arm}.{name}"] == pytest.approx(told[key]["mean"], rel=1e-12), (arm, name)
    assert row["serum.survival"] < 1.0


def test_hours_alive_are_counted_until_death_and_those_of_survivors_until_the_end(tiny):
    scenario = tiny("arms.both.add=[{rituximab: 10 ug/mL}, {serum: 25 %}]")
    simulation = build(scenario, Well("both", 0))
    simulation.run()
    world = simulation.world
    b, dead = world.populations["b_cells"], world.deaths["b_cells"]
    assert dead.n > 0
    n_alive = int((~b.is_dying).sum())
    expected = (n_alive * world.t_h + float(dead.time_h.sum())) / (n_alive + dead.n)
    assert of_well(simulation)["alive_h_per_cell"] == pytest.approx(expected)
    assert expected < world.t_h


@pytest.mark.parametrize(
    ("summary", "kind"),
    [("a.survival", "ratio"), ("a.survival_raw", "share"), ("a.control", "share"), ("a.deaths_cdc_frac", "share"),
     ("a.never_killed_frac", "share"), ("a.partial", "share"), ("a.lysis", "number"), ("a.kills_per_nk", "number"),
     ("a.best_change_frac", "number"), ("a.drug_left_30d_frac", "number"), ("a.time_to_partial_d", "number")],
)  # fmt: skip
def test_shares_are_told_apart_from_what_may_leave_nought_to_one(summary, kind):
    assert kind_of(summary) == kind


def test_every_arm_has_a_control_of_its_own(tiny):
    assert set(controls(tiny())) == {"serum", "both"}
