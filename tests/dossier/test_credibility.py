"""The assessment asks what only a person knows, shows what was measured, and holds both against the criteria."""

import json

import pytest

from abm.core.errors import InputError
from abm.core.source import SHOWING, model_hash
from abm.document.shipped import shipped
from abm.dossier import checkout
from abm.dossier.answers import LEVELS, RISK, Answers, read, template
from abm.dossier.credibility import assess
from abm.dossier.measured import OTHER_MODEL, Measured, difference
from abm.dossier.odd import texts
from abm.evidence.claim import claims
from abm.evidence.reading import digest
from abm.evidence.score import PARAMETERS
from abm.scenario.from_file import load_scenario
from abm.study.jobs import Monitor
from abm.study.rows import as_base
from abm.study.run import run_scenario
from abm.study.steps import compare_half_step

HEADINGS = (
    "Question of interest", "Context of use", "Model influence", "Consequence of a wrong decision", "Model risk",
    "Model impact", "Technical criteria", "Appropriateness", "Data used, left out, bias",
    "Assumptions and alternatives", "Verification: code, equations, calculations, tests", "Calibration",
    "Validation, external validation", "Applicability", "Robustness and uncertainty", "Simulations for the question",
    "Deviations from the plan", "Outcome against criteria",
)  # fmt: skip
SMALL = ("populations.b_cells.n=40", "space.side=300 um", "duration=10 min", "probes={counts: {every: 10 min}}")


def assessed(tmp_path, answers=None, scenario="quick", root="runs"):
    """Return the assessment of a scenario with the answers of a text."""
    file = None
    if answers is not None:
        file = tmp_path / "answers.yaml"
        file.write_text(answers)
    of = Measured(tmp_path / root, load_scenario(scenario, SMALL if scenario == "quick" else ()), scenario)
    return assess(of, read(file), "answers.yaml")


def part(page, heading):
    return page.sections[HEADINGS.index(heading)]


def rows(section, table=0):
    return [[cell if isinstance(cell, str) else cell.text for cell in row] for row in section.tables[table].rows]


@pytest.mark.parametrize("scenario", shipped("scenarios"))
def test_every_scenario_is_assessed_under_all_headings_with_what_is_open_and_how_to_fill_it(tmp_path, scenario):
    page = assessed(tmp_path, scenario=scenario)
    assert tuple(own.heading for own in page.sections) == HEADINGS
    assert "Risk: open" in page.lead
    words = list(texts(page.sections))
    n_asked = sum(text.startswith("✗ open: ``") for text in words)
    assert n_asked == len(Answers.model_fields)
    found = [row for own in page.sections for table in own.tables for row in table.rows if "? open" in row]
    assert len(found) >= 8
    assert all(row[2].text.startswith(("abm ", "scripts/test")) for row in found)
    assert page.markdown().count("\n## ") == len(HEADINGS)
    assert page.html().count('<h2 id="h-') == len(HEADINGS)


def test_the_questions_are_a_file_that_is_read_as_all_open(tmp_path):
    file = tmp_path / "answers.yaml"
    file.write_text(template("three_arms"))
    assert read(file) == Answers()
    text = file.read_text()
    assert all(f"\n{name}: " in text for name in Answers.model_fields)
    assert text.count("\n# ") > len(Answers.model_fields)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("influense: low\n", "did you mean 'influence'"),
        ("influence: great\n", "allowed: low, medium, high"),
        ("question: 3\n", "found 3"),
        ("criteria: {measure: k_hat, at_most: 1}\n", "found a mapping; allowed: a list"),
        ("criteria: [{measure: k_hatt, at_most: 0.7}]\n", "did you mean 'k_hat'"),
        ("criteria: [{measure: k_hat}]\n", "a criterion has one limit"),
        ("criteria: [{measure: k_hat, at_least: 1, at_most: 2}]\n", "a criterion has one limit"),
        ("criteria: [{measure: k_hat, at_most: high}]\n", "a number"),
    ],
)
def test_bad_answers_are_refused_with_their_place(tmp_path, text, message):
    file = tmp_path / "answers.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as refused:
        read(file)
    assert message in str(refused.value)
    assert "answers.yaml" in str(refused.value)


def test_risk_grows_with_influence_and_with_consequence(tmp_path):
    for one in range(3):
        for other in range(2):
            assert LEVELS.index(RISK[LEVELS[one], LEVELS[other + 1]]) >= LEVELS.index(RISK[LEVELS[one], LEVELS[other]])
            assert LEVELS.index(RISK[LEVELS[other + 1], LEVELS[one]]) >= LEVELS.index(RISK[LEVELS[other], LEVELS[one]])
    low = assessed(tmp_path, "influence: low\nconsequence: low\n")
    high = assessed(tmp_path, "influence: high\nconsequence: medium\n")
    assert ("Risk: low" in low.lead, "Risk: high" in high.lead) == (True, True)
    assert rows(part(high, "Model risk"))[2][2] == "high: here"
    assert part(low, "Model influence").text[0] == "Low."


def scores(tmp_path, holds, model):
    """Write the evidence of an assay of which every claim holds, or none."""
    folder = tmp_path / "runs" / "evidence" / "wm_bright"
    folder.mkdir(parents=True)
    own = [{"id": claim.id, "holds": holds} for claim in claims("assay")]
    base = digest(as_base(load_scenario(PARAMETERS["assay"])))
    (folder / "identity.json").write_text(json.dumps({"model": model, "parameters": {"assay": base}}))
    left = {"group": "assay", "n_numbers": 4, "n_inside": 3, "papers": [1, 2]}
    content = {"claims": own, "seeds": [1, 2], "scale": 0.5, "left_out": [left]}
    (folder / "scores.json").write_text(json.dumps(content))


CRITERIA = """
criteria:
  - {measure: out_of_sample_frac, at_least: 0.7, because: "as good as chance is not enough"}
  - {measure: left_out_frac, at_least: 0.7}
  - {measure: k_hat, at_most: 0.7}
"""


@pytest.mark.parametrize(("holds", "first"), [(True, "✓ pass"), (False, "✗ fail")])
def test_criteria_pass_fail_or_were_not_measured(tmp_path, holds, first):
    scores(tmp_path, holds, model_hash(SHOWING))
    page = assessed(tmp_path, CRITERIA)
    outcome = rows(part(page, "Outcome against criteria"))
    assert [row[3] for row in outcome] == [first, "✓ pass", "? not measured"]
    assert f"Criteria: {1 + holds} passed, {1 - holds} failed, 1 not measured" in page.lead
    found = rows(part(page, "Validation, external validation"))
    assert found[0][2] == "abm evidence --group assay --seeds 2 --scale 0.5"
    assert found[2][1] == "3 of 4 numbers of 2 papers"
    assert all(row[3].startswith("20") and len(row[4]) == 16 for row in found)


def test_evidence_of_another_model_is_marked(tmp_path):
    scores(tmp_path, True, "of another day")
    page = assessed(tmp_path, CRITERIA)
    assert "Criteria: 0 passed, 0 failed, 3 not measured" in page.lead
    section = part(page, "Validation, external validation")
    assert all(row[1].below == OTHER_MODEL for row in section.tables[0].rows)


def test_a_run_tells_results_balances_step_and_number_of_agents(tmp_path):
    scenario = load_scenario("quick", SMALL)
    root = tmp_path / "runs"
    run = run_scenario(scenario, root, 1, Monitor())
    compare_half_step(run, scenario, root, 1, Monitor())
    more = load_scenario("quick", (*SMALL, "populations.b_cells.n=80"))
    run_scenario(more, root, 1, Monitor())
    page = assessed(tmp_path, "criteria: [{measure: conservation_failed, at_most: 0}]\n")
    assert rows(part(page, "Outcome against criteria"))[0][3] == "✓ pass"
    calculations = rows(part(page, "Verification: code, equations, calculations, tests"), 1)
    assert [row[1].split()[-1] for row in calculations] == ["passed", "points"]
    assert "points" in rows(part(page, "Robustness and uncertainty"))[0][1]
    assert rows(part(page, "Simulations for the question"), 1)[1][1] == "1 of each arm"


def test_only_a_finer_step_and_other_agents_are_relatives():
    own = load_scenario("quick")
    assert difference(own, load_scenario("quick")) == ""
    assert difference(own, load_scenario("quick", (f"dt={own.dt / 2} h",))) == "step"
    assert difference(own, load_scenario("quick", (f"dt={own.dt * 2} h",))) is None
    assert difference(own, load_scenario("quick", ("populations.b_cells.n=900",))) == "agents"
    assert difference(own, load_scenario("quick", ("processes.killing.rate_per_h=1",))) is None


@pytest.mark.parametrize(("scenario", "study"), [("three_arms", "morris"), ("gertz2004", "STUDY.yaml (base: ")])
def test_what_is_missing_is_filled_by_a_file_that_ships_where_there_is_one(tmp_path, scenario, study):
    page = assessed(tmp_path, scenario=scenario)
    commands = [row[2] for row in rows(part(page, "Robustness and uncertainty"))]
    assert any(command.startswith(f"abm study run {study}") for command in commands)
    asked = {row[2].split()[-1] for heading in ("Calibration", "Assumptions and alternatives")
             for row in rows(part(page, heading), -1)}  # fmt: skip
    assert asked <= set(shipped("studies"))


def test_tests_are_counted_by_folder_and_marker_and_a_wheel_has_none(tmp_path):
    found = {one.folder: one for one in checkout.counted()}
    assert found["verification"].functions == found["verification"].verification > 5
    assert found["core"].functions > 100
    assert found["core"].verification == 0
    assert checkout.planted() > 100
    assert checkout.counted(tmp_path) == []


def test_how_tests_last_ended_is_told_by_folder_and_in_all(tmp_path):
    core, view = (f'<testcase classname="tests.{name}.test_x" name="y">' for name in ("core", "view"))
    cases = f"{core}</testcase>{core}<failure/></testcase>{view}<skipped/></testcase>"
    (tmp_path / "runs" / "verify").mkdir(parents=True)
    (tmp_path / "runs" / "tests.xml").write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    (tmp_path / "runs" / "verify" / "verify.json").write_text(json.dumps({"passed": 41, "checks": [0] * 42}))
    section = part(assessed(tmp_path), "Verification: code, equations, calculations, tests")
    assert [row[1] for row in rows(section)] == ["41 of 42 passed", "1 failed, 1 passed, 1 skipped", "? open"]
    ended = {row[0]: row[-1] for row in rows(section, 2)}
    assert (ended["core"], ended["view"], ended["plot"]) == ("1 failed, 1 passed", "1 skipped", "not run here")
