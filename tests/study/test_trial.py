"""A trial from its file to its tables: a row for each patient, the same bytes whatever happens on the way."""

import math

import pandas as pd
import pytest

import abm.study.batches
import abm.study.cost
import abm.study.run
from abm.core.errors import InputError
from abm.readouts.igm_response import IgmResponse, course_of, end_points
from abm.readouts.readout import Seen
from abm.scenario.draws import draws
from abm.scenario.from_file import load_scenario
from abm.study.jobs import Stopped
from abm.study.measures import of_arms
from abm.study.run import run_scenario

RULES = IgmResponse()


def test_a_study_and_a_trial_give_the_same_medians(trial):
    _, run = trial
    rows, summary = read(run, "end_points"), run.summary()["arms"]["once"]["medians"]
    own = rows[rows["arm"] == "once"].drop(columns=["arm", "response"]).to_dict("records")
    found = of_arms({"once": own}, {}, [RULES])
    for name in ("time_to_partial_d", "time_to_progression_d"):
        median = summary[name]["median"]
        assert found[f"once.{name}"] == pytest.approx(math.nan if median is None else median, nan_ok=True)


TRIAL = """\
name: trial
replicates: 4
duration: 120 d
dt: 4 h
checkpoint_every: 40 d
space: {kind: body}
populations:
  b_cells: {kind: clone, cells_per_agent: 1e10}
  nk_cells: {per_b_cell: 0.1, state: resting}
processes:
  drug: {kind: two_compartment}
  effectors: {kind: effector_recovery, granules_time_constant: 39 d}
  binding: {kind: binding}
  effect: {kind: marrow_effect}
  killing: {kind: marrow_killing}
  plasma_cells: {kind: plasma_cells}
  il6: {kind: il6}
  igm: {kind: igm_turnover}
  albumin: {kind: albumin}
  viscosity: {kind: viscosity}
arms:
  once: {add: [{infusion: 375 mg/m2, times: 4}]}
  late: {add: [{infusion: 250 mg/m2, times: 2, at: 14 d}, {infusion: 100 mg/m2, at: 70 d, over: 8 h}]}
probes: {counts: null, patient: {every: 7 d}}
cohort:
  vary:
    covariates.body_surface_m2: {cv: 0.1}
    processes.il6.strength: {cv: 1}
    populations.b_cells.cells: {cv: 0.7}
"""


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Return the function that loads the trial of four patients with other text."""
    path = tmp_path_factory.mktemp("trial") / "trial.yaml"

    def read(*changes):
        text = TRIAL
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        path.write_text(text)
        return load_scenario(path)

    return read


@pytest.fixture(scope="module")
def trial(load, tmp_path_factory):
    """Return the scenario of the trial and its run, never disturbed, in one process."""
    return load(), run_scenario(load(), tmp_path_factory.mktemp("quiet_trial"), 1)


def read(run, name):
    return pd.read_csv(run.path / f"{name}.csv")


def test_a_trial_has_one_row_of_end_points_per_patient_and_protocol(trial):
    scenario, run = trial
    rows = read(run, "end_points")
    assert rows[["arm", "replicate"]].to_numpy().tolist() == [[arm, i] for arm in ("once", "late") for i in range(4)]
    assert (rows["follow_up_d"] == [112.0] * 4 + [84.0] * 4).all()  # from the first infusion
    series = read(run, "series")
    own = series[(series["arm"] == "once") & (series["replicate"] == 2)]
    course = course_of(Seen(own.to_dict("records"), scenario.arms["once"].add), RULES)
    own = {name: value for name, value in end_points(course, RULES).items() if name in rows}
    expected = {name: value for name, value in own.items() if not math.isnan(value)}
    assert rows.iloc[2][list(expected)].to_dict() == pytest.approx(expected, rel=1e-12)


def test_every_baseline_is_that_of_the_last_look_before_the_first_dose(load, tmp_path):
    growing = "processes:\n  growth: {kind: logistic_growth}\n"
    run = run_scenario(load(("processes:\n", growing), ("replicates: 4", "replicates: 1")), tmp_path, 1)
    series, (_, late) = read(run, "series").set_index(["arm", "time_h"]), read(run, "end_points").to_dict("records")
    for level in ("igm_g_per_L", "albumin_g_per_L"):
        assert late[f"baseline_{level}"] == series[level]["late", 336.0] != series[level]["late", 0.0]


def test_the_summary_is_that_of_the_rows(trial):
    _, run = trial
    summary, rows = run.summary(), read(run, "end_points")
    assert (summary["patients"], list(summary["arms"])) == (4, ["once", "late"])
    assert max(summary["conservation"].values()) < 1e-9
    for arm, own in rows.groupby("arm"):
        shares, medians = (summary["arms"][arm][name] for name in ("shares", "medians"))
        assert shares["any_rise"]["k"] == own["any_rise"].sum()
        assert medians["best_change_frac"]["median"] == pytest.approx(own["best_change_frac"].median(), rel=1e-12)


def test_the_patients_of_a_trial_are_those_drawn(trial):
    scenario, run = trial
    rows = read(run, "patients")
    for replicate in range(4):
        expected = draws(scenario, replicate)
        assert rows.iloc[replicate][list(expected)].to_dict() == pytest.approx(expected, rel=1e-12)


def test_two_workers_come_to_the_same_hash(load, trial, tmp_path, monkeypatch):
    monkeypatch.setattr(abm.study.cost, "SMALL", 0)
    run = run_scenario(load(), tmp_path, 2)
    assert run.summary()["result_hash"] == trial[1].summary()["result_hash"]


def test_two_threads_in_a_patient_come_to_the_same_hash(load, trial, tmp_path, monkeypatch):
    monkeypatch.setattr(abm.study.cost, "SMALL", 1e9)
    monkeypatch.setattr(abm.study.run, "FEW_CELLS", 0)
    run = run_scenario(load(), tmp_path, 2)
    assert run.summary()["result_hash"] == trial[1].summary()["result_hash"]


@pytest.mark.parametrize("n_steps", [300, 1000])
def test_an_interrupted_trial_is_completed_to_the_same_hash(load, trial, tmp_path, monkeypatch, stops_after, n_steps):
    with monkeypatch.context() as patch:
        patch.setattr(abm.study.batches, "BEAT_S", 0.0)
        with pytest.raises(Stopped):
            run_scenario(load(), tmp_path, 1, stops_after(n_steps))
    run = run_scenario(load(), tmp_path, 1)
    assert run.summary()["result_hash"] == trial[1].summary()["result_hash"]


@pytest.mark.parametrize(
    ("changes", "place", "found"),
    [
        ({"every: 7 d": "every: 365 d", "duration: 120 d": "duration: 3 years"}, "probes.patient.every",
         "looked at every 8760 h, but seen every 168 h"),
        ({"every: 7 d": "every: 10 d"}, "probes.patient.every", "looked at every 240 h, but seen every 168 h"),
        ({"every: 7 d": "every: 56 d", "cohort:": "end_points: {weekly_until: 0 h}\ncohort:"}, "probes.patient.every",
         "looked at every 1344 h, but seen every 672 h"),
        ({"every: 7 d": "at: [7 d, 14 d]", "cohort:": "end_points: {is_confirmed: true}\ncohort:"}, "probes.patient.at",
         "not looked at after 336 h up to 504 h, but seen every 168 h"),
        ({"cohort:": "end_points: {visit_every: 50 weeks}\ncohort:"}, "end_points.visit_every",
         "visits every 8400 h are rarer than the run of 2880 h is long"),
    ],
)  # fmt: skip
def test_looks_rarer_than_visits_and_visits_rarer_than_the_run_are_refused(load, changes, place, found):
    with pytest.raises(InputError) as refused:
        load(*changes.items())
    (fault,) = refused.value.faults
    assert fault.path == place
    assert found in str(fault)
    assert fault.line > 0


def test_looks_as_rare_as_rare_visits_are_taken(load):
    rare = "end_points: {weekly_until: 0 h, visit_every: 56 d}\ncohort:"
    assert load(("every: 7 d", "every: 56 d"), ("cohort:", rare)).probes.patient.every == 56 * 24
