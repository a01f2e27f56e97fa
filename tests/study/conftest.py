"""A tiny scenario, its undisturbed run, and ``abm`` in processes of its own."""

import json
import multiprocessing
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

import abm.study.batches
from abm.scenario.from_file import load_scenario
from abm.study.jobs import Monitor, Stopped
from abm.study.run import run_scenario

HERE = Path(__file__).parent
TINY = HERE / "tiny.yaml"
PATIENCE_S = 120

sys.path.insert(0, str(HERE))  # so that children find what is faulty
import faulty  # noqa: E402

SERVER = multiprocessing.get_context("forkserver")  # imports once; nothing is compiled or threaded before the fork
SERVER.set_forkserver_preload(["pytest", "faulty", "abm.study.progress", "abm.study.steps"])


@dataclass
class Ended:
    """How a process ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Started:
    """A running ``abm``, in a process group of its own."""

    def __init__(self, words, faults, folder):
        self.out, self.err = (folder / f"{name}-{time.monotonic_ns()}" for name in ("out", "err"))
        arguments = ([str(word) for word in words], faults, str(folder), str(self.out), str(self.err))
        self.process = SERVER.Process(target=faulty.run, args=arguments)
        self.process.start()
        self.pid = self.process.pid

    def end(self):
        """Wait; whatever happened to it, it shows no traceback."""
        self.process.join(PATIENCE_S)
        ended = Ended(self.process.exitcode, self.out.read_text(), self.err.read_text())
        assert "Traceback" not in ended.out + ended.err, ended.err
        return ended

    def signal_all(self, number):
        """Send a signal to it and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def wait_for(find):
    """Wait until `find` returns something, and return it."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = find()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it never came")


@pytest.fixture(scope="session", autouse=True)
def _quick_children(tmp_path_factory):
    """Let workers keep compiled Python where this process may not."""
    with pytest.MonkeyPatch.context() as patch:
        if sys.dont_write_bytecode:
            patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("pyc")))
            patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


@pytest.fixture
def start(tmp_path):
    """Start ``abm`` with faults, in the test's own folder; what still runs at the end is killed."""
    started = []

    def begin(*words, **faults):
        started.append(Started(words, faults, tmp_path))
        return started[-1]

    yield begin
    for one in started:
        one.signal_all(signal.SIGKILL)
        one.process.join()


@pytest.fixture
def call(start):
    """Run ``abm`` with faults to its end."""

    def run(*words, **faults):
        return start(*words, **faults).end()

    return run


@pytest.fixture(scope="session")
def tiny():
    """Return the function that loads the tiny scenario with changes."""

    def load(*sets):
        return load_scenario(TINY, sets)

    return load


@pytest.fixture(scope="session")
def quiet(tiny, tmp_path_factory):
    """Return the tiny scenario's run, never disturbed, in one process."""
    return run_scenario(tiny(), tmp_path_factory.mktemp("quiet"), 1)


@pytest.fixture(scope="session")
def quiet_hash(quiet):
    """Return what every disturbed run must come to."""
    return quiet.summary()["result_hash"]


@pytest.fixture
def begun(tmp_path):
    """Return the function that waits until a run below a root steps, and returns its folder."""

    def wait(root=tmp_path / "runs"):
        frame = wait_for(lambda: next(root.glob("tiny/*/parts/*/cells/step=*"), None))
        return frame.parents[3]

    return wait


class StopsAfter(Monitor):
    """Asks to stop after so many steps in all."""

    def __init__(self, n_steps):
        self.left = n_steps

    def beat(self, index, done, total):
        self.left -= 1
        self.signal_number = signal.SIGTERM if self.left <= 0 else 0


@pytest.fixture
def stops_after():
    """Return the monitor that asks to stop after so many steps."""
    return StopsAfter


@pytest.fixture
def interrupted(tiny, tmp_path, monkeypatch):
    """Return the function that runs the tiny scenario until it is asked to stop, and returns its folder."""

    def run(n_steps, *sets):
        monkeypatch.setattr(abm.study.batches, "BEAT_S", 0.0)
        with pytest.raises(Stopped):
            run_scenario(tiny(*sets), tmp_path / "runs", 1, StopsAfter(n_steps))
        (folder,) = (tmp_path / "runs" / "tiny").iterdir()
        return folder

    return run


@pytest.fixture
def log():
    """Return the function that reads the events of a run folder by name."""

    def read(folder):
        found = {}
        for line in (folder / "log.jsonl").read_text().splitlines():
            record = json.loads(line)
            found.setdefault(record["event"], []).append(record)
        return found

    return read


@pytest.fixture(scope="session")
def tiny_file():
    """Return the tiny scenario's file."""
    return TINY
