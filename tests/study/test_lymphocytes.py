"""End points of CLL on hand-made courses, and what a cohort study reports of them."""

import math

import numpy as np
import pandas as pd
import pytest

import abm
from abm.scenario.build import Well, build
from abm.scenario.cohort import LymphocyteEndPoints
from abm.scenario.schema import Arm
from abm.study.lymphocyte_end_points import first_progression, lymphocyte_end_points

WEEK = 168.0
DAILY = Arm.model_validate({"add": [{"ibrutinib": "420 mg"}]})
RULES = LymphocyteEndPoints(follow_up_spread="0 h", longest_delay="0 h")


def course(count, every_h=4 * WEEK):
    return [
        {"time_h": i * every_h, "lymphocytes_per_nL": n, "baseline_surface_igm_MFI": 80.0, "calcium_percent": 50.0,
         "signal_rel": 1.0 if i == 0 else 0.4}
        for i, n in enumerate(count)
    ]  # fmt: skip


def found(count, rules=RULES, seed=1, replicate=0, arm=DAILY):
    return lymphocyte_end_points(course(count), arm, rules, seed, replicate)


def test_a_rise_by_half_from_the_lowest_that_the_next_visit_confirms_is_progression():
    one = found([60, 100, 80, 60, 40, 20, 10, 8, 6, 6, 8, 9, 12, 15])
    assert one["progressed"] == 1.0
    assert one["time_to_progression_d"] == 11 * 28
    assert one["time_to_next_treatment_d"] == 11 * 28
    assert one["nadir_per_nL"] == 6.0
    assert one["inhibition_frac"] == pytest.approx(0.6)


def test_a_single_high_count_and_a_rise_below_five_are_none():
    assert found([60, 60, 40, 20, 10, 8, 6, 6, 9.5, 6, 6, 6])["progressed"] == 0.0
    assert found([60, 60, 40, 20, 10, 4, 2, 1, 1, 1, 2, 4.5, 4.9])["progressed"] == 0.0
    one = found([60, 60, 40, 20, 10, 4, 2, 1, 1, 2, 4.5, 5.1, 5.2])
    assert one["time_to_progression_d"] == 11 * 28


def test_lymphocytes_that_stay_up_after_redistribution_are_no_progression():
    falls_late = [60, *[180] * 8, *np.linspace(170, 60, 12)]
    assert found(falls_late)["progressed"] == 0.0
    assert found(falls_late)["peak_rel"] == 3.0


def test_when_the_first_rise_is_over():
    assert found([60, 100, 90, 61, 60, 30])["time_to_baseline_d"] == 4 * 28
    assert math.isnan(found([60, 50, 40])["time_to_baseline_d"])
    assert math.isnan(found([60, 100, 90])["time_to_baseline_d"])


def test_the_next_treatment_comes_within_its_delay_and_follow_up_ends_it():
    rules = LymphocyteEndPoints(follow_up_spread="0 h", longest_delay="6 months")
    count = [60, 60, 40, 20, 10, 8, 6, 6, 6, 10, 12, 15, 20, 30, 40, 50, 60, 70, 80, 90]
    delays = [
        one["time_to_next_treatment_d"] - one["time_to_progression_d"]
        for one in (found(count, rules, replicate=i) for i in range(200))
    ]
    assert 0.0 <= min(delays) < 10
    assert 170 < max(delays) <= 183
    assert np.mean(delays) == pytest.approx(91, abs=12)
    short = found(count[:12], rules, replicate=int(np.argmax(delays)))
    assert short["progressed"] == 1.0
    assert short["treated_next"] == 0.0
    assert math.isnan(short["time_to_next_treatment_d"])


def test_follow_up_spreads_about_its_middle():
    rules = LymphocyteEndPoints(follow_up_spread="6 months")
    ends = [found([60.0] * 40, rules, replicate=i)["follow_up_d"] for i in range(300)]
    assert min(ends) >= 39 * 28 - 366 - 28
    assert max(ends) <= 39 * 28
    assert np.median(ends) == pytest.approx(39 * 28 - 183, abs=30)


def test_no_visit_after_redistribution_is_no_progression():
    assert math.isnan(first_progression(np.arange(4) * 4 * WEEK, np.array([1.0, 50, 100, 150]), RULES))


@pytest.fixture(scope="module")
def cohort():
    sets = ("replicates=12", "populations.b_cells.cells_per_agent=1e11", "duration=24 months")
    own = (*sets, "end_points.follow_up_spread=3 months")
    return abm.simulate(abm.load_scenario("configs/scenarios/chiodin2022.yaml", own))


def test_a_cohort_reports_events_by_surface_igm_and_calcium(cohort):
    arm, ends = cohort.summary["arms"]["ibrutinib"], cohort.end_points
    assert arm["n"] == len(ends) == 12
    high = ends["surface_igm_MFI"] > 50
    by = arm["by"]["surface_igm"]["progression"]
    assert by["high"]["n"] == int(high.sum())
    assert by["low"]["n"] == int((~high).sum())
    assert by["high"]["k"] == int(ends.loc[high, "progressed"].sum())
    assert arm["by"]["calcium"]["progression"]["low"]["n"] == round(12 * 0.44)
    assert ends["follow_up_d"].nunique() > 3
    assert cohort.summary["conservation"]["clone_rel_error"] < 1e-9


def test_the_series_has_blood_tissue_and_mutated_cells_and_no_serum_igm(cohort):
    first = cohort.series.groupby("replicate").first()
    blood = (first["n_clone"] - first["n_tissue"]).to_numpy()
    assert first["lymphocytes_per_nL"].to_numpy() * 5.0e9 == pytest.approx(blood, rel=1e-9)
    assert "igm_g_per_L" not in cohort.series


def test_the_long_table_has_regimens_counts_and_covariates(tmp_path):
    oral = "{ibrutinib: 420 mg}, {ibrutinib: 140 mg, at: 10 d}, {ibrutinib: 0 mg, at: 40 d}"
    arms = f"arms={{a: {{add: [{oral}, {{infusion: 375 mg/m2, at: 50 d}}]}}}}"
    few = ("replicates=2", "populations.b_cells.cells_per_agent=1e11", "duration=4 months", arms)
    scenario = abm.load_scenario("configs/scenarios/chiodin2022.yaml", (*few, "end_points.follow_up_spread=0 h"))
    result = abm.simulate(scenario, out=tmp_path)
    table = pd.read_csv(result.folder / "nonmem.csv")
    oral = table[(table["CMT"] == 4) & (table["ID"] == 1)]
    assert oral[["TIME", "AMT", "ADDL", "II"]].to_numpy().tolist() == [[0, 420, 9, 1], [10, 140, 29, 1]]
    assert len(table[(table["EVID"] == 1) & (table["CMT"] == 1)]) == 2
    counts = table[(table["CMT"] == 3) & (table["ID"] == 1)]
    assert counts["TIME"].tolist() == [0, 28, 56, 84, 112]
    assert counts["DV"].iloc[0] == pytest.approx(result.end_points["baseline_lymphocytes_per_nL"].iloc[0], rel=1e-4)
    assert "PROCESSES_SIGNALLING_SURFACE_IGM_MFI" in table
    assert not (table["CMT"] == 2).any()


def test_everything_counts_from_the_first_dose():
    late = Arm.model_validate({"add": [{"ibrutinib": "0 mg"}, {"ibrutinib": "420 mg", "at": "140 d"}]})
    count = [60, 60, 60, 60, 60, 60, 110, 90, 60, 40, 20, 10, 8, 6, 6, 6]
    one = found(count, arm=late)
    assert one["progressed"] == 0.0
    assert one["peak_rel"] == pytest.approx(110 / 60)
    assert one["time_to_baseline_d"] == 3 * 28
    assert one["inhibition_frac"] == pytest.approx(0.6)
    assert one["follow_up_d"] == 10 * 28


def test_a_late_relapse_is_not_the_early_rise():
    one = found([60, 100, 110, 80, 50, 30, 15, 8, 8, 20, 60, 130, 150, 160])
    assert one["peak_rel"] == pytest.approx(110 / 60)
    assert one["time_to_baseline_d"] == 4 * 28


def test_the_long_table_leaves_out_doses_that_were_missed(tmp_path):
    arms = "arms={a: {add: [{ibrutinib: 420 mg, missed: 30 %}]}}"
    few = ("replicates=1", "cohort=null", "populations.b_cells.cells_per_agent=1e11", "duration=100 d", arms)
    scenario = abm.load_scenario("configs/scenarios/chiodin2022.yaml", (*few, "end_points.follow_up_spread=0 h"))
    table = pd.read_csv(abm.simulate(scenario, out=tmp_path).folder / "nonmem.csv")
    oral = table[table["CMT"] == 4]
    simulation = build(scenario, Well("a", 0))
    simulation.run()
    taken = simulation.world.pools["ibrutinib_dosed_mg"] / 420.0
    assert (oral["ADDL"] + 1).sum() == taken
    assert 55 < taken < 85
