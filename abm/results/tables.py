"""Tables and arrays to and from CSV, Parquet and npz, with the same bytes for the same content."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, Union

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from abm.results.files import atomic_write

if TYPE_CHECKING:
    import pandas as pd

TEXT_COLUMNS = {
    "arms.csv": ["arm", "control_arm"],
    "series.csv": ["arm"],
    "end_points.csv": ["arm", "response"],
    "parameters.csv": ["name", "value", "unit", "source", "description", "origin"],
}
Columns: TypeAlias = Union[Mapping[str, object], "pd.DataFrame", pa.Table]


class ReadError(ValueError):
    """A stored table is missing or damaged."""


def as_table(columns: Columns) -> pa.Table:
    """Return an Arrow table of `columns`; strings of any kind become plain strings."""
    if hasattr(columns, "to_records"):  # a pandas frame; pandas itself is slow to import
        table = pa.Table.from_pandas(columns, preserve_index=False)
    elif isinstance(columns, pa.Table):
        table = columns
    else:
        table = pa.table({name: _as_array(values) for name, values in columns.items()})
    fields = [pa.field(f.name, pa.string() if _is_text(f.type) else f.type) for f in table.schema]
    return table.cast(pa.schema(fields))


def _as_array(values: object) -> pa.Array | pa.ChunkedArray:
    return values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def concat(tables: Iterable[Columns]) -> pa.Table:
    """Put tables under one another; a column that one of them lacks is null there."""
    arrow = [as_table(table) for table in tables]
    filled = [table for table in arrow if table.num_rows]  # an empty column may have lost its type
    return pa.concat_tables(filled or arrow, promote_options="permissive").combine_chunks()


def stack(groups: Mapping[str, Columns], column: str) -> pa.Table:
    """Put named tables under one another and their names into `column`, the first one."""
    return concat(labelled(table, {column: name}) for name, table in groups.items())


def labelled(columns: Columns, labels: Mapping[str, str | int | float]) -> pa.Table:
    """Set constant columns, before all others."""
    table = as_table(columns)
    rest = {name: table[name] for name in table.column_names if name not in labels}
    return pa.table({**{name: pa.repeat(value, table.num_rows) for name, value in labels.items()}, **rest})


def write_parquet(path: Path, columns: Columns) -> None:
    """Write one finished Parquet file without pandas' or Arrow's own metadata."""
    sink = pa.BufferOutputStream()
    table = as_table(columns).replace_schema_metadata(None)
    pq.write_table(table, sink, compression="zstd", store_schema=False)
    atomic_write(path, memoryview(sink.getvalue()))


def read_parquet(path: Path) -> pa.Table:
    """Read one Parquet file.

    Raises
    ------
    ReadError
        It is missing or damaged.
    """
    try:
        with pq.ParquetFile(path) as file:  # read_table would look for key=value pairs in the path
            return file.read()
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, error) from error


def read_columns(path: Path) -> list[str]:
    """Return the names of a Parquet file's columns.

    Raises
    ------
    ReadError
        It is missing or damaged.
    """
    try:
        return pq.read_schema(path).names
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, error) from error


def write_csv(path: Path, columns: Columns) -> None:
    """Write a CSV file; every float with all its digits, nulls and NaN empty."""
    write_csv_parts(path, [as_table(columns)])


def write_csv_parts(path: Path, parts: Iterable[pa.Table], names: Sequence[str] = ()) -> None:
    """Write tables under one another as one CSV file, holding one of them at a time.

    Parameters
    ----------
    path : Path
        Where.
    parts : iterable of Table
        A column that one of them lacks is empty there.
    names : sequence of str
        All columns; by default those of the first part.
    """

    def write(file: BinaryIO) -> None:
        text, known = io.TextIOWrapper(file, encoding="utf-8", newline=""), list(names)
        writer = csv.writer(text, lineterminator="\n")
        for index, part in enumerate(parts):
            known = known or part.column_names
            if index == 0:
                writer.writerow(known)
            writer.writerows(zip(*(_values(part, name) for name in known), strict=True))
        text.flush()
        text.detach()

    atomic_write(path, write)


def _values(table: pa.Table, name: str) -> list[object]:
    if name not in table.column_names:
        return [None] * table.num_rows
    return [None if value != value else value for value in table[name].to_pylist()]


def read_csv(path: Path) -> pa.Table:
    """Read a CSV file of the run folder, its text columns as text even where they look like numbers.

    Raises
    ------
    ReadError
        It is missing or damaged.
    """
    text = dict.fromkeys(TEXT_COLUMNS.get(path.name, []), pa.string())
    parse = arrow_csv.ParseOptions(newlines_in_values=True)
    convert = arrow_csv.ConvertOptions(column_types=text, null_values=[""], strings_can_be_null=False)
    try:
        table = arrow_csv.read_csv(path, parse_options=parse, convert_options=convert)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, error) from error
    fields = [pa.field(f.name, pa.float64() if pa.types.is_null(f.type) else f.type) for f in table.schema]
    return table.cast(pa.schema(fields))


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as doubles into an npz file; slashes in their names are allowed."""
    doubles = {name: np.asarray(values, dtype=np.float64) for name, values in arrays.items()}
    atomic_write(path, lambda file: np.savez(file, **doubles))


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an npz file.

    Raises
    ------
    ReadError
        It is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> ReadError:
    """Word the failure to read `path`."""
    if isinstance(error, FileNotFoundError):
        return ReadError(f"{path} is missing; the run has not come that far or its folder was changed")
    return ReadError(f"{path} cannot be read: {error}")
