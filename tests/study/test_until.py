"""A well is stopped where its condition holds; what is read of it stays defined, and is the same however it is run."""

import json

import pandas as pd
import pytest

from abm.core.errors import InputError
from abm.plot import arms
from abm.results.run import Run
from abm.scenario.from_file import load_scenario
from abm.scenario.until import until
from abm.study.jobs import Stopped
from abm.study.run import run_scenario
from abm.study.spec import load_study

QUICK = ("arms.both=null", "populations.nk_cells=null", "processes.engagement=null", "duration=40 min", "replicates=2",
         "probes.cells=null", "probes.fields=null", "probes.complement_events=null",
         "probes.counts.every=5 min")  # fmt: skip
HALF = "until=b_cells.alive < 60 %"


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory):
    """Return the run to the end."""
    return run_scenario(tiny(*QUICK), tmp_path_factory.mktemp("whole"), 1)


@pytest.fixture(scope="module")
def stopped(tiny, tmp_path_factory):
    """Return the run whose wells are stopped."""
    return run_scenario(tiny(*QUICK, HALF), tmp_path_factory.mktemp("stopped"), 1)


def of(run, arm):
    series = run.series()
    return {k: own.reset_index(drop=True) for k, own in series[series["arm"] == arm].groupby("replicate")}


def test_a_well_ends_with_the_first_look_at_which_its_condition_holds(whole, stopped):
    for replicate, full in of(whole, "serum").items():
        own = of(stopped, "serum")[replicate]
        below = full["n_b_alive"] < 0.6 * full["n_b_start"]
        assert len(own) == below.idxmax() + 1 < len(full)
        pd.testing.assert_frame_equal(own, full.head(len(own)))


def test_what_does_not_come_to_it_goes_on_to_the_end(whole, stopped):
    for replicate, full in of(whole, "serum~control").items():
        pd.testing.assert_frame_equal(of(stopped, "serum~control")[replicate], full)


def test_the_moment_is_kept_of_each_well(stopped):
    ends = {f"serum-r{k}": float(own["time_h"].iloc[-1]) for k, own in of(stopped, "serum").items()}
    wells = stopped.wells()
    assert {name: wells[name]["stopped_h"] for name in ends} == pytest.approx(ends)
    assert wells["serum~control-r0"]["stopped_h"] is None
    told = stopped.summary()["stopped"]
    assert told["at_h"] == {"serum": pytest.approx(list(ends.values())), "serum~control": [None, None]}
    assert arms.ending(stopped).endswith(" h or when stopped")


def test_survival_is_against_the_control_at_that_moment(stopped):
    expected = []
    for replicate, own in of(stopped, "serum").items():
        control = of(stopped, "serum~control")[replicate]
        at = control[control["time_h"] <= own["time_h"].iloc[-1] + 1e-9].iloc[-1]
        expected.append(own["n_b_alive"].iloc[-1] / own["n_b_start"].iloc[-1] * at["n_b_start"] / at["n_b_alive"])
    assert stopped.summary()["arms"]["serum"]["survival"]["mean"] == pytest.approx(sum(expected) / 2)
    assert arms.survival(stopped, "serum").tolist() == pytest.approx(expected)


def test_a_run_to_the_end_is_read_as_before(whole):
    last = whole.series().groupby(["arm", "replicate"]).last()
    raw = last["n_b_alive"] / last["n_b_start"]
    own = (raw["serum"] / raw["serum~control"]).mean()
    assert whole.summary()["arms"]["serum"]["survival"]["mean"] == pytest.approx(own)
    assert "stopped" not in whole.summary()


def test_interrupted_and_on_two_threads_it_is_the_same(tiny, stopped, tmp_path, stops_after, monkeypatch):
    monkeypatch.setattr("abm.study.batches.BEAT_S", 0.0)
    with pytest.raises(Stopped):
        run_scenario(tiny(*QUICK, HALF), tmp_path, 1, stops_after(25))
    again = run_scenario(tiny(*QUICK, HALF), tmp_path, 2)
    assert again.summary()["result_hash"] == stopped.summary()["result_hash"]
    assert json.dumps(again.wells(), sort_keys=True) == json.dumps(stopped.wells(), sort_keys=True)


def test_a_condition_is_a_share_of_all_or_a_number(tiny):
    share, number = until(tiny(HALF)), until(tiny("until=b_cells.alive < 1"))
    assert share.holds({"n_b_alive": 59, "n_b_start": 100})
    assert not share.holds({"n_b_alive": 60, "n_b_start": 100})
    assert number.holds({"n_b_alive": 0, "n_b_start": 100})
    assert not number.holds({"n_b_alive": 1, "n_b_start": 100})
    assert until(tiny()) is None


def test_it_is_part_of_the_scenario_that_is_kept(tiny, stopped):
    assert load_scenario(Run(stopped.path).path / "scenario.yaml") == tiny(*QUICK, HALF)


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (("until=b_cells.alive < 0 %",), "can never hold: no count is below 0"),
        (("until=b_cells.alive < 1 %", "populations.b_cells.is_fixed=true"), "can never hold: fixed cells do not die"),
        (("until=b_cells.alive < 101 %",), "holds from the start"),
        (("until=b_cells.alive < 61",), "holds from the start"),
        (("until=b_cell.alive < 1 %",), "'b_cell' cannot be waited for"),
        (("until=b_cells.alife < 1 %",), "did you mean 'alive'?"),
        (("until=all dead",), "allowed: b_cells.alive < 1 %"),
        (("until=b_cells.alive < 1 h",), "is of dimension time"),
    ],
)
def test_what_cannot_be_waited_for_is_told(tiny, sets, message):
    with pytest.raises(InputError) as refused:
        tiny(*sets)
    assert [fault.path for fault in refused.value.faults] == ["until"]
    assert message in str(refused.value)


def test_patients_are_followed_to_the_end():
    with pytest.raises(InputError, match="is followed to the end"):
        load_scenario("gertz2004", ("until=b_cells.alive < 1 %",))


def test_a_study_runs_wells_to_their_end(tmp_path, tiny_file):
    text = tiny_file.read_text().replace("../../configs/parameters/wm_bright.yaml", "wm_bright")
    (tmp_path / "base.yaml").write_text(text + "until: b_cells.alive < 1 %\n")
    (tmp_path / "study.yaml").write_text(
        "base: base.yaml\ndesign: {kind: list, points: [{populations.b_cells.n: 50}]}\n"
    )
    with pytest.raises(InputError, match="a study runs wells to their end"):
        load_study(tmp_path / "study.yaml")
