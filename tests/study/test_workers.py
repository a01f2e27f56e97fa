"""A worker that dies costs its own well, which is tried again."""

import json
import os
import signal
from pathlib import Path

import pytest

from abm.study import pool


@pytest.fixture
def die(tmp_path):
    """Return the function that orders a worker's death."""
    marks = tmp_path / "marks"
    marks.mkdir()

    def order(times, number=signal.SIGKILL):
        return {"well": "both-r0", "step": 40, "marks": str(marks), "times": times, "number": number}

    return order


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_worker(pid):
    return b"SubjectJob" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_only_the_wells_of_a_killed_worker_are_tried_again(call, die, log, tiny_file, quiet_hash):
    ended = call("run", tiny_file, "--json", "--threads", 2, workers=True, die=die(1))
    assert ended.json["result_hash"] == quiet_hash
    deaths = log(Path(ended.json["folder"]))["worker died"]
    assert [(d["job"], d["exit_code"], d["try"]) for d in deaths] == [("wells serum-r0 to both-r0", -9, 1)]


def test_wells_whose_worker_dies_three_times_are_recorded_as_failed(call, die, log, tiny_file, quiet_hash, tmp_path):
    ended = call("run", tiny_file, "--json", "--threads", 2, workers=True, die=die(9))
    assert ended.code == ended.json["exit_code"] == 3
    message = "wells serum-r0 to both-r0: its worker died 3 times, last with exit code -9"
    assert ended.json["error"] == ended.err.strip() == message
    (folder,) = (tmp_path / "runs" / "tiny").iterdir()
    assert [record["job"] for record in log(folder)["failed"]] == ["wells serum-r0 to both-r0"]
    finished = {path.parent.name for path in folder.glob("parts/*/well.json")}
    assert finished == {"serum~control-r0", "both~control-r0"}
    assert json.loads((folder / "provenance.json").read_text())["scenario"] == "tiny"
    assert call("resume", folder, "--json").json["result_hash"] == quiet_hash


class Stuck:
    """A worker's process, seen by its parent."""

    is_killed = False

    def kill(self):
        self.is_killed = True


def test_a_worker_silent_for_too_long_is_killed_and_time_asleep_does_not_count(monkeypatch):
    monkeypatch.setattr(pool, "SILENT_S", 1.0)
    stuck, idle, lively = Stuck(), Stuck(), Stuck()
    workers = pool._Pool(3, 1)
    workers.workers = {"a": pool._Worker(stuck, "job"), "b": pool._Worker(idle), "c": pool._Worker(lively, "job")}
    for _ in range(3):
        workers._watch(["c"], 3600.0)  # the machine slept
    assert not stuck.is_killed
    for _ in range(3):
        workers._watch(["c"], pool.POLL_S)
    assert (stuck.is_killed, idle.is_killed, lively.is_killed) == (True, False, False)


@pytest.mark.verification
def test_a_worker_that_is_stopped_is_replaced(call, die, log, tiny_file, quiet_hash):
    faults = {"workers": True, "silent_s": 15.0, "die": die(1, signal.SIGSTOP)}
    ended = call("run", tiny_file, "--json", "--threads", 2, **faults)
    assert ended.json["result_hash"] == quiet_hash
    assert [d["exit_code"] for d in log(Path(ended.json["folder"]))["worker died"]] == [-9]


def test_all_workers_killed_from_outside_are_replaced(start, begun, log, tiny_file, quiet_hash):
    run = start("run", tiny_file, "--json", "--threads", 2, workers=True, slow_s=0.02)
    begun()
    workers = [pid for pid in children(run.pid) if is_worker(pid)]
    assert len(workers) == 2
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    ended = run.end()
    assert ended.json["result_hash"] == quiet_hash
    assert 1 <= len(log(Path(ended.json["folder"]))["worker died"]) <= 2
