"""Compiled kernels on the disk: two processes that need one share the work, and one that dies holds nobody up."""

import gc
import signal

import numpy as np
import pytest

from abm.core.jit import serial

NEEDS = """
import os, sys
os.environ["NUMBA_CACHE_DIR"] = sys.argv[1]
from numba.core import event
import numpy as np
from abm.core.linear import multiply

class Told(event.Listener):
    def on_start(self, e):
        function = e.data["dispatcher"].py_func
        if function.__module__.startswith("abm."):
            print(function.__name__, flush=True)

    def on_end(self, e):
        pass

event.register("numba:compile", Told())
print("ready", flush=True)
input()
multiply(np.empty((2, 2)), np.eye(2), np.eye(2), 1.0)
"""


@pytest.fixture
def two(child, tmp_path):
    """Start two processes that need a kernel which is in no cache, as soon as they are told."""
    processes = [child(NEEDS, tmp_path) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    return processes


def begin(process):
    process.stdin.write("\n")
    process.stdin.flush()


def rest(process):
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    return out.split()


def test_what_two_processes_need_is_compiled_by_one(two):
    for process in two:
        begin(process)
    assert sorted(rest(two[0]) + rest(two[1])) == ["multiply"]


def test_what_a_killed_process_was_compiling_is_compiled_by_another(two):
    begin(two[0])
    assert two[0].stdout.readline() == "multiply\n"
    begin(two[1])
    two[0].send_signal(signal.SIGKILL)
    assert rest(two[1]) == ["multiply"]


def test_what_cannot_be_compiled_leaves_the_collector_and_the_lock_as_they_were():
    @serial
    def wrong(values):
        return values.no_such_thing

    for _ in range(2):
        with pytest.raises(Exception, match="no_such_thing"):
            wrong(np.ones(1))
        assert gc.isenabled()
    assert wrong._cache._lock is None
