"""Interrupted wells go on from the newest intact checkpoint; NaN stops a run with its place."""

import re

import numpy as np
import pytest

import abm.study.cost
from abm.biology.antibody.binding import Binding
from abm.core.checkpoint import CheckpointStore, load
from abm.core.errors import InputError, ResourceRefused, RunFailed
from abm.results.run import Run
from abm.study.resume import going_on
from abm.study.run import run_scenario


def go_on(folder):
    scenario, root, branch = going_on(folder, [], None)
    return run_scenario(scenario, root, 1, branch=branch)


def newest(folder, well="serum-r0"):
    return sorted((folder / "checkpoints" / well).glob("step=*.npz"))[-1]


def poison(path, name="cells/b_cells/bound_rituximab_per_cell", row=3):
    """Put a NaN into a checkpoint, with all hashes right, and return the identity of the cell."""
    header, arrays = load(path)
    arrays[name] = arrays[name].copy()
    arrays[name][row] = np.nan
    store = CheckpointStore(path.parent, header["scenario_hash"])
    store.save(header["step"], header["time_h"], arrays, header)
    return arrays["cells/b_cells/uid"][row]


@pytest.mark.parametrize("n_steps", [1, 14, 31, 59, 60, 75, 119, 150])
def test_stopped_after_any_step_it_comes_to_the_same_bytes(interrupted, n_steps, quiet_hash):
    folder = interrupted(n_steps)
    assert not Run(folder).is_finished
    assert go_on(folder).summary()["result_hash"] == quiet_hash


def test_the_last_two_checkpoints_are_kept_at_the_period_of_the_scenario(interrupted, quiet):
    folder = interrupted(55)
    assert sorted(path.name for path in newest(folder).parent.iterdir()) == ["step=000045.npz", "step=000055.npz"]
    kept = sorted(path.name for path in (quiet.path / "checkpoints" / "serum-r0").iterdir())
    assert kept == ["step=000045.npz", "step=000060.npz"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:-1],
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"",
        lambda raw: raw[:5000] + bytes([raw[5000] ^ 1]) + raw[5001:],
        lambda raw: raw.replace(b"bound_per_cell", b"bound_per_sell"),
    ],
    ids=["cut by a byte", "cut in half", "empty", "one bit", "renamed"],
)
def test_instead_of_a_damaged_checkpoint_the_one_before_is_used_and_the_log_says_so(
    interrupted, log, quiet_hash, damage
):
    folder = interrupted(55)
    path = newest(folder)
    path.write_bytes(damage(path.read_bytes()))
    assert go_on(folder).summary()["result_hash"] == quiet_hash
    (record,) = log(folder)["checkpoint refused"]
    assert (record["well"], record["used"]) == ("serum-r0", 45)
    assert str(path) in record["reason"]


def test_without_an_intact_checkpoint_the_run_fails_and_says_why(interrupted):
    folder = interrupted(55)
    for path in newest(folder).parent.iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RunFailed, match=r"no checkpoint can be used: .*step=000055.npz: .*; .*step=000045.npz: "):
        go_on(folder)


def test_a_checkpoint_of_another_run_is_not_believed(interrupted, quiet, log, tmp_path):
    folder = interrupted(55)
    header, arrays = load(newest(folder))
    CheckpointStore(newest(folder).parent, "ab" * 32).save(55, header["time_h"], arrays, {})
    go_on(folder)
    (record,) = log(folder)["checkpoint refused"]
    assert "belongs to another scenario" in record["reason"]


def test_nan_in_a_checkpoint_stops_the_run_naming_cell_and_step(interrupted):
    folder = interrupted(55)
    uid = poison(newest(folder))
    with pytest.raises(RunFailed) as failed:
        go_on(folder)
    found = re.search(
        r"well serum-r0: NaN in b_cells\.bound_rituximab_per_cell of cell (\d+) before step 55 \((.*) h\); written by ",
        str(failed.value),
    )
    assert found
    assert int(found[1]) == uid
    assert float(found[2]) == pytest.approx(55 / 60, rel=1e-4)


def test_nan_from_a_process_stops_the_run_naming_cell_process_and_step(tiny, tmp_path, monkeypatch):
    step = Binding.step

    def break_down(self, world, key):
        step(self, world, key)
        if world.step == 7:
            b = world.populations["b_cells"]
            b.bound_rituximab_per_cell[b.uid == 5] = np.nan

    monkeypatch.setattr(Binding, "step", break_down)
    message = r"NaN in b_cells\.bound_\w+ of cell 5 at step 7 \(0.116667 h\); written by 'binding', "
    with pytest.raises(RunFailed, match=message):
        run_scenario(tiny(), tmp_path, 1)


def test_memory_that_runs_out_in_the_middle_is_a_failed_run(tiny, tmp_path, monkeypatch):
    def break_down(self, world, key):
        raise MemoryError

    monkeypatch.setattr(Binding, "step", break_down)
    with pytest.raises(RunFailed, match="the memory is used up; fewer cells"):
        run_scenario(tiny(), tmp_path, 1)
    (folder,) = (tmp_path / "tiny").iterdir()
    assert not (folder / ".lock").exists()


def test_a_run_over_four_fifths_of_the_free_memory_is_refused(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(abm.study.cost, "free_memory", lambda: 430_000_000)
    with pytest.raises(ResourceRefused) as refused:
        run_scenario(tiny(), tmp_path, 1)
    assert str(refused.value).startswith("the run needs about 0.35 GB of memory and 0.43 GB are free. Ways out: ")
    assert str(refused.value).count("fewer") == 4
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(abm.study.cost, "free_memory", lambda: 450_000_000)
    assert run_scenario(tiny(), tmp_path, 1).is_finished


def test_another_runs_folder_is_not_written_to(tiny, quiet, tmp_path):
    run = run_scenario(tiny(), tmp_path, 1)
    (run.path / "summary.json").unlink()
    (run.path / "provenance.json").write_text('{"scenario": "tiny", "scenario_hash": "ab", "seed": 1}')
    with pytest.raises(InputError, match="holds another run: its scenario_hash is 'ab'"):
        run_scenario(tiny(), tmp_path, 1)
    (run.path / "provenance.json").unlink()
    with pytest.raises(InputError, match=r"is not empty and holds no run: arms\.csv"):
        run_scenario(tiny(), tmp_path, 1)
