"""The subjects' parts, put under one another."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from abm.core.files import naming
from abm.results.subject import FIELDS, SubjectFolder
from abm.results.tables import (
    concat,
    read_arrow,
    read_npz,
    read_parquet,
    write_csv,
    write_csv_parts,
    write_npz,
    write_parquet,
)

TABLES = ("deaths.parquet", "start.parquet", "events.parquet")
FOLDERS = ("cells", FIELDS)


def is_simulated(name: str) -> bool:
    """Whether a file of a run folder, or the hash of all arrays, is of what was simulated, not concluded from it."""
    return name in ("result_hash", "series.csv", "wells.json", *TABLES) or name.partition("/")[0] in FOLDERS


def merge(folder: Path, parts: Sequence[SubjectFolder]) -> None:
    """Write the top-level tables and frames of a run folder from its subjects' parts, in the order given."""
    merge_tables(folder, parts)
    for step, chunks in _by_step(part.chunks("cells") for part in parts):
        write_parquet(_frame(folder / "cells", step, "parquet"), concat(map(read_parquet, chunks)))
    for step, chunks in _by_step(part.chunks(FIELDS) for part in parts):
        arrays = {name: values for chunk in chunks for name, values in read_npz(chunk).items()}
        write_npz(_frame(folder / FIELDS, step, "npz"), arrays)


def merge_tables(folder: Path, parts: Sequence[SubjectFolder]) -> None:
    """Write the tables alone, all that a summary is concluded from."""
    series = _chunks(parts, "series")
    if series:
        write_csv_parts(folder / "series.csv", map(read_arrow, series), _all_columns(series))
    for name in TABLES:
        chunks = _chunks(parts, name.split(".")[0])
        if chunks:
            write_parquet(folder / name, concat(map(read_parquet, chunks)))


def merge_draws(folder: Path, parts: Sequence[SubjectFolder]) -> None:
    """Write the tables of a folder of draws, the series last: with it all is there."""
    found = _chunks(parts, "end_points")
    if found:
        write_csv(folder / "end_points.csv", concat(map(read_parquet, found)))
    series = _chunks(parts, "series")
    write_csv_parts(folder / "series.csv", map(read_arrow, series), _all_columns(series))


def _chunks(parts: Sequence[SubjectFolder], table: str) -> list[Path]:
    return [chunk for part in parts for chunk in part.chunks(table).values()]


def _all_columns(chunks: Sequence[Path]) -> list[str]:
    """Return every column of any chunk, in order of appearance."""
    return list(dict.fromkeys(name for chunk in chunks for name in read_arrow(chunk).column_names))


def _by_step(found: Iterable[dict[int, Path]]) -> list[tuple[int, list[Path]]]:
    """Group the parts' files by step, the parts in their order."""
    grouped: dict[int, list[Path]] = {}
    for chunks in found:
        for step, chunk in chunks.items():
            grouped.setdefault(step, []).append(chunk)
    return sorted(grouped.items())


def _frame(folder: Path, step: int, ending: str) -> Path:
    with naming(folder):
        folder.mkdir(exist_ok=True)
    return folder / f"frame={step:06d}.{ending}"
