"""The long table of doses and measurements, read back by a plain reader that knows its key and nothing of the model."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import abm
from abm.scenario.build import Subject, build
from abm.scenario.draws import draws
from abm.scenario.from_file import load_scenario

TRIAL = """\
name: trial
replicates: 2
duration: {duration}
dt: 4 h
space: {{kind: body}}
populations: {{b_cells: {{kind: clone, cells_per_agent: 1e11}}}}
processes:
  drug: {{kind: one_compartment, half_life: 12 d}}
  exchange: {{kind: plasmapheresis}}
  plasma_cells: {{kind: plasma_cells}}
  igm: {{kind: igm_turnover}}
{growth}
arms:
  once: {{add: [{{infusion: 375 mg/m2, times: 4, at: 3 d}}]}}
  more:
    add:
      - {{infusion: 375 mg/m2, times: 2, every: 5 d}}
      - {{infusion: 500 mg, at: 11 d, over: 8 h, unless_progressed: true}}
      - {{plasmapheresis: 60 %, at: 12 d}}
      - {{infusion: 100 mg/m2, at: 69.9 d, over: 8 h}}
  untreated: {{}}
probes: {{counts: null, patient: {{every: 3 d, at: [25 h]}}}}
cohort:
  vary:
    covariates.body_surface_m2: {{cv: 0.1}}
    processes.drug.half_life: {{cv: 0.3}}
    covariates.sex: {{shares: {{male: 0.5, female: 0.5}}}}
"""
GROWTH = "  growth: {kind: logistic_growth, rate: 0.9 /d, rel_capacity: 50}"


def run(folder, duration="70 d", growth=""):
    """Run the trial and return its folder; it ends in the middle of an infusion."""
    path = folder / "trial.yaml"
    path.write_text(TRIAL.format(duration=duration, growth=growth))
    return abm.simulate(load_scenario(path), out=folder).folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return run(tmp_path_factory.mktemp("long"))


@pytest.fixture(scope="module")
def rows(folder):
    return pd.read_csv(folder / "nonmem.csv")


def of(folder, rows, protocol):
    """Return the rows of the first patient under a protocol, by the key."""
    key = pd.read_csv(folder / "nonmem_key.csv", keep_default_na=False)
    number = key.loc[(key["column"] == "PROTOCOL") & (key["meaning"] == protocol), "value"].astype(int).item()
    return rows[(rows["PROTOCOL"] == number) & (rows["PATIENT"] == 1)]


def test_every_subject_has_an_id_of_its_own_in_order_of_time(rows):
    assert rows.groupby("ID")[["PATIENT", "PROTOCOL"]].nunique().max().max() == 1
    assert rows["ID"].nunique() == 6
    assert list(rows.columns[:4]) == ["ID", "PROTOCOL", "TIME", "DV"]
    assert rows["ID"].is_monotonic_increasing
    assert all(own["TIME"].is_monotonic_increasing for _, own in rows.groupby("ID"))


def test_every_value_is_a_number_and_a_missing_one_is_empty(folder, rows):
    assert all(np.issubdtype(kind, np.number) for kind in rows.dtypes)
    assert (rows["DV"].isna() == (rows["MDV"] == 1)).all()
    assert (rows["MDV"] == (rows["EVID"] != 0)).all()
    assert not rows.drop(columns="DV").isna().any().any()


def test_the_header_names_the_one_unit_of_time(folder, rows):
    assert (rows["TIME_d"] == rows["TIME"]).all()
    key = pd.read_csv(folder / "nonmem_key.csv").set_index("column")
    units = key["unit"].dropna()
    assert {units[name] for name in ("TIME", "TIME_d", "II", "PROCESSES_DRUG_HALF_LIFE")} == {"d"}
    assert units["RATE"] == "mg/d"
    assert not units.str.contains(r"\bh\b").any()
    assert set(key.index) >= set(rows.columns)


def test_words_are_numbers_that_the_key_explains(folder, rows):
    key = pd.read_csv(folder / "nonmem_key.csv", keep_default_na=False)
    words = {column: dict(zip(own["value"], own["meaning"], strict=True)) for column, own in key.groupby("column")}
    scenario = load_scenario(folder / "scenario.yaml")
    for patient, own in rows.groupby("PATIENT"):
        drawn = draws(scenario, int(patient) - 1)
        assert {words["COVARIATES_SEX"][str(n)] for n in own["COVARIATES_SEX"]} == {drawn["covariates.sex"]}
        assert own["PROCESSES_DRUG_HALF_LIFE"].iloc[0] == pytest.approx(drawn["processes.drug.half_life"] / 24.0)
    assert [words["PROTOCOL"][str(n)] for n in sorted(rows["PROTOCOL"].unique())] == ["once", "more", "untreated"]


def test_amounts_are_what_was_given_and_sum_to_the_ledger(folder, rows):
    series = pd.read_csv(folder / "series.csv")
    ledger = series.groupby(["arm", "replicate"], sort=False)["dosed_mg"].last().to_numpy()
    assert rows.groupby("ID")["AMT"].sum().to_numpy() == pytest.approx(ledger, rel=1e-9)
    bsa = draws(load_scenario(folder / "scenario.yaml"), 0)["covariates.body_surface_m2"]
    doses = of(folder, rows, "more").query("EVID == 1")
    assert doses["TIME"].tolist() == pytest.approx([0.0, 5.0, 11.0, 69.9])
    cut = 100 * bsa * 0.1 / (8 / 24)  # 0.1 d of 8 h
    assert doses["AMT"].tolist() == pytest.approx([375 * bsa, 375 * bsa, 500, cut], rel=1e-6)
    assert doses["RATE"].tolist() == pytest.approx([6 * 375 * bsa, 6 * 375 * bsa, 1500, 300 * bsa], rel=1e-6)
    assert (rows["AMT"] > 0).equals(rows["EVID"] == 1)


def test_a_dose_by_weight_is_told_in_mg(tmp_path):
    path = tmp_path / "trial.yaml"
    text = TRIAL.format(duration="6 d", growth="").replace("375 mg/m2, times: 4, at: 3 d", "10 mg/kg")
    path.write_text(text.replace("sex: {shares: {male: 0.5, female: 0.5}}", "weight_kg: {cv: 0.2}"))
    scenario = load_scenario(path, ["arms.more=null", "arms.untreated=null"])
    rows = pd.read_csv(abm.simulate(scenario, out=tmp_path).folder / "nonmem.csv").query("EVID == 1")
    weights = [draws(scenario, replicate)["covariates.weight_kg"] for replicate in range(scenario.replicates)]
    assert rows["AMT"].tolist() == pytest.approx([10 * kg for kg in weights], rel=1e-6)
    assert rows["COVARIATES_WEIGHT_KG"].tolist() == pytest.approx(weights, rel=1e-6)


@pytest.mark.parametrize(("growth", "times"), [("", [0.0, 5.0, 11.0, 69.9]), (GROWTH, [0.0, 5.0, 69.9])])
def test_a_course_that_was_withheld_is_no_dose(tmp_path, growth, times):
    folder = run(tmp_path, growth=growth)
    rows = pd.read_csv(folder / "nonmem.csv")
    assert of(folder, rows, "more").query("EVID == 1")["TIME"].tolist() == pytest.approx(times)
    ledger = pd.read_csv(folder / "series.csv").groupby(["arm", "replicate"], sort=False)["dosed_mg"].last()
    assert rows.groupby("ID")["AMT"].sum().to_numpy() == pytest.approx(ledger.to_numpy(), rel=1e-9)


def test_a_plasma_exchange_says_what_it_takes(folder, rows):
    exchange = of(folder, rows, "more").query("EVID == 2")
    assert exchange[["TIME", "CMT", "REMOVED", "AMT", "MDV"]].to_numpy().tolist() == [[12.0, 1, 0.6, 0.0, 1]]
    assert (rows.loc[rows["EVID"] != 2, "REMOVED"] == 0).all()
    assert (of(folder, rows, "once")["EVID"] != 2).all()


def superposed(own, volume_L):
    """Return the concentration at each measurement of the drug: one compartment, doses and exchanges of the table."""
    k = math.log(2) / own["PROCESSES_DRUG_HALF_LIFE"].iloc[0]
    seen, mg, t, running = [], 0.0, 0.0, []
    for row in own.itertuples():
        while t < row.TIME:
            ends = [end for _, end in running if end > t]
            until = min([row.TIME, *ends])
            rate = sum(rate for rate, end in running if end > t)
            mg, t = mg * math.exp(-k * (until - t)) + rate * (1 - math.exp(-k * (until - t))) / k, until
        if row.EVID == 1:
            running.append((row.RATE, row.TIME + row.AMT / row.RATE))
        mg *= 1.0 - row.REMOVED
        if row.EVID == 0 and row.CMT == 1:
            seen.append((row.DV, mg / volume_L))
    return np.array(seen).T


def test_an_independent_reader_gets_the_concentrations_from_the_doses(folder, rows):
    volume_L = load_scenario(folder / "scenario.yaml").processes["drug"].v1
    for _, own in rows.groupby("ID"):
        seen, expected = superposed(own, volume_L)
        assert expected == pytest.approx(seen, rel=1e-9, abs=1e-12)
    assert superposed(of(folder, rows, "more"), volume_L)[0].max() > 100


def test_the_doses_of_the_table_run_again_give_the_same_concentrations(folder, rows):
    own = of(folder, rows, "more")
    done = [
        {"at": f"{row.TIME} d", "infusion": f"{row.AMT} mg", "over": f"{row.AMT / row.RATE} d"}
        if row.EVID == 1
        else {"at": f"{row.TIME} d", "plasmapheresis": row.REMOVED}
        for row in own[own["EVID"] > 0].itertuples()
    ]
    half_life = own["PROCESSES_DRUG_HALF_LIFE"].iloc[0]
    arms = f"arms={{again: {{add: {done}}}}}"
    sets = ("cohort=null", "replicates=1", f"processes.drug.half_life={half_life} d", arms)
    series = abm.simulate(load_scenario(folder / "scenario.yaml", sets)).series.set_index("time_h")
    seen = own[(own["EVID"] == 0) & (own["CMT"] == 1)]
    again = np.interp(seen["TIME"] * 24, series.index, series["rituximab_ug_per_mL"])
    assert again == pytest.approx(seen["DV"].to_numpy(), rel=1e-6, abs=1e-9)
    assert series["dosed_mg"].iloc[-1] == pytest.approx(own["AMT"].sum(), rel=1e-6)


def test_measurements_are_those_of_looks_before_the_dose(folder, rows):
    series = pd.read_csv(folder / "series.csv").query("arm == 'once' and replicate == 0").set_index("time_h")
    own = of(folder, rows, "once")
    for compartment, name in ((1, "rituximab_ug_per_mL"), (2, "igm_g_per_L")):
        seen = own[(own["EVID"] == 0) & (own["CMT"] == compartment)]
        assert seen["DV"].tolist() == series.loc[(seen["TIME"] * 24).round(6), name].tolist()
        assert seen["TIME"].tolist()[:4] == [3.0, 9.0, 15.0, 24.0]  # the last looks up to days 3, 10, 17, 24
    at_dose = own[own["TIME"] == 3.0]
    assert at_dose["EVID"].tolist() == [0, 0, 1]
    assert at_dose["DV"].iloc[0] == 0.0


CLL = Path(__file__).parents[2] / "configs" / "scenarios" / "chiodin2022.yaml"
FEW = ("populations.b_cells.cells_per_agent=1e11", "end_points.follow_up_spread=0 h")


def test_regimens_by_mouth_are_rows_of_repeated_doses(tmp_path):
    oral = "{ibrutinib: 420 mg}, {ibrutinib: 140 mg, at: 10 d}, {ibrutinib: 0 mg, at: 40 d}"
    arms = f"arms={{a: {{add: [{oral}, {{infusion: 375 mg/m2, at: 50 d}}]}}}}"
    result = abm.simulate(load_scenario(CLL, (*FEW, "replicates=2", "duration=4 months", arms)), out=tmp_path)
    table = pd.read_csv(result.folder / "nonmem.csv")
    oral = table[(table["CMT"] == 4) & (table["ID"] == 1)]
    assert oral[["TIME", "AMT", "ADDL", "II"]].to_numpy().tolist() == [[0, 420, 9, 1], [10, 140, 29, 1]]
    assert len(table[(table["EVID"] == 1) & (table["CMT"] == 1)]) == 2
    counts = table[(table["CMT"] == 3) & (table["ID"] == 1)]
    assert counts["TIME"].tolist() == [0, 28, 56, 84, 112]
    assert counts["DV"].iloc[0] == pytest.approx(result.end_points["baseline_lymphocytes_per_nL"].iloc[0], rel=1e-4)
    assert "PROCESSES_SIGNALLING_SURFACE_IGM_MFI" in table
    assert not (table["CMT"] == 2).any()


def test_doses_by_mouth_that_were_missed_are_left_out(tmp_path):
    arms = "arms={a: {add: [{ibrutinib: 420 mg, missed: 30 %}]}}"
    scenario = load_scenario(CLL, (*FEW, "replicates=1", "cohort=null", "duration=100 d", arms))
    table = pd.read_csv(abm.simulate(scenario, out=tmp_path).folder / "nonmem.csv")
    oral = table[table["CMT"] == 4]
    simulation = build(scenario, Subject("a", 0))
    simulation.run()
    taken = simulation.world.pools["ibrutinib_dosed_mg"] / 420.0
    assert (oral["ADDL"] + 1).sum() == taken
    assert 55 < taken < 85


def test_what_a_protocol_sets_is_what_its_patients_are(tmp_path):
    own = (
        "{set: {covariates.body_surface_m2: 2.5 m2, covariates.sex: female}, "
        "change: [{at: 5 d, set: {processes.drug.half_life: 48 h}}]}"
    )
    path = tmp_path / "set.yaml"
    path.write_text(TRIAL.format(duration="70 d", growth="").replace("untreated: {}", f"untreated: {own}"))
    scenario = load_scenario(path)
    folder = abm.simulate(scenario, out=tmp_path).folder
    table, key = pd.read_csv(folder / "nonmem.csv"), pd.read_csv(folder / "nonmem_key.csv")
    female = key.loc[(key["column"] == "COVARIATES_SEX") & (key["meaning"] == "female"), "value"].item()
    rows = of(folder, table, "untreated")
    assert set(rows["COVARIATES_SEX"]) == {female}
    assert set(rows["COVARIATES_BODY_SURFACE_M2"]) == {2.5}
    drawn = draws(scenario, 0)
    for days, some in ((drawn["processes.drug.half_life"] / 24.0, rows["TIME"] < 5), (2.0, rows["TIME"] > 5)):
        assert rows.loc[some, "PROCESSES_DRUG_HALF_LIFE"].to_numpy() == pytest.approx(days)
    assert of(folder, table, "once")["COVARIATES_BODY_SURFACE_M2"].to_numpy() == pytest.approx(
        drawn["covariates.body_surface_m2"]
    )
