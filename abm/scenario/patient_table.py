"""Patients from a table of the user's: a row for each, or a data set in the form of NONMEM with their doses.

A column is what its name says: a dotted path of the scenario, or one that ``columns``, or a ``key`` such as
``nonmem_key.csv``, gives it. With TIME and AMT (mg) rows are events: of EVID 1 the doses; of the others only that they
are in order. What is missing is drawn, given what is known. Nothing of the file is changed or kept elsewhere.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.biology.given.recorded import Record
from abm.core.errors import InputError, nearest
from abm.core.par import plain
from abm.core.units import UnitError
from abm.core.user_file import UserFile
from abm.document.sheet import MOST_FAULTS, Sheet
from abm.scenario.cohort import Cohort
from abm.scenario.patient_columns import EVENTS, ID, PATIENT, PROTOCOL, TIMES, PatientColumn, PatientColumns
from abm.scenario.schema import Scenario

if TYPE_CHECKING:
    import pandas as pd

MOST_PATIENTS = 10_000  # as many as there can be replicates
ROUNDING = 9  # digits of an hour, to which the days and rates of a file are read
DRAWN = "a value, or a law in cohort.vary from which one is drawn"
WRITTEN_OUT = "doses written out, each with EVID 1, or ADDL and II"


@dataclass
class Patient:
    """One patient of a table.

    Attributes
    ----------
    id : str
        As the table says.
    line : int
        Where it begins.
    values : dict
        By dotted path, in the parameter's unit; without those that are missing.
    records : list of Record
        Doses, in order of time.
    """

    id: str
    line: int
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)


@dataclass(frozen=True)
class PatientTable:
    """What a table says of patients.

    Attributes
    ----------
    sheet : Sheet
        Where it stands.
    patients : list of Patient
        In its order.
    paths : dict
        Column of each dotted path.
    places : dict
        Column of each name of an event; none where the table has no events.
    unread : tuple of str
        Names of columns that say nothing here, each with the path that may have been meant.
    is_cut : bool
        Whether there are more patients than were asked for.
    """

    sheet: Sheet
    patients: list[Patient]
    paths: dict[str, int]
    places: dict[str, int]
    unread: tuple[str, ...]
    is_cut: bool

    @property
    def has_doses(self) -> bool:
        """Whether it is a table of events."""
        return bool(self.places)


def read_patients(data: Mapping[str, Any], cohort: Cohort, file: UserFile, most: int) -> PatientTable:
    """Read the first patients of a cohort's table.

    Parameters
    ----------
    data : mapping
        Plain data of the scenario.
    cohort : Cohort
        Which says what its columns are.
    file : UserFile
        Its table.
    most : int
        Patients to read.

    Raises
    ------
    InputError
        All that is wrong with what is read, with file, line and column.
    """
    sheet = Sheet(file.known())
    columns = PatientColumns(sheet, data, cohort)
    reader = _Events(sheet, columns, most) if columns.has_doses else _Rows(sheet, columns, most)
    reader.read()
    if not reader.patients:
        sheet.faults.append(sheet.fault("holds no patient", allowed="a row for each, below the names"))
    _convert(sheet, columns.of_paths, reader.patients, cohort)
    sheet.refuse()
    places = {name: one.place for name, one in columns.of_events.items()} if columns.has_doses else {}
    paths = {path: one.place for path, one in columns.of_paths.items()}
    return PatientTable(sheet, reader.patients, paths, places, tuple(columns.unread), reader.is_cut)


def with_all_patients(scenario: Scenario) -> Scenario:
    """Return a scenario with as many replicates as its table, if it has one, has patients.

    Raises
    ------
    InputError
        They are too many, or cannot be read.
    """
    cohort = scenario.cohort
    if cohort is None or cohort.table is None:
        return scenario
    table = read_patients(plain(scenario), cohort, cohort.table, MOST_PATIENTS)
    if table.is_cut:
        text, allowed = f"more than {MOST_PATIENTS} patients", f"replicates: {MOST_PATIENTS}, or fewer, for the first"
        raise InputError(table.sheet.fault(text, allowed=allowed))
    return scenario.model_copy(update={"replicates": len(table.patients)})


def told_of_table(table: PatientTable | None) -> list[str]:
    """Return sentences about what of a table is not read."""
    if table is None:
        return []
    n, name = len(table.patients), table.sheet.file.name
    cut = [f"{name}: the first {n} patients of more"] if table.is_cut else []
    return cut + ([f"{name}: not read: {', '.join(table.unread)}"] if table.unread else [])


class _Rows:
    """Reads a table with a row for each patient."""

    def __init__(self, sheet: Sheet, columns: PatientColumns, most: int):
        self.sheet, self.columns, self.most = sheet, columns, most
        self.patients: list[Patient] = []
        self.is_cut = False

    def read(self) -> None:
        """Read until there are enough patients."""
        for part in self.sheet.parts():
            if not self.patients and len(part):
                self._refuse_second_header(part)
            self._part(part)
            self.sheet.refuse()
            if self.is_cut:
                break

    def _part(self, part: "pd.DataFrame") -> None:
        left = self.most - len(self.patients)
        self.is_cut = len(part) > left
        part = part.head(left)
        ids = self._ids(part)
        new = [Patient(own, int(line)) for line, own in ids.items()]
        self.patients += new
        for path, column in self.columns.of_paths.items():
            for patient, value in zip(new, self._values(part, column), strict=True):
                _know(patient, path, value, patient.line)
        for own, n in Counter(one.id for one in self.patients).items():
            if n > 1:
                lines = [one.line for one in self.patients if one.id == own]
                text = f"the ID {own!r:.40} of line {lines[0]} again"
                self.sheet.note(
                    self.columns.of_events[ID].place, lines[1], text, "a row for each patient, or TIME and AMT"
                )

    def _ids(self, part: "pd.DataFrame") -> "pd.Series[str]":
        import pandas as pd

        if ID not in self.columns.of_events:
            first = len(self.patients) + 1
            return pd.Series([str(n) for n in range(first, first + len(part))], part.index)
        place = self.columns.of_events[PATIENT if PATIENT in self.columns.of_events else ID].place
        found = self.sheet.words(part, place)
        for line in found.index[found == ""]:
            self.sheet.note(place, line, "no ID", "one for each patient")
        return found

    def _values(self, part: "pd.DataFrame", column: PatientColumn) -> Sequence[Any]:
        """Return numbers, NaN where one is missing, or words, "" there."""
        if column.known and not column.allowed:
            return self.sheet.numbers(part, column.place).tolist()
        return self.sheet.words(part, column.place).tolist()

    def _refuse_second_header(self, part: "pd.DataFrame") -> None:
        numeric = [one.place for one in self.columns.of_paths.values() if one.known and not one.allowed]
        numeric += [one.place for name, one in self.columns.of_events.items() if name in EVENTS]
        texts = [text for text in part.iloc[0][numeric] if text]
        is_words = all(text[0].isalpha() or text[0] in "[(%" for text in texts)
        if texts and is_words and not all(text == "NA" for text in texts):
            found = ", ".join(map(repr, texts[:3]))
            text = f"a second row of names or of units: {found}"
            raise InputError(
                self.sheet.fault(text, int(part.index[0]), allowed="one row of names, as in 'weight [kg]'")
            )


class _Events(_Rows):
    """Reads a table of events: doses and measurements of one patient after another."""

    def __init__(self, sheet: Sheet, columns: PatientColumns, most: int):
        super().__init__(sheet, columns, most)
        self.of_id: dict[str, int] = {}  # the place of a patient, by ID and by name
        self.known: dict[str, int] = {}
        self.begins: dict[str, int] = {}
        self.last: tuple[str, float] = ("", 0.0)
        time = columns.of_events["TIME"].unit
        usual = {"TIME": "", "II": time, "DUR": time, "AMT": "mg", "RATE": f"mg/{time}" if time else ""}
        wanted = dict.fromkeys(TIMES, "h") | {"AMT": "mg", "RATE": "mg/h"}
        there = [name for name in wanted if name in columns.of_events]
        self.factors = {name: columns.factor(name, wanted[name], usual[name]) for name in there}
        if ID not in columns.of_events:
            sheet.faults.append(sheet.fault("no column ID", 1, allowed="ID, which says whose event it is"))
        sheet.refuse()

    def _part(self, part: "pd.DataFrame") -> None:
        part = self._begin(part)
        events = {name: self._event(part, name) for name in EVENTS}
        self._refuse_events(part, events)
        self._order(part, events["TIME"])
        whose = np.array([self.of_id[own] for own in part[self.columns.of_events[ID].place]], dtype=int)
        for path, column in self.columns.of_paths.items():
            self._constant(path, column, part, whose)
        given = np.flatnonzero(events["EVID"] == 1)
        protocols = self._protocols(part)
        for row in map(int, given):
            event = {name: own[row] for name, own in events.items()}
            self.patients[whose[row]].records.append(_record(event, protocols[row], int(part.index[row])))

    def _begin(self, part: "pd.DataFrame") -> "pd.DataFrame":
        """Note who begins in a part; return it without the rows of those who are too many."""
        ids, names = self.sheet.words(part, self.columns.of_events[ID].place), self._ids(part)
        for start in np.flatnonzero((ids != ids.shift(fill_value=self.last[0])).to_numpy()):
            own, name, line = ids.iloc[start], names.iloc[start], int(part.index[start])
            if own in self.of_id:
                text = f"the ID {own!r:.40} of line {self.begins[own]} again, after others"
                self.sheet.note(self.columns.of_events[ID].place, line, text, "rows of one patient together")
                continue
            if name not in self.known and len(self.patients) == self.most:
                self.is_cut = True
                return part.iloc[:start]
            if name not in self.known:
                self.known[name] = len(self.patients)
                self.patients.append(Patient(name, line))
            self.of_id[own], self.begins[own] = self.known[name], line
        return part

    def _event(self, part: "pd.DataFrame", name: str) -> np.ndarray:
        """Return a column of events in h, mg and mg/h; what is missing is 0, of TIME and AMT NaN."""
        if name not in self.columns.of_events:
            return np.zeros(len(part))
        found = self.sheet.numbers(part, self.columns.of_events[name].place) * self.factors.get(name, 1.0)
        if name in TIMES:
            found = np.round(found, ROUNDING)
        return found if name in ("TIME", "AMT") else np.nan_to_num(found)

    def _refuse_events(self, part: "pd.DataFrame", events: dict[str, np.ndarray]) -> None:
        if "EVID" not in self.columns.of_events:
            events["EVID"] = (events["AMT"] > 0.0).astype(float)
        evid, is_dose = events["EVID"], events["EVID"] == 1
        number = "a number >= 0"
        for name, is_wrong, text, allowed in (
            ("TIME", np.isnan(events["TIME"]), "no time", number),
            ("TIME", events["TIME"] < 0.0, "a negative time", number),
            ("EVID", evid == 3, "EVID 3 begins the patient anew", WRITTEN_OUT),
            ("EVID", evid == 4, "EVID 4 begins the patient anew", WRITTEN_OUT),
            ("EVID", ~np.isin(evid, (0, 1, 2, 3, 4)), "no kind of event", "0, 1 or 2"),
            ("SS", events["SS"] != 0.0, "SS begins in a steady state", WRITTEN_OUT),
            ("AMT", is_dose & ~(events["AMT"] >= 0.0), "a dose without amount", "a number >= 0"),
            ("RATE", events["RATE"] < 0.0, "a rate that a model decides", "0, or a rate > 0"),
            ("DUR", events["DUR"] < 0.0, "a negative duration", number),
            ("ADDL", (events["ADDL"] < 0.0) | (events["ADDL"] % 1.0 != 0.0), "no number of doses", "a whole number"),
            ("ADDL", is_dose & (events["ADDL"] > 0.0) & ~(events["II"] > 0.0), "doses follow without II", "II > 0"),
            ("REMOVED", events["REMOVED"] > 0.0, "a plasma exchange", "plasmapheresis, given by the arm"),
            ("CMT", is_dose & (events["CMT"] % 1.0 != 0.0), "no compartment", "a whole number"),
        ):  # fmt: skip
            for row in np.flatnonzero(is_wrong)[:MOST_FAULTS] if name in self.columns.of_events else ():
                self.sheet.note(self.columns.of_events[name].place, part.index[row], text, allowed)

    def _order(self, part: "pd.DataFrame", t_h: np.ndarray) -> None:
        if not len(part):
            return
        column = self.columns.of_events["TIME"]
        ids = part[self.columns.of_events[ID].place].to_numpy()
        same = np.append(self.last[0], ids[:-1]) == ids
        for row in np.flatnonzero(same & (t_h < np.append(self.last[1], t_h[:-1])))[:MOST_FAULTS]:
            self.sheet.note(column.place, part.index[row], "before the time of the row above", "times in order")
        self.last = ids[-1], float(t_h[-1])

    def _constant(self, path: str, column: PatientColumn, part: "pd.DataFrame", whose: np.ndarray) -> None:
        """Take what is told of a patient at first; refuse what changes."""
        values = np.array(self._values(part, column))
        rows = np.flatnonzero(~np.isnan(values) if values.dtype.kind == "f" else values != "")
        numbers, firsts, own = np.unique(whose[rows], return_index=True, return_inverse=True)
        for number, row in zip(numbers, rows[firsts], strict=True):
            _know(self.patients[number], path, values[row].item(), int(part.index[row]))
        known = np.array([self.patients[number].values[path] for number in numbers])
        for row in rows[values[rows] != known[own]][:MOST_FAULTS] if rows.size else ():
            patient = self.patients[whose[row]]
            text = f"{values[row]} where line {patient.lines[path]} has {patient.values[path]}"
            self.sheet.note(column.place, part.index[row], text, "one value of a patient; what changes, an arm says")

    def _protocols(self, part: "pd.DataFrame") -> Sequence[str]:
        """Return the name of the arm for which each row is recorded; none where no key says it."""
        column = self.columns.of_events.get(PROTOCOL)
        if column is None or not column.words:
            return [""] * len(part)
        return [str(column.words.get(text, text)) for text in self.sheet.words(part, column.place)]


def _know(patient: Patient, path: str, value: Any, line: int) -> None:
    if value != "" and value == value and path not in patient.values:
        patient.values[path] = value
        patient.lines[path] = line


def _record(event: Mapping[str, float], protocol: str, line: int) -> Record:
    over_h = event["AMT"] / event["RATE"] if event["RATE"] > 0.0 else event["DUR"]
    return Record(
        float(event["TIME"]),
        float(event["AMT"]),
        round(float(over_h), ROUNDING) or None,
        int(event["ADDL"]) + 1,
        float(event["II"]),
        int(event["CMT"]) or 1,
        protocol,
        line,
    )


def _convert(sheet: Sheet, columns: Mapping[str, PatientColumn], patients: Sequence[Patient], cohort: Cohort) -> None:
    """Turn what patients are told to be into the parameters' units; note what cannot be, or is missing."""
    for path, column in columns.items():
        for patient in patients:
            if path in patient.values:
                _convert_one(sheet, column, patient, path)
            elif path not in cohort.vary:
                sheet.note(column.place, patient.line, f"no {path}", DRAWN)


def _convert_one(sheet: Sheet, column: PatientColumn, patient: Patient, path: str) -> None:
    value, line = patient.values[path], patient.lines[path]
    if column.allowed:
        word = column.words.get(value, value)
        if word not in column.allowed:
            allowed = ", ".join(column.words) if column.words else ", ".join(column.allowed)
            sheet.note(column.place, line, f"found {value!r:.40}", allowed, nearest(word, column.allowed))
        patient.values[path] = word
        return
    try:
        found = column.known["read"](f"{value!r} {column.unit}" if column.unit else value)
    except UnitError as error:
        sheet.note(column.place, line, str(error), error.allowed, error.nearest)
        return
    if column.known["is_whole"] and not float(found).is_integer():
        sheet.note(column.place, line, f"found {value}", "a whole number")
    patient.values[path] = found
