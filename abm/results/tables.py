"""Tables and arrays to and from CSV, Parquet and npz, with the same bytes for the same content.

A spreadsheet takes a text that begins with ``=``, ``+``, ``-`` or ``@`` for a formula. In CSV an apostrophe stands
before such a text; it is taken off again when the file is read here. Numbers stay numbers.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from abm.core.files import atomic_write

if TYPE_CHECKING:
    import pandas as pd

TEXT_COLUMNS = {
    "arms.csv": ["arm", "control_arm", "words", "x_name", "x_unit", "group", "x_half_source"],
    "observed.csv": ["arm", "of", "unit", "words", "beside", "group", "source"],
    "series.csv": ["arm"],
    "end_points.csv": ["arm", "response", "id"],
    "patients.csv": ["id"],
    "donors.csv": ["id"],
    "parameters.csv": ["name", "value", "unit", "source", "description", "origin"],
}
FEW_ROWS = 4096  # design: what is written at once
BEGINS_FORMULA = "[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]"  # also full-width, as some spreadsheets take them
FORMULA = re.compile(f"'*{BEGINS_FORMULA}")
EXCEL = {"excel": ",", "excel-de": ";"}  # what stands between columns; with semicolons numbers have a decimal comma
NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)
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
    schema = pa.schema([pa.field(f.name, pa.string() if _is_text(f.type) else f.type) for f in table.schema])
    return table if schema.equals(table.schema) else table.cast(schema)


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
    texts = [field.name for field in table.schema if _is_text(field.type)]
    pq.write_table(table, sink, compression="zstd", store_schema=False, use_dictionary=texts, write_statistics=False)
    atomic_write(path, memoryview(sink.getvalue()))


def read_parquet(path: Path) -> pa.Table:
    """Read one Parquet file.

    Raises
    ------
    ReadError
        It is missing or damaged.
    """
    try:
        with open(path, "rb") as stream, pq.ParquetFile(stream) as file:  # Arrow itself cannot open every path
            return file.read()
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, error) from error


def write_arrow(path: Path, columns: Columns) -> None:
    """Write a table as it lies in memory, which takes a tenth of the time: for what is soon put into another."""
    sink, table = pa.BufferOutputStream(), as_table(columns).replace_schema_metadata(None)
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    atomic_write(path, memoryview(sink.getvalue()), is_passing=True)


def read_arrow(path: Path) -> pa.Table:
    """Read what :func:`write_arrow` wrote.

    Raises
    ------
    ReadError
        It is missing or damaged.
    """
    try:
        return pa.ipc.open_file(pa.py_buffer(path.read_bytes())).read_all()
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, error) from error


def write_csv(path: Path, columns: Columns) -> None:
    """Write a CSV file; every float with all its digits, nulls and NaN empty."""
    write_csv_parts(path, [as_table(columns)])


def write_csv_parts(path: Path, parts: Iterable[pa.Table], names: Sequence[str] = ()) -> None:
    """Write tables under one another as one CSV file, holding some thousands of rows at a time.

    Parameters
    ----------
    path : Path
        Where.
    parts : iterable of Table
        A column that one of them lacks is empty there.
    names : sequence of str
        All columns; by default those of the first part.
    """
    atomic_write(path, lambda file: file.writelines(text.encode() for text in _texts(parts, names)))


def csv_text(columns: Columns) -> str:
    """Return what `write_csv` writes."""
    return "".join(_texts([as_table(columns)]))


def write_excel(path: Path, columns: Columns, dialect: str) -> None:
    """Write a CSV file as Excel opens it by a double click: in a dialect, with a mark that it is in UTF-8."""
    table, between = as_table(columns), EXCEL[dialect]
    if between == ";":
        table = pa.table([_with_commas(column) for column in table.columns], names=table.column_names)
    atomic_write(path, "".join(_texts([table], between=between, end="\r\n")).encode("utf-8-sig"))


def _with_commas(column: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    if pa.types.is_floating(column.type):
        texts = (None if value is None or value != value else str(value) for value in column.to_pylist())
    elif _is_text(column.type):
        texts = column.to_pylist()
    else:
        return column
    found = [text.replace(".", ",") if text and NUMBER.fullmatch(text) else text for text in texts]
    return pa.array(found, pa.string())


def _texts(parts: Iterable[pa.Table], names: Sequence[str] = (), between: str = ",", end: str = "\n") -> Iterator[str]:
    """Yield the rows of tables under one another, the names of the columns first."""
    known = list(names)
    for index, part in enumerate(_joined(parts)):
        known = known or part.column_names
        if index == 0:
            yield between.join(_quoted(_as_text(name), between) for name in known) + end
        columns = [_column_texts(part, name, between) for name in known]
        rows = pc.binary_join_element_wise(*columns, between, null_handling="replace", null_replacement="").to_pylist()
        if len(known) == 1:  # an empty line would be no row
            rows = [row or '""' for row in rows]
        yield "".join(f"{row}{end}" for row in rows)


def _joined(parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield tables that have the same columns as one, as long as they are small."""
    waiting: list[pa.Table] = []
    for part in parts:
        if waiting and (part.schema != waiting[0].schema or sum(one.num_rows for one in waiting) >= FEW_ROWS):
            yield pa.concat_tables(waiting).combine_chunks()
            waiting = []
        waiting.append(part)
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def _column_texts(table: pa.Table, name: str, between: str) -> pa.Array:
    """Return a column as it is written; what is missing is null."""
    if name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    column = table[name].combine_chunks()
    if pa.types.is_float64(column.type):
        return _float_texts(column)
    if pa.types.is_integer(column.type):
        return column.cast(pa.string())
    coded = column.dictionary_encode()
    texts = [None if value is None or value != value else str(value) for value in coded.dictionary.to_pylist()]
    if _is_text(column.type):
        texts = [text and _quoted(_as_text(text), between) for text in texts]
    return pa.array(texts, pa.string()).take(coded.indices)


def _float_texts(column: pa.Array) -> pa.Array:
    """Return floats as Python writes them; Arrow writes most of them alike, and many times as fast."""
    values, texts = column.to_numpy(zero_copy_only=False), pc.cast(column, pa.string())
    size = np.abs(values)
    is_whole, is_alike = (values == np.floor(values)) & (size < 1e15), (size >= 1e-4) & (size < 1e15)
    if is_whole.any():
        whole = pc.cast(pa.array(np.where(is_whole, values, 0.0).astype(np.int64)), pa.string())
        texts = pc.if_else(pa.array(is_whole), pc.binary_join_element_wise(whole, ".0", ""), texts)
    others = ~(is_alike | is_whole) | (np.signbit(values) & (values == 0.0))
    own = [None if value != value else repr(value) for value in values[others].tolist()]
    return pc.replace_with_mask(texts, pa.array(others), pa.array(own, pa.string()))


def _quoted(text: str, between: str) -> str:
    """Return a text in quotes where it holds what would end it."""
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in (between, '"', "\n")) else text


def _as_text(text: str) -> str:
    """Return a text that a spreadsheet takes for a text; at a carriage return it would end the row."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text


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
        with open(path, "rb") as stream:
            table = arrow_csv.read_csv(stream, parse_options=parse, convert_options=convert)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, error) from error
    fields = [pa.field(_original(f.name), pa.float64() if pa.types.is_null(f.type) else f.type) for f in table.schema]
    columns = [_originals(column) if _is_text(column.type) else column for column in table.columns]
    return pa.table(columns, names=[field.name for field in fields]).cast(pa.schema(fields))


def _original(text: str) -> str:
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def _originals(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring_regex(column, f"^'('*{BEGINS_FORMULA})", r"\1")


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
    if isinstance(error, FileNotFoundError) and not path.parent.exists():
        return ReadError(f"{path.parent}: no such folder")
    if isinstance(error, FileNotFoundError):
        return ReadError(f"{path} is missing; the run has not come that far or its folder was changed")
    return ReadError(f"{path} cannot be read: {error}")
