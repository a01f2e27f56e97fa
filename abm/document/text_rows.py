"""Rows of a table of the user's in CSV: ``,``, ``;`` or tabs between columns, in UTF-8."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from abm.core.errors import Fault, InputError
from abm.core.user_file import UserFile

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
LONGEST_LINE = 1 << 20  # bytes, design: more is no row of names
CSV = "a CSV file in UTF-8, or a workbook .xlsx"
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


class TextRows:
    """A table in CSV, by the number of its lines.

    Attributes
    ----------
    file : UserFile
        Where it stands.
    odd : dict
        What is no value, by line and column; a text is never that.
    percents : frozenset
        Line and column of what is shown as a percentage, which no text is.
    """

    def __init__(self, file: UserFile):
        self.file = file
        self.odd: Mapping[tuple[int, int], tuple[str, str]] = {}
        self.percents: frozenset[tuple[int, int]] = frozenset()

    @cached_property
    def _first_line(self) -> str:
        if self.file.sheet:
            raise InputError(self._fault("has no sheets", allowed="a workbook .xlsx, or nothing said of a sheet"))
        with open(self.file.file, "rb") as stream:
            raw = stream.readline(LONGEST_LINE)
        if raw.startswith(OLD_WORKBOOK):
            raise InputError(self._fault("is a workbook of an old Excel, or locked by a password", allowed=CSV))
        if b"\0" in raw or len(raw) == LONGEST_LINE:
            raise InputError(self._fault("is no text", allowed=CSV))
        try:
            text = raw.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            raise self._not_utf8() from None
        if not text.strip():
            raise InputError(self._fault("is empty" if not raw else "begins with an empty line", 1, allowed=CSV))
        return text

    @cached_property
    def separator(self) -> str:
        """The character between columns: the one of which the row of names has most."""
        bare = re.sub(r'"[^"]*"', "", self._first_line)
        return max(SEPARATORS, key=bare.count)

    @property
    def names(self) -> list[str]:
        """The first row."""
        return [cell.strip() for cell in next(csv.reader([self._first_line], delimiter=self.separator))]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield line and cells of each row below the names that is not empty.

        Raises
        ------
        InputError
            It is not in UTF-8, or a row has more or fewer columns than names.
        """
        n = len(self.names)
        with open(self.file.file, encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=self.separator, strict=True)
            try:
                next(reader)
                for row in reader:
                    if any(row):
                        if len(row) != n:
                            raise InputError(self._uneven(reader.line_num, row, n))
                        yield reader.line_num, row
            except UnicodeDecodeError:
                raise self._not_utf8() from None
            except csv.Error as error:
                raise InputError(self._fault(f"cannot be read: {error}", reader.line_num, allowed=CSV)) from None

    def address(self, column: int, line: int) -> str:
        """Return how a cell is called; in a text it has no name."""
        return ""

    def _uneven(self, line: int, row: Sequence[str], n: int) -> Fault:
        own, why = SEPARATORS[self.separator], ""
        others = [word for mark, word in SEPARATORS.items() if mark != self.separator and any(mark in c for c in row)]
        if len(row) < n and others:
            why = f": {others[0]} stand where the names have {own}"
        elif len(row) > n and self.separator == ",":
            why = ": perhaps a comma within a number"
        text = f"{len(row)} column{'s' * (len(row) != 1)}{why}"
        return self._fault(text, line, allowed=f"{n}, as there are names, between {own}")

    def _not_utf8(self) -> InputError:
        with open(self.file.file, "rb") as stream:
            for number, raw in enumerate(stream, 1):
                try:
                    raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    text = f"byte 0x{raw[error.start]:02x} is not UTF-8"
                    return InputError(self._fault(text, number, allowed=CSV))
        return InputError(self._fault("is not in UTF-8", allowed=CSV))

    def _fault(self, message: str, line: int | None = None, allowed: str = "") -> Fault:
        return Fault(message, "", self.file.name, line, allowed=allowed)
