"""Compiled kernels on the disk: two processes that need one share the work, and one that dies holds nobody up."""

import gc
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numba
import numpy as np
import pytest

from abm.core.jit import serial


def double(values):
    return values * 2


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


def test_threads_that_need_one_kernel_at_once_get_it(tmp_path, monkeypatch):
    close = os.close
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(os, "close", lambda descriptor: time.sleep(0.01) or close(descriptor))  # others go on meanwhile
    kernel, together = serial(double), Barrier(4)

    def call(_):
        together.wait(60)
        return [kernel(np.ones(1, kind))[0] for kind in ("f8", "f4", "i8", "i4", "i2", "u1")]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(call, range(4))) == [[2] * 6] * 4
