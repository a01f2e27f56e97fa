"""Every check of an installation can fail: with a fault planted in the engine it is red."""

import json
import math
import re
import sys

import numpy as np
import pytest

from abm import cli
from abm.core.errors import InputError
from abm.core.fields import Field
from abm.study.jobs import Monitor, Outcome
from abm.verify import closed_forms, exact_chance, known_results, step_halving, twin_agreement, verify, wells
from abm.verify.check import BY_CHANCE, Check, farthest, mean_of
from abm.verify.page import in_short, sections

HALF_A_STEP_H = 0.75 / 60.0


@pytest.fixture
def plant(monkeypatch):
    """Return the function that lets the engine, and it alone, take a parameter for another."""
    build = wells.build

    def planted(name, parameter, factor, when=lambda scenario: True):
        def wrong(scenario, subject):
            law = scenario.processes[name]
            other = law.model_copy(update={parameter: factor * getattr(law, parameter)})
            changed = scenario.model_copy(update={"processes": {**scenario.processes, name: other}})
            return build(changed if when(scenario) else scenario, subject)

        monkeypatch.setattr(wells, "build", wrong)

    return planted


def verdicts(checks):
    return {check.verdict for check in checks}


@pytest.mark.parametrize(
    ("case", "name", "parameter", "factor"),
    [
        ("death", "death", "rate_per_h", 1.15),
        ("birth-and-death", "division", "rate_per_h", 1.2),
        ("binding", "binding", "", 0.0),
        ("decay", "antibody_decay", "half_life", 1.001),
        ("walk", "motility", "speed_um_per_min", 1.1),
        ("contact", "engagement", "contact_um", 1.2),
        ("hits", "killing", "rate_per_h", 1.1),
        ("pores", "mac_insertion", "per_event", 1.05),
        ("infusion", "drug", "cl1", 1.001),
    ],
)
def test_a_wrong_rate_in_the_engine_fails_its_closed_form(plant, monkeypatch, case, name, parameter, factor):
    if parameter:
        plant(name, parameter, factor)
    else:  # binding has no parameter of its own: the antibody's
        build = wells.build
        drug = {"rituximab": {"kon_per_M_per_s": 1.5e5}}
        other = wells.mixed({"binding": {}}, 1000, duration="10 min", dt="1 min", antibodies=drug)
        monkeypatch.setattr(wells, "build", lambda scenario, subject: build(other, subject))
    assert "failed" in verdicts(closed_forms.CASES[case]())


def test_a_wrong_coefficient_fails_the_closed_form_of_diffusion(monkeypatch):
    right = Field.diffuse
    monkeypatch.setattr(Field, "diffuse", lambda self, um2_per_h, dt_h: right(self, 1.01 * um2_per_h, dt_h))
    spread, _, amount = closed_forms.diffusion()
    assert (spread.verdict, amount.verdict) == ("failed", "passed")


def test_every_closed_form_is_tried_with_a_fault():
    source = test_a_wrong_rate_in_the_engine_fails_its_closed_form.pytestmark[0].args[1]
    assert {row[0] for row in source} | {"diffusion"} == set(closed_forms.CASES)


@pytest.mark.parametrize("parameter", ["max_per_h", "mac50_per_cell"])
def test_a_wrong_rate_fails_the_twin(plant, parameter):
    plant("lysis", parameter, 1.001)
    assert "failed" in verdicts(twin_agreement.arm("serum", "duration=30 min"))


def test_what_is_no_number_or_missing_is_infinitely_apart():
    assert twin_agreement._apart([1.0, math.nan], [1.0, 2.0]) == math.inf
    assert twin_agreement._apart([1.0], [1.0, 2.0]) == math.inf
    assert twin_agreement._apart([math.inf, 0.0], [math.inf, 0.0]) == 0.0
    assert twin_agreement._unlike(["cdc"], ["adcc", "cdc"]) == 2


@pytest.mark.parametrize(
    ("case", "name", "parameter"),
    [("conjugates", "killing", "rate_per_h"), ("all_causes", "mac_insertion", "per_event")],
)
def test_a_wrong_rate_fails_the_exact_simulation(plant, case, name, parameter):
    plant(name, parameter, 3.0)
    assert "failed" in verdicts(exact_chance.same_law(getattr(exact_chance, case)(12)))


def test_the_same_mean_with_another_spread_fails_by_its_distribution():
    rng = np.random.default_rng(1)
    counts = {"alive": np.array([rng.poisson(100.0, 200), np.full(200, 100)])}
    mean, law = exact_chance.same_law(counts)
    assert (mean.verdict, law.verdict) == ("passed", "failed")


def test_another_result_fails_the_known_one(monkeypatch):
    file, sets = known_results.TINY["well"]
    monkeypatch.setattr(known_results, "elsewhere", lambda: "")
    monkeypatch.setitem(known_results.TINY, "well", (file, (*sets, "seed=2")))
    assert verdicts(known_results.known("well")) == {"failed"}


def test_on_another_processor_nothing_is_compared_and_why_is_said(monkeypatch):
    here = known_results.here()
    monkeypatch.setattr(known_results, "found", lambda name: "0" * 64)
    kept = json.loads(known_results.KEPT.read_text())["here"]
    monkeypatch.setattr(known_results, "here", lambda: [kept[0], "another", *kept[2:]])
    (check,) = known_results.known("well")
    assert (check.verdict, check.reason) == ("not comparable", f"known for processor {kept[1]}, here another")
    monkeypatch.setattr(known_results, "here", lambda: here)
    monkeypatch.setattr(known_results, "__version__", "9.9.9")
    assert "known for abm" in known_results.known("well")[0].reason


def test_a_step_that_matters_fails_its_halving(plant):
    plant("lysis", "max_per_h", 0.05, when=lambda scenario: scenario.dt < HALF_A_STEP_H)
    (check,) = step_halving.arm("serum", n_wells=4)
    assert check.verdict == "failed"
    assert check.value > check.reference + 5.0


def test_a_check_passes_up_to_its_tolerance_and_no_number_fails():
    at = Check("", "", 1.5, 1.0, 0.5, "")
    assert (at.verdict, at.difference) == ("passed", 0.5)
    assert Check("", "", 1.51, 1.0, 0.5, "").verdict == "failed"
    assert Check("", "", math.nan, 1.0, 0.5, "").verdict == "failed"
    assert Check("", "", "a", "b", 0.0, "").verdict == "failed"


def test_tolerances_of_chance_are_those_of_theory():
    found = mean_of("", "", [1.0, 2.0, 3.0, 4.0], 2.0)
    assert found.tolerance == pytest.approx(4.0 * math.sqrt(5.0 / 3.0 / 4.0))
    assert mean_of("", "", [1.0, 3.0], 2.0, variance=8.0).tolerance == pytest.approx(8.0)
    assert found.reason == BY_CHANCE
    distance = farthest(100.0)
    assert 2.0 * math.exp(-2.0 * 100.0 * distance**2) == pytest.approx(1e-4)


def test_cases_are_chosen_by_name_or_kind_and_a_misspelt_one_is_refused():
    assert verify.chosen(["plain twin", "death"]) == ["death", "twin-serum", "twin-effectors", "twin-both"]
    assert set(verify.chosen(())) == set(verify.KIND_OF)
    with pytest.raises(InputError, match=r"--only deth: no such check; allowed: .*did you mean 'death'"):
        verify.chosen(["deth"])


def test_a_case_that_breaks_down_has_failed():
    rows = verify._rows(Outcome(verify.CaseJob("death"), "failed", "Traceback\nZeroDivisionError: division by zero"))
    found = [(row["verdict"], row["kind"], row["value"]) for row in rows]
    assert found == [("failed", "closed form", "ZeroDivisionError: division by zero")]


def abm(monkeypatch, capsys, *words):
    """Call the program here; returns its exit code and what it wrote."""
    monkeypatch.setattr(sys, "argv", ["abm", "verify", *map(str, words)])
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code or 0
    return code, capsys.readouterr()


def test_the_verb_writes_a_page_and_its_numbers(monkeypatch, capsys, tmp_path):
    asked = ("--only", "diffusion", "--only", "decay", "--out", tmp_path, "--threads", 1)
    code, said = abm(monkeypatch, capsys, *asked)
    assert (code, "4 of 4 passed" in said.out) == (0, True)
    told = json.loads((tmp_path / "verify" / "verify.json").read_text())
    assert (told["ok"], told["passed"], told["failed"], told["not_comparable"]) == (True, 4, 0, 0)
    assert {"value", "reference", "difference", "tolerance", "reason", "verdict", "seconds"} < told["checks"][0].keys()
    page = (tmp_path / "verify" / "report.html").read_text()
    assert page.count("✓ passed") == 4
    assert re.search(r"4 of 4 comparisons passed, in \d+ s on 1 core\.", page)
    assert f"<td>{told['packages']['numba']}</td>" in page


def test_a_failed_check_ends_with_three_and_is_red(monkeypatch, capsys, tmp_path):
    right = Field.diffuse
    monkeypatch.setattr(Field, "diffuse", lambda self, um2_per_h, dt_h: right(self, 1.1 * um2_per_h, dt_h))
    code, said = abm(monkeypatch, capsys, "--only", "diffusion", "--out", tmp_path, "--threads", 1, "--json")
    told = json.loads(said.out)
    assert (code, told["ok"], told["failed"]) == (3, False, 2)
    assert told["report"] == str(tmp_path / "verify" / "report.html")
    page = (tmp_path / "verify" / "report.html").read_text()
    assert '<p class="failed">✗ Failed: diffusion. Do not rely on numbers of this installation.</p>' in page
    assert page.count('<td class="failed">✗ failed</td>') == 2


def test_a_misspelt_name_is_bad_input(monkeypatch, capsys, tmp_path):
    code, said = abm(monkeypatch, capsys, "--only", "known", "--out", tmp_path)
    assert (code, "did you mean" in said.err) == (2, True)
    assert not list(tmp_path.iterdir())


def test_workers_give_what_one_process_gives(tmp_path):
    names = ["decay", "diffusion", "binding"]
    one, two = (verify.verify(names, tmp_path / str(n), n, Monitor())[1]["checks"] for n in (1, 2))
    assert [{**row, "seconds": 0} for row in one] == [{**row, "seconds": 0} for row in two]


def test_the_page_says_what_could_not_be_compared():
    row = {"case": "known-well", "kind": "known result", "name": "Hash", "unit": "", "value": "a", "reference": "b"}
    row |= {"difference": 1.0, "tolerance": 0.0, "reason": "known for machine x, here y", "verdict": "not comparable"}
    found = {"passed": 0, "failed": 0, "not_comparable": 1, "elapsed_s": 2.0, "n_threads": 2, "packages": {}}
    found |= {"checks": [{**row, "seconds": 1.0}]}
    assert "1 could not be compared here: known for machine x, here y." in in_short(found)
    assert [section.heading for section in sections(found)] == ["Known results", "Made with"]
