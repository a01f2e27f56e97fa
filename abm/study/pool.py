"""Many jobs over spawned one-thread workers; a worker that dies costs only its job, which is tried again.

The standard pools lose the whole batch when one worker is killed, hence a small one of our own: each worker has a pipe,
the parent waits on all pipes at once.
"""

import contextlib
import json
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Collection, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from abm.core.errors import AbmError, InputError, RunFailed
from abm.results.files import WriteError
from abm.results.tables import ReadError
from abm.study.wells import Flow, Job, Stopped, run_well

MAX_TRIES = 3
POLL_S = 0.2
SILENT_S = 600.0
SIGNALS = {signal.SIGINT, signal.SIGTERM}


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

        run_well(job, Flow(beat, lambda: monitor.is_stopped, monitor.note))


def _work(connection: Connection, stop: Any) -> None:
    """Run jobs as they come down the pipe until it closes; signals to the whole group are the parent's to answer."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            index, job = json.loads(connection.recv_bytes())
            _say(connection, *_attempt(index, Job.from_json(job), connection, stop))


def _say(connection: Connection, event: str, index: int, content: Any) -> None:
    connection.send_bytes(json.dumps([event, index, content]).encode())


def _attempt(index: int, job: Job, connection: Connection, stop: Any) -> tuple[str, int, Any]:
    def beat(done: int, total: int) -> None:
        _say(connection, "beat", index, (done, total))

    def note(event: str, fields: dict[str, object]) -> None:
        _say(connection, "note", index, (event, fields))

    try:
        run_well(job, Flow(beat, stop.is_set, note))
    except Stopped:
        return "stopped", index, None
    except InputError as error:
        return "refused", index, str(error)
    except (AbmError, WriteError, ReadError) as error:
        return "failed", index, str(error)
    except MemoryError:
        return "failed", index, "the memory is used up"
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
        self.silent_s: dict[Connection, float] = {}

    def run(self) -> None:
        """Feed workers until nothing is left."""
        try:
            for _ in range(self.n_workers):
                self._hire()
            while any(index is not None for _, index in self.working.values()):
                if self.monitor.is_stopped:
                    self.stop.set()
                start = time.monotonic()
                heard = wait(list(self.working), POLL_S)
                self._watch(heard, time.monotonic() - start)
                for connection in heard:
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
        with _threads(max(job.n_threads for job in self.jobs)), _blocked_signals():
            process.start()
        theirs.close()
        self.working[ours] = (process, None)
        self._assign(ours)

    def _assign(self, connection: Connection) -> None:
        process, _ = self.working[connection]
        index = self.left.pop() if self.left and not self.stop.is_set() else None
        self.working[connection] = (process, index)
        if index is None:
            return
        self.tries[index] += 1
        try:
            connection.send_bytes(json.dumps([index, self.jobs[index].to_json()]).encode())
        except OSError:
            self._bury(connection)

    def _watch(self, heard: Collection[object], waited_s: float) -> None:
        """Kill a worker that has been silent for long; time in which this process slept does not count."""
        for connection, (process, index) in self.working.items():
            is_heard = index is None or connection in heard
            self.silent_s[connection] = 0.0 if is_heard else self.silent_s.get(connection, 0.0) + min(waited_s, POLL_S)
            if self.silent_s[connection] > SILENT_S:
                process.kill()

    def _hear(self, connection: Connection) -> None:
        try:
            event, index, content = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            self._bury(connection)
            return
        if event == "beat":
            self.monitor.beat(index, *content)
            return
        if event == "note":
            self.monitor.note(*content)
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
        self._hire()

    def _fail(self, index: int, event: str, text: str) -> None:
        name = self.jobs[index].well.label
        self.failures.append((event, f"well {name}: {text}"))
        self.monitor.note("well failed", {"well": name, "reason": text})

    def _dismiss(self) -> None:
        for connection, (process, index) in self.working.items():
            connection.close()
            if index is not None:
                process.kill()
        for process, _ in self.working.values():
            process.join()


@contextlib.contextmanager
def _threads(n_threads: int) -> Iterator[None]:
    """Let children start Numba with so many threads and all other numerical libraries with one."""
    changes = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": str(n_threads)}
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _blocked_signals() -> Iterator[None]:
    """Let children start with signals blocked: one that comes before they ignore it would end them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
