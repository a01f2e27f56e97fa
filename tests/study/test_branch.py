"""A branch is a new run with the same past and another future."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

import abm.study.batches
from abm.core.errors import InputError
from abm.results.run import Run
from abm.study.jobs import Stopped
from abm.study.resume import going_on
from abm.study.run import run_scenario

T_BRANCH_H = 0.75  # the last checkpoint before the end


@pytest.fixture
def parent(quiet, tmp_path):
    """Return the undisturbed run in a root of the test's own."""
    folder = tmp_path / "runs" / "tiny" / quiet.path.name
    shutil.copytree(quiet.path, folder)
    return Run(folder)


def branch(parent, *sets, out=None, n_threads=1, monitor=None):
    scenario, root, where = going_on(parent.path, sets, out)
    return run_scenario(scenario, root, n_threads, monitor, where)


def upto(table, t_h):
    return table[table["time_h"] <= t_h + 1e-9].reset_index(drop=True)


def test_a_branch_with_nothing_changed_has_its_parents_future(parent, quiet_hash):
    found = branch(parent, "title=the same again")
    assert found.path.parent == parent.path.parent
    assert found.path != parent.path
    assert found.summary()["result_hash"] == quiet_hash
    assert found.provenance()["scenario_hash"] != parent.provenance()["scenario_hash"]


def test_a_branch_has_the_same_past_and_another_future(parent, quiet_hash):
    found = branch(parent, "processes.lysis.max_per_h=0")
    pd.testing.assert_frame_equal(upto(found.series(), T_BRANCH_H), upto(parent.series(), T_BRANCH_H))
    pd.testing.assert_frame_equal(upto(found.deaths(), T_BRANCH_H), upto(parent.deaths(), T_BRANCH_H), check_like=True)
    for at in (0, 30, 31):
        pd.testing.assert_frame_equal(found.cells(at), parent.cells(at))
    for at in parent.field_steps():
        np.testing.assert_equal(found.fields(at), parent.fields(at))
    assert (found.deaths().query("time_h > @T_BRANCH_H + 1e-9")["cause"] != "cdc").all()
    assert (parent.deaths().query("time_h > @T_BRANCH_H + 1e-9")["cause"] == "cdc").any()
    assert parent.summary()["result_hash"] == quiet_hash


def test_a_branch_without_a_cause_of_death_keeps_those_who_died_of_it(parent):
    found = branch(parent, "processes.lysis=null", "processes.other={kind: death, cause: aging, rate_per_h: 3}")
    before, after = upto(parent.deaths(), T_BRANCH_H), upto(found.deaths(), T_BRANCH_H)
    assert list(after["cause"]) == list(before["cause"])
    assert "cdc" in set(before["cause"])
    later = set(found.deaths().query("time_h > @T_BRANCH_H + 1e-9")["cause"])
    assert "aging" in later
    assert "cdc" not in later
    assert found.summary()["arms"]["serum"]["deaths"]["cdc"] > 0


def test_a_branch_may_end_later_or_have_another_seed_or_fewer_arms(parent):
    longer = branch(parent, "duration=2 h")
    assert longer.series()["time_h"].max() == 2.0
    pd.testing.assert_frame_equal(upto(longer.series(), 1.0), upto(parent.series(), 1.0))  # from the very end
    other = branch(parent, "seed=9")
    assert other.path.name.endswith("-s9")
    pd.testing.assert_frame_equal(upto(other.series(), T_BRANCH_H), upto(parent.series(), T_BRANCH_H))
    assert other.summary()["result_hash"] != parent.summary()["result_hash"]
    assert set(branch(parent, "arms.both=null").arms()["arm"]) == {"serum", "serum~control"}


def test_a_branch_of_a_branch_and_of_an_interrupted_run(parent, interrupted, quiet_hash):
    first = branch(parent, "title=first")
    assert branch(first, "title=second").summary()["result_hash"] == quiet_hash
    shutil.rmtree(parent.path.parents[1])
    folder = interrupted(4 * 60 - 10)  # all but the last steps of the last well
    assert not Run(folder).is_merged
    assert branch(Run(folder), "title=from parts").summary()["result_hash"] == quiet_hash


def test_an_interrupted_branch_is_resumed(parent, monkeypatch, stops_after, quiet_hash):
    monkeypatch.setattr(abm.study.batches, "BEAT_S", 0.0)
    with pytest.raises(Stopped):
        branch(parent, "title=broken off", monitor=stops_after(20))
    (folder,) = (f for f in parent.path.parent.iterdir() if f.name != parent.path.name)
    assert json.loads((folder / "branch.json").read_text())["parent"] == f"../{parent.path.name}"
    scenario, root, where = going_on(folder, [], None)
    found = run_scenario(scenario, root, 1, branch=where)
    assert found.path == folder
    assert found.summary()["result_hash"] == quiet_hash


def test_a_branch_may_live_in_another_root(parent, tmp_path, quiet_hash):
    found = branch(parent, "title=elsewhere", out=tmp_path / "other")
    assert found.path.is_relative_to(tmp_path / "other")
    assert found.summary()["result_hash"] == quiet_hash


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (["dt=30 s"], "a branch shares its past, so its dt cannot change"),
        (["space.side=500 um"], "so its space cannot change"),
        (["populations.b_cells.n=70"], "so its populations cannot change"),
        (["arms.both.add.0.rituximab=1 ug/mL"], "arms.both  a branch shares its past, so what was added before 0.75 h"),
        (["arms.serum.without=[]"], "arms.serum  a branch shares its past"),
        (["processes.dheas.voxels_per_side=4"], "a branch keeps its voxels"),
        (["probes.counts.at=[10.5 min]"], "no step of this scenario: a branch keeps dt and every addition and look"),
        (["replicates=2"], "holds no checkpoint of serum-r1"),
        (["arms.new={}"], "holds no checkpoint of new-r0"),
        (
            ["duration=40 min", "probes.cells=null", "probes.fields=null"],
            "no intact checkpoint that all wells share before the end of the branch",
        ),
        (["processes.bindng.kd_nM=1"], "did you mean 'binding'?"),
    ],
)
def test_a_branch_that_cannot_share_the_past_is_refused(parent, sets, message):
    with pytest.raises(InputError) as refused:
        branch(parent, *sets)
    assert message in str(refused.value)
    assert [folder.name for folder in parent.path.parent.iterdir()] == [parent.path.name]


def test_a_branch_from_damaged_checkpoints_is_refused(parent):
    for path in parent.path.glob("checkpoints/both-r0/*.npz"):
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="holds no checkpoint of both-r0 to branch from"):
        branch(parent, "title=x")


def interrupt(path):
    """Leave the run of a file as if it had been interrupted."""
    path.with_name("summary.json").unlink()
    return path


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: interrupt(f / "provenance.json").unlink(), "the run has not come that far"),
        (lambda f: (f / "scenario.yaml").unlink(), "was left before anything ran; start it with abm run"),
        (lambda f: interrupt(f / "provenance.json").write_text("[]"), "holds no mapping"),
        (lambda f: interrupt(f / "provenance.json").write_text("{}"), "is not a run folder"),
        (lambda f: (f / "branch.json").write_text("{}"), "branch.json cannot be read"),
        (lambda f: (f / "scenario.yaml").write_text("name: tiny\n"), "another version of the model or its scenario"),
        (lambda f: (f / ".lock").write_text(""), "locked by an owner that cannot be read"),
        (lambda f: f.rename(f.with_name("renamed")), "was moved or renamed: it was made as tiny/"),
    ],
)
def test_what_cannot_be_gone_on_with_is_refused(parent, spoil, message):
    spoil(parent.path)
    (folder,) = parent.path.parent.iterdir()
    with pytest.raises(InputError) as refused:
        going_on(folder, [], None)
    assert message in str(refused.value)


def test_a_run_goes_on_where_it_is(parent, tmp_path):
    with pytest.raises(InputError, match="--out is for a branch, made with --set"):
        going_on(parent.path, [], tmp_path / "other")
