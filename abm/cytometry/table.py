"""Events from a table, CSV or Parquet: a row each, a column for each channel, its name in the first row."""

import io
import os
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from abm.core.errors import Fault, InputError
from abm.cytometry.events import Channel, Events

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}


def read_csv_events(file: str, content: bytes) -> Events:
    """Read a CSV in UTF-8; with semicolons or tabs between columns a decimal comma is understood.

    Raises
    ------
    InputError
        It is no such table, and in which row.
    """
    name = os.path.basename(file)
    _refuse_other_text(name, content)
    between = _separator(name, content)
    torn: list[Any] = []

    def note(row: Any) -> str:
        torn.append(row)
        return "skip"

    parse = arrow_csv.ParseOptions(delimiter=between, invalid_row_handler=note)
    try:
        options = arrow_csv.ReadOptions(use_threads=False)
        table = arrow_csv.read_csv(io.BytesIO(content), options, parse)
    except pa.ArrowException as error:
        raise InputError(Fault(f"{name}: cannot be read as CSV: {error}")) from None
    if torn:
        row = torn[0]
        text = f"{name}: row {row.number} has {row.actual_columns} columns, the first row {row.expected_columns}"
        raise InputError(Fault(text, allowed=f"the {SEPARATORS[between]} alone between columns, in every row"))
    return _events(name, "CSV", table, has_commas=between != ",")


def read_parquet_events(file: str, content: bytes) -> Events:
    """Read a Parquet file.

    Raises
    ------
    InputError
        It is damaged, or holds no rows.
    """
    name = os.path.basename(file)
    try:
        return _events(name, "Parquet", pq.read_table(pa.BufferReader(content)))
    except pa.ArrowException as error:
        raise InputError(Fault(f"{name}: cannot be read as Parquet: {error}")) from None


def _refuse_other_text(name: str, content: bytes) -> None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        text = f"{name}: row {row}: byte 0x{content[error.start]:02x} is not UTF-8"
        raise InputError(Fault(text, allowed="text in UTF-8")) from None


def _separator(name: str, content: bytes) -> str:
    first = content.split(b"\n", 1)[0].decode("utf-8-sig")
    found = [mark for mark in SEPARATORS if mark in first]
    if len(found) > 1:
        text = f"{name}: row 1 has mixed separators: {' and '.join(SEPARATORS[mark] for mark in found)}"
        raise InputError(Fault(text, allowed="one kind between all columns"))
    return found[0] if found else ","


def _events(name: str, form: str, table: pa.Table, has_commas: bool = False) -> Events:
    if table.num_rows == 0:
        raise InputError(Fault(f"{name}: holds 0 events", allowed="a row for each event below the names of channels"))
    channels = tuple(Channel(text.strip(), "", "time" if text.strip().lower() == "time" else "linear")
                     for text in table.column_names)  # fmt: skip

    def read(i: int) -> np.ndarray:
        return _numbers(name, channels[i].name, table.column(i), has_commas)

    return Events(name, form, table.num_rows, channels, read)


def _numbers(name: str, channel: str, column: pa.ChunkedArray, has_commas: bool) -> np.ndarray:
    """Return a column as numbers, shape (n,); NaN where nothing stands."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = _from_texts(name, channel, column, has_commas)
    elif not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_null(column.type)):
        raise InputError(Fault(f"{name}: channel '{channel}' holds {column.type}", allowed="numbers"))
    return column.cast(pa.float64()).fill_null(np.nan).to_numpy()


def _from_texts(name: str, channel: str, column: pa.ChunkedArray, has_commas: bool) -> pa.ChunkedArray:
    texts = pc.utf8_trim_whitespace(column)
    plain = pc.replace_substring(texts, ",", ".") if has_commas else texts
    try:
        return plain.cast(pa.float64())
    except pa.ArrowInvalid:
        pass
    allowed = f"a number, nothing between thousands, decimal {'comma or point' if has_commas else 'point'}"
    for row, (text, own) in enumerate(zip(plain.to_pylist(), texts.to_pylist(), strict=True), start=2):
        try:
            float(text or "nan")
        except ValueError:
            what = "no number"
            if row == 2 and not any(map(str.isdecimal, text)):
                what, allowed = "a second row of names or of units", "one row of names"
            text = f"{name}: channel '{channel}', row {row}: '{own[:40]}' is {what}"
            raise InputError(Fault(text, allowed=allowed)) from None
    raise InputError(Fault(f"{name}: channel '{channel}' holds text", allowed="numbers"))
