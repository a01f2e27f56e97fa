"""Runs experiments, each content once, and keeps their values."""

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from abm.core.errors import RunFailed
from abm.results.study import Row, StudyFolder
from abm.results.tables import ReadError
from abm.study.execute import run_rows
from abm.study.jobs import Monitor
from abm.study.pool import Engine
from abm.study.rows import RowJob


class Lab:
    """Runs rows into a folder that remembers them.

    Parameters
    ----------
    folder : StudyFolder
        Made if missing; what it holds is not run again.
    engine : callable
        Local workers or a cluster.
    monitor : Monitor
        Progress and the wish to stop.
    others : iterable of StudyFolder
        What they, and those of their names, hold is taken over and not run again; they need not exist.
    """

    def __init__(self, folder: StudyFolder, engine: Engine, monitor: Monitor, others: Iterable[StudyFolder] = ()):
        folder.make()
        self.folder, self.engine, self.monitor = folder, engine, monitor
        self.records: dict[str, Row] = {record["hash"]: record for record in folder.records()}
        self.done = {key for key, record in self.records.items() if record["status"] == "done"}
        self.kin = folder.kin()
        for other in others:
            self.kin |= other.kin() | _done(other)

    def run(self, jobs: Callable[[], Iterable[RowJob]]) -> None:
        """Run what has not been done; ``jobs`` makes them anew at each call."""
        for record in run_rows(self.folder, jobs, self.engine, self.monitor, self.done, self.kin):
            self.records[record["hash"]] = record
            if record["status"] == "done":
                self.done.add(record["hash"])

    def values(self, job: RowJob) -> Mapping[str, float]:
        """Return what a row gave; what is undefined is NaN.

        Raises
        ------
        RunFailed
            The row failed or was not run.
        """
        record = self.records.get(job.hash, {"reason": "it was not run"})
        if "values" not in record:
            raise RunFailed(f"an experiment failed: {record['reason']}")
        return {name: math.nan if value is None else value for name, value in record["values"].items()}


def _done(folder: StudyFolder) -> dict[str, Row]:
    with suppress(ReadError):  # what a folder does not show is run
        return {one["hash"]: one for one in folder.records() if one["status"] == "done"}
    return {}
