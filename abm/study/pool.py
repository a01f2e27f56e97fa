"""Many jobs over spawned one-thread workers; a worker that dies costs only its job, which is tried again.

The standard pools lose the whole batch when one worker is killed, hence a small one of our own: each worker has a pipe,
the parent waits on all pipes at once.
"""

import contextlib
import json
import multiprocessing
import os
import signal
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from abm.core.errors import AbmError, InputError, RunFailed
from abm.study.wells import Flow, Job, Stopped, run_well

MAX_TRIES = 3
POLL_S = 0.2


class Monitor:
    """Where progress goes and where the wish to stop comes from; the default shows nothing and never stops."""

    signal_number = 0

    def begin(self, folder: Path, n_wells: int) -> None:
        """Say where the run goes and how many wells it has."""

    def beat(self, index: int, done: int, total: int) -> None:
        """Job ``index`` has done that many of its steps."""

    def note(self, event: str, fields: dict[str, object]) -> None:
        """Something happened that belongs into the log."""

    @property
    def is_stopped(self) -> bool:
        """Whether a signal asked to stop."""
        return self.signal_number != 0


def run_jobs(jobs: Sequence[Job], n_workers: int, monitor: Monitor) -> None:
    """Run all jobs to their end, in this process if one worker is enough.

    Raises
    ------
    Stopped
        The monitor asked to stop; every running well wrote its checkpoint.
    RunFailed
        A job failed, or its worker died three times; the others were finished first.
    """
    if n_workers <= 1:
        _run_here(jobs, monitor)
    else:
        _Pool(jobs, min(n_workers, len(jobs)), monitor).run()


def _run_here(jobs: Sequence[Job], monitor: Monitor) -> None:
    for index, job in enumerate(jobs):
        if monitor.is_stopped:
            raise Stopped

        def beat(done: int, total: int, index: int = index) -> None:
            monitor.beat(index, done, total)

        run_well(job, Flow(beat, lambda: monitor.is_stopped))


def _work(connection: Connection, stop: Any) -> None:
    """Run jobs as they come down the pipe until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            index, job = json.loads(connection.recv_bytes())
            _say(connection, *_attempt(index, Job.from_json(job), connection, stop))


def _say(connection: Connection, event: str, index: int, content: Any) -> None:
    connection.send_bytes(json.dumps([event, index, content]).encode())


def _attempt(index: int, job: Job, connection: Connection, stop: Any) -> tuple[str, int, Any]:
    try:
        run_well(job, Flow(lambda done, total: _say(connection, "beat", index, (done, total)), stop.is_set))
    except Stopped:
        return "stopped", index, None
    except InputError as error:
        return "refused", index, str(error)
    except AbmError as error:
        return "failed", index, str(error)
    except Exception:  # a defect of ours: the parent reports it with the traceback
        return "failed", index, traceback.format_exc()
    return "done", index, None


class _Pool:
    """The parent's side: who works on what, what is left, what failed."""

    def __init__(self, jobs: Sequence[Job], n_workers: int, monitor: Monitor):
        self.jobs, self.monitor, self.n_workers = jobs, monitor, n_workers
        self.context = multiprocessing.get_context("spawn")
        self.stop = self.context.Event()
        self.left = list(range(len(jobs)))[::-1]
        self.tries = [0] * len(jobs)
        self.failures: list[tuple[str, str]] = []
        self.working: dict[Connection, tuple[Any, int | None]] = {}

    def run(self) -> None:
        """Feed workers until nothing is left."""
        try:
            with _one_thread():
                for _ in range(self.n_workers):
                    self._hire()
            while any(index is not None for _, index in self.working.values()):
                if self.monitor.is_stopped:
                    self.stop.set()
                for connection in wait(list(self.working), POLL_S):
                    self._hear(connection)
        finally:
            self._dismiss()
        if self.monitor.is_stopped:
            raise Stopped
        if self.failures:
            kind = InputError if self.failures[0][0] == "refused" else RunFailed
            raise kind("\n".join(text for _, text in self.failures))

    def _hire(self) -> None:
        ours, theirs = self.context.Pipe()
        process = self.context.Process(target=_work, args=(theirs, self.stop), daemon=True)
        process.start()
        theirs.close()
        self.working[ours] = (process, None)
        self._assign(ours)

    def _assign(self, connection: Connection) -> None:
        process, _ = self.working[connection]
        index = self.left.pop() if self.left and not self.stop.is_set() else None
        self.working[connection] = (process, index)
        if index is not None:
            self.tries[index] += 1
            connection.send_bytes(json.dumps([index, self.jobs[index].to_json()]).encode())

    def _hear(self, connection: Connection) -> None:
        try:
            event, index, content = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            self._bury(connection)
            return
        if event == "beat":
            self.monitor.beat(index, *content)
            return
        if event in ("failed", "refused"):
            self._fail(index, event, content)
        self._assign(connection)

    def _bury(self, connection: Connection) -> None:
        process, index = self.working.pop(connection)
        connection.close()
        process.join()
        if index is None:
            return
        name = self.jobs[index].well.label
        self.monitor.note("worker died", {"well": name, "exit_code": process.exitcode, "try": self.tries[index]})
        if self.tries[index] < MAX_TRIES:
            self.left.append(index)
        else:
            self._fail(index, "failed", f"its worker died {MAX_TRIES} times, last with exit code {process.exitcode}")
        with _one_thread():
            self._hire()

    def _fail(self, index: int, event: str, text: str) -> None:
        name = self.jobs[index].well.label
        self.failures.append((event, f"well {name}: {text}"))
        self.monitor.note("well failed", {"well": name, "reason": text})

    def _dismiss(self) -> None:
        for connection, (process, index) in self.working.items():
            connection.close()
            if index is not None:
                process.terminate()
        for process, _ in self.working.values():
            process.join()


@contextlib.contextmanager
def _one_thread() -> Any:
    """Let children start numerical libraries with one thread each."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
