"""A plate is read wherever it stands in an export; specific lysis is what the formula says; what is wrong is told."""

import openpyxl
import pytest

from abm.core.errors import InputError
from abm.core.measure import Measure
from abm.core.user_file import UserFile
from abm.document.shipped import CONFIGS
from abm.plate.grid import ROWS, read_grid
from abm.plate.release import read_plate
from abm.plot.plate import Shown, heat_map
from abm.results.tables import write_csv
from abm.scenario.from_file import load_scenario
from abm.scenario.observations import read_observations

LYSIS = Measure("lysis", "1", "specific lysis")
SPONTANEOUS, MAXIMUM, BLANK = 0.5, 2.5, 0.25
WELLS = {"A1": 1.0, "A2": 1.5, "B1": 2.0, "B2": 0.5, "C1": SPONTANEOUS, "C2": MAXIMUM, "C3": BLANK}
LAYOUT = """well,kind,arm,dose [ug/mL]
A1:A2,,low,1
B1:B2,sample,high,10
C1,spontaneous release,,
C2,maximum release,,
C3,blank,,
"""


def grid_text(values, between=",", decimal=".", n=12, rows=ROWS):
    head = between.join(["", *map(str, range(1, n + 1))])
    body = [between.join([row, *(str(values.get(f"{row}{k}", "")).replace(".", decimal) for k in range(1, n + 1))])
            for row in rows]  # fmt: skip
    return "\n".join([head, *body, ""])


EXPORT = "Device: reader 7\nTemperature,37.0\n\n" + grid_text(WELLS) + "\nEnd of data\n"


@pytest.fixture
def read(tmp_path):
    """Return the function that reads an export with a layout."""

    def read(export=EXPORT, layout=LAYOUT):
        raw = export if isinstance(export, bytes) else export.encode()
        (tmp_path / "export.csv").write_bytes(raw)
        (tmp_path / "layout.csv").write_text(layout)
        return read_plate(*(UserFile(file=str(tmp_path / f"{name}.csv")) for name in ("export", "layout")))

    return read


def lysis(plate):
    return plate.wells.dropna(subset="lysis").set_index("well")["lysis"].to_dict()


def test_lysis_is_what_was_released_above_the_spontaneous_of_what_can_be(read):
    plate = read()
    assert lysis(plate) == pytest.approx({"A1": 0.25, "A2": 0.5, "B1": 0.75, "B2": 0.0})
    told = plate.of_arms().set_index("arm")
    assert told["mean"].to_dict() == pytest.approx({"low": 37.5, "high": 37.5})
    assert told["std"]["low"] == pytest.approx(25.0 / 2**0.5)
    assert plate.wells.set_index("well").loc["A2", ["net", "blank", "replicate", "dose"]].tolist() == [1.25, 0.25, 2, 1]


def test_one_blank_of_the_plate_cancels_out_and_one_of_an_arm_does_not(read):
    without = read(layout=LAYOUT.replace("C3,blank", "C3,empty"))
    assert lysis(without) == pytest.approx(lysis(read()))
    values, blanks = grid_text(WELLS | {"D1": 0.45}), LAYOUT + "D1,blank,low,\n"
    own = lysis(read(values, blanks))
    assert own["B1"] == pytest.approx(0.75)
    assert own["A1"] == pytest.approx((1.0 - 0.45 - (0.5 - 0.25)) / (2.5 - 0.5))
    with pytest.raises(InputError, match=r"layout\.csv  kind  blanks of some arms alone, and none for B1; allowed"):
        read(values, blanks.replace("C3,blank", "C3,empty"))


def test_a_control_that_names_an_arm_is_of_that_arm_alone(read):
    layout = LAYOUT.replace("C3,blank,,", "C3,spontaneous,low,")
    values = WELLS | {"C3": 0.75}
    found = lysis(read(grid_text(values), layout))
    assert found["A1"] == pytest.approx((1.0 - 0.75) / (2.5 - 0.75))
    assert found["B1"] == pytest.approx(0.75)


FORMS = {
    "semicolons and decimal commas": "Gerät;Ä\n" + grid_text(WELLS, ";", ","),
    "tabs": "\t\n" + grid_text(WELLS, "\t"),
    "UTF-16 as Windows programs write it": ("Temp 37 °C\n" + grid_text(WELLS, "\t")).encode("utf-16"),
    "another encoding above the plate": "Temp 37 °C\n".encode("latin-1") + grid_text(WELLS).encode(),
    "columns and rows beyond what was read": grid_text(WELLS, n=6, rows="ABC"),
    "Windows lines, a name in the corner": "<>" + grid_text(WELLS).replace("\n", "\r\n"),
    "small letters, more to the right": grid_text(WELLS).replace("A,", "a,").replace("\nB", ",490\nB"),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_plate_is_found_in_what_readers_write(read, name):
    assert lysis(read(FORMS[name])) == pytest.approx(lysis(read()))


def test_a_workbook_is_read_with_the_address_of_what_is_no_reading(read, tmp_path):
    book = openpyxl.Workbook()
    for line in EXPORT.splitlines():
        book.active.append([float(c) if c.replace(".", "").isdigit() else c or None for c in line.split(",")])
    book.save(tmp_path / "export.xlsx")
    read()
    files = [UserFile(file=str(tmp_path / name)) for name in ("export.xlsx", "layout.csv")]
    assert lysis(read_plate(*files)) == pytest.approx(lysis(read()))
    book.active["C5"] = "=1+1"
    book.save(tmp_path / "export.xlsx")
    with pytest.raises(InputError, match=r"export\.xlsx:5:3  A2  a formula, '=1\+1'"):
        read_plate(*files)


def changed(old, new):
    assert old in EXPORT
    return EXPORT.replace(old, new, 1)


WRONG = {
    "text": (changed("2.0", "OVER"), r"export\.csv:6:2  B1  'OVER' is no reading; allowed: a number, or an empty cell"),
    "two plates": (EXPORT + grid_text(WELLS), r"export\.csv:15:2  a second plate, beside that of line 4; allowed: one"),
    "row I": (grid_text(WELLS, rows=ROWS + "I"), r"export\.csv:10:1  a row I; allowed: 96 wells, rows A to H"),
    "384 wells": (grid_text(WELLS, n=24), r"export\.csv:1:14  a column 13; allowed: 96 wells"),
    "row again": (grid_text(WELLS, rows="ABCC"), r"export\.csv:5:1  row C again"),
    "not in the layout": (
        changed("0.25,", "0.25,0.1"),
        r"export\.csv:7:5  C4  is not in layout\.csv; allowed: a row for",
    ),
    "no reading": (
        changed("1.5", ""),
        r"layout\.csv:2  well  A2 has no reading in export\.csv; allowed: a reading, or",
    ),
    "no plate": ("a,b\n1,2\n", r"export\.csv  no plate is in it; allowed: one plate: a line with the numbers 1 to 12"),
    "empty": ("", r"export\.csv  no plate is in it"),
    "NUL": (b"\0" * 40, r"export\.csv  is no text"),
    "exchanged": (
        changed("2.5", "0.4"),
        r"maximum release, 0\.15, is not above spontaneous, 0\.25, less blanks, of arm 'low'",
    ),
}
WRONG_LAYOUTS = {
    "no maximum": (("C2,maximum release", "C2,empty"), r"export\.csv  no maximum release for arm 'low'; allowed"),
    "kind": (("maximum release", "maxmum"), r"layout\.csv:5  kind  no kind 'maxmum'; allowed: .*mean 'maximum'"),
    "well": (("C2,", "J2,"), r"layout\.csv:5  well  no well 'J2'; allowed: A1 to H12"),
    "column": (("C2,", "C13,"), r"layout\.csv:5  well  no well 'C13'"),
    "twice": (("C2,", "B2,"), r"layout\.csv:5  well  B2 again, beside line 3; allowed: each well once"),
    "no arm": (("sample,high", "sample,"), r"layout\.csv:3  arm  a sample of no arm"),
    "doses": (("B1:B2,sample,high", "B1:B2,sample,low"), r"layout\.csv:3  dose  dose 10 of arm 'low', which has 1 in"),
    "name": (("well,kind", "wel,kind"), r"layout\.csv:1  wel  no such column.*did you mean 'well'"),
    "no wells": (("well,", "who,"), r"layout\.csv:1  nothing says which wells; allowed: a column 'well', or 'row'"),
    "time": (("dose [ug/mL]", "time [kg]"), r"layout\.csv:1  time  .*dimension mass"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_an_export_is_told_with_its_cell(read, name):
    export, message = WRONG[name]
    with pytest.raises(InputError, match=message):
        read(export)


@pytest.mark.parametrize("name", WRONG_LAYOUTS)
def test_what_is_wrong_with_a_layout_is_told_with_its_line(read, name):
    (old, new), message = WRONG_LAYOUTS[name]
    assert old in LAYOUT
    with pytest.raises(InputError, match=message):
        read(layout=LAYOUT.replace(old, new))


def test_rows_and_columns_may_stand_apart_and_wells_be_read_at_times(read):
    layout = "row,column,kind,arm,time [min]\na,1,,low,30\nA,2,,low,60\nB,1,empty,,\nB,2,empty,,\n"
    plate = read(layout=layout + "C,1,spontaneous,,\nC,2,maximum,,\nC,3,blank,,\n")
    assert plate.observations()["time [h]"] == [0.5, 1.0]
    assert plate.observations()["value [%]"] == pytest.approx([25.0, 50.0])
    assert plate.observations()["sd"] == [None, None]


def test_the_plate_that_ships_is_observations_of_a_scenario_that_ships(tmp_path):
    folder = CONFIGS / "scenarios"
    files = [UserFile(file=str(folder / f"plate_{name}.csv")) for name in ("export", "layout")]
    plate = read_plate(*files)
    write_csv(tmp_path / "own.csv", plate.observations())
    text = f"extends: {folder / 'observations.yaml'}\nobservations: own.csv\n"
    (tmp_path / "s.yaml").write_text(text)
    found = dict(read_observations(load_scenario(tmp_path / "s.yaml")))
    assert {arm: one.value for arm, one in found.items()} == pytest.approx(
        dict(plate.of_arms()[["arm", "mean"]].values)
    )
    assert found["rtx_1"].source == "measured: plate_export.csv, 3 wells"
    assert {one.of for one in found.values()} == {"lysis"}


def test_more_than_all_is_an_observation_too(read, tmp_path):
    plate = read(grid_text(WELLS | {"A1": 2.7, "A2": 2.6}))
    write_csv(tmp_path / "own.csv", plate.observations())
    (tmp_path / "s.yaml").write_text(
        "populations: {b_cells: {n: 20}}\nobservations: own.csv\narms:\n"
        "  low: {add: [{rituximab: 1 ug/mL}]}\n  high: {add: [{rituximab: 10 ug/mL}]}\n"
    )
    found = dict(read_observations(load_scenario(tmp_path / "s.yaml")))
    assert float(found["low"].interval(LYSIS).mean) == pytest.approx(1.075)


def test_the_picture_shows_wells_and_controls(read):
    plate = read()
    assert heat_map(Shown("export.csv", plate.wells)).startswith(b"\x89PNG")
    grid = read_grid(UserFile(file=str(CONFIGS / "scenarios" / "plate_export.csv")))
    assert len(grid.values) == 21
