"""Killed at any moment, a run is resumed to the same bytes."""

import random
import signal
import time

import pytest

MOMENTS = [  # in the order in which a run comes to them; is it killed before or after the file is in place?
    ("provenance.json", False),
    ("scenario.yaml", True),
    ("arms.csv", False),
    ("serum-r0/step=000030.npz", True),
    ("both-r0/cells/step=000031.parquet", True),
    ("both-r0/step=000046.npz", False),
    ("start/step=000061.parquet", True),
    ("both-r0/well.json", True),
    ("cells/frame=000031.parquet", False),
    ("wells.json", True),
    ("summary.json", False),
]


def folder_of(root):
    (folder,) = root.glob("tiny/*")
    return folder


def go_on(call, root, tiny_file, **faults):
    """Resume what was killed; where nothing had been run yet, this says so, and the run is started anew."""
    ended = call("resume", folder_of(root), "--json", **faults)
    if ended.code == 2:
        assert "the run has not come that far" in ended.err or "start it with abm run" in ended.err
        ended = call("run", tiny_file, "--json", **faults)
    return ended


def test_killed_at_every_kind_of_moment_it_comes_to_the_same_bytes(call, tmp_path, tiny_file, quiet_hash):
    root = tmp_path / "runs"
    for i, (name, is_after) in enumerate(MOMENTS):
        faults = {"kill_at": {"name": name, "is_after": is_after}}
        ended = go_on(call, root, tiny_file, **faults) if i else call("run", tiny_file, "--json", **faults)
        assert ended.code == -signal.SIGKILL, f"{name} was never written: {ended}"
        assert (folder_of(root) / ".lock").exists()
    ended = go_on(call, root, tiny_file)
    assert (ended.code, ended.json["result_hash"]) == (0, quiet_hash)
    assert [path.name for path in folder_of(root).rglob(".*")] == []
    assert not (folder_of(root) / "parts").exists()


@pytest.mark.parametrize("is_whole_group", [False, True])
def test_killed_at_a_random_moment_with_workers_it_comes_to_the_same_bytes(
    start, call, begun, tiny_file, quiet_hash, is_whole_group
):
    run = start("run", tiny_file, "--threads", 2, workers=True, slow_s=0.02)
    folder, moment_s = begun(), random.uniform(0.0, 1.5)
    time.sleep(moment_s)
    if is_whole_group:
        run.signal_all(signal.SIGKILL)
    else:  # its workers go on for a moment, while the run is resumed
        run.process.kill()
    assert run.end().code == -signal.SIGKILL
    ended = call("resume", folder, "--json")
    assert (ended.code, ended.json["result_hash"]) == (0, quiet_hash), f"killed after {moment_s} s: {ended}"


def test_a_stale_lock_is_named_and_resume_removes_it(start, call, begun, tiny_file, quiet_hash, log):
    run = start("run", tiny_file, slow_s=0.05)
    folder = begun()
    run.process.kill()
    run.end()
    refused = call("run", tiny_file)
    assert refused.code == 2
    assert f"locked by process {run.pid}" in refused.err
    assert "that process no longer runs: --unlock takes the lock over and goes on from what is" in refused.err
    rivals = [start("resume", folder, "--json", slow_s=0.01) for _ in range(3)]
    ends = sorted((rival.end() for rival in rivals), key=lambda ended: ended.code)
    assert ends[0].json["result_hash"] == quiet_hash
    for ended in ends[1:]:  # one that comes when all is done finds it done
        assert ended.json.get("result_hash") == quiet_hash or "wait for it to end" in ended.json["error"]
    assert len(log(folder)["start"]) == 2, "the run that was killed, and one of the rivals"


def test_of_two_runs_into_one_folder_one_wins_and_the_other_says_so(start, call, begun, tiny_file, quiet_hash):
    winner = start("run", tiny_file, "--json", slow_s=0.02)
    folder = begun()
    for words in (["run", tiny_file], ["resume", folder], ["resume", folder, "--set", "title=other"]):
        loser = call(*words, "--json")
        assert loser.code == loser.json["exit_code"] == 2
        assert f"{folder} is locked by process {winner.pid}" in loser.json["error"]
        assert "wait for it to end" in loser.json["error"]
    assert winner.end().json["result_hash"] == quiet_hash
    assert call("run", tiny_file, "--json").json["result_hash"] == quiet_hash


@pytest.mark.parametrize("workers", [False, True])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_to_all_writes_checkpoints_and_the_run_goes_on(
    start, call, begun, tiny_file, quiet_hash, number, code, workers
):
    run = start("run", tiny_file, "--threads", 2, workers=workers, slow_s=0.05)
    folder = begun()
    run.signal_all(number)
    ended = run.end()
    assert ended.code == code
    assert ended.out == ""
    assert ended.err.strip() == f"interrupted, checkpoints written; go on with: abm resume {folder}"
    assert list(folder.glob("checkpoints/serum-r0/step=*.npz"))
    assert not (folder / ".lock").exists()
    assert call("resume", folder, "--json").json["result_hash"] == quiet_hash
