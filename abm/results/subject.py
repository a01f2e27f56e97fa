"""One subject's own part of a run folder, written while it runs and cut back when it resumes."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.files import naming, remove_leftovers, write_json
from abm.results.seal import NONE, changed, file_hash
from abm.results.tables import Columns, ReadError, labelled, unreadable, write_arrow, write_npz, write_parquet

TABLES = ("series", "deaths", "start", "cells", "events", "end_points")
FIELDS = "fields"
FRAMES = ("cells", "events", FIELDS)  # written while the subject runs, all else at its end
CHUNK = re.compile(r"step=(\d{6,})\.(?:arrow|parquet|npz)")
RECORD = "well.json"


@dataclass(frozen=True)
class SubjectFolder:
    """The part of one subject: one finished file per table and flush, named by the last step it covers.

    It can be sent to the process that runs the subject. Arm and replicate are put into every table here.

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
        """Write the new rows of ``series``, ``deaths``, ``start``, ``end_points`` or one frame of ``cells``.

        Rows of ``series``, ``deaths`` and ``start`` must be flushed before each checkpoint, with its step.
        """
        if table not in TABLES:
            raise ValueError(f"no table '{table}'; there are {', '.join(TABLES)}")
        rows = labelled(columns, {"arm": self.arm, "replicate": self.replicate})
        if table == "series":
            write_arrow(self._chunk(table, step, "arrow"), rows)
        else:
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

    def reopen(self) -> None:
        """Take back the mark that the subject is finished."""
        (self.path / RECORD).unlink(missing_ok=True)

    def cut_back(self, step: int) -> None:
        """Drop everything written for steps beyond `step`, and the mark that the subject is finished.

        ``cut_back(-1)`` starts the subject over.
        """
        self.reopen()
        remove_leftovers(self.path)
        for table in (*TABLES, FIELDS):
            for at, chunk in self.chunks(table).items():
                if at > step:
                    chunk.unlink()

    def files(self, tables: Sequence[str] = (*TABLES, FIELDS), known: Mapping[str, str] = NONE) -> dict[str, str]:
        """Return the hash of every file of some tables by its place in the part; of known ones as it is known."""
        found = [chunk for table in tables for chunk in self.chunks(table).values()]
        names = {chunk.relative_to(self.path).as_posix(): chunk for chunk in found}
        return {name: known.get(name) or file_hash(chunk) for name, chunk in names.items()}

    def finish(self, record: Mapping[str, object], known: Mapping[str, str] = NONE) -> None:
        """Mark the subject as finished and keep its `record`, such as steps done and conservation errors."""
        write_json(self.path / RECORD, {"record": record, "files": self.files(known=known)}, is_passing=True)

    def damaged(self) -> list[str]:
        """Return which files of a finished subject changed or went since."""
        try:
            return changed(self.path, self._read()["files"])
        except ReadError:
            return [RECORD]

    @property
    def is_finished(self) -> bool:
        """Whether `finish` was called and nothing was cut back since."""
        return (self.path / RECORD).exists()

    def record(self) -> dict[str, object]:
        """Return what `finish` kept.

        Raises
        ------
        ReadError
            The subject is not finished, or the file is damaged.
        """
        return self._read()["record"]

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads((self.path / RECORD).read_text())
            return {key: dict(found[key]) for key in ("record", "files")}
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise unreadable(self.path / RECORD, error) from error

    def remove(self) -> None:
        """Remove what this class wrote; the folder stays if something else is in it."""
        self.cut_back(-1)
        for folder in (*(self.path / table for table in (*TABLES, FIELDS)), self.path):
            with suppress(OSError):
                folder.rmdir()
