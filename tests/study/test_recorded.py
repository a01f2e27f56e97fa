"""What a run tells of its doses and patients in the form of NONMEM gives, read back, the same run."""

import json
import shutil

import pandas as pd
import pytest

import abm
from abm.core.errors import InputError
from abm.scenario.from_file import load_scenario
from abm.study.resume import going_on

TRIAL = """\
name: {name}
{replicates}
duration: 40 d
dt: 4 h
space: {{kind: body}}
populations: {{b_cells: {{kind: clone, cells_per_agent: 1e11}}}}
processes:
  drug: {{kind: one_compartment, half_life: 12 d}}
  plasma_cells: {{kind: plasma_cells}}
  igm: {{kind: igm_turnover}}
arms:
  four: {{add: [{{{four}}}]}}
  two: {{add: [{{{two}}}]}}
  untreated: {{}}
probes: {{counts: null, patient: {{every: 2 d}}}}
cohort:
  {table}
  vary:
    covariates.body_surface_m2: {{cv: 0.1}}
    populations.b_cells.cells: {{cv: 0.5}}
    covariates.sex: {{shares: {{male: 0.5, female: 0.5}}}}
"""
FIRST = {
    "name": "first",
    "replicates": "replicates: 3",
    "four": "infusion: 375 mg/m2, times: 4",
    "two": "infusion: 500 mg, at: 3 d, times: 2, every: 10 d, over: 90 min",
    "table": "table: null",
}
AGAIN = {"name": "again", "replicates": "", "four": "recorded: 100 %", "two": "recorded: 100 %"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return the folders of a run, and of the run that its tables give."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "first.yaml").write_text(TRIAL.format(**FIRST))
    first = abm.simulate(load_scenario(folder / "first.yaml"), out=folder / "runs").folder
    for name in ("nonmem.csv", "nonmem_key.csv"):
        shutil.copy(first / name, folder / name)
    table = {"table": "table: nonmem.csv\n  key: nonmem_key.csv"}
    (folder / "again.yaml").write_text(TRIAL.format(**AGAIN | table))
    return first, abm.simulate(load_scenario(folder / "again.yaml"), out=folder / "runs").folder


def test_our_own_data_set_reads_back_to_the_same_run(runs):
    first, again = runs
    for name in ("series.csv", "nonmem.csv"):
        assert (again / name).read_bytes() == (first / name).read_bytes()
    told = [pd.read_csv(run / "end_points.csv") for run in runs]
    assert told[1].drop(columns="id").equals(told[0])
    patients = pd.read_csv(again / "patients.csv")
    assert patients["id"].tolist() == [1, 2, 3]
    assert patients.drop(columns="id").equals(pd.read_csv(first / "patients.csv"))


def test_the_files_are_told_by_name_and_hash_and_no_path_leaves_the_machine(runs):
    folder = runs[1]
    files = json.loads((folder / "provenance.json").read_text())["files"]
    assert [one["name"] for one in files] == ["nonmem.csv", "nonmem_key.csv"]
    assert all(len(one["sha256"]) == 64 for one in files)
    for path in folder.glob("*.*"):
        assert str(folder.parents[2]).encode() not in path.read_bytes(), path.name


def test_numbers_take_the_place_of_ids_where_that_is_asked(tmp_path):
    (tmp_path / "named.csv").write_text("ID,covariates.body_surface_m2\nAnna-Maria,1.8\n")
    table = {"name": "named", "replicates": "", "table": "table: named.csv"}
    (tmp_path / "named.yaml").write_text(TRIAL.format(**FIRST | table))
    short = ("duration=8 d", "arms.two=null", "arms.four.add.0.times=1")
    told = abm.simulate(load_scenario(tmp_path / "named.yaml", short), out=tmp_path / "runs")
    assert told.patients["id"].tolist() == ["Anna-Maria"]
    assert set(told.end_points["id"]) == {"Anna-Maria"}
    numbered = load_scenario(tmp_path / "named.yaml", (*short, "cohort.anonymise=true"))
    hidden = abm.simulate(numbered, out=tmp_path / "runs")
    assert hidden.patients["id"].tolist() == ["1"]
    assert not any(b"Anna" in path.read_bytes() for path in hidden.folder.rglob("*") if path.is_file())
    assert hidden.series.equals(told.series)


def test_a_run_whose_table_has_changed_or_moved_is_not_resumed(runs):
    folder, table = runs[1], runs[1].parents[2] / "nonmem.csv"
    before = table.read_bytes()
    assert going_on(folder, (), None)[0].cohort.table.name == "nonmem.csv"
    try:
        table.write_bytes(before + b"\n")
        with pytest.raises(InputError, match=r"'nonmem\.csv' has changed"):
            going_on(folder, (), None)
        table.unlink()
        with pytest.raises(InputError, match=r"no such file '.*nonmem\.csv'"):
            going_on(folder, (), None)
    finally:
        table.write_bytes(before)
