"""Observations from a table: what a row says is what an arm would say, in the run's units; what is wrong is told."""

from pathlib import Path

import pytest

from abm.core.errors import InputError
from abm.document.reach import allow
from abm.results.tables import read_csv, write_csv
from abm.scenario.from_file import load_scenario
from abm.scenario.observations import MOST_ROWS, read_observations
from abm.scenario.published import observed_table
from abm.statistics.intervals import wilson

WELL = """\
duration: 24 h
populations: {b_cells: {n: 20}}
observations: own.csv
arms:
  low: {add: [{rituximab: 1 ug/mL}]}
  high:
    add: [{rituximab: 10 ug/mL}]
    observed: [{of: survival_raw, time: 2 h, value: 50 %, source: Golay2003}]
"""
PATIENT = """\
extends: wm_patient
observations: own.csv
duration: 168 d
arms: {given: {add: [{infusion: 375 mg/m2}]}}
"""


@pytest.fixture
def load(tmp_path):
    """Return the function that loads a scenario with a table beside it."""

    def read(table, text=WELL):
        (tmp_path / "own.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
        (tmp_path / "s.yaml").write_text(text)
        return load_scenario(tmp_path / "s.yaml")

    return read


def table_of(scenario):
    """Return the rows of what the run would keep, by column."""
    table = observed_table(scenario, read_observations(scenario))
    return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]


def test_a_row_is_what_an_arm_would_say_in_the_names_and_units_of_the_run(load):
    rows = "low;survival_raw;30 ;12,5;2,5;\nhigh;lysis;;40;10;lab book\n"
    own, timed, end = table_of(load("arm;of;time [min];value [%];sd;source\n" + rows))
    assert (own["arm"], own["time_h"], own["value"]) == ("high", 2.0, 0.5)
    assert (timed["time_h"], timed["source"]) == (0.5, "measured: own.csv")
    assert [timed[key] for key in ("value", "lo", "hi")] == pytest.approx([0.125, 0.1, 0.15])
    assert (end["of"], end["time_h"], end["source"]) == ("specific_lysis", None, "measured: lab book")


def test_a_count_has_wilson_s_interval(load):
    one = table_of(load("arm,of,k,n\nlow,survival_raw,3,20\n"))[1]
    assert (one["value"], one["lo"], one["hi"]) == pytest.approx(tuple(map(float, wilson(3, 20))))


def test_levels_of_patients_are_converted_by_the_unit_of_their_row(load):
    rows = "given,igm_g_per_L,4,3000,2500,3500,mg/dL,a\ngiven,rituximab_ug_per_mL,7,0.1,,,mg/mL,\n"
    igm, drug = table_of(load("arm,of,time [weeks],value,lo,hi,unit,group\n" + rows, PATIENT))
    assert [igm[key] for key in ("time_h", "value", "lo", "hi", "group")] == pytest.approx([672, 30, 25, 35, "a"])
    assert drug["value"] == pytest.approx(100.0)


def test_free_antibody_of_a_well_may_be_in_the_unit_that_a_reader_sees(load):
    mass, moles = "low,rituximab_nM,1,0.5,0.1\n", "low,rituximab_nM,1,3.448275862,0.689655172\n"
    seen = table_of(load("arm,of,time [h],value [ug/mL],sd\n" + mass))[1]
    same = table_of(load("arm,of,time [h],value [nM],sd\n" + moles))[1]
    assert seen["value"] == pytest.approx(0.5 / 145.0 * 1000.0)  # 145 kDa
    assert [seen[key] for key in ("value", "lo", "hi")] == pytest.approx([same[key] for key in ("value", "lo", "hi")])
    assert table_of(load("arm,of,time [h],value [mg/L]\n" + "low,rituximab_nM,1,0.5\n"))[1]["value"] == seen["value"]


def test_survival_of_cells_of_one_cd20_is_apart_from_that_of_all(load, tmp_path):
    scenario = load("arm,of,cd20,k,n\nlow,survival_raw,90000,12,40\nlow,survival_raw,,20,40\n")
    kept = observed_table(scenario, read_observations(scenario))
    assert kept["cd20_per_cell"] == [None, 90_000.0, None]
    write_csv(tmp_path / "own.csv", {name: own[1:] for name, own in kept.items()})
    again = load((tmp_path / "own.csv").read_bytes())
    assert observed_table(again, read_observations(again)) == kept


def test_who_is_not_to_be_named_has_a_number(load, tmp_path):
    (tmp_path / "who.csv").write_text("ID,covariates.weight_kg\nid-7,70\nid-3,80\n")
    rows = "given,igm_g_per_L,0,30,id-7\ngiven,igm_g_per_L,0,20,id-3\ngiven,igm_g_per_L,4,25,id-7\n"
    told = table_of(
        load("arm,of,time [weeks],value [g/L],group\n" + rows, PATIENT + "cohort: {table: who.csv, anonymise: true}\n")
    )
    assert [one["group"] for one in told] == ["1", "2", "1"]


def test_what_a_run_keeps_reads_back_to_the_same(load, tmp_path):
    scenario = load("arm,of,time [d],value [%],lo,hi,group\nlow,survival,0.5,40,30,60,a\nlow,control,,90,,,\n")
    kept = observed_table(scenario, read_observations(scenario))
    write_csv(tmp_path / "own.csv", {name: own[1:] for name, own in kept.items()})
    again = load((tmp_path / "own.csv").read_bytes())
    assert observed_table(again, read_observations(again)) == kept
    assert read_csv(tmp_path / "own.csv").num_rows == 2


HEAD = "arm,of,time [h],value [%],lo,hi,sd,k,n,unit\n".replace("value [%]", "value")
WRONG = {
    "arm": (HEAD + "lw,lysis,,0.1,,,,,,\n", r"own\.csv:2  arm  no arm 'lw'; allowed: low, high; did you mean 'low'"),
    "measure": (HEAD + "low,lysys,,0.1,,,,,,\n", r"own\.csv:2  of  a run does not tell 'lysys'.*'lysis'"),
    "late": (HEAD + "low,survival,25,0.1,,,,,,\n", r"own\.csv:2  time  25 h is beyond the run; allowed: 0 to 24 h"),
    "before": (HEAD + "low,survival,-1,0.1,,,,,,\n", r"own\.csv:2  time  .*-1"),
    "end": (HEAD + "low,control,2,0.1,,,,,,\n", r"own\.csv:2  time  a time of 'control', which a run tells at its end"),
    "no time": (HEAD + "low,rituximab_nM,,1,,,,,,nM\n", r"own\.csv:2  time  'rituximab_nM' without a time"),
    "percent": (HEAD + "low,survival_raw,,45,,,,,,\n", r"own\.csv:2  value  45 cannot be of.*0 to 1, or a percentage"),
    "negative": (HEAD + "low,rituximab_nM,1,-4,,,,,,nM\n", r"own\.csv:2  value  -4 nM cannot be.*>= 0 nM"),
    "no unit": (HEAD + "low,rituximab_nM,1,4,,,,,,\n", r"own\.csv:2  unit  4 has no unit; allowed: such as nM"),
    "unit": (HEAD + "low,rituximab_nM,1,4,,,,,,h\n", r"own\.csv:2  unit  .*dimension time"),
    "ends": (HEAD + "low,lysis,,0.1,0.2,0.3,,,,\n", r"own\.csv:2  .*lo and hi do not hold the value"),
    "spread": (HEAD + "low,lysis,,0.1,0.0,0.3,0.1,,,\n", r"own\.csv:2  sd  sd stands beside lo and hi"),
    "count": (HEAD + "low,survival_raw,,,,,,30,20,\n", r"own\.csv:2  .*k is not counted of n; allowed: k <= n"),
    "part": (HEAD + "low,survival_raw,,,,,,1.5,20,\n", r"own\.csv:2  k  1\.5 is no count"),
    "counted": (HEAD + "low,rituximab_nM,1,,,,,3,20,\n", r"own\.csv:2  k  'rituximab_nM' is no share"),
    "nothing": (HEAD + "low,lysis,,,,,,,,\n", r"own\.csv:2  .*neither a value nor words"),
    "text": (HEAD + "low,lysis,,much,,,,,,\n", r"own\.csv:2  value  'much' is no finite number"),
    "formula": (HEAD + "low,lysis,,=1+1,,,,,,\n", r"own\.csv:2  value  a formula"),
    "clock": ("arm,of,time,value\nlow,survival,2,0.1\n", r"own\.csv:1  time  unit missing.*'time \[h\]' or"),
    "column": ("arm,of,valeu\nlow,lysis,0.1\n", r"own\.csv:1  valeu  no such column.*did you mean 'value'"),
    "no arm": ("of,value\nlysis,0.1\n", r"own\.csv:1  no column 'arm'"),
    "two units": ("arm,of,value [%],unit\nlow,lysis,1,%\n", r"own\.csv:1  value  a unit in the name beside a column"),
    "other unit": ("arm,of,value [%],sd [1]\nlow,lysis,1,1\n", r"own\.csv:1  sd  in another unit than the value"),
    "by CD20": (
        "arm,of,cd20,value\nlow,lysis,9e4,0.1\n",
        r"own\.csv:2  cd20  'lysis' of .* CD20; allowed: survival_raw",
    ),
    "by CD20 early": (
        "arm,of,cd20,time [h],value\nlow,survival_raw,9e4,2,0.1\n",
        r"own\.csv:2  time  .* of one CD20, which a run tells at its end alone",
    ),
    "negative CD20": ("arm,of,cd20,value\nlow,survival_raw,-9,0.1\n", r"own\.csv:2  cd20  .*-9"),
    "unit of CD20": (
        "arm,of,cd20 [MFI],value\nlow,survival_raw,9,0.1\n",
        r"own\.csv:1  cd20  a unit, 'MFI'; allowed: none",
    ),
    "empty": (HEAD, r"own\.csv  holds no observation"),
    "many": (HEAD + "low,lysis,,0.1,,,,,,\n" * (MOST_ROWS + 1), r"own\.csv  too many rows; allowed: at most 10000"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused_by_file_row_and_column(load, name):
    table, message = WRONG[name]
    with pytest.raises(InputError, match=message):
        load(table)


def test_columns_that_say_nothing_here_are_named_and_a_changed_table_is_refused(load):
    scenario = load("arm,of,value,operator\nlow,lysis,0.1,x\n")
    assert scenario.told == ("own.csv: not read: operator",)
    Path(scenario.observations.file).write_text("arm,of,value\nlow,lysis,0.2\n")
    with pytest.raises(InputError, match=r"'own\.csv' has changed since the scenario was read"):
        list(read_observations(scenario))


def test_a_table_that_the_user_names_is_within_reach(tmp_path, load):
    from abm.cli.shared import observations

    load("arm,of,value\nlow,lysis,0.1\n")
    other = tmp_path / "elsewhere: 1" / "own.csv"
    other.parent.mkdir()
    other.write_text("arm,of,value\nlow,lysis,0.3\n")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "s.yaml").write_text(WELL.replace("observations: own.csv\n", ""))
    assert observations(None) == []
    try:
        scenario = load_scenario(tmp_path / "here" / "s.yaml", observations(other))
    finally:
        allow(())
    assert table_of(scenario)[1]["value"] == 0.3
