"""Replicates that a finished run has done already: the same scenario but for how many of them there are.

What happens in a replicate hangs on its number and never on how many there are. So a run with more, or fewer, of them
takes those of a finished run beside it, where all files of that run still have their hashes, and runs the rest.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from abm.core.checkpoint import CheckpointError, CheckpointStore
from abm.core.par import plain
from abm.core.source import model_hash
from abm.core.user_file import known_by_content
from abm.results.folder import RunFolder
from abm.results.run import Run
from abm.results.tables import ReadError, read_csv, read_npz, read_parquet
from abm.scenario.build import Subject
from abm.scenario.schema import Scenario
from abm.study.subject import Place

UNCOUNTED = ("title", "question", "replicates")  # what no single replicate hangs on
KEY = "subjects_hash"
TABLES = {"deaths": "deaths.parquet", "start": "start.parquet", "events": "events.parquet"}


def subjects_hash(scenario: Scenario, past: str = "") -> str:
    """Return the hash of all that a single subject's results hang on.

    Parameters
    ----------
    scenario : Scenario
        What is run.
    past : str
        Of a branch: from where, and from which moment on.
    """
    own = {key: value for key, value in known_by_content(plain(scenario)).items() if key not in UNCOUNTED}
    content = {"scenario": own, "model": model_hash(), "past": past}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def reuse(folder: RunFolder, places: Sequence[Place], own: str, scenario_hash: str) -> dict[Path, int]:
    """Take over what finished runs of the same subjects have, and return from where how many.

    Parameters
    ----------
    folder : RunFolder
        The run that takes; those beside it are looked at.
    places : sequence of Place
        Its subjects; finished ones are left as they are.
    own : str
        :func:`subjects_hash` of the run.
    scenario_hash : str
        Under which its checkpoints are kept.
    """
    taken: dict[Path, int] = {}
    for done in _kin(folder, own) if any(not place.part.is_finished for place in places) else ():
        for place in places:
            if not place.part.is_finished and place.subject.label in done.records:
                done.hand_over(place, scenario_hash)
                taken[done.run.path] = taken.get(done.run.path, 0) + 1
    return taken


def _kin(folder: RunFolder, own: str) -> "Iterator[_Done]":
    """Yield the finished, undamaged runs of the same subjects beside a run."""
    end = folder.path.name.partition("-")[2]
    for path in sorted(folder.path.parent.glob(f"*-{end}")):
        run = Run(path)
        with suppress(ReadError):
            if path != folder.path and run.is_finished and run.provenance().get(KEY) == own and not run.damaged():
                yield _Done(run)


@dataclass(frozen=True)
class _Done:
    """A finished run, its tables read once and cut into those of its subjects."""

    run: Run

    @cached_property
    def records(self) -> dict[str, Any]:
        """Return what each subject left when it finished."""
        return self.run.wells()

    @cached_property
    def series(self) -> "_Cut":
        """Return the time series."""
        return _Cut(read_csv(self.run.path / "series.csv"))

    @cached_property
    def tables(self) -> "dict[str, _Cut]":
        """Return deaths, starts and events, as far as there are any."""
        return {name: _Cut(read_parquet(self.run.path / file)) for name, file in TABLES.items() if self.run.has(file)}

    @cached_property
    def cells(self) -> "dict[int, _Cut]":
        """Return the frames of cells by step."""
        place = self.run.path / "cells"
        return {at: _Cut(read_parquet(place / f"frame={at:06d}.parquet")) for at in self.run.cell_steps()}

    @cached_property
    def fields(self) -> dict[int, dict[str, np.ndarray]]:
        """Return the field maps by step."""
        place = self.run.path / "fields"
        return {at: read_npz(place / f"frame={at:06d}.npz") for at in self.run.field_steps()}

    def hand_over(self, place: Place, scenario_hash: str) -> None:
        """Write what became of a subject into its part of another run, and finish that."""
        part, who, record = place.part, place.subject, self.records[place.subject.label]
        part.cut_back(-1)
        part.append("series", record["steps"], self.series.of(who))
        for name, table in self.tables.items():
            part.append(name, record["steps"], table.of(who))
        for at, frame in self.cells.items():
            if (rows := frame.of(who)).num_rows or not frame.table.num_rows:
                part.append("cells", at, rows)
        prefix = f"{who.arm}/{who.replicate}/"
        for at, arrays in self.fields.items():
            if own := {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}:
                part.append_fields(at, own)
        self._checkpoints(place, scenario_hash)
        part.finish(record)

    def _checkpoints(self, place: Place, scenario_hash: str) -> None:
        """Keep the checkpoints too: the run can be branched as if it had made them."""
        there = self.run.path / "checkpoints" / place.subject.label
        if not there.is_dir():
            return
        store, own = CheckpointStore(there, self.run.scenario_hash), CheckpointStore(place.checkpoints, scenario_hash)
        own.clear()
        for step in store.steps():
            with suppress(CheckpointError):
                found = store.read(step)
                own.save(step, found.header["time_h"], found.arrays, found.header)


class _Cut:
    """A table in which the rows of each subject stand together."""

    def __init__(self, table: pa.Table):
        self.table = table.drop_columns(["arm", "replicate"])
        arm = table["arm"].combine_chunks().dictionary_encode()
        replicate = table["replicate"].to_numpy()
        names, codes = arm.dictionary.to_pylist(), arm.indices.to_numpy()
        is_first = np.ones(table.num_rows, dtype=bool)
        is_first[1:] = (codes[1:] != codes[:-1]) | (replicate[1:] != replicate[:-1])
        first = np.flatnonzero(is_first)
        ends = [*first[1:].tolist(), table.num_rows]
        self._rows = {
            (names[codes[at]], int(replicate[at])): (int(at), end) for at, end in zip(first, ends, strict=True)
        }

    def of(self, subject: Subject) -> pa.Table:
        """Return the rows of a subject, without who it is."""
        first, end = self._rows.get((subject.arm, subject.replicate), (0, 0))
        return self.table.slice(first, end - first)
