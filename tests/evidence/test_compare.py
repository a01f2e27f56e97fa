"""The comparison weighs every combination alike, by evidence, and what decides moves nothing but the combinations."""

import itertools
import json
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from abm.core.errors import InputError
from abm.evidence.calibrate import calibrate
from abm.evidence.combinations import combinations, free_of, samplings
from abm.evidence.compare import compare, cost, load_comparison
from abm.evidence.emulation import Runs, design
from abm.evidence.hypotheses import HYPOTHESES, without
from abm.evidence.panel import learn_arms
from abm.evidence.posterior import Literature
from abm.evidence.weighing import Outlook, Weighed, Weighing
from abm.inference.emulator import fit
from abm.inference.emulators import Emulators
from abm.scenario.from_file import load_scenario
from abm.study.execute import local
from abm.study.jobs import Flow, Monitor, Stopped
from abm.study.rows import scenario_at

STUDIES = Path(__file__).parents[2] / "configs" / "studies"
FILE = STUDIES / "interaction.yaml"
TINY = Path(__file__).parent / "interaction_tiny.yaml"
N = 2000
EVEN = (np.arange(N) + 0.5) / N


def made(on, log_evidence=0.0, strengths=EVEN, papers=None, decides=None):
    """Return a combination whose draws all have one strength."""
    nothing = np.zeros((len(strengths), 1))
    own = np.repeat(strengths[:, None], len(on), axis=1)
    each = (nothing if one is None else one[:, None] for one in (papers, decides))
    return Weighed(on, log_evidence, 0.0, own, *each)


def weighed(part):
    """Return all combinations, each made from what is on."""
    return Weighing(tuple(map(part, combinations())), ("Golay2003",), ("A3",), 1)


def test_every_combination_is_weighed_once():
    found = list(combinations())
    assert len(found) == len(set(found)) == 2 ** len(HYPOTHESES)


def test_hypotheses_that_do_not_meet_have_the_bayes_factors_of_their_own():
    factors = {"shield": 2.0, "igg": 5.0, "subset": 1.0, "dheas": 0.25}
    each = weighed(lambda on: made(on, sum(math.log(factors[name]) for name in on)))
    for name, own in each.hypotheses().items():
        assert own["bayes_factor"] == pytest.approx(factors[name])
        assert own["lo"] == pytest.approx(own["hi"])
        assert own["probability"] == pytest.approx(factors[name] / (1.0 + factors[name]))
    assert sum(one["probability"] for one in each.combinations()) == pytest.approx(1.0)


def test_a_bayes_factor_is_averaged_over_what_else_is_on():
    each = weighed(lambda on: made(on, math.log(16.0) * (on == ("shield", "igg"))))
    assert each.hypotheses()["igg"]["bayes_factor"] == pytest.approx((16 + 7) / 8)


def test_an_interval_is_as_wide_as_the_errors_of_both_sides():
    each = weighed(lambda on: replace(made(on), error=0.3))
    assert math.log(each.hypotheses()["igg"]["hi"]) == pytest.approx(1.96 * 0.3 * math.sqrt(2 / 8), rel=1e-3)
    first = each.combinations()[0]
    assert first["lo"] < first["probability"] < first["hi"]
    assert first["probability"] == pytest.approx(1 / 16)
    assert math.log(first["hi"] / first["lo"]) == pytest.approx(2 * 1.96 * 0.3, rel=0.1)


def test_evidence_beyond_all_numbers_is_still_a_number():
    for gap in (1e4, -1e4):
        each = weighed(lambda on, gap=gap: made(on, gap * ("igg" in on)))
        assert 0.0 < each.hypotheses()["igg"]["bayes_factor"] < math.inf


def test_what_decides_weighs_by_its_mean_likelihood_over_the_draws():
    one = made(("igg",), 1.0, decides=np.log(2.0 * EVEN))
    log_decided, error = one.decided()
    assert log_decided == pytest.approx(1.0, abs=1e-3)
    assert error == pytest.approx(math.sqrt(1 / 3 / N), rel=1e-2)
    assert one.without_deciding(0) == pytest.approx(1.0)


@pytest.mark.parametrize("n_on", [1, 2])
def test_a_prior_of_half_or_twice_the_width_has_its_closed_form(n_on):
    on = ("igg", "dheas")[:n_on]
    rng = np.random.default_rng(1)
    strengths = rng.random((20_000, n_on))
    decides = np.log(2.0 * strengths).sum(axis=1)  # mean 1 over the range, 1/2 over its lower half
    one = replace(made(on, strengths=strengths[:, 0], decides=decides), strengths=strengths)
    assert math.exp(one.with_width(0.5)) == pytest.approx(0.5**n_on, rel=0.05)
    assert math.exp(one.with_width(2.0) - one.decided()[0]) == pytest.approx(0.5**n_on)
    assert made((), 3.0).with_width(0.5) == pytest.approx(3.0)
    assert made((), 3.0).with_width(2.0) == pytest.approx(3.0)


def test_a_half_in_which_no_draw_lies_counts_as_half_a_draw():
    one = made(("igg",), strengths=0.5 + 0.5 * EVEN)
    assert one.with_width(0.5) == pytest.approx(math.log(2.0 * 0.5 / N))


def test_without_a_paper_the_evidence_is_that_of_the_others():
    draws = np.log1p(EVEN * (math.e - 1.0))  # of the posterior under the likelihood e^s
    decides = np.log(2.0 * draws)
    one = made(("igg",), math.log(math.e - 1.0), draws, papers=draws, decides=decides)
    log_evidence, k_hat, is_good = one.without_paper(0)
    assert log_evidence == pytest.approx(0.0, abs=0.01)
    assert is_good == (k_hat < 0.69)
    assert is_good
    told = weighed(lambda on: replace(one, on=on) if "igg" in on else made(on)).without_each()
    assert [own["paper"] for own in told] == ["Golay2003", "A3"]
    assert told[0]["hypotheses"]["igg"]["probability"] == pytest.approx(0.5, abs=0.01)
    assert told[1]["hypotheses"]["igg"]["bayes_factor"] == pytest.approx(math.e - 1.0)


def test_a_paper_that_cannot_be_left_out_is_marked():
    told, _ = weighed(lambda on: made(on, papers=3.0 * np.log(EVEN))).without_each()
    assert told["k_hat"] > 0.7
    assert not told["is_good"]


@pytest.fixture(scope="module")
def contest():
    return load_comparison(TINY)


def linear(problem, slopes, names):
    """Return emulators of straight lines over the ranges of a calibration."""
    x = design(len(problem.ranges), 40, (), 1)
    return Emulators(tuple(names), tuple(fit(x, own[0] + x @ np.array(own[1:]), 1e-3) for own in slopes))


def test_the_evidence_of_a_combination_is_the_mean_likelihood_over_what_it_leaves_free(contest):
    problem = contest.problem
    emulators = linear(problem, [(10.0, 20.0, 0.0, 12.0, 0.0)], ["A1"])
    literature = Literature.of(problem.claims)
    jobs = {job.on: job for job in samplings(problem, emulators, 100, 200)}
    assert len(jobs) == 16
    grid = (np.arange(200) + 0.5) / 200
    for on in ((), ("subset",), ("shield", "subset")):
        own = np.array(list(itertools.product(*(grid if name in on else [0.0] for name in HYPOTHESES))))
        places = np.zeros_like(own)
        places[:, [problem.strengths[name] for name in HYPOTHESES]] = own
        log_l = literature.log_likelihood(*emulators.at(places)).sum(axis=1)
        found = replace(jobs[on], live=100).run(Flow())
        wanted = np.logaddexp.reduce(log_l) - math.log(len(log_l))
        assert found["log_evidence"] == pytest.approx(wanted, abs=4.0 * found["error"] + 1e-9)
        draws = np.array(found["points"])
        assert not np.delete(draws, [problem.strengths[name] for name in on], axis=1).any()


def test_a_sampling_travels_as_text_and_stops_when_it_is_asked_to(contest):
    job = samplings(contest.problem, linear(contest.problem, [(10.0, 20.0, 0.0, 12.0, 0.0)], ["A1"]), 20, 20)[3]
    other = type(job).from_json(job.to_json())
    assert other == job
    assert other.run(Flow()) == job.run(Flow())
    with pytest.raises(Stopped):
        replace(job, live=300).run(Flow(is_stopped=lambda: True))


def test_what_is_only_of_a_hypothesis_that_is_off_is_not_free():
    problem = load_comparison(FILE).problem
    paths = [problem.ranges[place].path for place in free_of(problem, ("igg",))]
    assert "processes.igg.k_uM" in paths
    assert len(paths) == len(problem.ranges) - 3
    assert free_of(problem, tuple(HYPOTHESES)) == tuple(range(len(problem.ranges)))


def test_a_sure_difference_between_two_is_one_bit_and_no_difference_none(contest):
    arms = linear(contest.problem, [(0.0, 0.0, 0.0, 0.0, 0.0), (-3.0, 6.0, 0.0, 0.0, 0.0)], ["same", "other"])
    points = [np.zeros((50, 4)), np.tile([1.0, 0.0, 0.0, 0.0], (50, 1))]
    told = Outlook(np.array([0.5, 0.5]), points, (1, 3), 1).tell(arms, np.array([0.1, 0.1]))
    first, second = told["experiments"]
    assert (first["arm"], second["arm"]) == ("other", "same")
    assert told["most_bits"] == 1.0
    np.testing.assert_allclose(first["bits"], 1.0, atol=1e-6)
    np.testing.assert_allclose(second["bits"], 0.0, atol=0.02)
    assert (first["needed"], second["needed"]) == (1, None)
    np.testing.assert_allclose(told["together"]["bits"], 1.0, atol=1e-6)


def test_nothing_is_left_to_tell_where_one_combination_is_certain(contest):
    arms = linear(contest.problem, [(-3.0, 6.0, 0.0, 0.0, 0.0)], ["other"])
    points = [np.zeros((50, 4)), np.tile([1.0, 0.0, 0.0, 0.0], (50, 1))]
    told = Outlook(np.array([1.0, 0.0]), points, (1,), 1).tell(arms, np.array([0.1]))
    assert told["experiments"][0]["bits"][0] < 1e-9
    assert Outlook(np.array([1.0, 0.0]), points, (1,), 1).tell(None, np.array([]))["experiments"] == []


def test_an_arm_that_cannot_be_emulated_decides_nothing_and_is_named():
    x = design(2, 60, (), 1)
    line, nothing = x @ [1.0, 2.0], np.full(60, np.nan)
    y = np.column_stack([line, np.where(np.arange(60) < 48, line, -line), nothing])
    found = learn_arms(("line", "other", "never"), Runs(x, y, np.array([0.0, 0.01, 0.0]), 2), 1)
    assert found.emulators.names == ("line",)
    assert (found.spread > 0.0).all()
    told = "the arm '{}' of the panel decides nothing: "
    assert found.warnings[0].startswith(told.format("other") + "on unseen runs the emulator of 'other' ")
    assert found.warnings[1].startswith(told.format("never"))


def test_the_wells_of_the_panel_are_as_dense_as_a_full_one():
    own = load_comparison(FILE, ("panel_n=500",))
    scenario = scenario_at(own.problem.base, own.panel.patch(), 1)
    assert scenario.populations.b_cells.n == 500
    assert scenario.space.volume == pytest.approx(10.0)
    assert scenario.space.side == pytest.approx(5657.0 * math.sqrt(0.05))


def test_survival_of_none_and_of_more_than_all_has_a_logit(contest):
    found = contest.panel.to_link(np.array([0.0, 0.5, 1.2, np.nan]))
    np.testing.assert_allclose(found[:3], [-math.log(99.0), 0.0, math.log(99.0)])
    assert math.isnan(found[3])


def test_a_tiny_comparison_weighs_all_sixteen_and_draws_more_without_running_more(tmp_path, contest):
    folder, found = compare(contest, tmp_path, local(1), Monitor())
    assert len(found["combinations"]) == 16
    assert sum(own["probability"] for own in found["combinations"]) == pytest.approx(1.0)
    assert set(found["hypotheses"]) == set(HYPOTHESES)
    assert {own["arm"] for own in found["experiments"]} <= set(contest.panel.scenario.arms)
    assert json.loads((folder.path / "comparison.json").read_text()) == found
    rows = (folder.path / "rows.jsonl").read_bytes()
    assert rows.count(b"\n") == cost(contest, 1)["rows"]
    other, more = compare(load_comparison(TINY, ("draws=40",)), tmp_path, local(1), Monitor())
    assert other.path == folder.path
    assert (folder.path / "rows.jsonl").read_bytes() == rows
    evidences = ([own["log_evidence"] for own in each["combinations"]] for each in (found, more))
    assert next(evidences) == next(evidences)


def test_a_comparison_takes_over_what_a_fit_of_its_calibration_has_run(tmp_path, contest):
    problem = contest.problem
    fit, _ = calibrate(problem, tmp_path, local(1), Monitor())
    ran = []

    def only_new(jobs, monitor):
        for outcome in local(1)(jobs, monitor):
            ran.extend(row.hash for row in getattr(outcome.job, "rows", ()))
            yield outcome

    folder, _ = compare(contest, tmp_path, only_new, Monitor())
    known = {record["hash"] for record in fit.records()}
    taken = {record["hash"] for record in folder.records()} & known
    assert len(taken) == problem.calibration.points * problem.calibration.repeats
    assert not taken & set(ran)
    assert ran


def test_what_decides_is_run_but_not_learnt_from(contest):
    assert [claim.id for claim in contest.whole.claims] == ["A1", "A3"]
    assert [claim.id for claim in contest.problem.claims] == ["A1"]


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        ("title=Other", True),
        ("question=Why?", True),
        ("draws=30", True),
        ("live=30", True),
        ("replicates=[2]", True),
        ("decide=[A2]", False),
        ("panel_points=30", True),
        ("panel_n=60", False),
        ("panel=../../configs/scenarios/controls_panel.yaml", False),
        ("calibration=../../configs/studies/calibration.yaml", False),
    ],
)
def test_a_comparison_of_other_content_is_another_one(contest, change, is_same):
    sets = (change, "decide=[A3]", "live=29") if change.startswith("calibration") else (change,)
    assert (load_comparison(TINY, sets).identity() == contest.identity()) == is_same


def test_a_comparison_by_another_model_is_another_one(monkeypatch, contest):
    first = contest.identity()
    monkeypatch.setattr("abm.evidence.reading.model_hash", lambda without: "another")
    assert contest.identity() != first


MINE = """\
calibration: CONFIGS/studies/calibration.yaml
panel: CONFIGS/scenarios/quick.yaml
decide:
  - A3
draws: 300
replicates: [1, 3]
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("- A3", "- A4-serum", r"4:5  decide\.0  A4-serum is a goal"),
        ("- A3", "- A9", r"4:5  decide\.0  no claim 'A9'; allowed: A1, A2"),
        ("- A3", "- P3-PR", r"4:5  decide\.0  P3-PR is of the group patient; the parameter set .* assay"),
        ("- A3", "- A3\n  - A3", r"5:5  decide\.1  A3 a second time; allowed: each claim once"),
        ("- A3", "- A1", r"4:5  decide\.0  the calibration learns from A1; allowed: claims that it leaves out"),
        ("- A3", "- V7-ratio", r"4:5  decide\.0  V7-ratio has no likelihood: .* told by V7-VV, V7-FF"),
        (
            "draws: 300",
            "live: 28",
            r"5:1  live  28 live points cannot hold .* of 14 dimensions; allowed: 29 or more",
        ),
        ("draws: 300", "panel_points: 20", r"5:1  panel_points  20 points are too few for 14 .*; allowed: 88 or more"),
        ("300", "1", r"5:1  draws  .*(out of bounds|bounds)"),
        ("[1, 3]", "[3, 1]", r"6:1  replicates  3, 1 do not rise"),
        ("[1, 3]", "[0, 1]", r"6:1  replicates  0, 1 do not rise"),
        ("quick.yaml", "none.yaml", r"2:1  panel  no such file '.*none\.yaml'"),
        ("quick.yaml", "wm_patient.yaml", r"2:1  panel  a patient, no well; allowed: a scenario of wells"),
        ("calibration.yaml", "none.yaml", r"1:1  calibration  no such file '.*none\.yaml'"),
        (
            "calibration.yaml",
            "calibration_quick.yaml",
            r"1:1  calibration  .*calibration_quick\.yaml says nothing of how strong shield is; allowed: "
            r"processes\.shield\.max_frac among what is free[\s\S]*how strong dheas is",
        ),
        ("draws: 300", "parameters: x.yaml", r"5:1  parameters  unknown key"),
    ],
)
def test_a_fault_of_a_comparison_is_told_with_its_line(tmp_path, old, new, told):
    assert old in MINE
    configs = os.path.relpath(STUDIES.parent, tmp_path)
    (tmp_path / "mine.yaml").write_text(MINE.replace(old, new).replace("CONFIGS", configs))
    with pytest.raises(InputError, match=rf"mine\.yaml:{told}"):
        load_comparison(tmp_path / "mine.yaml")


def test_a_fault_of_the_calibration_is_told_where_it_stands(tmp_path):
    text = (STUDIES / "calibration.yaml").read_text().replace("../", f"{os.path.relpath(STUDIES, tmp_path)}/../")
    (tmp_path / "calibration.yaml").write_text(text.replace("docking.max_per_h", "docing.max_per_h"))
    panel = os.path.relpath(STUDIES / "../scenarios/quick.yaml", tmp_path)
    (tmp_path / "mine.yaml").write_text(f"calibration: calibration.yaml\npanel: {panel}\n")
    with pytest.raises(InputError, match=r"calibration\.yaml:13:3  free\..*no 'docing'.*did you mean 'docking'"):
        load_comparison(tmp_path / "mine.yaml")


def test_an_unnamed_comparison_is_called_like_its_file(tmp_path):
    configs = os.path.relpath(STUDIES.parent, tmp_path)
    (tmp_path / "mine.yaml").write_text(MINE.replace("CONFIGS", configs))
    assert load_comparison(tmp_path / "mine.yaml").comparison.name == "mine"


def test_an_emulator_of_a_claim_that_fails_is_refused_by_name(tmp_path, monkeypatch, contest):
    monkeypatch.setattr("abm.inference.emulators.LEAST_EXPLAINED", 2.0)
    with pytest.raises(InputError, match=r"on unseen runs the emulator of 'A1' explains"):
        compare(contest, tmp_path, local(1), Monitor())


def test_the_scenario_of_the_hypotheses_has_an_arm_for_every_combination():
    arms = load_scenario(STUDIES.parent / "scenarios" / "hypotheses.yaml").arms
    on = [{"subset" if name == "low" else name for name in arm.split("_")} - {"none"} for arm in arms]
    assert len({frozenset(own) for own in on}) == 2 ** len(HYPOTHESES)
    for arm, own in zip(arms.values(), on, strict=True):
        assert dict(arm.set) == without(set(HYPOTHESES) - own)
