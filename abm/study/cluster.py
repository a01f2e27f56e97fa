"""Rows over a Dask cluster: a local one, or any whose scheduler's address is given. Needs the extra ``dask``."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import dask
from distributed import Client, LocalCluster, as_completed

from abm.core.errors import InputError
from abm.study.jobs import Flow, Job, Monitor, Outcome, Stopped, attempt, kind_of, read_job

AHEAD = 2  # rows handed out per thread of the cluster, so that no thread waits
DEATHS = 20  # deaths of its worker after which a row counts as failed
WAIT_S = 20.0
SETTINGS = {
    "distributed.scheduler.allowed-failures": DEATHS,
    "distributed.comm.timeouts.connect": f"{WAIT_S:g}s",
    "distributed.admin.tick.limit": "1h",  # long kernels are no reason for warnings
    "distributed.worker.memory.terminate": False,
    "distributed.scheduler.http.routes": [],
}
HERE = {
    "host": "127.0.0.1",
    "dashboard_address": None,
    "scheduler_kwargs": {
        "dashboard_address": "127.0.0.1:0"
    },  # without a dashboard, which would open a port for nothing
    "silence_logs": 50,
}


def run_job(kind: str, text: str) -> tuple[str, Any]:
    """Run a job on a worker and return how it ended, as plain data."""
    outcome = attempt(read_job(kind, text), Flow())
    return outcome.event, outcome.content


def outcomes(jobs: Iterable[Job], n_workers: int, monitor: Monitor, scheduler: str = "") -> Iterator[Outcome]:
    """Run jobs of one class over a cluster and yield how each of them ended, as they end.

    Parameters
    ----------
    jobs : iterable of Job
        Taken one at a time, when the cluster has room.
    n_workers : int
        Workers of the local cluster, and on another the least number of rows handed out at once, halved.
    monitor : Monitor
        Progress and the wish to stop.
    scheduler : str
        ``tcp://host:port``; empty for a cluster of this machine's own, on its loopback, without a dashboard.

    Raises
    ------
    InputError
        There is no scheduler at the address.
    Stopped
        The monitor asked to stop; rows in the air are to be run again.
    """
    left = enumerate(jobs)
    with _client(n_workers, scheduler) as client:
        slots = max(n_workers, sum(client.nthreads().values())) * AHEAD
        flying: dict[Any, tuple[int, Job]] = {}
        landed = as_completed(with_results=False, raise_errors=False)

        def launch() -> None:
            while len(flying) < slots and (item := next(left, None)):
                future = client.submit(run_job, kind_of(item[1]), item[1].to_json(), pure=False)
                flying[future] = item
                landed.add(future)

        launch()
        while flying:
            future = next(landed)
            if monitor.is_stopped:
                client.cancel(list(flying))
                raise Stopped
            index, job = flying.pop(future)
            monitor.beat(index, 1, 1)
            yield _outcome(job, future)
            launch()


def _outcome(job: Job, future: Any) -> Outcome:
    if future.status == "finished":
        return Outcome(job, *future.result())
    return Outcome(job, "failed", f"its worker died: {future.exception()}")


@contextmanager
def _client(n_workers: int, scheduler: str) -> Iterator[Client]:
    with dask.config.set(SETTINGS):
        if scheduler:
            with _connected(scheduler) as client:
                yield client
            return
        with LocalCluster(n_workers=0, threads_per_worker=1, processes=True, **HERE) as cluster:
            cluster.adapt(minimum=n_workers, maximum=n_workers, interval="1s")  # one killed while it starts comes back
            with Client(cluster) as client:
                yield client


def _connected(scheduler: str) -> Client:
    try:
        return Client(scheduler, timeout=WAIT_S)
    except (OSError, ValueError) as error:
        raise InputError(f"no Dask scheduler at {scheduler}: {error}") from None
