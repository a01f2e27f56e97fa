"""Reading a table of the user's, in parts, as texts: of a CSV file or of a workbook, with one row of names.

A name may say the unit of its column: ``weight [kg]``. Empty cells, ``.`` and ``NA`` are missing. Where columns are
not separated by commas, one stands for the decimal point, in the whole file or nowhere.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from abm.core.errors import Fault, InputError, nearest
from abm.core.units import UnitError, split_quantity
from abm.core.user_file import UserFile
from abm.document.text_rows import TextRows
from abm.document.workbook import MAGIC, WorkbookRows

if TYPE_CHECKING:
    import pandas as pd

MISSING = ("", ".", "NA")
FORMULA = tuple("=+-@")
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
WITH_UNIT = re.compile(r"(.*?)\s*\[(.*)\]")
AT_ONCE = 50_000  # rows, design: some tens of MB of texts
MOST_FAULTS = 3  # of a column; the others are like them


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
    def rows(self) -> TextRows | WorkbookRows:
        """Its rows, of a text or of a workbook."""
        with open(self.file.file, "rb") as stream:
            return (WorkbookRows if stream.read(len(MAGIC)) == MAGIC else TextRows)(self.file)

    @property
    def separator(self) -> str:
        """The character between columns."""
        return self.rows.separator

    @cached_property
    def header(self) -> list[tuple[str, str]]:
        """Name and unit of each column."""
        cells = self.rows.names
        found = [match.groups() if (match := WITH_UNIT.fullmatch(cell)) else (cell, "") for cell in cells]
        names, faults = [name for name, _ in found], []
        for index, name in enumerate(names):
            if not name:
                faults.append(self.fault(f"column {index + 1} has no name", 1))
            elif names.index(name) < index:
                faults.append(self.fault(f"two columns are called {name!r}", 1, allowed="each name once"))
            elif name.startswith(FORMULA) or (1, index) in self.rows.odd:
                what = self.rows.odd.get((1, index), (f"a formula, {name!r:.40}", ""))[0]
                faults.append(self.fault(f"{what}, as a name", 1, allowed="a name"))
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

        rows = self.rows.rows()
        while found := dict(islice(rows, AT_ONCE)):
            part = pd.DataFrame.from_dict(found, orient="index", columns=range(len(self.header)), dtype=str)
            yield part.apply(lambda column: column.str.strip())

    def numbers(self, part: "pd.DataFrame", column: int) -> np.ndarray:
        """Return a column as numbers, NaN where one is missing; what is none is noted, and NaN."""
        texts = self._values(part, column)
        whose, plain = _each_once(texts)
        is_missing = plain.isin(MISSING)
        if self.header[column][1] == "%":
            for line in [line for line in part.index if (line, column) in self.rows.percents][:MOST_FAULTS]:
                self.note(column, line, f"{texts[line]} is shown as a percentage", "a plain number, for the unit is %")
        if self.separator != ",":
            comma = plain.str.fullmatch(r"[+-]?\d*,\d+(?:[eE][+-]?\d{1,3})?").to_numpy(dtype=bool)
            point = plain.str.fullmatch(r"[+-]?\d*\.\d+(?:[eE][+-]?\d{1,3})?").to_numpy(dtype=bool)
            self._one_decimal(part.index[comma[whose]], part.index[point[whose]], column)
            plain = plain.where(~comma, plain.str.replace(",", ".", regex=False))
        is_number = plain.str.fullmatch(NUMBER).to_numpy(dtype=bool)
        for line in part.index[~(is_number | is_missing.to_numpy())[whose]][:MOST_FAULTS]:
            self.note(column, line, *_not_a_number(texts[line]))
        values = np.full(len(plain), np.nan)
        values[is_number] = plain[is_number].to_numpy(dtype=object).astype(float)
        found = values[whose]
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
        texts = self._values(part, column)
        texts = texts.where(~texts.isin(MISSING), "")
        whose, own = _each_once(texts)
        is_formula = (own.str.startswith(FORMULA) & ~own.str.fullmatch(NUMBER)).to_numpy(dtype=bool)
        for line in part.index[is_formula[whose]][:MOST_FAULTS]:
            self.note(column, line, f"a formula, {texts[line]!r:.40}", "a value")
        return texts

    def _values(self, part: "pd.DataFrame", column: int) -> "pd.Series[str]":
        """Return the texts of a column without what is no value, which is noted."""
        texts = part[column]
        lines = [line for line in part.index if (line, column) in self.rows.odd] if self.rows.odd else []
        for line in lines[:MOST_FAULTS]:
            self.note(column, line, *self.rows.odd[line, column])
        return texts.where(~texts.index.isin(lines), "") if lines else texts

    def note(self, column: int, line: int, message: str, allowed: str = "", near: str = "") -> None:
        """Note a fault of a cell; a few of a column are enough."""
        name = self.header[column][0]
        if sum(fault.path == name for fault in self.faults) < MOST_FAULTS:
            message = self.rows.address(column, line) + message
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


def _each_once(texts: "pd.Series[str]") -> "tuple[np.ndarray, pd.Series[str]]":
    """Return which text each row has, and the texts, of a long table far fewer than rows."""
    import pandas as pd

    whose, found = pd.factorize(texts)
    return whose, pd.Series(found, dtype=str)


def _not_a_number(text: str) -> tuple[str, str]:
    """Return why a text is no number, and what is allowed."""
    if text.startswith(FORMULA) and not re.fullmatch(r"[+-]?[\d.].*", text):
        return f"a formula, {text!r:.40}", "a number"
    try:
        split_quantity(text, "1")
    except UnitError as error:
        return str(error), error.allowed if "separator" in str(error) or "comma" in str(error) else "a number"
    return f"{text!r:.40} is no number", "a number; its unit stands in the name of the column, as in 'weight [kg]'"
