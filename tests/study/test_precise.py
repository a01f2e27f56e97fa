"""Replicates are added until the intervals are as narrow as was wanted; nothing but the results decides how many."""

import pytest

from abm.core.errors import InputError
from abm.results.run import Run
from abm.scenario.from_file import load_scenario
from abm.scenario.precision import Wanted
from abm.statistics.enough import enough
from abm.study.jobs import Stopped
from abm.study.precise import FIRST, Precision, first, more, precision
from abm.study.run import run_scenario
from abm.study.spec import load_study

QUICK = ("arms.both=null", "populations.nk_cells=null", "processes.engagement=null", "duration=30 min",
         "probes.cells=null", "probes.fields=null", "probes.complement_events=null")  # fmt: skip
SURVIVAL = Wanted("survival", 0.02, "survival", 100.0, "points")


def known(half, n, wanted=0.02):
    """Return how precisely survival is known after n replicates."""
    return Precision("survival", wanted, 100.0, "points", half, "both", n, enough(n, half, wanted) if half else None)


def test_the_next_batch_is_what_the_spread_takes_within_limits():
    assert more([known(0.019, 5)], 5, 50) == 5
    assert more([known(0.022, 20)], 20, 50) == enough(20, 0.022, 0.02) == 24
    assert more([known(0.2, 5)], 5, 50) == 10, "at most twice as many"
    assert more([known(0.0201, 20)], 20, 50) == 24, "at least a fifth more"
    assert more([known(0.2, 40)], 40, 50) == 50
    assert more([known(0.2, 50)], 50, 50) == 50
    assert more([known(None, 5)], 5, 50) == 10, "without an interval nobody can tell"
    assert first(3) == 3
    assert first(50) == FIRST


def test_the_widest_arm_decides_and_one_without_the_measure_is_passed_over():
    entries = {"a": (0.2, 0.19, 0.21), "b": (0.5, 0.4, 0.6), "c": (None, None, None)}
    arms = {arm: {"survival": dict(zip(("mean", "lo", "hi"), own, strict=True))} for arm, own in entries.items()}
    found = precision({"arms": arms}, SURVIVAL, 7)
    assert (found.arm, found.half, found.is_reached) == ("b", pytest.approx(0.1), False)
    assert not precision({"arms": {"c": arms["c"]}}, SURVIVAL, 7).is_reached
    shares = {"arms": {"p": {"shares": {"survival": {"share": 0.5, "lo": 0.49, "hi": 0.51}}}}}
    assert precision(shares, SURVIVAL, 7).is_reached


@pytest.fixture(scope="module")
def narrow(tiny, tmp_path_factory):
    """Return a run that was to know survival to 4 points."""
    scenario = tiny(*QUICK, "replicates={precise_to: {survival: 4 %}, at_most: 40}")
    return run_scenario(scenario, tmp_path_factory.mktemp("narrow"), 1), scenario


def test_a_run_stops_where_its_interval_is_narrow_enough(narrow, log):
    run, _ = narrow
    told = run.summary()["precise_to"]["measures"]["survival"]
    own = run.summary()["arms"]["serum"]["survival"]
    assert told["is_reached"]
    assert told["half"] == pytest.approx((own["hi"] - own["lo"]) / 2)
    assert told["half"] <= 0.04
    assert told["n"] == run.series()["replicate"].nunique() < 40
    before = log(run.path)["precision"]
    assert before[0]["replicates"] == FIRST
    assert all(not one["survival"]["is_reached"] for one in before[:-1])


def test_it_is_the_run_of_so_many_replicates(narrow, tiny, tmp_path):
    n = narrow[0].series()["replicate"].nunique()
    plain = run_scenario(tiny(*QUICK, f"replicates={n}"), tmp_path, 1)
    assert plain.summary()["result_hash"] == narrow[0].summary()["result_hash"]


def test_interrupted_and_resumed_on_two_threads_it_is_the_same(narrow, tmp_path, stops_after, monkeypatch):
    monkeypatch.setattr("abm.study.batches.BEAT_S", 0.0)
    with pytest.raises(Stopped):
        run_scenario(narrow[1], tmp_path, 1, stops_after(30))
    again = run_scenario(narrow[1], tmp_path, 2)
    assert again.summary()["result_hash"] == narrow[0].summary()["result_hash"]
    assert again.summary()["precise_to"] == narrow[0].summary()["precise_to"]


def test_a_finished_run_is_returned_as_it_is(narrow):
    run, scenario = narrow
    assert run_scenario(scenario, run.path.parents[1], 1).path == run.path
    assert load_scenario(run.path / "scenario.yaml") == scenario


def test_a_run_that_may_not_go_on_says_so_and_what_would_suffice(tiny, tmp_path):
    run = run_scenario(tiny(*QUICK, "replicates={precise_to: {survival: 0.5 %}, at_most: 3}"), tmp_path, 1)
    (warning,) = Run(run.path).summary()["warnings"]
    assert "not to ± 0.5 points, after all 3; about " in warning
    assert "would suffice" in warning


@pytest.mark.parametrize(
    ("own", "path", "message"),
    [
        ("precise_to: {survivl: 2 %}, at_most: 9", "precise_to.survivl", "did you mean 'survival'?"),
        ("precise_to: {survival: 0 %}, at_most: 9", "precise_to.survival", "found 0 %, no half width"),
        ("precise_to: {survival: -1 %}, at_most: 9", "precise_to.survival", "allowed: more than 0"),
        ("precise_to: {survival: 2}, at_most: 9", "precise_to.survival", "less than 50 %, such as 2 %"),
        ("precise_to: {survival: 2 h}, at_most: 9", "precise_to.survival", "is of dimension time"),
        ("precise_to: {survival: 2 %}, at_most: 1", "at_most", "found 1, out of bounds; allowed: >= 2 and <= 10000"),
        ("precise_to: {survival: 2 %}", "at_most", "missing key 'at_most'"),
        ("precise_to: {}, at_most: 9", "precise_to", "at least 1"),
        ("precise: {survival: 2 %}, at_most: 9", "precise", "did you mean 'precise_to'?"),
        ("precise_to: {survival: 2 %}, at_most: many", "at_most", "'many' is no finite number"),
    ],
)
def test_what_cannot_be_is_told_where_it_stands(tiny, own, path, message):
    with pytest.raises(InputError) as refused:
        tiny(f"replicates={{{own}}}")
    assert {fault.path for fault in refused.value.faults} >= {f"replicates.{path}"}
    assert message in str(refused.value)


def test_a_study_runs_as_many_as_are_stated(tmp_path, tiny_file):
    base = tmp_path / "base.yaml"
    base.write_text(tiny_file.read_text() + "replicates: {precise_to: {survival: 2 %}, at_most: 9}\n")
    text = base.read_text().replace("../../configs/parameters/wm_bright.yaml", "wm_bright")
    base.write_text(text)
    study = tmp_path / "study.yaml"
    study.write_text("base: base.yaml\ndesign: {kind: list, points: [{populations.b_cells.n: 50}]}\n")
    with pytest.raises(InputError, match=r"allowed: a number, such as set: \{replicates: 5\}"):
        load_study(study)
