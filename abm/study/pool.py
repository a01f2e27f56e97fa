"""Many jobs over one-thread workers; a worker that dies costs only its job, which is tried again.

The standard pools lose the whole batch when one worker is killed, and start workers by running the caller's script
anew, hence a small one of our own: each worker has a pipe, the parent waits on all pipes at once.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from threading import Thread
from typing import Any

from abm.core.errors import InputError, RunFailed
from abm.core.resources import RARELY
from abm.study.jobs import Flow, Job, Monitor, Outcome, Stopped, attempt, kind_of, read_job

MAX_TRIES = 3
POLL_S = 0.2
SILENT_S = 600.0
SIGNALS = {signal.SIGINT, signal.SIGTERM}
Engine = Callable[[Iterable[Job], Monitor], Iterator[Outcome]]
ENTRY = "abm.study.pool:work"
START = (
    f"import gc, json, sys; gc.set_threshold{RARELY}; sys.path[:] = json.loads(sys.argv[1]); "
    "from abm.study.pool import enter; enter(*sys.argv[2:])"
)


def run_jobs(jobs: Iterable[Job], n_workers: int, monitor: Monitor, n_threads: int = 1) -> None:
    """Run all jobs to their end.

    Raises
    ------
    Stopped
        The monitor asked to stop; every running job kept what it needs to go on.
    InputError, RunFailed
        A job failed, or its worker died three times; the others were finished first.
    """
    failures = [o for o in outcomes(jobs, n_workers, monitor, n_threads) if o.event != "done"]
    if failures:
        kind = InputError if failures[0].event == "refused" else RunFailed
        raise kind("\n".join(f"{o.job.label}: {o.content}" for o in failures))


def outcomes(jobs: Iterable[Job], n_workers: int, monitor: Monitor, n_threads: int = 1) -> Iterator[Outcome]:
    """Run jobs of one class and yield how each of them ended, as they end; one worker is this process itself.

    Parameters
    ----------
    jobs : iterable of Job
        Taken one at a time, when a worker is free.
    n_workers : int
        How many run side by side.
    monitor : Monitor
        Progress, log and the wish to stop.
    n_threads : int
        Cores for each worker.

    Raises
    ------
    Stopped
        The monitor asked to stop; every running job kept what it needs to go on.
    """
    with crew(n_workers, n_threads) as engine:
        yield from engine(jobs, monitor)


@contextlib.contextmanager
def crew(n_workers: int, n_threads: int = 1) -> Iterator[Engine]:
    """Keep workers over several batches of jobs of one class: what is inside calls ``engine(jobs, monitor)``."""
    pool = _Pool(n_workers, n_threads)
    try:
        yield pool.told if n_workers > 1 else _told_here
    finally:
        pool.dismiss()


def _told(outcomes: Iterator[Outcome], monitor: Monitor) -> Iterator[Outcome]:
    for outcome in outcomes:
        if outcome.event in ("failed", "refused"):
            monitor.note("failed", {"job": outcome.job.label, "reason": outcome.content})
        yield outcome


def _told_here(jobs: Iterable[Job], monitor: Monitor) -> Iterator[Outcome]:
    return _told(_run_here(jobs, monitor), monitor)


def _run_here(jobs: Iterable[Job], monitor: Monitor) -> Iterator[Outcome]:
    for index, job in enumerate(jobs):

        def beat(done: int, total: int, index: int = index) -> None:
            monitor.beat(index, done, total)

        stopped = Outcome(job, "stopped", None)
        outcome = stopped if monitor.is_stopped else attempt(job, Flow(beat, lambda: monitor.is_stopped, monitor.note))
        if outcome.event == "stopped":
            raise Stopped
        beat(1, 1)
        yield outcome


def enter(descriptor: str, entry: str, kind: str) -> None:
    """Work as a worker with this end of a pipe, for jobs of this kind."""
    module, _, name = entry.partition(":")
    getattr(import_module(module), name)(Connection(int(descriptor)), kind)


def work(connection: Connection, kind: str) -> None:
    """Run jobs as they arrive through the pipe until it closes; signals to the whole group are left to the parent."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    inbox: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(connection, inbox), daemon=True).start()

    def say(event: str, content: Any) -> None:
        connection.send_bytes(json.dumps([event, content]).encode())

    # any message during a job is the wish to stop
    flow = Flow(lambda *steps: say("beat", steps), lambda: not inbox.empty(), lambda *noted: say("note", noted))
    with contextlib.suppress(OSError):
        while text := inbox.get():
            outcome = attempt(read_job(kind, text.decode()), flow)
            say(outcome.event, outcome.content)


def _listen(connection: Connection, inbox: SimpleQueue[bytes]) -> None:
    """Pass on what arrives through the pipe; end at once when the parent is gone: others may use its files by now."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            inbox.put(connection.recv_bytes())
    os._exit(1)


@dataclass
class _Worker:
    """A worker as its parent sees it: the job in its hands, its tries, how long it has been silent."""

    process: subprocess.Popen
    job: Job | None = None
    index: int = -1
    n_tries: int = 0
    silent_s: float = 0.0


class _Pool:
    """The parent's side: who works on what, and what is to be tried again."""

    def __init__(self, n_workers: int, n_threads: int):
        self.n_workers, self.n_threads = n_workers, n_threads
        self.workers: dict[Connection, _Worker] = {}

    def told(self, jobs: Iterable[Job], monitor: Monitor) -> Iterator[Outcome]:
        """Run jobs, and note those that fail."""
        return _told(self._outcomes(jobs, monitor), monitor)

    def _outcomes(self, jobs: Iterable[Job], monitor: Monitor) -> Iterator[Outcome]:
        """Feed workers until nothing is left."""
        self.monitor, self.is_stopping = monitor, False
        self.jobs = ((job, index, 0) for index, job in enumerate(jobs))
        self.again: list[tuple[Job, int, int]] = []
        try:
            while self._fill():
                start = time.monotonic()
                heard = wait(list(self.workers), POLL_S)
                self._watch(heard, time.monotonic() - start)
                for connection in heard:
                    yield from self._hear(connection)
        except BaseException:
            self.dismiss()
            raise
        if self.monitor.is_stopped:
            raise Stopped

    def _fill(self) -> bool:
        """Give every free worker a job, start missing workers, and return whether any is at work."""
        if self.monitor.is_stopped and not self.is_stopping:
            self.is_stopping = True
            for connection in self.workers:
                _send(connection, b"")
        free = [connection for connection, worker in self.workers.items() if worker.job is None]
        while (free or len(self.workers) < self.n_workers) and (task := self._next()):
            connection = free.pop() if free else self._hire(kind_of(task[0]))
            worker = self.workers[connection]
            worker.job, worker.index, worker.n_tries, worker.silent_s = task[0], task[1], task[2] + 1, 0.0
            _send(connection, task[0].to_json().encode())
        return any(worker.job for worker in self.workers.values())

    def _next(self) -> tuple[Job, int, int] | None:
        if self.is_stopping:
            return None
        return self.again.pop() if self.again else next(self.jobs, None)

    def _hire(self, kind: str) -> Connection:
        ours, theirs = Pipe()
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": str(self.n_threads)}
        flags = [f"-W{option}" for option in sys.warnoptions]
        words = [sys.executable, *flags, "-c", START, json.dumps(sys.path), str(theirs.fileno()), ENTRY, kind]
        with theirs, _blocked_signals():
            process = subprocess.Popen(
                words, env=os.environ | threads, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
            )
        self.workers[ours] = _Worker(process)
        return ours

    def _watch(self, heard: Collection[object], waited_s: float) -> None:
        """Kill a worker that has been silent for long; time in which this process slept does not count."""
        for connection, worker in self.workers.items():
            is_heard = worker.job is None or connection in heard
            worker.silent_s = 0.0 if is_heard else worker.silent_s + min(waited_s, POLL_S)
            if worker.silent_s > SILENT_S:
                worker.process.kill()

    def _hear(self, connection: Connection) -> Iterator[Outcome]:
        worker = self.workers[connection]
        try:
            event, content = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            yield from self._bury(connection)
            return
        if event == "beat":
            self.monitor.beat(worker.index, *content)
        elif event == "note":
            self.monitor.note(*content)
        else:
            job, worker.job = worker.job, None
            if event != "stopped":
                self.monitor.beat(worker.index, 1, 1)
                yield Outcome(job, event, content)

    def _bury(self, connection: Connection) -> Iterator[Outcome]:
        worker = self.workers.pop(connection)
        connection.close()
        worker.process.wait()
        if worker.job is None:
            return
        died = {"job": worker.job.label, "exit_code": worker.process.returncode, "try": worker.n_tries}
        self.monitor.note("worker died", died)
        if worker.n_tries < MAX_TRIES:
            self.again.append((worker.job, worker.index, worker.n_tries))
        else:
            reason = f"its worker died {MAX_TRIES} times, last with exit code {worker.process.returncode}"
            yield Outcome(worker.job, "failed", reason)

    def dismiss(self) -> None:
        """Dismiss idle workers and end the others."""
        for connection, worker in self.workers.items():
            connection.close()
            if worker.job is not None:
                worker.process.kill()
        for worker in self.workers.values():
            worker.process.wait()
        self.workers.clear()


def _send(connection: Connection, message: bytes) -> None:
    """Send a message; that a worker is gone is noticed when its answer is read."""
    with contextlib.suppress(OSError):
        connection.send_bytes(message)


@contextlib.contextmanager
def _blocked_signals() -> Iterator[None]:
    """Let children start with signals blocked: one that comes before they ignore it would end them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
