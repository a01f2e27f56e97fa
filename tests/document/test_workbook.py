"""A table in a workbook is read as the same table in CSV is; what Excel made of it is refused by its cell's address."""

import datetime
import sys
import zipfile

import openpyxl
import pytest

from abm.core.errors import InputError
from abm.core.user_file import UserFile
from abm.document.reach import allow
from abm.document.sheet import Sheet
from abm.document.workbook import letters
from abm.scenario.draws import draws
from abm.scenario.from_file import load_scenario
from abm.scenario.observations import read_observations
from abm.scenario.published import observed_table

PATIENTS = """
extends: wm_patient
duration: 168 d
arms: {given: {add: [{infusion: 375 mg/m2}]}}
cohort:
  table: TABLE
  vary: {covariates.age_years: {sd: 6 years}}
"""
WELL = """
duration: 24 h
populations: {b_cells: {n: 20}}
observations: TABLE
arms:
  low: {add: [{rituximab: 1 ug/mL}]}
"""
WHO = [
    ["ID", "covariates.weight_kg", "covariates.sex", "covariates.age_years"],
    ["S-01", 82.5, "male", 71],
    ["S-02", 61, "female", None],
    [None, None, None, None],
    [3, 7e1, "female", "."],
]
SEEN = [["arm", "of", "time [h]", "value [%]", "sd", "source"], ["low", "survival_raw", 2, 12.5, 2.5, None]]


@pytest.fixture
def book(tmp_path):
    """Return the function that writes sheets of rows into a workbook, each a list of values, and gives its file."""

    def write(*sheets, change=None):
        found = openpyxl.Workbook()
        found.remove(found.active)
        for name, rows in sheets:
            own = found.create_sheet(name)
            for row in rows:
                own.append(row)
        if change:
            change(found)
        found.save(tmp_path / "own.xlsx")
        return tmp_path / "own.xlsx"

    return write


@pytest.fixture
def load(tmp_path):
    """Return the function that loads a scenario that names a table."""

    def read(text, table="own.xlsx"):
        (tmp_path / "s.yaml").write_text(text.replace("TABLE", table))
        return load_scenario(tmp_path / "s.yaml")

    return read


def as_csv(rows):
    return "".join(",".join("" if cell is None else str(cell) for cell in row) + "\n" for row in rows)


def test_patients_of_a_workbook_are_those_of_the_same_table_in_csv(book, load, tmp_path):
    book(("Patients", WHO))
    (tmp_path / "own.csv").write_text(as_csv(WHO))
    found, same = load(PATIENTS), load(PATIENTS, "own.csv")
    assert found.replicates == same.replicates == 3
    assert [draws(found, i) for i in range(3)] == [draws(same, i) for i in range(3)]


def test_observations_of_a_workbook_are_those_of_the_same_table_in_csv(book, load, tmp_path):
    book(("Seen", SEEN), ("Empty", []))
    (tmp_path / "own.csv").write_text(as_csv(SEEN))
    found, same = (load(WELL, name) for name in ("own.xlsx", "own.csv"))
    told, again = (observed_table(one, read_observations(one)) for one in (found, same))
    assert told | {"source": []} == again | {"source": []}
    assert told["source"] == ["measured: own.xlsx"]


def test_of_several_sheets_one_is_named(book, load):
    book(("Seen", SEEN), ("Notes", [["what", "who"], ["x", "y"]]))
    with pytest.raises(InputError, match=r"own\.xlsx  sheet  has 2 sheets; allowed: sheet: Seen or sheet: Notes"):
        load(WELL)
    named = load(WELL, "{file: own.xlsx, sheet: Seen}")
    assert observed_table(named, read_observations(named))["value"] == [0.125]
    with pytest.raises(
        InputError, match=r"own\.xlsx  sheet  no sheet 'Sen'; allowed: Seen, Notes; did you mean 'Seen'"
    ):
        load(WELL, "{file: own.xlsx, sheet: Sen}")
    wrong = [SEEN[0], ["low", "survivl", 2, 12.5, 2.5, None]]
    book(("Seen", wrong), ("Notes", [["what"]]))
    with pytest.raises(InputError, match=r"own\.xlsx:2  of  Seen!B2: a run does not tell 'survivl'"):
        load(WELL, "{file: own.xlsx, sheet: Seen}")


def test_the_command_line_names_the_sheet_of_its_table(book, tmp_path):
    from abm.cli.shared import observations

    file = book(("Seen", SEEN), ("Notes", [["what"]]))
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "s.yaml").write_text(WELL.replace("observations: TABLE\n", ""))
    try:
        scenario = load_scenario(tmp_path / "there" / "s.yaml", observations(file, "Seen"))
    finally:
        allow(())
    assert scenario.observations.sheet == "Seen"


def put(address, value, number_format=None):
    """Return what changes a cell of the only sheet."""

    def change(book):
        cell = book.worksheets[0][address]
        cell.value = value
        if number_format:
            cell.number_format = number_format

    return change


WRONG = {
    "formula": (put("D2", "=10+2"), r"own\.xlsx:2  value  D2: a formula, '=10\+2'; allowed: a value: copy the cells"),
    "formula as a word": (put("B2", '="lysis"'), r"own\.xlsx:2  of  B2: a formula"),
    "date": (
        put("D2", datetime.date(2024, 3, 1)),
        r"own\.xlsx:2  value  D2: a date or time, 2024-03-01; allowed: text",
    ),
    "time": (put("C2", datetime.time(12, 30)), r"own\.xlsx:2  time  C2: a date or time, 12:30:00"),
    "percentage": (
        put("D2", 0.125, "0.0%"),
        r"own\.xlsx:2  value  D2: 0\.125 is shown as a percentage; allowed",
    ),
    "error": (put("D2", "#DIV/0!"), r"own\.xlsx:2  value  D2: an error, #DIV/0!"),
    "decimal comma": (put("D2", "12,5"), r"own\.xlsx:2  value  D2: decimal comma|own\.xlsx:2  value  D2: .*comma"),
    "word": (put("D2", "OVER"), r"own\.xlsx:2  value  D2: 'OVER' is no finite number"),
    "beyond": (put("H2", 3), r"own\.xlsx:2  H2: '3' stands beyond the names; allowed: 6 columns"),
    "no name": (put("B1", None), r"own\.xlsx:1  column 2 has no name"),
    "date as a name": (put("B1", datetime.date(2024, 3, 1)), r"own\.xlsx:1  a date or time, 2024-03-01, as a name"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_excel_made_of_a_cell_is_refused_by_its_address(book, load, name):
    change, message = WRONG[name]
    book(("Seen", SEEN), change=change)
    with pytest.raises(InputError, match=message):
        load(WELL)


def test_a_percentage_without_a_unit_is_the_share_that_it_is(book, load):
    rows = [["arm", "of", "value"], ["low", "lysis", 0.25]]
    book(("Seen", rows), change=put("C2", 0.25, "0%"))
    found = load(WELL)
    assert observed_table(found, read_observations(found))["value"] == [0.25]


def test_an_id_that_excel_took_for_a_date_is_refused(book, load):
    book(("Patients", WHO), change=put("A3", datetime.datetime(2024, 3, 1)))
    with pytest.raises(InputError, match=r"own\.xlsx:3  ID  A3: a date or time, 2024-03-01; allowed: text or a number"):
        load(PATIENTS)


def rows_of(path, sheet=""):
    return list(Sheet(UserFile(file=str(path), sheet=sheet).known()).parts())


def test_hidden_sheets_do_not_count_and_can_be_named(book):
    def hide(found):
        found["Lists"].sheet_state = "hidden"

    file = book(("Seen", SEEN), ("Lists", [["a"], [1]]), change=hide)
    assert len(rows_of(file)[0].columns) == 6
    assert rows_of(file, "Lists")[0].to_numpy().tolist() == [["1"]]


def test_whoever_names_a_sheet_of_a_text_is_told_that_it_has_none(tmp_path):
    (tmp_path / "own.csv").write_text("a\n1\n")
    with pytest.raises(InputError, match=r"own\.csv  has no sheets"):
        rows_of(tmp_path / "own.csv", "Seen")


BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
NO_WORKBOOKS = {
    "cut": (lambda raw: raw[:300], "is a workbook that cannot be read"),
    "old": (lambda raw: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "is a workbook of an old Excel, or locked"),
}


@pytest.mark.parametrize("name", NO_WORKBOOKS)
def test_what_is_no_workbook_that_can_be_read_says_so(book, name):
    damage, message = NO_WORKBOOKS[name]
    file = book(("Seen", SEEN))
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(InputError, match=rf"own\.xlsx  {message}"):
        rows_of(file)


@pytest.mark.parametrize(
    ("part", "message"), [(BOMB, "has a document type of its own"), (None, "bytes unpacked, at most")]
)
def test_a_hostile_workbook_is_refused_before_it_is_unpacked(book, monkeypatch, part, message):
    file = book(("Seen", SEEN))
    if part:
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr("xl/extra.xml", part)
    else:
        monkeypatch.setattr("abm.document.workbook.MOST_BYTES", 1000)
    with pytest.raises(InputError, match=message):
        rows_of(file)


@pytest.mark.parametrize(("rows", "message"), [([], "is empty"), ([[None, None], ["a"]], "begins with an empty row")])
def test_a_sheet_without_names_is_refused(book, rows, message):
    with pytest.raises(InputError, match=message):
        rows_of(book(("Seen", rows)))


def test_without_the_extra_it_is_said_what_to_install(book, monkeypatch):
    file = book(("Seen", SEEN))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(InputError, match=r"own\.xlsx needs openpyxl: pip install 'antibody-abm\[data\]'"):
        rows_of(file)


def test_columns_are_called_as_excel_calls_them():
    assert [letters(column) for column in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
