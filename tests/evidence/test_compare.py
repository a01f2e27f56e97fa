"""The comparison weighs every combination alike and sets nothing but the strengths of the hypotheses."""

import json
import math
import os
from pathlib import Path

import pytest

from abm.core.errors import InputError
from abm.evidence.compare import Combination, Draw, _draws, _marginal, _separate, _weigh, compare, load_comparison
from abm.evidence.hypotheses import HYPOTHESES, strengths, without
from abm.scenario.from_file import load_scenario
from abm.study.execute import local
from abm.study.jobs import Monitor
from abm.study.rows import scenario_at

STUDIES = Path(__file__).parents[2] / "configs" / "studies"
FILE = STUDIES / "interaction.yaml"


@pytest.fixture(scope="module")
def draws():
    contest = load_comparison(FILE, ("draws=4",))
    return contest.given.base, list(_draws(contest))


def test_every_combination_sees_the_same_strengths(draws):
    _, all_draws = draws
    assert len(all_draws) == 16 * 4
    full = [draw.theta for draw in all_draws if len(draw.on) == 4]
    for draw, own in zip([d for d in all_draws if d.on == ("shield",)], full, strict=True):
        assert all(draw.theta[path] == own[path] for path in strengths(["shield"]))


def test_a_draw_changes_strengths_or_switches_a_hypothesis_off(draws):
    base, all_draws = draws
    for draw in all_draws:
        kept = set(strengths(draw.on))
        assert set(draw.theta) <= set(strengths()) | set(without())
        assert kept <= set(draw.theta)
        scenario = scenario_at(base, draw.theta, 1)
        assert ("shield" in scenario.processes) == ("shield" in draw.on)
        assert (scenario.populations.b_cells.low_fraction > 0) == ("subset" in draw.on)


def test_probabilities_follow_the_accepted_draws():
    draws = [Draw(on, {}) for on in ((), ("igg",)) for _ in range(50)]
    accepted = [False] * 50 + [True] * 40 + [False] * 10
    none, igg = _weigh(draws, accepted, [{"A3": 1.0}] * 100, seed=1)
    assert none.probability + igg.probability == pytest.approx(1.0)
    assert igg.probability > 0.97
    assert none.lo < none.probability < none.hi < 0.1
    rates = 0.5 / 51, 40.5 / 51  # the means under Jeffreys' prior
    assert none.probability / igg.probability == pytest.approx(rates[0] / rates[1], rel=0.1)


def test_a_combination_that_holds_four_times_as_often_is_four_times_as_probable():
    draws = [Draw(on, {}) for on in ((), ("igg",)) for _ in range(500)]
    accepted = [i % 5 == 0 for i in range(500)] + [i % 5 != 0 for i in range(500)]
    none, igg = _weigh(draws, accepted, [{"A3": 1.0}] * 1000, seed=1)
    assert (none.n_accepted, igg.n_accepted) == (100, 400)
    assert (none.probability, igg.probability) == pytest.approx((0.2, 0.8), abs=0.005)
    marginal = _marginal([none, igg])
    assert marginal["igg"] == igg.probability
    assert marginal["shield"] == 0.0


def test_the_wells_of_the_panel_are_as_dense_as_a_full_one():
    contest = load_comparison(FILE, ("panel_n=500",))
    scenario = scenario_at(contest.given.base, contest.patch(), 1)
    assert scenario.populations.b_cells.n == 500
    assert scenario.space.volume == pytest.approx(10.0)
    assert scenario.space.side == pytest.approx(5657.0 * math.sqrt(0.05))


def test_the_experiment_on_which_the_accepted_differ_most_comes_first():
    made = [Combination(on, 10, 5, 0.5, 0.3, 0.7, {}) for on in (("igg",), ("shield",))]
    predicted = {("igg",): {"x": 0.2, "y": 0.3}, ("shield",): {"x": 0.2, "y": 0.7}}
    first, second = _separate(made, predicted)
    assert (first.arm, second.arm) == ("y", "x")
    assert first.expected_difference == pytest.approx(0.5 * 0.4)
    assert second.expected_difference == 0.0


def test_what_did_not_come_out_costs_its_own_draw_and_arm_alone():
    draws = [Draw((), {}) for _ in range(3)] + [Draw(("igg",), {}) for _ in range(3)]
    found = [{"A3": value} for value in (10.0, math.nan, 20.0, math.nan, math.nan, math.nan)]
    none, igg = _weigh(draws, [True, False, True, False, False, False], found, seed=1)
    assert none.means == {"A3": 15.0}
    assert math.isnan(igg.means["A3"])
    made = [Combination((name,), 10, 5, 0.25, 0.1, 0.4, {}) for name in ("igg", "shield", "subset")]
    survival = [{"x": 0.2, "y": 0.1, "z": math.nan}, {"x": math.nan, "y": 0.4, "z": math.nan},
                {"x": 0.6, "y": 0.4, "z": math.nan}]  # fmt: skip
    predicted = {c.on: own for c, own in zip(made, survival, strict=True)}
    first, second = _separate(made, predicted)
    assert (first.arm, second.arm) == ("x", "y")
    assert first.expected_difference == pytest.approx(0.5 * 0.4)
    assert set(first.by_combination) == {"igg", "subset"}
    assert second.expected_difference == pytest.approx(4 / 9 * 0.3)


SMALL = (
    *("draws=2", "scale=0.03", "panel_n=50", "panel=../scenarios/quick.yaml", "predicting=1", "claims=[V5]"),
    "set={dt: 15 min, duration: 2 h}",
)


def test_a_tiny_comparison_scores_all_sixteen(tmp_path):
    folder, found = compare(load_comparison(FILE, SMALL), tmp_path, local(1), Monitor())
    assert len(found["combinations"]) == 16
    assert sum(c["probability"] for c in found["combinations"]) == pytest.approx(1.0)
    assert set(found["hypotheses"]) == set(HYPOTHESES)
    assert json.loads((folder.path / "comparison.json").read_text())["n_draws"] == 2
    first = (folder.path / "comparison.json").read_bytes()
    other, _ = compare(load_comparison(FILE, (*SMALL, "predicting=2")), tmp_path, local(1), Monitor())
    assert other.path != folder.path
    assert (folder.path / "comparison.json").read_bytes() == first


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        ("title=Other", True),
        ("question=Why?", True),
        ("claims=[A2]", False),
        ("strengths={populations.b_cells.low_fraction: {lo: 0.05, hi: 0.2}}", False),
        ("set={dt: 15 min}", False),
        ("draws=3", False),
        ("predicting=2", False),
        ("panel_n=60", False),
        ("scale=0.04", False),
        ("seed=2", False),
        ("panel=../scenarios/controls_panel.yaml", False),
        ("parameters=../parameters/calibrated.yaml", False),
    ],
)
def test_a_comparison_of_other_content_is_another_one(change, is_same):
    first, other = (load_comparison(FILE, sets).identity() for sets in (SMALL, (*SMALL, change)))
    assert (first == other) == is_same


def test_a_comparison_by_another_model_is_another_one(monkeypatch):
    contest = load_comparison(FILE, SMALL)
    first = contest.identity()
    monkeypatch.setattr("abm.evidence.reading.model_hash", lambda without: "another")
    assert contest.identity() != first


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        (["claims=[A3, A4-serum]"], r"claims=.*claims\.1  A4-serum is a goal"),
        (["claims=[A9]"], r"claims=.*claims\.0  no claim 'A9'; allowed: A1, A2"),
        (["claims=[A1, P3-PR]"], r"claims\.1  P3-PR is of the group patient"),
        (["claims=[A1, A1]"], r"claims\.1  A1 a second time"),
        (["strengths={processes.killing.rate_per_h: {}}"], "no strength of a hypothesis"),
        (["strengths={populations.b_cells.low_fraction: [0.1]}"], r"low_fraction  found values.*; allowed: lo and hi"),
        (["strengths={populations.b_cells.low_fraction: {lo: 0.1, hi: 1.5}}"], r"low_fraction.*1\.5"),
        (["panel=none.yaml"], "panel  no such file 'none.yaml'"),
        (["panel=../scenarios/wm_patient.yaml"], "panel  a patient, no well; allowed: a scenario of wells"),
        (["parameters=none.yaml"], "parameters  no such file 'none.yaml'"),
        (["parameters=../parameters/waldenstrom.yaml"], "A1 is of the group assay; the parameter set .* patient"),
        (["set={processes.shield: null}"], r"strengths\.processes\.shield\.max_frac  no 'shield' in processes"),
        (["set={processes.kiling.rate_per_h: 1}"], r"set\.processes\.kiling\.rate_per_h  no 'kiling'.*'killing'"),
        (["set={processes.killing.rate_per_h: 1, processes.killing: {}}"], r"set\.processes.*replaced by .*after it"),
        (["set={processes.killing.rate_per_h: -1}"], r"set\.processes\.killing\.rate_per_h  .*out of bounds"),
        (["draws=1"], "out of bounds"),
    ],
)
def test_a_comparison_that_may_not_be_is_refused(sets, told):
    with pytest.raises(InputError, match=told):
        load_comparison(FILE, tuple(sets))


def test_an_unnamed_comparison_is_called_like_its_file(tmp_path):
    beside = os.path.relpath(STUDIES, tmp_path)
    text = FILE.read_text().replace("name: interaction\n", "").replace("../", f"{beside}/../")
    (tmp_path / "mine.yaml").write_text(text)
    assert load_comparison(tmp_path / "mine.yaml").comparison.name == "mine"


def test_the_scenario_of_the_hypotheses_has_an_arm_for_every_combination():
    arms = load_scenario(STUDIES.parent / "scenarios" / "hypotheses.yaml").arms
    on = [{"subset" if name == "low" else name for name in arm.split("_")} - {"none"} for arm in arms]
    assert len({frozenset(own) for own in on}) == 2 ** len(HYPOTHESES)
    for arm, own in zip(arms.values(), on, strict=True):
        assert dict(arm.set) == without(set(HYPOTHESES) - own)
