import json
import os
import signal
import socket
import time

import pytest

from abm.core.resources import free_disk
from abm.results import lock as lock_module
from abm.results.lock import Lock, LockedError, take_over

HOLD = """
import sys, pathlib
from abm.results import lock as lock_module
from abm.results.lock import Lock
Lock(pathlib.Path(sys.argv[1]))
print("held", flush=True)
input()
"""
RACE = """
import sys, pathlib
from abm.results import lock as lock_module
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
    assert json.loads(lock.path.read_text()) == lock.owner
    assert {"host", "pid", "start", "boot", "born_ticks"} <= lock.owner.keys()
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
    with pytest.raises(LockedError, match=rf"process {process.pid} .*: wait for it to end"):
        take_over(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(LockedError, match=rf"process {process.pid} .* no longer runs: --unlock takes the lock over"):
        Lock(tmp_path)
    take_over(tmp_path)
    Lock(tmp_path).release()


def sign(folder, silent_s=0.0, without=(), **changes):
    """Leave a lock as this process would have left it, but for some changes."""
    lock = Lock(folder)
    owner = {key: value for key, value in (lock.owner | changes).items() if key not in without}
    lock.release()
    lock.path.write_text(json.dumps(owner))
    be_silent(lock.path, silent_s)


def be_silent(path, seconds):
    long_ago = time.time() - seconds
    os.utime(path, (long_ago, long_ago))


NEW = ("boot", "born_ticks", "beat_s")  # what locks did not say before
ELSEWHERE = {"host": "node0123", "boot": "another"}
TAKE_OVER = "--unlock takes the lock over and goes on from what is on the disk"


def test_a_killed_process_that_nobody_waited_for_is_dead(tmp_path, child):
    process = hold(child, tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, and still in the table of processes
    take_over(tmp_path)
    assert not (tmp_path / ".lock").exists()


@pytest.mark.parametrize("changes", [{"born_ticks": 1}, {"without": NEW, "start": "2001-01-01T00:00:00+00:00"}])
def test_another_process_with_the_owners_number_is_told_apart(tmp_path, changes):
    sign(tmp_path, **changes)
    with pytest.raises(LockedError, match=f"that process ended and another has its number: {TAKE_OVER}"):
        Lock(tmp_path)
    take_over(tmp_path)
    assert not (tmp_path / ".lock").exists()


@pytest.mark.parametrize("without", [(), NEW])
@pytest.mark.parametrize("unlocks", [False, True])
@pytest.mark.parametrize("silent_s", [0, 10**6])
def test_the_lock_of_a_process_at_work_here_is_never_taken(tmp_path, without, unlocks, silent_s):
    sign(tmp_path, silent_s, without)
    with pytest.raises(LockedError, match=r"at work on this machine: wait for it to end$"):
        take_over(tmp_path, unlocks)
    assert (tmp_path / ".lock").exists()


@pytest.mark.parametrize("elsewhere", [ELSEWHERE, {"boot": "an earlier one"}, {"host": "node0123"}])
def test_the_lock_of_another_machine_is_taken_on_demand_once_it_is_silent(tmp_path, elsewhere):
    sign(tmp_path, 30, **elsewhere)
    for unlocks in (False, True):
        with pytest.raises(LockedError, match=r"a sign of life \d+ s ago: wait for it to end; once it is silent"):
            take_over(tmp_path, unlocks)
    be_silent(tmp_path / ".lock", 7200)
    with pytest.raises(LockedError, match=f"no sign of life for 2 h: if it has ended, {TAKE_OVER}"):
        take_over(tmp_path)
    take_over(tmp_path, unlocks=True)
    assert not (tmp_path / ".lock").exists()


def test_a_lock_of_another_machine_that_never_gives_signs_is_taken_on_demand(tmp_path):
    sign(tmp_path, 0, NEW, host="node0123", pid=4711)
    for attempt in (Lock, take_over):
        with pytest.raises(LockedError, match=f"process 4711 on host node0123 .* another machine.* {TAKE_OVER}"):
            attempt(tmp_path)
    take_over(tmp_path, unlocks=True)
    assert not (tmp_path / ".lock").exists()


def test_the_owner_gives_signs_of_life_until_it_lets_go(tmp_path, monkeypatch):
    monkeypatch.setattr(lock_module, "BEAT_S", 0.01)
    lock = Lock(tmp_path)
    os.utime(lock.path, (0, 0))
    end = time.monotonic() + 60
    while lock.path.stat().st_mtime == 0 and time.monotonic() < end:
        time.sleep(0.01)
    assert lock.path.stat().st_mtime > 0
    lock.release()
    Lock(tmp_path).release()


def test_the_signs_of_life_stop_when_the_lock_is_anothers(tmp_path, monkeypatch):
    lock = Lock(tmp_path)
    lock.path.write_text(json.dumps(lock.owner | {"pid": 1}))
    os.utime(lock.path, (0, 0))
    monkeypatch.setattr(lock_module, "BEAT_S", 0.0)
    lock._beat()  # returns at once
    assert lock.path.stat().st_mtime == 0


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"host": 1}', *(json.dumps({"host": "a", "start": "", "pid": n}) for n in ("x", -1, 0, 10**12))],
)
def test_an_unreadable_lock_is_respected_until_it_is_old(tmp_path, content):
    (tmp_path / ".lock").write_text(content)
    for attempt in (Lock, take_over, lambda folder: take_over(folder, unlocks=True)):
        with pytest.raises(LockedError, match="an owner that cannot be read; it gave a sign of life"):
            attempt(tmp_path)
    os.utime(tmp_path / ".lock", (0, 0))
    take_over(tmp_path, unlocks=True)
    assert not (tmp_path / ".lock").exists()


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
