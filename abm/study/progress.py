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
        self._done: dict[int, float] = {}
        self._n_wells = 1
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(file=sys.stderr), disable=not sys.stderr.isatty())
        self._task = self._bar.add_task("wells", total=1.0)

    def begin(self, folder: Path, n_wells: int) -> None:
        """Say where the run goes and how many wells it has."""
        self.folder, self._n_wells = folder, n_wells

    def beat(self, index: int, done: int, total: int) -> None:
        """Show the mean share over all wells."""
        self._done[index] = done / max(1, total)
        self._bar.update(self._task, completed=sum(self._done.values()) / self._n_wells)

    def __enter__(self) -> Self:
        """Start drawing."""
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop drawing."""
        self._bar.stop()
