"""Donors of wells: replicates that differ as a cohort says, the same in every arm and its control."""

import numpy as np
import pandas as pd
import pytest

from abm.core.errors import InputError
from abm.core.par import plain
from abm.document.load import Document, apply_overrides, validate
from abm.readouts.survival import Survival
from abm.results.run import Run
from abm.scenario.build import Subject, build, subjects
from abm.scenario.draws import draws
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario
from abm.study.jobs import Flow
from abm.study.rows import RowJob, as_base
from abm.study.run import run_scenario

BASE = """\
seed: 1
replicates: 4
duration: 1 h
dt: 5 min
space: {kind: floor, side: 400 um, volume: 1 uL}
populations: {b_cells: {n: 60, cd20: {median: 65000}}, nk_cells: {per_b_cell: 5}}
processes:
  binding: {kind: binding}
  docking: {kind: complement_docking}
  c3b: {kind: c3b_deposition}
  mac: {kind: mac_insertion}
  lysis: {kind: mac_lysis}
  engagement: {kind: engagement}
  killing: {kind: killing}
arms:
  both: {add: [{rituximab: 10 ug/mL}, {serum: 25 %}]}
  drug: {add: [{rituximab: 10 ug/mL}]}
cohort:
  vary:
    populations.b_cells.cd20.median: {cv: 0.3}
    populations.nk_cells.state: {shares: {il2: 0.5, resting: 0.5}}
    covariates.age_years: {range: [25, 75]}
    covariates.fcgr3a: {shares: {VV: 0.3, VF: 0.3, FF: 0.4}}
    serum.donor.il6_sd: {sd: 1}
    serum.age_years: {range: [20, 60]}
    serum.sex: {shares: {male: 0.5, female: 0.5}}
"""
LAST = "    serum.sex: {shares: {male: 0.5, female: 0.5}}\n"


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    folder = tmp_path_factory.mktemp("donors")

    def read(text=BASE, *sets):
        (folder / "donors.yaml").write_text(text)
        return load_scenario(folder / "donors.yaml", sets)

    return read


@pytest.fixture(scope="module")
def run(load, tmp_path_factory):
    return run_scenario(load(), tmp_path_factory.mktemp("runs"), 1)


def last_of(simulation):
    simulation.run()
    return list(simulation.records["counts"].values())[-1]


@pytest.mark.parametrize("subject", [Subject("both", 2), Subject("both~control", 2, is_control=True)])
def test_a_donor_is_a_well_with_his_values_in_an_arm_and_in_its_control(load, run, subject):
    scenario = load()
    own = apply_overrides(plain(scenario), {"cohort": None, **draws(scenario, 2)}, Scenario)
    last = last_of(build(validate(Scenario, Document("one", own)), subject))
    told = run.series().query("arm == @subject.arm and replicate == 2").iloc[-1]
    for name in set(last) & set(told.index):
        assert told[name] == pytest.approx(last[name], rel=1e-6, nan_ok=True), name


def test_donors_differ_and_each_is_the_same_in_every_arm(load):
    scenario = load()
    wells = {(s.arm, s.replicate): build(scenario, s).world for s in subjects(scenario)}
    cd20 = {key: world.populations["b_cells"].cd20_per_cell for key, world in wells.items()}
    for replicate in range(4):
        first, *others = (values for (_, r), values in cd20.items() if r == replicate)
        assert all(np.array_equal(first, other) for other in others)
    medians = [np.median(cd20["both", r]) / draws(scenario, r)["populations.b_cells.cd20.median"] for r in range(4)]
    assert np.ptp(medians) < 0.5
    assert len({world.properties["covariates"].age_years for world in wells.values()}) == 4
    assert len({world.properties["serum"].age_years for world in wells.values()}) == 4


def test_who_they_are_is_written_down(load, run):
    scenario, table = load(), run.donors()
    assert list(table) == ["replicate", *scenario.cohort.vary]
    for row in table.to_dict("records"):
        assert {k: v for k, v in row.items() if k != "replicate"} == pytest.approx(draws(scenario, row["replicate"]))
    assert run.measures("donors").of("serum.age_years").unit == "years"


def test_wells_that_are_alike_have_no_table_of_donors(load, tmp_path):
    alike = run_scenario(load(BASE, "cohort=null", "replicates=1", "duration=10 min"), tmp_path, 1)
    assert not alike.has("donors.csv")


def test_a_study_shows_of_donors_what_a_run_shows(load, run):
    scenario = load()
    row = RowJob(0, as_base(scenario), {}, scenario.seed).run(Flow(lambda done, total: None, lambda: False))
    for arm, told in run.summary()["arms"].items():
        for name in Survival.relative:
            key = "specific_lysis" if name == "lysis" else name
            assert row[f"{arm}.{name}"] == pytest.approx(told[key]["mean"], rel=1e-12)


@pytest.mark.parametrize(
    ("spread", "told"),
    [
        ("serum.age_years: {sd: 10 years}", "there is no value to spread about; allowed: a range, or a value"),
        ("covariates.height_cm: {cv: 0.1}", "there is no value to spread about"),
        ("duration: {cv: 0.1}", "the same for all donors; allowed: paths below covariates, populations"),
        ("populations.b_cells.cd20.mdian: {cv: 0.1}", "did you mean 'median'"),
        ("populations.nk_cells.state: {shares: {il3: 1}}", "il2"),
        ("serum.donor.il6_sd: {sd: -1}", "the standard deviation -1"),
    ],
)
def test_what_cannot_differ_between_donors_is_refused_at_its_line(load, spread, told):
    path, text = spread.split(":")[0], BASE
    kept = [line for line in text.splitlines(keepends=True) if not line.strip().startswith(f"{path}:")]
    with pytest.raises(InputError) as refused:
        load("".join(kept) + f"    {spread}\n")
    (fault,) = refused.value.faults
    assert told in str(fault)
    assert fault.line == len(kept) + 1


def test_a_spread_about_a_value_of_the_scenario_is_none_about_nothing(load):
    text = BASE.replace("    serum.age_years: {range: [20, 60]}\n", "    serum.age_years: {sd: 5 years}\n")
    ages = [draws(load(text, "serum.age_years=40"), r)["serum.age_years"] for r in range(200)]
    assert np.mean(ages) == pytest.approx(40, abs=1.5)
    assert np.std(ages) == pytest.approx(5, rel=0.2)


def test_what_every_donor_draws_is_not_set(load):
    with pytest.raises(InputError, match=r"every donor draws a value of its own for it.*all its donors have"):
        load(BASE, "covariates.age_years=30")


def test_an_arm_may_set_what_donors_differ_in_for_all_of_them(load):
    arms = "arms.old={add: [{rituximab: 10 ug/mL}, {serum: 25 %}], set: {covariates.age_years: 80}}"
    scenario = load(BASE, arms)
    old = [build(scenario, Subject("old", r)).world.properties["covariates"].age_years for r in range(4)]
    assert old == [80.0] * 4


def test_the_tables_of_donors_are_given_in_python_too(run):
    from abm.study.simulate import _collect

    pd.testing.assert_frame_equal(_collect(Run(run.path), keep=True).donors, run.donors())
