"""Observations from a table of the user's: a row for each, as ``observed:`` of an arm would say it."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pydantic import ValidationError

from abm.core.errors import InputError, nearest
from abm.core.units import UnitError, parse_quantity
from abm.core.user_file import UserFile
from abm.document.sheet import MOST_FAULTS, Sheet
from abm.scenario.content import Content
from abm.scenario.observed import OWN, Observed
from abm.scenario.published import fault_of, shown
from abm.scenario.references import unsourced

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 10_000  # design: more are no longer seen apart in a figure
PLANNED = "planned"  # of what has not been seen yet
ARM, TIME, CD20, UNIT, SOURCE = "arm", "time", "cd20", "unit", "source"
OF_A_RUN = {"time_h": (TIME, "h"), "cd20_per_cell": (CD20, "")}  # as the tables of a run call them
COUNTS, NUMBERS = ("k", "n"), ("value", "lo", "hi", "sd")
WORDS = ("of", UNIT, "words", "beside", "group", SOURCE)
COLUMNS = (ARM, "of", TIME, CD20, *NUMBERS, *COUNTS, *WORDS[1:])


def read_observations(scenario: Content) -> Iterator[tuple[str, Observed]]:
    """Return every observation of a scenario's table with its arm; none where it names no table.

    Raises
    ------
    InputError
        All that is wrong with the table, with file, line and column.
    """
    found = Observations(scenario, scenario.observations).found if scenario.observations else ()
    return ((row.arm, row.one) for row in found)


def told_of_observations(scenario: Content) -> list[str]:
    """Return sentences about what of the table is not read, after a check of all that is."""
    if scenario.observations is None:
        return []
    rows = Observations(scenario, scenario.observations)
    return [f"{scenario.observations.name}: not read: {', '.join(rows.unread)}"] if rows.unread else []


class Row(NamedTuple):
    """A row of a table: its line, the arm, and what was observed of it."""

    line: int
    arm: str
    one: Observed


class Observations:
    """The table of a scenario, read; of what is only planned no numbers are.

    Attributes
    ----------
    sheet : Sheet
        Where it stands.
    found : list of Row
        What it says.
    unread : list of str
        Columns that say nothing here.

    Raises
    ------
    InputError
        All that is wrong with it.
    """

    def __init__(self, scenario: Content, file: UserFile, is_planned: bool = False):
        self.is_planned = is_planned
        self.sheet = Sheet(file.known())
        self.scenario, self.known = scenario, shown(scenario)
        self.found: list[Row] = []
        self._columns()
        self.is_anonymous = scenario.cohort is not None and scenario.cohort.anonymise
        self.sources: dict[str, str] = {}
        self.numbers: dict[str, str] = {}  # of groups that are not to be named
        for part in self.sheet.parts():
            if len(self.found) + len(part) > MOST_ROWS:
                raise InputError(self.sheet.fault("too many rows", allowed=f"at most {MOST_ROWS} observations"))
            self._part(part)
        if not self.found and not self.sheet.faults:
            self.sheet.faults.append(self.sheet.fault("holds no observation", allowed="a row for each"))
        self.sheet.refuse()

    def _columns(self) -> None:
        """Find the columns by name and unit; note one that is missing or misspelt, and units that clash."""
        sheet, self.at, self.units = self.sheet, {}, {}
        self.unread: list[str] = []
        for place, (name, unit) in enumerate(sheet.header):
            own, unit = OF_A_RUN.get(name, (name, unit))
            if own in COLUMNS:
                self.at[own], self.units[own] = place, unit
            elif close := nearest(own, COLUMNS):
                sheet.note(place, 1, "no such column", ", ".join(COLUMNS), close)
            else:
                self.unread.append(own)
        for name in (ARM, "of"):
            if name not in self.at and not sheet.faults:
                sheet.place(name)
        self._check_units()
        sheet.refuse()

    def _check_units(self) -> None:
        self.hours = 1.0
        if TIME in self.at:
            try:
                self.hours = parse_quantity(f"1 {self.units[TIME]}".strip(), "h")
            except UnitError as error:
                self.sheet.note(self.at[TIME], 1, str(error), "'time [h]' or 'time [d]'", error.nearest)
        if self.units.get(CD20):
            self.sheet.note(self.at[CD20], 1, f"a unit, {self.units[CD20]!r:.40}", "none: molecules per cell")
        for name in NUMBERS:
            if self.units.get(name) and UNIT in self.at:
                self.sheet.note(self.at[name], 1, "a unit in the name beside a column of units", "one of the two")
            elif self.units.get(name, "") not in ("", self.units.get("value", "")):
                self.sheet.note(self.at[name], 1, "in another unit than the value", "that of the value")

    def _part(self, part: "pd.DataFrame") -> None:
        sheet, at = self.sheet, self.at
        numbers = {name: sheet.numbers(part, at[name]) for name in (TIME, CD20, *NUMBERS, *COUNTS) if name in at}
        words = {name: sheet.words(part, at[name]) for name in (ARM, *WORDS) if name in at}
        if self.sheet.faults:
            return
        for name in COUNTS:
            for row in np.flatnonzero(numbers[name] % 1.0 > 0.0)[:MOST_FAULTS] if name in numbers else ():
                self.sheet.note(self.at[name], part.index[row], f"{numbers[name][row]:g} is no count", "a whole number")
        for row, line in enumerate(part.index):
            said: dict[str, Any] = {name: float(own[row]) for name, own in numbers.items() if np.isfinite(own[row])}
            said |= {name: text for name, own in words.items() if (text := own.iloc[row])}
            self._take(int(line), said)

    def _take(self, line: int, said: dict[str, Any]) -> None:
        if self.is_planned:
            said = {name: value for name, value in said.items() if name not in (*NUMBERS, *COUNTS)} | {"words": PLANNED}
        arm = said.pop(ARM, "")
        if arm not in self.scenario.arms:
            arms = self.scenario.arms
            self.sheet.note(self.at[ARM], line, f"no arm {arm!r:.40}", ", ".join(arms), nearest(arm, arms))
            return
        if TIME in said:
            said[TIME] = f"{said[TIME] * self.hours!r} h"
        said |= {name: int(said[name]) for name in COUNTS if name in said}
        said.setdefault(UNIT, self.units.get("value", ""))
        if self.is_anonymous and "group" in said:
            said["group"] = self.numbers.setdefault(said["group"], str(len(self.numbers) + 1))
        said[SOURCE] = self._source(said.get(SOURCE, ""))
        try:
            one = Observed(**said)
        except ValidationError as error:
            self._refuse(line, error)
            return
        if fault := fault_of(one, arm, self.scenario, self.known):
            name = fault.path if fault.path in self.at else "of"
            self.sheet.note(self.at[name], line, fault.message, fault.allowed, fault.nearest)
        self.found.append(Row(line, arm, one))

    def _source(self, text: str) -> str:
        """Return a source as the model takes it: keys of references as they are, all else as the user's own."""
        if text not in self.sources:
            is_known = text.startswith(OWN) or bool(text and not unsourced(text))
            self.sources[text] = text if is_known else f"{OWN} {text or self.sheet.file.name}"
        return self.sources[text]

    def _refuse(self, line: int, error: ValidationError) -> None:
        for detail in error.errors():
            context: Mapping[str, Any] = detail.get("ctx", {})
            place = str(detail["loc"][0]) if detail["loc"] else ""
            for fault in context.get("faults", ()):
                self._note(fault.path or place, line, fault.message, fault.allowed)
            if not context.get("faults"):
                self._note(place, line, detail["msg"])

    def _note(self, name: str, line: int, message: str, allowed: str = "") -> None:
        first = next(own for own in (name, "value", "k", "of") if own in self.at)
        self.sheet.note(self.at[first], line, message, allowed)
