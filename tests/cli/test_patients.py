"""``abm run`` and ``abm study`` on patients: tables, report, and the same numbers from both."""

from pathlib import Path

import pandas as pd
import pytest

from abm.results.run import Run

WALDENSTROM = Path(__file__).parents[2] / "configs" / "parameters" / "waldenstrom.yaml"
TRIAL = """
name: trial
extends: waldenstrom.yaml
duration: 126 d
replicates: 3
populations: {b_cells: {cells_per_agent: 2.0e+10}}
arms:
  untreated: {}
  single: {add: [{infusion: 375 mg/m2, times: 4, every: 7 d}]}
"""
STUDY = """
name: doses
base: trial.yaml
design: {kind: list, points: [{}, {processes.il6.strength: 0}]}
seeds: [1]
summaries: [single.any_rise, single.best_change_frac]
"""


@pytest.fixture
def trial(tmp_path):
    """Write a trial of three patients under two protocols."""
    (tmp_path / "waldenstrom.yaml").write_text(WALDENSTROM.read_text())
    (tmp_path / "trial.yaml").write_text(TRIAL)
    return tmp_path / "trial.yaml"


def test_a_trial_ends_with_shares_tables_and_a_report_that_can_be_drawn_again(call, trial):
    ended = call("run", trial, "--json", "--threads", 1)
    assert ended.code == 0, ended.err
    found, run = ended.json, Run(Path(ended.json["folder"]))
    assert found["patients"] == 3
    ends, single = run.end_points(), found["arms"]["single"]["shares"]["any_rise"]
    of_single = ends.loc[ends["arm"] == "single", "any_rise"]
    assert (single["k"], single["n"]) == (of_single.sum(), 3)
    assert ends.loc[ends["arm"] == "untreated", "flare"].sum() == 0
    assert max(found["conservation"].values()) < 1e-9
    assert len(run.patients()) == 3
    report = Path(found["report"])
    before = report.read_text()
    report.unlink()
    assert call("report", run.path).code == 0
    assert report.read_text() == before
    table = call("run", trial, "--threads", 1)
    assert "any rise %" in table.out
    untreated = next(line for line in table.out.splitlines() if line.startswith("untreated"))
    assert untreated.split()[-2:] == ["not", "observed"]  # 18 weeks: no progression can have been confirmed
    assert ends["progressed"].isna().all()
    assert (found["arms"]["single"]["shares"]["progressed"]["n"], single["n"]) == (0, 3)


def test_a_study_of_patients_gives_what_the_trial_gives(call, trial, undrawn):
    (trial.parent / "study.yaml").write_text(STUDY)
    ended = call("study", "run", trial.parent / "study.yaml", "--threads", 1, "--json")
    assert ended.code == 0, ended.err
    rows = pd.read_parquet(ended.json["table"])
    run = Run(Path(call("run", trial, "--json", "--threads", 1).json["folder"]))
    ends = run.end_points()
    own = ends.loc[ends["arm"] == "single"]
    assert rows["single.any_rise"].iloc[0] == pytest.approx(own["any_rise"].mean())
    assert rows["single.best_change_frac"].iloc[0] == pytest.approx(own["best_change_frac"].mean(), rel=1e-6)
    assert rows["single.any_rise"].iloc[1] == 0.0


def test_a_wide_tail_is_told_at_the_end_of_a_run_and_a_single_patient_has_no_median_follow_up(call, trial, undrawn):
    wide = "cohort: {vary: {populations.b_cells.niche_frac: {sd: 0.9}}}\n"
    trial.write_text(TRIAL.replace("replicates: 3", "replicates: 1").replace("126 d", "35 d") + wide)
    ended = call("run", trial, "--threads", 1)
    assert ended.code == 0
    assert "follow up" not in ended.out
    (told,) = ended.err.splitlines()
    assert told.startswith("cohort.vary.populations.b_cells.niche_frac: ")


def test_patients_are_not_branched_and_their_step_is_set_by_hand(call, trial):
    ended = call("run", trial, "--check-step")
    assert ended.code == 2
    assert "--set dt=2h is another run" in ended.err
