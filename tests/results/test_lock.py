import json
import os
import signal
import socket

import pytest

from abm.results.lock import Lock, LockedError, clear_stale
from abm.results.resources import free_disk

HOLD = """
import sys, pathlib
from abm.results.lock import Lock
Lock(pathlib.Path(sys.argv[1]))
print("held", flush=True)
input()
"""
RACE = """
import sys, pathlib
from abm.results.lock import Lock, LockedError
folder = pathlib.Path(sys.argv[1])
print("ready", flush=True); input()
try: Lock(folder); print("won")
except LockedError: print("lost")
"""


def hold(child, folder):
    process = child(HOLD, folder)
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_names_its_owner_and_goes_at_the_end(tmp_path):
    lock = Lock(tmp_path)
    assert json.loads(lock.path.read_text()).keys() == {"host", "pid", "start"}
    with pytest.raises(LockedError, match=f"process {os.getpid()} on host {socket.gethostname()} since 20.*wait"):
        Lock(tmp_path)
    lock.release()
    assert list(tmp_path.iterdir()) == []
    Lock(tmp_path).release()


def test_of_processes_that_start_together_one_wins(tmp_path, child):
    racers = [child(RACE, tmp_path) for _ in range(4)]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    outcomes = sorted(racer.communicate(input="\n")[0] for racer in racers)
    assert outcomes == ["lost\n"] * 3 + ["won\n"]


def test_a_stale_lock_is_named_and_not_stolen(tmp_path, child):
    process = hold(child, tmp_path)
    with pytest.raises(LockedError, match=rf"process {process.pid} .*; wait for it to end"):
        clear_stale(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(LockedError, match=rf"process {process.pid} .* no longer runs: remove .*\.lock to resume"):
        Lock(tmp_path)
    clear_stale(tmp_path)
    Lock(tmp_path).release()


def test_a_lock_from_another_host_is_never_called_stale(tmp_path):
    (tmp_path / ".lock").write_text(json.dumps({"host": "elsewhere", "pid": 2**22 + 1, "start": "2026-01-01"}))
    with pytest.raises(LockedError, match="on host elsewhere since 2026-01-01; wait"):
        clear_stale(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"host": 1}', '{"host": "a", "pid": "x", "start": ""}'])
def test_an_unreadable_lock_is_respected(tmp_path, content):
    (tmp_path / ".lock").write_text(content)
    for attempt in (Lock, clear_stale):
        with pytest.raises(LockedError, match="an owner that cannot be read"):
            attempt(tmp_path)


def test_a_lock_that_became_anothers_is_not_removed(tmp_path):
    lock = Lock(tmp_path)
    lock.path.write_text(json.dumps({"host": "elsewhere", "pid": 1, "start": "2026-01-01"}))
    lock.release()
    assert lock.path.exists()


def test_a_full_disk_leaves_no_half_lock(small_disk):
    (small_disk / "ballast").write_bytes(bytes(free_disk(small_disk)))
    with pytest.raises(OSError, match="the disk is full"):
        Lock(small_disk)
    assert not (small_disk / ".lock").exists()
