"""End points of CLL on hand-made courses, and what a cohort study reports of them."""

import math

import numpy as np
import pandas as pd
import pytest

import abm
from abm.readouts.lymphocytes import Lymphocytes, first_progression, lymphocyte_end_points
from abm.readouts.readout import Seen
from abm.scenario.arms import Arm

WEEK = 168.0
DAILY = Arm.model_validate({"add": [{"ibrutinib": "420 mg"}]})
RULES = Lymphocytes(follow_up_spread="0 h", longest_delay="0 h")


def course(count, every_h=4 * WEEK, mutated=1.0):
    return [
        {"time_h": i * every_h, "lymphocytes_per_nL": n, "baseline_surface_igm_MFI": 80.0, "calcium_percent": 50.0,
         "signal_rel": 1.0 if i == 0 else 0.4, "n_clone": 4.0 * n, "n_c481s": mutated * n}
        for i, n in enumerate(count)
    ]  # fmt: skip


def found(count, rules=RULES, seed=1, replicate=0, arm=DAILY):
    return lymphocyte_end_points(Seen(course(count), arm.add, seed, replicate), rules)


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
    assert found([60, 100, 90, 61, 60, 30, 30])["time_to_baseline_d"] == 4 * 28
    assert math.isnan(found([60, 50, 40, 40, 40, 40, 40])["time_to_baseline_d"])
    assert math.isnan(found([60, 100, 90, 90, 90, 90, 90])["time_to_baseline_d"])


@pytest.mark.parametrize(
    ("name", "n_visits", "no"),
    [("progressed", 10, 0.0), ("treated_next", 10, 0.0), ("peak_rel", 7, 1.0), ("nadir_per_nL", 2, 60.0),
     ("inhibition_frac", 2, 0.6)],
)  # fmt: skip
def test_what_follow_up_was_too_short_to_see_is_missing_not_no(name, n_visits, no):
    """Half a year of redistribution is seen at 7 visits; the lowest, a rise and its confirmation take three more."""
    assert math.isnan(found([60.0] * (n_visits - 1))[name])
    assert found([60.0] * n_visits)[name] == pytest.approx(no)


def test_a_rise_that_was_seen_in_part_is_missing_too():
    assert math.isnan(found([60, 100, 60])["peak_rel"])
    assert math.isnan(found([60, 100, 60])["time_to_baseline_d"])


def test_without_ibrutinib_nothing_is_inhibited_by_it():
    untreated, infused = Arm(), Arm.model_validate({"add": [{"infusion": "375 mg/m2"}]})
    for arm in (untreated, infused):
        one = found([60.0] * 12, arm=arm)
        assert math.isnan(one["inhibition_frac"])
        assert one["progressed"] == 0.0


def test_inhibition_is_measured_four_weeks_after_the_first_dose_of_ibrutinib():
    later = Arm.model_validate({"add": [{"infusion": "375 mg/m2"}, {"ibrutinib": "420 mg", "at": "56 d"}]})
    signals = [1.0, 1.0, 1.0, 0.3, 0.9, 0.9, 0.9, 0.9]
    rows = [row | {"signal_rel": signal} for row, signal in zip(course([60.0] * 8), signals, strict=True)]
    assert lymphocyte_end_points(Seen(rows, later.add, 1, 0), RULES)["inhibition_frac"] == pytest.approx(0.7)


def test_no_cells_are_no_progression():
    rules = Lymphocytes(follow_up_spread="0 h", longest_delay="0 h", least_per_nL=0)
    assert found([60, 30, 10, *[0.0] * 12], rules)["progressed"] == 0.0


def test_progression_is_confirmed_against_the_limit_of_the_visit_that_it_confirms():
    """A plain loop over visits, on counts about the limits."""
    rng, t_h, several = np.random.default_rng(4), np.arange(24) * 4 * WEEK, set()
    for _ in range(300):
        count, expected = np.exp(np.cumsum(rng.normal(0.0, 0.4, t_h.size))) * 8.0, math.nan
        late = [i for i in range(t_h.size) if t_h[i] > RULES.redistribution_until]
        for i in late[:-1]:
            limit = max(1.5 * min(count[late[0] : i + 1]), 5.0)
            if count[i] >= limit and count[i + 1] >= limit:
                expected = t_h[i]
                break
        assert first_progression(t_h, count, RULES) == pytest.approx(expected, nan_ok=True)
        several.add(expected)
    assert len(several) > 8


def cohort_of(**columns):
    """Return end points of patients under one protocol by name."""
    n = len(next(iter(columns.values())))
    usual = {"progressed": 0.0, "time_to_progression_d": math.nan, "treated_next": 0.0, "follow_up_d": 700.0,
             "time_to_next_treatment_d": math.nan, "time_to_baseline_d": math.nan, "peak_rel": 1.0, "nadir_per_nL": 5.0,
             "baseline_lymphocytes_per_nL": 60.0, "calcium_percent": 50.0, "surface_igm_MFI": 80.0}  # fmt: skip
    return pd.DataFrame({"arm": "one", "replicate": range(n)} | {k: [v] * n for k, v in usual.items()} | columns)


def test_shares_by_group_are_of_those_seen():
    rows = cohort_of(progressed=[1.0, 0.0, math.nan, 0.0], time_to_progression_d=[300.0, *[math.nan] * 3],
                     surface_igm_MFI=[80.0, 80.0, 80.0, 20.0])  # fmt: skip
    one = RULES.summary(None, rows)["arms"]["one"]
    assert (one["shares"]["progressed"]["k"], one["shares"]["progressed"]["n"]) == (1, 3)
    by = one["by"]["surface_igm"]["progression"]
    assert (by["high"]["k"], by["high"]["n"], by["low"]["n"]) == (1, 2, 1)


def test_a_rise_that_is_not_over_counts_as_long_as_it_was_followed():
    """Of five who rose two are back at 100 and 200 d, three are still up at 700 d; the sixth never rose."""
    rows = cohort_of(peak_rel=[2.0] * 5 + [1.0], time_to_baseline_d=[100.0, 200.0, *[math.nan] * 4])
    median = RULES.summary(None, rows)["arms"]["one"]["medians"]["time_to_baseline_d"]
    assert (median["median"], median["n"]) == (None, 5)
    half = cohort_of(peak_rel=[2.0] * 3 + [1.0], time_to_baseline_d=[100.0, 200.0, math.nan, math.nan])
    assert RULES.summary(None, half)["arms"]["one"]["medians"]["time_to_baseline_d"]["median"] == 200.0


def test_median_follow_up_is_not_shortened_by_progression():
    """Reversed Kaplan and Meier: who progressed at 100 d would have been followed as long as the others."""
    rows = cohort_of(progressed=[1.0, 1.0, 0.0, 0.0, 0.0], time_to_progression_d=[100.0, 100.0, *[math.nan] * 3],
                     follow_up_d=[700.0, 700.0, 500.0, 600.0, 700.0])  # fmt: skip
    assert RULES.summary(None, rows)["arms"]["one"]["medians"]["follow_up_d"]["median"] == 600.0


def test_the_next_treatment_comes_within_its_delay_and_follow_up_ends_it():
    rules = Lymphocytes(follow_up_spread="0 h", longest_delay="6 months")
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
    rules = Lymphocytes(follow_up_spread="6 months")
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


def looked_at(day_1, count, rules=RULES):
    """Return end points of a patient who was looked at a day after the first dose too."""
    rows = course(count)
    rows.insert(1, rows[0] | {"time_h": 24.0, "lymphocytes_per_nL": day_1})
    return lymphocyte_end_points(Seen(rows, DAILY.add), rules)


@pytest.mark.parametrize(
    ("day_1", "count", "expected"),
    [  # rise on day 1, highest by then, up by half, back by 140 d, up for a year
        (99, [60, 80, 70, 60, 50, 40, *[30] * 8], (1.65, 1, 1, 1, 0)),
        (70, [60, 80, 100, 80, 70, 61, *[59] * 8], (70 / 60, 0, 1, 0, 0)),
        (70, [60, 80, 100, *[80] * 11], (70 / 60, 0, 1, 0, 1)),
        (70, [60, 80, 80, *[70] * 11], (70 / 60, 0, 0, 0, 0)),
        (50, [60, 50, 40, *[30] * 11], (50 / 60, 1, 0, 1, 0)),
        (4.5, [2, 3, 3, 2, *[1] * 10], (2.25, 1, 0, 1, 0)),
    ],
)
def test_the_first_rise_is_counted(day_1, count, expected):
    one = looked_at(day_1, count)
    names = "day_1_rel", "peaked_by_day_1", "lymphocytosis", "back_by_140_d", "up_for_a_year"
    assert [one[name] for name in names] == pytest.approx(expected)


def test_what_of_the_first_rise_was_not_seen_is_missing():
    one = found([60, 100, 80, 60, 50, 40, 30, 30])
    assert [math.isnan(one[name]) for name in ("day_1_rel", "peaked_by_day_1", "up_for_a_year")] == [True] * 3
    assert one["lymphocytosis"] == one["back_by_140_d"] == 1.0
    short = looked_at(80, [60, 100, 80])
    assert short["day_1_rel"] == pytest.approx(80 / 60)
    assert math.isnan(short["lymphocytosis"])
    assert math.isnan(short["peaked_by_day_1"])
    assert math.isnan(short["back_by_140_d"])


def test_progression_otherwise_and_death_come_at_a_constant_rate_and_end_visits():
    """Of 2 000 patients whose lymphocytes stay down, at 0.1 a year for five years."""
    rules = Lymphocytes(other_progression="10 %/year", longest_delay="0 h")
    ends = [found([60, 60, *[1.0] * 64], rules, replicate=i) for i in range(2000)]
    time_d = np.array([one["time_to_progression_d"] for one in ends])
    assert np.mean(time_d <= 3 * 365.25) == pytest.approx(1.0 - math.exp(-0.3), abs=0.04)
    came = np.isfinite(time_d)
    assert [one["progressed"] for one in ends] == came.astype(float).tolist()
    last_d = np.array([one["follow_up_d"] for one in ends])
    assert (last_d[came] <= time_d[came]).all()
    assert (last_d[~came] == 65 * 28).all()
    assert not any(one["treated_next"] > 0 for one in ends)
    assert all(math.isnan(one["progression_c481s_frac"]) for one in ends)


def test_lymphocytes_that_rise_first_are_the_progression():
    """Who would die later in follow-up has progressed by then; who dies before the visit that confirms it, at death."""
    rules = Lymphocytes(other_progression="50 %/year", longest_delay="0 h")
    count = [60, 100, 80, 60, 40, 20, 10, 8, 6, 6, 8, 9, 12, *[15] * 30]
    ends = [found(count, rules, replicate=i) for i in range(200)]
    time_d = np.array([one["time_to_progression_d"] for one in ends])
    has_risen = np.array([one["progression_c481s_frac"] == 0.25 for one in ends])
    assert (time_d[has_risen] == 11 * 28).all()
    assert (time_d[~has_risen] < 12 * 28).all()
    assert 60 < has_risen.sum() < 180
