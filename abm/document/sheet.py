"""Reading a table of the user's, in parts, as texts: CSV with ``,``, ``;`` or tabs, in UTF-8, with one row of names.

A name may say the unit of its column: ``weight [kg]``. Empty cells, ``.`` and ``NA`` are missing. Where columns are
not separated by commas, one stands for the decimal point, in the whole file or nowhere.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from abm.core.errors import Fault, InputError, nearest
from abm.core.units import UnitError, split_quantity
from abm.core.user_file import UserFile

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
MISSING = ("", ".", "NA")
FORMULA = tuple("=+-@")
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
WITH_UNIT = re.compile(r"(.*?)\s*\[(.*)\]")
LONGEST_LINE = 1 << 20  # bytes, design: more is no row of names
AT_ONCE = 50_000  # rows, design: some tens of MB of texts
MOST_FAULTS = 3  # of a column; the others are like them
CSV = "a CSV file in UTF-8"


@dataclass
class Sheet:
    """A table of the user's, open for reading; what is wrong with it is collected until it is asked for.

    Attributes
    ----------
    file : UserFile
        Where it stands.
    """

    file: UserFile
    faults: list[Fault] = field(default_factory=list)
    _decimals: dict[str, int] = field(default_factory=dict)  # line in which a decimal point, or comma, stood first

    @cached_property
    def _first_line(self) -> str:
        with open(self.file.file, "rb") as stream:
            raw = stream.readline(LONGEST_LINE)
        if raw.startswith(b"PK\x03\x04"):
            raise InputError(self.fault("is a workbook, perhaps of Excel", allowed=f"{CSV}: save it as one"))
        if b"\0" in raw or len(raw) == LONGEST_LINE:
            raise InputError(self.fault("is no text", allowed=CSV))
        try:
            text = raw.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            raise _not_utf8(self) from None
        if not text.strip():
            raise InputError(self.fault("is empty" if not raw else "begins with an empty line", 1, allowed=CSV))
        return text

    @cached_property
    def separator(self) -> str:
        """The character between columns: the one of which the row of names has most."""
        bare = re.sub(r'"[^"]*"', "", self._first_line)
        return max(SEPARATORS, key=bare.count)

    @cached_property
    def header(self) -> list[tuple[str, str]]:
        """Name and unit of each column."""
        cells = [cell.strip() for cell in next(csv.reader([self._first_line], delimiter=self.separator))]
        found = [match.groups() if (match := WITH_UNIT.fullmatch(cell)) else (cell, "") for cell in cells]
        names, faults = [name for name, _ in found], []
        for index, name in enumerate(names):
            if not name:
                faults.append(self.fault(f"column {index + 1} has no name", 1))
            elif names.index(name) < index:
                faults.append(self.fault(f"two columns are called {name!r}", 1, allowed="each name once"))
            elif name.startswith(FORMULA):
                faults.append(self.fault(f"a formula, {name!r:.40}, as a name", 1, allowed="a name"))
        if faults:
            raise InputError(*faults)
        return [(name, unit) for name, unit in found]

    def place(self, name: str) -> int:
        """Return which column has a name.

        Raises
        ------
        InputError
            There is none.
        """
        names = [own for own, _ in self.header]
        if name not in names:
            raise InputError(self.fault(f"no column {name!r}", 1, "", ", ".join(names), nearest(name, names)))
        return names.index(name)

    def parts(self) -> "Iterator[pd.DataFrame]":
        """Yield the rows as stripped texts, some ten thousand at once, by the number of their line.

        Raises
        ------
        InputError
            It is not in UTF-8, or a row has more or fewer columns than names.
        """
        import pandas as pd

        with open(self.file.file, encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=self.separator, strict=True)
            try:
                next(reader)
                while lines := dict(islice(((reader.line_num, row) for row in reader), AT_ONCE)):
                    found = {line: row for line, row in lines.items() if any(row)}
                    _refuse_uneven(self, found)
                    part = pd.DataFrame.from_dict(found, orient="index", columns=range(len(self.header)), dtype=str)
                    yield part.apply(lambda column: column.str.strip()) if len(part) else part
            except UnicodeDecodeError:
                raise _not_utf8(self) from None
            except csv.Error as error:
                raise InputError(self.fault(f"cannot be read: {error}", reader.line_num, allowed=CSV)) from None

    def numbers(self, part: "pd.DataFrame", column: int) -> np.ndarray:
        """Return a column as numbers, NaN where one is missing; what is none is noted, and NaN."""
        texts = part[column]
        is_missing = texts.isin(MISSING)
        plain = texts
        if self.separator != ",":
            comma = texts.str.fullmatch(r"[+-]?\d*,\d+(?:[eE][+-]?\d{1,3})?")
            point = texts.str.fullmatch(r"[+-]?\d*\.\d+(?:[eE][+-]?\d{1,3})?")
            self._one_decimal(part.index[comma], part.index[point], column)
            plain = texts.where(~comma, texts.str.replace(",", ".", regex=False))
        is_number = plain.str.fullmatch(NUMBER)
        for line in part.index[~(is_number | is_missing)][:MOST_FAULTS]:
            self.note(column, line, *_not_a_number(texts[line]))
        found = np.full(len(part), np.nan)
        found[is_number] = plain[is_number].to_numpy(dtype=object).astype(float)
        for line in part.index[np.isinf(found)][:MOST_FAULTS]:
            self.note(column, line, f"{texts[line]!r:.40} is too large", "a finite number")
        return found

    def _one_decimal(self, commas: Sequence[int], points: Sequence[int], column: int) -> None:
        for mark, lines in (("comma", commas), ("point", points)):
            if len(lines):
                self._decimals.setdefault(mark, int(lines[0]))
        if len(self._decimals) == 2:
            comma, point = self._decimals["comma"], self._decimals["point"]
            text = f"a decimal comma in line {comma} and a decimal point in line {point}"
            self.note(column, max(comma, point), text, "one of the two in a file")
            self._decimals = {}

    def words(self, part: "pd.DataFrame", column: int) -> "pd.Series[str]":
        """Return a column as texts, "" where one is missing; formulas are noted."""
        texts = part[column].where(~part[column].isin(MISSING), "")
        is_formula = texts.str.startswith(FORMULA) & ~texts.str.fullmatch(NUMBER)
        for line in part.index[is_formula][:MOST_FAULTS]:
            self.note(column, line, f"a formula, {texts[line]!r:.40}", "a value")
        return texts

    def note(self, column: int, line: int, message: str, allowed: str = "", near: str = "") -> None:
        """Note a fault of a cell; a few of a column are enough."""
        name = self.header[column][0]
        if sum(fault.path == name for fault in self.faults) < MOST_FAULTS:
            self.faults.append(self.fault(message, line, name, allowed, near))

    def fault(
        self, message: str, line: int | None = None, column: str = "", allowed: str = "", near: str = ""
    ) -> Fault:
        """Return a fault of this file."""
        return Fault(message, column, self.file.name, line and int(line), allowed=allowed, nearest=near)

    def refuse(self) -> None:
        """Raise what was noted, if anything was.

        Raises
        ------
        InputError
            All of it, in order of lines.
        """
        if self.faults:
            raise InputError(*sorted(self.faults, key=lambda fault: fault.line or 0))


def _refuse_uneven(sheet: Sheet, rows: Mapping[int, Sequence[str]]) -> None:
    n, own = len(sheet.header), SEPARATORS[sheet.separator]
    line = next((line for line, row in rows.items() if len(row) != n), None)
    if line is None:
        return
    row, why = rows[line], ""
    others = [word for mark, word in SEPARATORS.items() if mark != sheet.separator and any(mark in c for c in row)]
    if len(row) < n and others:
        why = f": {others[0]} stand where the names have {own}"
    elif len(row) > n and sheet.separator == ",":
        why = ": perhaps a comma within a number"
    text = f"{len(row)} column{'s' * (len(row) != 1)}{why}"
    raise InputError(sheet.fault(text, line, allowed=f"{n}, as there are names, between {own}"))


def _not_utf8(sheet: Sheet) -> InputError:
    with open(sheet.file.file, "rb") as stream:
        for number, raw in enumerate(stream, 1):
            try:
                raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                return InputError(sheet.fault(f"byte 0x{raw[error.start]:02x} is not UTF-8", number, allowed=CSV))
    return InputError(sheet.fault("is not in UTF-8", allowed=CSV))


def _not_a_number(text: str) -> tuple[str, str]:
    """Return why a text is no number, and what is allowed."""
    if text.startswith(FORMULA) and not re.fullmatch(r"[+-]?[\d.].*", text):
        return f"a formula, {text!r:.40}", "a number"
    try:
        split_quantity(text, "1")
    except UnitError as error:
        return str(error), error.allowed if "separator" in str(error) or "comma" in str(error) else "a number"
    return f"{text!r:.40} is no number", "a number; its unit stands in the name of the column, as in 'weight [kg]'"
