"""The readings of a plate: a block of rows A to H and columns 1 to 12 somewhere in what a reader exported."""

import csv
import math
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from abm.core.errors import Fault, InputError
from abm.core.user_file import UserFile
from abm.document.sheet import MISSING, NUMBER
from abm.document.text_rows import SEPARATORS
from abm.document.workbook import MAGIC, WorkbookRows

ROWS, N_COLUMNS = "ABCDEFGH", 12
WELL = re.compile(r"([A-Za-z])0*([1-9]\d?)")
FEWEST_COLUMNS = 3  # design: a run of fewer numbers is no head of a plate
MOST_BYTES = 2_000_000  # design: a hundred exports of a plate
BLOCK = "one plate: a line with the numbers 1 to 12 above lines that begin with the letters A to H"
PLATE = "96 wells, rows A to H, columns 1 to 12"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
Line = tuple[int, list[str]]


@dataclass
class Grid:
    """Readings by well, and where each stands.

    Attributes
    ----------
    file : UserFile
        What was exported.
    values : dict of str to float
        By name of the well, such as ``B7``.
    """

    file: UserFile
    values: dict[str, float] = field(default_factory=dict)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)

    def fault(self, message: str, well: str = "", allowed: str = "") -> Fault:
        """Return a fault at the cell of a well, or of the whole file."""
        return Fault(message, well, self.file.name, *self.places.get(well, (None, None)), allowed=allowed)


def read_grid(file: UserFile) -> Grid:
    """Read the one plate of an export.

    Parameters
    ----------
    file : UserFile
        CSV with ``,``, ``;`` or tabs, or a workbook; lines above and below the plate are passed over.

    Raises
    ------
    InputError
        All that is wrong with the plate, with line and column.
    """
    with open(file.file, "rb") as stream:
        is_book = stream.read(len(MAGIC)) == MAGIC
    if is_book:
        book = WorkbookRows(file)
        lines = list(book.lines())
        return _Block(Grid(file), lines, has_commas=False, book=book).read()
    text = _text(file)
    for mark in ("\t", ";", ","):
        lines = list(enumerate(csv.reader(text.splitlines(), delimiter=mark), start=1))
        if any(_begins(lines, place) for place in range(len(lines))):
            return _Block(Grid(file), lines, has_commas=mark != ",").read()
    marks = ", ".join(SEPARATORS.values())
    raise InputError(Fault("no plate is in it", "", file.name, allowed=f"{BLOCK}, with {marks} between columns"))


def _text(file: UserFile) -> str:
    if (size := os.path.getsize(file.file)) > MOST_BYTES:
        raise InputError(Fault(f"{size} bytes are no plate", "", file.name, allowed=f"at most {MOST_BYTES} bytes"))
    with open(file.file, "rb") as stream:
        raw = stream.read()
    if raw.startswith(UTF_16):
        return raw.decode("utf-16", errors="replace")
    if b"\0" in raw:
        raise InputError(Fault("is no text", "", file.name, allowed="CSV, or a workbook .xlsx"))
    return raw.decode("utf-8-sig", errors="replace")  # a degree sign above the plate may be in any encoding


def _head(cells: Sequence[str]) -> tuple[int, int]:
    """Return where the number 1 stands in a line of numbers, and how many follow one another; (0, 0) if none do."""
    texts = [cell.strip() for cell in cells]
    for place, text in enumerate(texts):
        if text in ("1", "01") and place > 0:
            n = next((k for k, own in enumerate(texts[place:]) if own.lstrip("0") != str(k + 1)), len(texts) - place)
            return (place, n) if n >= FEWEST_COLUMNS else (0, 0)
    return 0, 0


def _begins(lines: Sequence[Line], place: int) -> bool:
    """Whether a line is the head of a plate, the next one its first row."""
    first, n = _head(lines[place][1])
    if not n or place + 1 == len(lines):
        return False
    label = _label(lines[place + 1][1], first)
    return len(label) == 1 and label.isalpha()


def _label(cells: Sequence[str], first: int) -> str:
    return cells[first - 1].strip() if len(cells) >= first else ""


class _Block:
    """Reads the block of a plate."""

    def __init__(self, grid: Grid, lines: list[Line], has_commas: bool, book: WorkbookRows | None = None):
        self.grid, self.lines, self.has_commas, self.book = grid, lines, has_commas, book
        self.faults: list[Fault] = []

    def read(self) -> Grid:
        """Return the grid.

        Raises
        ------
        InputError
            There is none, there are two, or some of it is no plate of 96 wells.
        """
        heads = [place for place in range(len(self.lines)) if _begins(self.lines, place)]
        if not heads:
            raise InputError(self.grid.fault("no plate is in it", allowed=BLOCK))
        first, n = _head(self.lines[heads[0]][1])
        if n > N_COLUMNS:
            self._note(self.lines[heads[0]][0], first + N_COLUMNS, f"a column {N_COLUMNS + 1}", PLATE)
        for line, cells in self._rows(heads[0] + 1, first):
            self._row(line, cells, first, min(n, N_COLUMNS))
        if len(heads) > 1:
            line, cells = self.lines[heads[1]]
            self._note(line, _head(cells)[0], f"a second plate, beside that of line {self.lines[heads[0]][0]}", BLOCK)
        if self.faults:
            raise InputError(*self.faults)
        return self.grid

    def _rows(self, start: int, first: int) -> Iterator[Line]:
        known = set[str]()
        for line, cells in self.lines[start:]:
            label = _label(cells, first).upper()
            if len(label) != 1 or not label.isalpha():
                return
            if label not in ROWS:
                self._note(line, first - 1, f"a row {label}", PLATE)
                return
            if label in known:
                self._note(line, first - 1, f"row {label} again", BLOCK)
                return
            known.add(label)
            yield line, cells

    def _row(self, line: int, cells: Sequence[str], first: int, n: int) -> None:
        for k in range(min(n, len(cells) - first)):
            well, text = f"{_label(cells, first).upper()}{k + 1}", cells[first + k].strip()
            self.grid.places[well] = line, first + k + 1
            odd = self.book.odd.get((line, first + k)) if self.book else None
            plain = text.replace(",", ".") if self.has_commas else text
            if odd:
                self.faults.append(self.grid.fault(odd[0], well, odd[1]))
            elif re.fullmatch(NUMBER, plain) and math.isfinite(float(plain)):
                self.grid.values[well] = float(plain)
            elif text not in MISSING:
                allowed = "a number, or an empty cell where the layout says 'empty'"
                self.faults.append(self.grid.fault(f"{text!r:.40} is no reading", well, allowed))

    def _note(self, line: int, column: int, message: str, allowed: str) -> None:
        self.faults.append(Fault(message, "", self.grid.file.name, line, column + 1, allowed=allowed))
