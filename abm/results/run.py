"""One results folder that explains itself: everything a figure, a report or a comparison reads."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from abm.core.measure import Measures
from abm.results.declared import measures
from abm.results.hashes import result_hash
from abm.results.seal import FILES, changed
from abm.results.tables import ReadError, read_csv, read_npz, read_parquet, unreadable

if TYPE_CHECKING:
    import pandas as pd

DRAWS = "posterior"  # folder of what was run under draws of a posterior
FRAME = re.compile(r"frame=(\d{6,})\.(?:parquet|npz)")


class Run:
    """A run folder, read only.

    All readers raise `ReadError` where the file is missing or damaged.

    Parameters
    ----------
    path : path-like
        The folder.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Return the run in a folder after a look at whether there is one."""
        run = cls(path)
        if not run.scenario_hash:
            raise ReadError(f"{path} is not a run folder: its provenance.json names no scenario")
        return run

    @property
    def scenario_hash(self) -> str:
        """Return the hash of all inputs, from the summary or, of an unfinished run, from the provenance."""
        with suppress(ReadError, KeyError):
            return self.summary()["scenario_hash"]
        return self.provenance().get("scenario_hash", "")

    @property
    def is_finished(self) -> bool:
        """Whether the summary, written last of all results, is there."""
        try:
            return self.summary()["scenario_hash"] == self.provenance()["scenario_hash"]
        except (ReadError, KeyError):
            return False

    def damaged(self) -> list[str]:
        """Return the files that changed or went since the run finished; of an unfinished one, since it was merged.

        Where the hashes of files are lost, or from before they were kept, that of all arrays is looked at.
        """
        try:
            return changed(self.path, _mapping(self.path / FILES))
        except ReadError:
            return [FILES] * self.has(FILES) + ["result_hash"] * (not _has_its_arrays(self))

    @property
    def is_merged(self) -> bool:
        """Whether the wells' parts have become the top-level tables."""
        return (self.path / "wells.json").exists()

    def summary(self) -> dict[str, Any]:
        """Return survival, deaths, conservation and both hashes."""
        return _mapping(self.path / "summary.json")

    def provenance(self) -> dict[str, Any]:
        """Return scenario, hashes, seed, software, versions and times."""
        return _mapping(self.path / "provenance.json")

    def wells(self) -> dict[str, Any]:
        """Return what each well left when it finished, by ``<arm>-r<replicate>``."""
        return _mapping(self.path / "wells.json")

    def scenario_text(self) -> str:
        """Return the complete scenario as YAML."""
        return _text(self.path / "scenario.yaml")

    def arms(self) -> pd.DataFrame:
        """Return the arms and which arm is whose control."""
        return read_csv(self.path / "arms.csv").to_pandas()

    def observed(self) -> pd.DataFrame | None:
        """Return what was published of the arms, a row per observation; None where nothing is stated."""
        return read_csv(self.path / "observed.csv").to_pandas() if self.has("observed.csv") else None

    def parameters(self) -> pd.DataFrame:
        """Return every parameter with unit, source and origin, all as text."""
        return read_csv(self.path / "parameters.csv").to_pandas()

    def series(self) -> pd.DataFrame:
        """Return the time series of all wells."""
        return read_csv(self.path / "series.csv").to_pandas()

    def measures(self, table: str = "series") -> Measures:
        """Return what the columns of a table are; in a folder that does not say it, their endings tell."""
        return measures(self.path, table)

    def populations(self) -> dict[str, dict[str, Any]]:
        """Return what the run says of each kind of cell: role, words, and how its totals are called."""
        found = _mapping(self.path / "populations.json") if self.has("populations.json") else {}
        return {name: told for name, told in found.items() if isinstance(told, dict)}

    def has(self, table: str) -> bool:
        """Return whether the folder holds a table: wells have deaths, patients have end points."""
        return (self.path / table).exists()

    def deaths(self) -> pd.DataFrame:
        """Return one row per death."""
        return read_parquet(self.path / "deaths.parquet").to_pandas()

    def start(self) -> pd.DataFrame:
        """Return one row per cell at the start or added later."""
        return read_parquet(self.path / "start.parquet").to_pandas()

    def draws(self) -> Run | None:
        """Return the series and end points under draws of a posterior, replicates being draws; None without them."""
        return Run(self.path / DRAWS) if self.has(f"{DRAWS}/series.csv") else None

    def patients(self) -> pd.DataFrame:
        """Return one row per virtual patient: ``replicate`` and what was drawn, by dotted path."""
        return read_csv(self.path / "patients.csv").to_pandas()

    def donors(self) -> pd.DataFrame:
        """Return one row per donor of a cohort in wells: ``replicate`` and what was drawn, by dotted path."""
        return read_csv(self.path / "donors.csv").to_pandas()

    def end_points(self) -> pd.DataFrame:
        """Return one row per protocol and patient with what a trial would record."""
        return read_csv(self.path / "end_points.csv").to_pandas()

    def visits(self) -> pd.DataFrame:
        """Return one row per protocol, patient and visit with what there was and what was seen, times in hours."""
        return read_csv(self.path / "visits.csv").to_pandas()

    def cell_steps(self) -> list[int]:
        """Return the steps that have a frame of cells."""
        return self._frames("cells")

    def cells(self, step: int, population: str = "") -> pd.DataFrame:
        """Return all cells at a step, or one population with its own columns only."""
        table = read_parquet(self.path / "cells" / f"frame={step:06d}.parquet")
        if population:
            table = _own_columns(table.filter(pc.equal(table["population"], population)))
        return table.to_pandas()

    def field_steps(self) -> list[int]:
        """Return the steps that have a frame of fields."""
        return self._frames("fields")

    def fields(self, step: int) -> dict[str, np.ndarray]:
        """Return the fields at a step as ``<arm>/<replicate>/<field>``."""
        return read_npz(self.path / "fields" / f"frame={step:06d}.npz")

    def _frames(self, folder: str) -> list[int]:
        found = (FRAME.fullmatch(entry.name) for entry in (self.path / folder).glob("frame=*"))
        return sorted(int(match[1]) for match in found if match)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise unreadable(path, error) from error
    if not isinstance(content, dict):
        raise ReadError(f"{path} holds no mapping")
    return content


def _has_its_arrays(run: Run) -> bool:
    with suppress(ReadError):
        return result_hash(run.path) == run.summary().get("result_hash")
    return False


def _own_columns(table: pa.Table) -> pa.Table:
    return table.drop_columns([name for name in table.column_names if 0 < table.num_rows == table[name].null_count])
