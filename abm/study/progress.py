"""A progress bar with time left, on stderr; none without a terminal."""

import sys
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from abm.study.jobs import Monitor


class WatchedRun(Monitor):
    """A monitor that shows the share of all steps done."""

    def __init__(self) -> None:
        self.signal_number = 0
        self.folder: Path | None = None
        self._shares: dict[int, float] = {}
        self._n_done, self._n_jobs = 0, 1
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(file=sys.stderr), disable=not sys.stderr.isatty())
        self._task = self._bar.add_task("done", total=1.0)

    def begin(self, folder: Path, n_jobs: int) -> None:
        """Say where the results go and how many jobs there are; the bar starts anew."""
        self.folder, self._n_jobs = folder, max(1, n_jobs)
        self._shares.clear()
        self._n_done = 0

    def beat(self, index: int, done: int, total: int) -> None:
        """Show the mean share over all jobs."""
        if done >= total:
            self._n_done += 1
            self._shares.pop(index, None)
        else:
            self._shares[index] = done / total
        self._bar.update(self._task, completed=(self._n_done + sum(self._shares.values())) / self._n_jobs)

    def tell(self, text: str) -> None:
        """Write a line beside the bar."""
        sys.stderr.write(f"{text}\n")

    def __enter__(self) -> Self:
        """Start drawing."""
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop drawing."""
        self._bar.stop()
