"""What a study shows of a well is what a run shows of it."""

import math
from pathlib import Path

import pytest

from abm.readouts.readout import Seen
from abm.readouts.survival import Survival
from abm.scenario.build import Subject, build
from abm.scenario.controls import controls
from abm.scenario.from_file import load_scenario
from abm.study.jobs import Flow
from abm.study.measures import events_by, of_looks
from abm.study.rows import RowJob, as_base
from abm.study.run import run_scenario

OWN = Path(__file__).parents[1] / "evidence" / "own_tiny.yaml"


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


def test_an_arm_without_control_has_its_own_numbers_alone(tiny):
    scenario = tiny("duration=60 min", "arms.both.add=[{rituximab: 10 ug/mL}, {serum: 25 %}]")
    flow = Flow(lambda done, total: None, lambda: False)
    own, alone = (RowJob(0, as_base(scenario), point, 1).run(flow) for point in ({}, {"arms.serum.control": "none"}))
    assert set(own) - set(alone) == {f"serum.{name}" for name in Survival.relative}
    assert {name: own[name] for name in alone} == alone


def test_hours_alive_are_counted_until_death_and_those_of_survivors_until_the_end(tiny):
    scenario = tiny("arms.both.add=[{rituximab: 10 ug/mL}, {serum: 25 %}]")
    simulation = build(scenario, Subject("both", 0))
    simulation.run()
    world = simulation.world
    b, dead = world.populations["b_cells"], world.deaths["b_cells"]
    assert dead.n > 0
    n_alive = int((~b.is_dying).sum())
    expected = (n_alive * world.t_h + float(dead.time_h.sum())) / (n_alive + dead.n)
    assert Survival().of_subject(Seen([], (), world=world))["alive_h_per_cell"] == pytest.approx(expected)
    assert expected < world.t_h


def test_every_arm_has_a_control_of_its_own(tiny):
    assert set(controls(tiny())) == {"serum", "both"}


def test_a_look_is_held_against_the_control_at_the_same_moment_and_over_wells_the_mean_is_told():
    scenario = load_scenario(OWN, {"control": "own"})
    wells = [{1.0: {"survival_raw": raw, "lysed_frac": 1.0 - raw, "n_hits": 4.0}} for raw in (0.4, 0.6)]
    control = [{1.0: {"survival_raw": 0.8, "lysed_frac": 0.2, "n_hits": 0.0}}] * 2
    name = controls(scenario)["low"]
    found = of_looks(scenario, {"low": [{}, {}], name: [{}, {}]}, {"low": wells, name: control})
    assert found["low.survival_raw@1"] == pytest.approx(0.5)
    assert found["low.survival@1"] == pytest.approx(0.5 * (0.4 + 0.6) / 0.8)
    assert found["low.lysis@1"] == pytest.approx(0.5 * ((0.6 - 0.2) + (0.4 - 0.2)) / 0.8)
    assert found["low.n_hits@1"] == 4.0
    assert not any(key.startswith(name) for key in found)


def test_an_event_by_a_moment_is_one_less_the_curve_of_kaplan_and_meier():
    readouts = load_scenario("wm_patient").readouts
    time = next(one for own in readouts for one in own.measures if one.event == "progressed")
    came = [(100.0, 1.0, 400.0), (200.0, 1.0, 400.0), (math.nan, 0.0, 150.0), (math.nan, 0.0, 400.0)]
    found = [dict(zip((time.name, "progressed", "follow_up_d"), own, strict=True)) for own in came]
    by = [events_by(found, readouts, 24.0 * day)["progressed"] for day in (50.0, 120.0, 300.0)]
    assert by == pytest.approx([0.0, 0.25, 1.0 - 0.75 * 0.5])
