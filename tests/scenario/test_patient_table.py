"""Patients from a table of the user's: what it says holds, what it lacks is drawn given that, what is wrong is told."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from abm.core.errors import InputError
from abm.core.par import plain
from abm.scenario.build import Subject, arm_of
from abm.scenario.draws import draws, patient_of, warnings_of
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario

BASE = """\
duration: 40 d
dt: 4 h
space: {{kind: body}}
populations: {{b_cells: {{kind: clone, cells_per_agent: 1e11}}}}
processes:
  drug: {{kind: one_compartment, half_life: 12 d}}
  growth: {{kind: logistic_growth}}
  plasma_cells: {{kind: plasma_cells}}
  igm: {{kind: igm_turnover}}
arms:
  given: {{add: [{{{given}}}]}}
probes: {{counts: null, patient: {{every: 4 d}}}}
cohort:
  table: patients.csv
  {columns}
  vary:
    processes.growth.rate: {{cv: 0.7}}
    populations.b_cells.cells: {{cv: 0.5}}
    covariates.fcgr3a: {{shares: {{VV: 0.17, VF: 0.45, FF: 0.38}}}}
    covariates.age_years: {{sd: 6 years}}
  correlate:
    - {{of: [processes.growth.rate, populations.b_cells.cells], r: 0.6}}
    - {{of: [covariates.fcgr3a, covariates.age_years], r: 0.5}}
"""
RATE, CELLS, AGE, GENOTYPE = (
    "processes.growth.rate",
    "populations.b_cells.cells",
    "covariates.age_years",
    "covariates.fcgr3a",
)
RECORDED, FIXED = "recorded: 100 %", "infusion: 500 mg"
SIGMA = {RATE: math.sqrt(math.log(1 + 0.7**2)), CELLS: math.sqrt(math.log(1 + 0.5**2))}


@pytest.fixture
def load(tmp_path):
    """Return the function that loads a scenario with a table beside it."""

    def read(table, columns="", given=FIXED, sets=()):
        (tmp_path / "patients.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
        (tmp_path / "s.yaml").write_text(BASE.format(columns=columns, given=given))
        return load_scenario(tmp_path / "s.yaml", sets)

    return read


def scores(scenario, path):
    """Return the normal scores of what patients have at a path."""
    typical = dict(plain(scenario)["populations"]["b_cells"])["cells"] if path == CELLS else None
    typical = typical or scenario.processes["growth"].rate
    return np.array([math.log(draws(scenario, i)[path] / typical) / SIGMA[path] for i in range(scenario.replicates)])


def test_a_patient_has_what_the_table_says_and_the_table_as_many_as_there_are(load):
    scenario = load("id,covariates.weight_kg,covariates.age_years\na,70,61\nb,82.5,.\n")
    assert scenario.replicates == 2
    assert [patient_of(scenario, i).covariates.weight_kg for i in range(2)] == [70.0, 82.5]
    assert patient_of(scenario, 0).covariates.age_years == 61.0
    assert draws(scenario, 1)[AGE] not in (61.0, scenario.covariates.age_years)


def test_fewer_replicates_are_the_first_rows_and_more_are_refused(load):
    table = "covariates.weight_kg\n70\n80\n90\n"
    scenario = load(table, sets=("replicates=2",))
    assert [draws(scenario, i)["covariates.weight_kg"] for i in range(2)] == [70.0, 80.0]
    assert any("first 2 patients of more" in text for text in warnings_of(scenario))
    with pytest.raises(InputError, match=r"patients\.csv has 3 patients .*; allowed: at most 3"):
        load(table, sets=("replicates=4",))


def test_units_stand_in_the_names_and_columns_may_have_names_of_their_own(load):
    columns = "columns: {covariates.weight_kg: Body weight, processes.growth.rate: 'Rate [1/week]', id: Who}"
    scenario = load("\ufeffWho;Body weight [g];Rate\r\nx;70500;0,7\r\n", columns)
    assert draws(scenario, 0)["covariates.weight_kg"] == 70.5
    assert draws(scenario, 0)[RATE] == pytest.approx(0.7 / 168, rel=1e-15)


def test_without_a_value_in_it_a_table_changes_no_draw(load):
    there = load("id,covariates.age_years\na,.\nb,NA\nc,\n")
    without = Scenario.model_validate(plain(there) | {"cohort": {**plain(there)["cohort"], "table": None}})
    assert [draws(there, i) for i in range(3)] == [draws(without, i) for i in range(3)]


def test_what_is_missing_is_drawn_given_what_is_known(load):
    """Given z of one, the other is normal about r z with variance 1 - r^2."""
    n, z = 1500, 1.5
    typical = load("id,covariates.age_years\na,50\n").processes["growth"].rate
    rate = typical * math.exp(SIGMA[RATE] * z)
    scenario = load("processes.growth.rate [1/h]\n" + f"{rate!r}\n" * n)
    found = scores(scenario, CELLS)
    assert found.mean() == pytest.approx(0.6 * z, abs=4 * 0.8 / math.sqrt(n))
    assert found.std() == pytest.approx(0.8, rel=4 / math.sqrt(2 * n))


def test_a_known_word_tells_of_what_goes_with_it_as_its_part_of_the_normal_law_does(load):
    """The mean score of the first 17 % is -phi(q) / 0.17, and age follows with r = 0.5."""
    n, share = 1500, 0.17
    scenario = load("covariates.fcgr3a\n" + "VV\n" * n)
    ages = np.array([draws(scenario, i)[AGE] for i in range(n)])
    expected = scenario.covariates.age_years - 6 * 0.5 * norm.pdf(norm.ppf(share)) / share
    assert ages.mean() == pytest.approx(expected, abs=4 * 6 / math.sqrt(n))
    assert {draws(scenario, i)[GENOTYPE] for i in range(20)} == {"VV"}


def test_one_more_known_value_changes_no_patient_but_its_own(load):
    tables = ["covariates.age_years\n50\n60\n.\n", "covariates.age_years\n50\n60\n70\n"]
    before, after = ([draws(own, i) for i in range(3)] for own in map(load, tables))
    assert before[:2] == after[:2]
    changed = {path for path, value in before[2].items() if after[2][path] != value}
    assert AGE in changed
    assert changed <= {AGE, GENOTYPE}  # what goes with it, and nothing else


def test_columns_that_say_nothing_are_told_with_what_may_have_been_meant(load):
    scenario = load("id,weight,site,covariates.age_years\na,70,Rome,50\n")
    assert "patients.csv: not read: weight (perhaps covariates.weight_kg), site" in warnings_of(scenario)


def test_what_the_table_says_is_not_set_beside_it(load):
    with pytest.raises(InputError, match="every patient draws a value of its own"):
        load("covariates.weight_kg\n70\n", sets=("covariates.weight_kg=80",))


EVENTS = """\
ID,TIME [d],AMT,RATE [mg/h],II,ADDL,EVID,MDV,DV,covariates.weight_kg
1,0,.,.,.,.,0,0,30.5,70
1,0,500,125,7,1,1,1,.,70
2,1,600,.,.,.,1,1,.,80
2,9,300,100,.,.,1,1,.,80
"""


def test_doses_become_the_infusions_of_their_patient(load):
    scenario = load(EVENTS, given=RECORDED)
    one, two = (arm_of(scenario, Subject("given", i)).add for i in range(2))
    assert [(a.infusion_mg, a.at, a.over, a.times, a.every) for a in one] == [(500.0, 0.0, 4.0, 2, 168.0)]
    assert [(a.infusion_mg, a.at, a.over) for a in two] == [(600.0, 24.0, 4.0), (300.0, 216.0, 3.0)]
    half = load(EVENTS, given="recorded: 50 %, at: 2 d, over: 6 h")
    first = arm_of(half, Subject("given", 1)).add[0]
    assert (first.infusion_mg, first.at, first.over) == (300.0, 72.0, 6.0)


def test_of_a_data_set_too_fewer_replicates_are_the_first_patients(load):
    scenario = load(EVENTS, given=RECORDED, sets=("replicates=1",))
    assert draws(scenario, 0)["covariates.weight_kg"] == 70.0
    assert any("first 1 patients of more" in text for text in warnings_of(scenario))


TABLES = {
    "empty": ("", 1, "is empty"),
    "no rows": ("id,covariates.weight_kg\n", None, "holds no patient"),
    "not UTF-8": (b"id,covariates.weight_kg\n\xe4,70\n", 2, "0xe4 is not UTF-8"),
    "workbook": (b"PK\x03\x04\x14\0", None, "is a workbook"),
    "mixed separators": ("id;covariates.weight_kg\na,70\n", 2, "commas stand where the names have semicolons"),
    "mixed decimals": ("id;covariates.weight_kg\na;70,5\nb;70.5\n", 3, "a decimal comma in line 2 and a decimal point"),
    "thousands": ("id;covariates.weight_kg\na;1 070\n", 2, "thousands separator: write 1070"),
    "comma in a number": ("id,covariates.weight_kg\na,70,5\n", 2, "perhaps a comma within a number"),
    "two header rows": ("id,covariates.weight_kg\nname,kg\na,70\n", 2, "a second row of names or of units: 'kg'"),
    "duplicate IDs": ("id,covariates.weight_kg\na,70\nb,60\na,80\n", 4, "the ID 'a' of line 2 again"),
    "formula": ("id,covariates.weight_kg\na,=cmd|x\n", 2, "a formula, '=cmd|x'"),
    "formula as ID": ("id,covariates.weight_kg\n@SUM(A1),70\n", 2, "a formula, '@SUM(A1)'"),
    "text": ("id,covariates.weight_kg\na,heavy\nb,7\n", 2, "a second row of names"),
    "text later": ("id,covariates.weight_kg\na,7\nb,heavy\n", 3, "'heavy' is no finite number"),
    "unit": ("id,covariates.weight_kg [cm]\na,70\n", 1, "dimension length, not mass"),
    "no unit": ("id,processes.growth.rate\na,0.1\n", 2, "unit missing"),
    "out of bounds": ("id,covariates.age_years\na,170\n", 2, "found 170, out of bounds"),
    "word": ("id,covariates.fcgr3a\na,vv\n", 2, "did you mean 'VV'"),
    "unknown path": ("id,covariates.wieght_kg\na,70\n", 1, "did you mean 'covariates.weight_kg'"),
    "nothing to draw from": ("id,covariates.weight_kg\na,.\n", 2, "no covariates.weight_kg"),
    "two of a kind": ("covariates.weight_kg [kg],covariates.weight_kg [g]\n70,7\n", 1, "two columns are called"),
}  # fmt: skip
DATA_SETS = {
    "times out of order": (("2,9,", "2,0.5,"), 5, "before the time of the row above"),
    "negative time": (("1,0,.", "1,-1,."), 2, "a negative time"),
    "EVID 3": (("300,100,.,.,1", ".,.,.,.,3"), 5, "EVID 3 begins the patient anew"),
    "EVID 4": (("300,100,.,.,1", "300,100,.,.,4"), 5, "EVID 4 begins the patient anew"),
    "DV text": (("30.5", "high"), 2, "'high' is no finite number"),
    "no dose": (("500,125,7,1,1", ".,.,.,.,0"), 2, "has no row of doses for the arm 'given'"),
    "dose without amount": (("300,100", ".,100"), 5, "a dose without amount"),
    "a modelled rate": (("300,100", "300,-2"), 5, "a rate that a model decides"),
    "ADDL without II": (("125,7,1", "125,.,1"), 3, "doses follow without II"),
    "changing weight": (("100,.,.,1,1,.,80", "100,.,.,1,1,.,81"), 5, "81.0 where line 4 has 80.0"),
    "IDs apart": (("2,9,", "1,9,"), 5, "the ID '1' of line 2 again, after others"),
    "late": (("2,9,", "2,90,"), 5, "a dose at 2160 h is outside the run"),
    "overlap": (("2,9,", "2,1.1,"), 5, "begins before the one before it ends"),
    "no unit of time": (("TIME [d]", "TIME"), 1, "TIME has no unit"),
    "steady state": (("MDV", "SS"), 3, "SS begins in a steady state"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_cannot_be_read_is_refused_at_its_line(load, name):
    table, line, told = TABLES[name]
    with pytest.raises(InputError) as error:
        load(table)
    assert told in str(error.value)
    assert all(fault.file == "patients.csv" for fault in error.value.faults)
    assert error.value.faults[0].line == line


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_data_set_that_cannot_be_read_is_refused_at_its_line(load, name):
    (old, new), line, told = DATA_SETS[name]
    assert old in EVENTS
    with pytest.raises(InputError) as error:
        load(EVENTS.replace(old, new, 1), given=RECORDED)
    assert told in str(error.value)
    assert next(fault.line for fault in error.value.faults if told in str(fault)) == line


@pytest.mark.parametrize(("table", "given", "told"), [
    (EVENTS, FIXED, r"no arm gives the doses of patients\.csv"),
    ("covariates.weight_kg\n70\n", RECORDED, "no table says what was recorded"),
])  # fmt: skip
def test_doses_and_arms_that_give_them_come_together(load, table, given, told):
    with pytest.raises(InputError, match=told):
        load(table, given=given)


def test_what_a_table_says_that_does_not_fit_together_is_told_of_the_patient(load):
    with pytest.raises(InputError, match=r"patient 0  covariates\.body_surface_m2  body surface follows from weight"):
        load("covariates.height_cm,covariates.body_surface_m2\n170,2.1\n")


def test_a_record_without_a_cohort_is_refused_where_it_is_given(load):
    with pytest.raises(InputError, match=r"s\.yaml:.*arms\.given\.add\.0  no table says what was recorded"):
        load("covariates.weight_kg\n70\n", given=RECORDED, sets=("cohort=null",))


def test_a_changed_table_is_refused_by_name_and_a_file_beyond_reach_too(load, tmp_path):
    scenario = load("covariates.weight_kg\n70\n")
    table = Path(scenario.cohort.table.file)
    table.write_text("covariates.weight_kg\n71\n")
    with pytest.raises(InputError, match=r"'patients\.csv' has changed"):
        draws(Scenario.model_validate(plain(scenario)), 0)
    with pytest.raises(InputError, match="out of reach"):
        load("covariates.weight_kg\n70\n", sets=("cohort.table=/etc/hostname",))
