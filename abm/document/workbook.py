"""Rows of a table of the user's in a workbook (``.xlsx``): values as they were typed, never what a formula gives.

Excel shows more than it holds, and turns what is typed into dates: a formula, a date or an error is refused with the
address of its cell. Sheets that are empty or hidden do not count.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from abm.core.errors import Fault, InputError, nearest
from abm.core.user_file import UserFile

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

MAGIC = b"PK\x03\x04"
MOST_BYTES = 200_000_000  # unpacked, design: far more than ten thousand patients
LARGEST = 100_000_000  # bytes, packed, design: what is cut off there is no workbook any more
DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)")
HEAD = 4096  # bytes of a part in which a document type would stand
VALUES = "a value: copy the cells, and paste as values"
TYPED = "text or a number: format the cells as text, then type them again"
Odd = tuple[str, str]  # what it is, and what is allowed


class WorkbookRows:
    """A sheet of a workbook, by the numbers of its rows.

    Attributes
    ----------
    file : UserFile
        Where it stands, and in which sheet.
    odd : dict
        What is no value, by line and column.
    percents : set
        Line and column of numbers that Excel shows as percentages.
    separator : str
        As of a text in which numbers have a decimal point.
    """

    separator = ","

    def __init__(self, file: UserFile):
        self.file = file
        self.odd: dict[tuple[int, int], Odd] = {}
        self.percents: set[tuple[int, int]] = set()

    @property
    def names(self) -> list[str]:
        """The first row."""
        row = next(self.lines(), (1, []))[1]
        if not any(row):
            raise InputError(Fault("begins with an empty row", "", self.file.name, 1, allowed="names in the first row"))
        return row

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield line and cells of each row below the names that is not empty.

        Raises
        ------
        InputError
            A row has more columns than names.
        """
        n = len(self.names)
        for line, row in self.lines():
            if line == 1 or not any(row):
                continue
            if len(row) > n:
                text = f"{self.address(len(row) - 1, line)}{row[-1]!r:.40} stands beyond the names"
                raise InputError(Fault(text, "", self.file.name, line, allowed=f"{n} columns, as there are names"))
            yield line, row + [""] * (n - len(row))

    def address(self, column: int, line: int) -> str:
        """Return how Excel calls a cell, and of which sheet it is where there are several."""
        sheet = f"{self.file.sheet}!" if self.file.sheet else ""
        return f"{sheet}{letters(column)}{line}: "

    def lines(self) -> Iterator[tuple[int, list[str]]]:
        """Yield number and cells of every row, the first among them, without empty ones at its end."""
        self._sheet.reset_dimensions()  # which some programs write wrong
        with _quiet():
            for line, cells in enumerate(self._sheet.iter_rows(), start=1):
                row = [self._text(line, column, cell) for column, cell in enumerate(cells)]
                while row and not row[-1]:
                    row.pop()
                yield line, row

    def _text(self, line: int, column: int, cell: Any) -> str:
        value = cell.value
        if value is None:
            return ""
        if isinstance(value, date | time | timedelta):
            shown = str(value).removesuffix(" 00:00:00")
            self.odd[line, column] = (f"a date or time, {shown}", TYPED)
            return shown
        if cell.data_type == "e":
            self.odd[line, column] = (f"an error, {value}", "a value, or an empty cell")
        elif cell.data_type == "f":
            self.odd[line, column] = (f"a formula, {str(value)!r:.40}", VALUES)
        elif isinstance(value, float | int) and not isinstance(value, bool):
            if "%" in str(cell.number_format):
                self.percents.add((line, column))
            return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)
        return str(value).strip()

    @cached_property
    def _sheet(self) -> "ReadOnlyWorksheet":
        sheets = {sheet.title: sheet for sheet in _open(self.file).worksheets}
        if self.file.sheet:
            if self.file.sheet not in sheets:
                near = nearest(self.file.sheet, sheets)
                text = f"no sheet {self.file.sheet!r}"
                raise InputError(Fault(text, "sheet", self.file.name, allowed=", ".join(sheets), nearest=near))
            return sheets[self.file.sheet]
        with _quiet():
            filled = [own for own in sheets.values() if own.sheet_state == "visible" and _holds_something(own)]
        if not filled:
            raise InputError(Fault("is empty", "", self.file.name, allowed="a sheet with names in its first row"))
        if len(filled) > 1:
            allowed = " or ".join(f"sheet: {own.title}" for own in filled)
            raise InputError(Fault(f"has {len(filled)} sheets", "sheet", self.file.name, allowed=allowed))
        return filled[0]


def letters(column: int) -> str:
    """Return how a workbook calls a column that is counted from 0."""
    found, left = "", column + 1
    while left:
        left, last = divmod(left - 1, 26)
        found = chr(ord("A") + last) + found
    return found


def _holds_something(sheet: "ReadOnlyWorksheet") -> bool:
    sheet.reset_dimensions()
    return any(cell.value is not None for row in sheet.iter_rows() for cell in row)


def _open(file: UserFile) -> Any:
    try:
        from openpyxl import load_workbook
    except ModuleNotFoundError as error:
        raise InputError(f"{file.name} needs {error.name}: pip install 'antibody-abm[data]'") from None
    try:
        with open(file.file, "rb") as stream:
            content = io.BytesIO(stream.read(LARGEST))  # so that no file stays open behind the sheets
        _check_parts(content)
        with _quiet():
            return load_workbook(content, read_only=True, data_only=False, keep_links=False)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, SyntaxError) as error:
        text = f"is a workbook that cannot be read: {error}"
        raise InputError(Fault(text, "", file.name, allowed="a workbook .xlsx, or a CSV file in UTF-8")) from None


def _check_parts(content: io.BytesIO) -> None:
    """Refuse what would fill the memory: parts that unpack to too much, and XML that defines things of its own."""
    with zipfile.ZipFile(content) as archive:
        parts = archive.infolist()
        if (size := sum(part.file_size for part in parts)) > MOST_BYTES:
            raise ValueError(f"{size} bytes unpacked, at most {MOST_BYTES}")
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                with archive.open(part) as stream:
                    if DOCTYPE.search(stream.read(HEAD)):
                        raise ValueError(f"{part.filename} has a document type of its own")


def _quiet() -> warnings.catch_warnings:
    """Leave out warnings of what a workbook has beside values: styles, validation, images."""
    return warnings.catch_warnings(action="ignore", category=UserWarning)
