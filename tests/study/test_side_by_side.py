"""Wells of a run lie side by side, and each leaves the files that it leaves alone, stopped between or not."""

import json

import numpy as np
import pytest

import abm.study.batches
from abm.biology.antibody.binding import Binding
from abm.core.errors import RunFailed
from abm.scenario.from_file import load_scenario
from abm.study import batches, subject
from abm.study.jobs import Stopped
from abm.study.resume import going_on
from abm.study.run import run_scenario
from tests.study.conftest import StopsAfter

SETS = {
    "replicates": 3,
    "duration": "40 min",
    "checkpoint_every": "15 min",
    "space": {"kind": "floor", "side": "400 um", "volume": "1 uL"},
    "populations.b_cells.n": 60,
    "probes": {"cells": {"at": ["0 h", "20 min", "40 min"]}, "fields": {"at": ["0 h", "40 min"]}},
    "arms": {
        "low": {"add": [{"rituximab": "0.1 ug/mL"}, {"serum": "25 %"}]},
        "high": {"add": [{"rituximab": "10 ug/mL"}, {"serum": "25 %"}]},
    },
}


def files_of(run):
    """Return the bytes of all that wells leave: tables, frames, last checkpoints and what is recorded of them."""
    passing = {"log.jsonl", "provenance.json", "files.json", "step=000030.npz", "step=000031.npz"}
    found = {path.relative_to(run.path): path for path in run.path.rglob("*") if path.is_file()}
    return {str(name): path.read_bytes() for name, path in found.items() if name.name not in passing}


@pytest.fixture(scope="module")
def scenario():
    """Return an arm in two doses, three wells each, with cells and fields to look at."""
    return load_scenario("configs/scenarios/three_arms.yaml", SETS)


@pytest.fixture(scope="module")
def alone(scenario, tmp_path_factory):
    """Return what the wells leave when each runs alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "MOST_SUBJECTS", 1)
        return files_of(run_scenario(scenario, tmp_path_factory.mktemp("alone"), 1))


@pytest.fixture
def courses(monkeypatch):
    """Return a list of how many wells lay side by side in each course that was run."""
    found, run = [], subject._Course.run
    monkeypatch.setattr(subject._Course, "run", lambda self: found.append(len(self.wells)) or run(self))
    return found


def test_wells_side_by_side_leave_the_same_files_as_alone(scenario, alone, courses, tmp_path):
    assert files_of(run_scenario(scenario, tmp_path, 1)) == alone
    assert sorted(courses) == [3, 6], "both doses, and the control that they share"
    assert any(name.startswith("checkpoints/high-r2/") for name in alone)
    assert {json.loads(alone["wells.json"])["high-r1"]["steps"]} == {40}


@pytest.mark.parametrize("n_steps", [7, 31, 50])
def test_stopped_side_by_side_each_goes_on_alone_to_the_same_files(
    scenario, alone, courses, tmp_path, monkeypatch, n_steps
):
    monkeypatch.setattr(abm.study.batches, "BEAT_S", 0.0)
    with pytest.raises(Stopped):
        run_scenario(scenario, tmp_path, 1, StopsAfter(n_steps))
    (folder,) = (tmp_path / "three_arms").iterdir()
    again, root, branch = going_on(folder, [], None)
    assert files_of(run_scenario(again, root, 1, branch=branch)) == alone
    assert 1 in courses
    assert 6 in courses


def test_of_wells_side_by_side_the_one_with_a_nan_is_named(scenario, tmp_path, monkeypatch):
    step, others = Binding.step, []

    def break_down(self, world, key):
        step(self, world, key)
        others.append(world.n_subjects)
        b, supplied = world.populations["b_cells"], np.atleast_1d(world.pools["antibody_rituximab_supplied"])
        for place, (_, replicate) in enumerate(world.subjects):
            if world.step == 7 and replicate == 2 and supplied[place] > 1e10:
                b.bound_rituximab_per_cell[b.first[place]] = np.nan

    monkeypatch.setattr(Binding, "step", break_down)
    message = r"^wells low-r0 to \S+: well high-r2: NaN in b_cells\.bound_\w+ of cell \d+ at step 7 "
    with pytest.raises(RunFailed, match=message):
        run_scenario(scenario, tmp_path, 1)
    assert max(others) == 6
