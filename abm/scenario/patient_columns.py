"""Which column of a table of patients says what: by its own name, by what the cohort says of it, or by a key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from abm.core.errors import nearest
from abm.core.units import UnitError, parse_quantity, unit_of
from abm.document.sheet import WITH_UNIT, Sheet
from abm.scenario.cohort import Cohort
from abm.scenario.known import fields_at, parameter_at, words_at

ID, PATIENT, PROTOCOL = "ID", "PATIENT", "PROTOCOL"
TIMES = ("TIME", "II", "DUR")
EVENTS = (*TIMES, "AMT", "RATE", "ADDL", "SS", "EVID", "MDV", "CMT", "DV", "BLQ", "CENS", "REMOVED", "TIME_d")
OWN = (ID, PATIENT, PROTOCOL, *EVENTS)
VARIES = ("covariates", "populations", "processes", "serum", "space", "antibodies")


@dataclass(frozen=True)
class PatientColumn:
    """One column that is read."""

    place: int
    unit: str
    words: Mapping[str, str]
    known: Mapping[str, Any]
    allowed: Sequence[str] = ()


class PatientColumns:
    """Which column of a sheet says what."""

    def __init__(self, sheet: Sheet, data: Mapping[str, Any], cohort: Cohort):
        self.sheet, self.data, self.unread = sheet, data, []
        self.key = _key(Sheet(cohort.key.known()), data) if cohort.key else ({}, {})
        self.of_paths: dict[str, PatientColumn] = {}
        self.of_events: dict[str, PatientColumn] = {}
        said = {}
        for target, text in cohort.columns.items():
            name, unit = match.groups() if (match := WITH_UNIT.fullmatch(text)) else (text, "")
            said[sheet.place(name.strip())] = target, unit
        for place, (name, unit) in enumerate(sheet.header):
            target, other = said.get(place, self.key[0].get(name, (name, "")))
            self._take(place, name, target, unit or other)
        self.has_doses = {"TIME", "AMT"} <= set(self.of_events)
        if not self.has_doses:
            self.unread += [sheet.header[own.place][0] for name, own in self.of_events.items() if name in EVENTS]
        sheet.refuse()

    def _take(self, place: int, name: str, target: str, unit: str) -> None:
        own = next((one for one in OWN if one.lower() == target.lower()), "")
        known, allowed = parameter_at(self.data, target), words_at(self.data, target)
        words = self.key[1].get(name, {})
        if own:
            self._put(self.of_events, own, PatientColumn(place, unit, words, {}))
        elif (known or allowed) and target.partition(".")[0] in VARIES:
            if known and unit:
                self._check_unit(place, unit, known["unit"])
            self._put(self.of_paths, target, PatientColumn(place, unit, words, known, allowed))
        elif "." in target:
            text = f"{target!r} is no value of the scenario that may differ between patients"
            self.sheet.note(place, 1, text, near=_near(target, self.data))
        else:
            near = _near(name, self.data)
            self.unread.append(f"{name} (perhaps {near})" if near else name)

    def _put(self, columns: dict[str, PatientColumn], target: str, column: PatientColumn) -> None:
        if target in columns:
            self.sheet.note(column.place, 1, f"a second column for {target}", "one")
        columns.setdefault(target, column)

    def _check_unit(self, place: int, unit: str, wanted: str) -> None:
        try:
            parse_quantity(f"1 {unit}", wanted)
        except UnitError as error:
            self.sheet.note(place, 1, str(error), error.allowed, error.nearest)

    def factor(self, name: str, wanted: str, usual: str = "") -> float:
        """Return what turns a number of a column of events into a unit."""
        unit = self.of_events[name].unit or usual
        if not unit:
            text = f"{name} has no unit"
            self.sheet.note(self.of_events[name].place, 1, text, f"'{name} [h]', or columns: {{{name}: '{name} [d]'}}")
            return 1.0
        self._check_unit(self.of_events[name].place, unit, wanted)
        return float(unit_of(unit).size / unit_of(wanted).size)


def _near(name: str, data: Mapping[str, Any]) -> str:
    """Return the path that a name was probably meant for."""
    owners = ("covariates", *(f"processes.{one}" for one in data.get("processes", {})), "populations.b_cells")
    known = [f"{owner}.{one}" for owner in owners for one in fields_at(data, owner)]
    lasts = {path.rpartition(".")[2]: path for path in reversed(known)}
    return nearest(name, known) if "." in name else lasts.get(nearest(name.lower(), lasts), "")


def _key(sheet: Sheet, data: Mapping[str, Any]) -> tuple[dict[str, tuple[str, str]], dict[str, dict[str, str]]]:
    """Return the path and unit of each column that a key explains, and the words of its numbers."""
    at = {name: sheet.place(name) for name in ("column", "value", "meaning", "unit")}
    columns: dict[str, tuple[str, str]] = {}
    words: dict[str, dict[str, str]] = {}
    for part in sheet.parts():
        texts = {name: sheet.words(part, place) for name, place in at.items()}
        for column, value, meaning, unit in zip(*texts.values(), strict=True):
            if value:
                words.setdefault(column, {})[value] = meaning
            else:
                is_path = parameter_at(data, meaning) or words_at(data, meaning)
                columns[column] = (meaning if is_path else column, unit)
    sheet.refuse()
    return columns, words
