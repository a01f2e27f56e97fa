"""What a terminal shows are the numbers of the summary, each in its own column."""

import re

from abm.cli import evidence, runs, shared
from abm.scenario.from_file import load_scenario
from abm.study.cost import cost_of_run

SURVIVAL = {"mean": 0.5, "lo": 0.4, "hi": 0.62}
RAW, CONTROL = {"mean": 0.3, "lo": 0.25, "hi": 0.35}, {"mean": 0.9, "lo": None, "hi": None}
ARM = {"survival": SURVIVAL, "survival_raw": RAW, "control": CONTROL, "deaths": {"cdc": 0.6, "background": None}}


def cells(capsys):
    """Return the printed table, a list of cells a line."""
    return [re.split(r"\s{2,}", line.strip()) for line in capsys.readouterr().out.splitlines()]


def test_an_arm_has_survival_raw_control_and_deaths_in_percent(capsys):
    runs._show({"arms": {"both": ARM | {"cohorts": {"0": RAW, "1": CONTROL}}}})
    header, arm, first, later = cells(capsys)
    assert header == ["arm", "survival %", "raw %", "control %", "cdc %", "background %"]
    assert arm == ["both", "50.0 (40.0 to 62.0)", "30.0 (25.0 to 35.0)", "90.0", "60.0", "-"]
    assert first == ["B cells: there from the start", "30.0 (25.0 to 35.0)"]
    assert later == ["B cells: addition 1", "90.0"]


def share(k, n):
    return {"k": k, "n": n, "share": k / n if n else None, "lo": 0.1, "hi": 0.75}


def test_a_trial_has_shares_of_those_seen(capsys):
    shares = {"flare": share(3, 10), "progressed": share(2, 8), "any_rise": share(0, 0)}
    runs._show_trial({"patients": 10, "arms": {"single": {"n": 10, "shares": shares}}})
    header, row = cells(capsys)
    assert header == ["protocol", "patients", "flare %", "progressed %", "any rise %"]
    assert row == ["single", "10", "30.0 (10.0 to 75.0)", "25.0 (10.0 to 75.0) of 8", "not observed"]


def test_one_patient_has_levels_and_what_was_not_reached_or_not_observed(capsys):
    medians = {"best_change_frac": -0.514, "time_to_progression_d": None, "nadir_per_nL": None}
    own = {name: {"median": value, "n_seen": int(name != "nadir_per_nL")} for name, value in medians.items()}
    runs._show_trial({"patients": 1, "arms": {"single": {"n": 1, "medians": own, "shares": {}}}})
    assert cells(capsys)[1] == ["single", "-0.514", "not reached", "not observed"]


def test_a_claim_has_what_was_observed_before_what_was_simulated():
    score = {"id": "V5", "role": "fit", "observed": 5.0, "lo": 4.0, "hi": 6.5, "simulated": 7.25, "z": 1.5}
    score |= {"interval": (7.0, 7.5), "holds": False, "as_extreme": 0.125, "probability": None}
    assert evidence._row(score) == ["V5", "fit", "5", "4 to 6.5", "7.25", "7 to 7.5", "1.5", "NO", "0.12", ""]


def test_a_paper_that_was_left_out_has_a_row_and_a_group_of_one_paper_says_so():
    claims = [{"is_inside": True}, {"is_inside": False}]
    paper = {"paper": "Golay2003", "claims": claims, "log_score": -7.25, "k_hat": None, "is_refitted": True}
    assert evidence._left_out({"group": "assay", "papers": [paper]}) == [["Golay2003", "1 of 2", "-7.25", "-", "yes"]]
    alone = evidence._left_out({"group": "cll", "papers": []})
    assert alone == [["cll: fewer than two papers", "-", "-", "-", "-"]]


def test_a_dry_run_tells_gigabytes(call, tiny):
    found = call("run", tiny, "--dry-run", "--json", "--threads", 3).json
    expected = cost_of_run(load_scenario(tiny), 3)
    assert abs(found["memory_GB"] - expected.memory_bytes / 1e9) <= 0.005 < found["memory_GB"]
    assert abs(found["disk_GB"] - expected.disk_bytes / 1e9) <= 0.0005
    assert found["workers"] == expected.n_workers


def test_cores_are_those_asked_for():
    assert shared.cores(3) == 3
