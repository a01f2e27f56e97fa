"""One well's own part of a run folder, written while it runs and cut back when it resumes."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from abm.results.files import naming, remove_leftovers, write_json
from abm.results.tables import Columns, labelled, unreadable, write_npz, write_parquet

TABLES = ("series", "deaths", "start", "cells", "events")
FIELDS = "fields"
CHUNK = re.compile(r"step=(\d{6,})\.(?:parquet|npz)")
RECORD = "well.json"


@dataclass(frozen=True)
class WellFolder:
    """The part of one well: one finished file per table and flush, named by the last step it covers.

    It can be sent to the process that runs the well. Arm and replicate are put into every table here.

    Parameters
    ----------
    path : Path
        An existing folder.
    arm : str
        Name of the arm.
    replicate : int
        Number of the replicate.
    """

    path: Path
    arm: str
    replicate: int

    def append(self, table: str, step: int, columns: Columns) -> None:
        """Write the new rows of ``series``, ``deaths``, ``start`` or one frame of ``cells``.

        Rows of ``series``, ``deaths`` and ``start`` must be flushed before each checkpoint, with its step.
        """
        if table not in TABLES:
            raise ValueError(f"no table '{table}'; there are {', '.join(TABLES)}")
        rows = labelled(columns, {"arm": self.arm, "replicate": self.replicate})
        write_parquet(self._chunk(table, step, "parquet"), rows)

    def append_fields(self, step: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Write one frame of fields; ``dheas_uM`` is stored as ``<arm>/<replicate>/dheas_uM``."""
        named = {f"{self.arm}/{self.replicate}/{name}": values for name, values in arrays.items()}
        write_npz(self._chunk(FIELDS, step, "npz"), named)

    def _chunk(self, table: str, step: int, ending: str) -> Path:
        folder = self.path / table
        with naming(folder), suppress(FileExistsError):
            os.mkdir(folder)  # without parents: a folder removed during the run must not come back half
        return folder / f"step={step:06d}.{ending}"

    def chunks(self, table: str) -> dict[int, Path]:
        """Return the finished files of a table by step, in that order."""
        with suppress(FileNotFoundError):
            found = {int(match[1]): entry for entry, match in self._made(table)}
            return dict(sorted(found.items()))
        return {}

    def _made(self, table: str) -> Iterator[tuple[Path, re.Match[str]]]:
        for entry in (self.path / table).iterdir():
            match = CHUNK.fullmatch(entry.name)
            if match:
                yield entry, match

    def cut_back(self, step: int) -> None:
        """Drop everything written for steps beyond `step`, and the mark that the well is finished.

        ``cut_back(-1)`` starts the well over.
        """
        (self.path / RECORD).unlink(missing_ok=True)
        remove_leftovers(self.path)
        for table in (*TABLES, FIELDS):
            for at, chunk in self.chunks(table).items():
                if at > step:
                    chunk.unlink()

    def finish(self, record: Mapping[str, object]) -> None:
        """Mark the well as finished and keep its `record`, such as steps done and conservation errors."""
        write_json(self.path / RECORD, record)

    @property
    def is_finished(self) -> bool:
        """Whether `finish` was called and nothing was cut back since."""
        return (self.path / RECORD).exists()

    def record(self) -> dict[str, object]:
        """Return what `finish` kept.

        Raises
        ------
        ReadError
            The well is not finished, or the file is damaged.
        """
        try:
            return json.loads((self.path / RECORD).read_text())
        except (OSError, ValueError) as error:
            raise unreadable(self.path / RECORD, error) from error

    def remove(self) -> None:
        """Remove what this class wrote; the folder stays if something else is in it."""
        self.cut_back(-1)
        for folder in (*(self.path / table for table in (*TABLES, FIELDS)), self.path):
            with suppress(OSError):
                folder.rmdir()
