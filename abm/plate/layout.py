"""What is in the wells of a plate: a table with a row for each well, or for a block of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from abm.core.errors import InputError, nearest
from abm.core.units import UnitError, parse_quantity
from abm.core.user_file import UserFile
from abm.document.sheet import Sheet
from abm.plate.grid import N_COLUMNS, ROWS, WELL

KINDS = ("sample", "blank", "maximum", "spontaneous", "empty")
COLUMNS = ("well", "row", "column", "kind", "arm", "dose", "replicate", "time")
NUMBERS = ("column", "dose", "replicate", "time")
WORDS = ("well", "row", "kind", "arm")
WELLS = "A1 to H12, or a block such as A1:A3"


@dataclass(frozen=True)
class Well:
    """One well.

    Attributes
    ----------
    name : str
        Such as ``B7``.
    kind : str
        One of KINDS.
    arm : str
        That of the scenario; of a control, for which arm alone it is one, or nothing.
    dose : float
        What the layout says, in its own unit; NaN where nothing.
    replicate : int
        As the layout counts, or in its order.
    time_h : float
        When it was read; NaN at the end of the run.
    line : int
        Of the layout.
    """

    name: str
    kind: str
    arm: str
    dose: float
    replicate: int
    time_h: float
    line: int


def read_layout(file: UserFile) -> tuple[Sheet, list[Well]]:
    """Read a layout.

    Raises
    ------
    InputError
        All that is wrong with it, with line and column.
    """
    found = _Layout(Sheet(file))
    found.sheet.refuse()
    return found.sheet, found.wells


class _Layout:
    """Reads the table of a layout."""

    def __init__(self, sheet: Sheet):
        self.sheet, self.wells, self.lines = sheet, list[Well](), dict[str, int]()
        self.at: dict[str, int] = {}
        for place, (name, _) in enumerate(sheet.header):
            if name.lower() in COLUMNS:
                self.at[name.lower()] = place
            elif near := nearest(name, COLUMNS):
                sheet.note(place, 1, "no such column", ", ".join(COLUMNS), near)
        if "well" not in self.at and not {"row", "column"} <= set(self.at):
            text, allowed = "nothing says which wells", "a column 'well', or 'row' and 'column'"
            sheet.faults.append(sheet.fault(text, 1, allowed=allowed))
        self.hours = self._hours()
        sheet.refuse()
        for part in sheet.parts():
            self._part(part)
        if not self.wells and not sheet.faults:
            sheet.faults.append(sheet.fault("holds no well", allowed="a row for each, below the names"))

    def _hours(self) -> float:
        if "time" not in self.at:
            return 1.0
        try:
            return parse_quantity(f"1 {self.sheet.header[self.at['time']][1]}".strip(), "h")
        except UnitError as error:
            self.sheet.note(self.at["time"], 1, str(error), "'time [h]' or 'time [min]'", error.nearest)
            return 1.0

    def _part(self, part: Any) -> None:
        numbers = {name: self.sheet.numbers(part, self.at[name]) for name in NUMBERS if name in self.at}
        words = {name: self.sheet.words(part, self.at[name]).tolist() for name in WORDS if name in self.at}
        for row, line in enumerate(map(int, part.index)):
            said = {name: own[row] for name, own in words.items()} | {name: own[row] for name, own in numbers.items()}
            self._row(line, said)

    def _row(self, line: int, said: dict[str, Any]) -> None:
        kind = self._kind(line, said.get("kind", ""))
        arm, replicate = said.get("arm", ""), said.get("replicate", np.nan)
        if kind == "sample" and not arm:
            self._note("arm", line, "a sample of no arm", "the name of the arm in the scenario")
        for name in self._names(line, said):
            if name in self.lines:
                self._note("well", line, f"{name} again, beside line {self.lines[name]}", "each well once")
                continue
            self.lines[name] = line
            n = sum(one.arm == arm and one.kind == kind for one in self.wells) + 1
            count = n if np.isnan(replicate) else int(replicate)
            time_h = said.get("time", np.nan) * self.hours
            self.wells.append(Well(name, kind, arm, said.get("dose", np.nan), count, time_h, line))

    def _kind(self, line: int, text: str) -> str:
        word = text.lower().removesuffix(" release").strip() or "sample"
        if word not in KINDS:
            self._note("kind", line, f"no kind {text!r:.40}", ", ".join(KINDS), nearest(word, KINDS))
        return word

    def _names(self, line: int, said: dict[str, Any]) -> Iterator[str]:
        """Yield the wells of a row: of a block, row by row."""
        text = said.get("well") or f"{said.get('row', '')}{said.get('column', np.nan):g}"
        ends = [WELL.fullmatch(end.strip()) for end in text.split(":")]
        if len(ends) > 2 or not all(end and end[1].upper() in ROWS and int(end[2]) <= N_COLUMNS for end in ends):
            self._note("well" if said.get("well") else "row", line, f"no well {text!r:.40}", WELLS)
            return
        (top, left), (bottom, right) = ((ROWS.index(end[1].upper()), int(end[2])) for end in (ends[0], ends[-1]) if end)
        for row in range(min(top, bottom), max(top, bottom) + 1):
            yield from (f"{ROWS[row]}{column}" for column in range(min(left, right), max(left, right) + 1))

    def _note(self, name: str, line: int, message: str, allowed: str, near: str = "") -> None:
        place = self.at.get(name, 0)
        self.sheet.note(place, line, message, allowed, near)


def sample_of(wells: list[Well], sheet: Sheet) -> None:
    """Refuse an arm whose wells have several doses.

    Raises
    ------
    InputError
        There is one.
    """
    doses: dict[str, Well] = {}
    for one in wells:
        if one.kind != "sample" or np.isnan(one.dose):
            continue
        first = doses.setdefault(one.arm, one)
        if first.dose != one.dose:
            text = f"dose {one.dose:g} of arm {one.arm!r}, which has {first.dose:g} in line {first.line}"
            raise InputError(sheet.fault(text, one.line, "dose", "an arm for each dose, as in the scenario"))
