"""What a trial makes of its patients: response, flare and progression by the rules, and its tables."""

import math

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from abm.readouts.drug_left import starts_h
from abm.readouts.igm_course import Course
from abm.readouts.igm_response import IgmResponse, course_of, end_points, first_progression, response
from abm.readouts.over_subjects import median_time
from abm.readouts.readout import Seen, measures_of
from abm.scenario.arms import Arm
from abm.study.measures import of_arms

WEEK, RULES = 168.0, IgmResponse()
WEEKS = [float(week) for week in (*range(13), *range(16, 60, 4))]  # weekly until week 12, then every fourth


def found(igm, ends_h=0.0, rules=RULES):
    """Return the end points of a course of IgM, its last value lasting to week 56."""
    igm = [*map(float, igm)]
    seen = np.array(igm + [igm[-1]] * (len(WEEKS) - len(igm)))
    return end_points(Course(np.array(WEEKS) * WEEK, seen, ends_h), rules)


def visited(t_h, igm, given, rules=RULES):
    """Return what is seen of a series at the visits of a protocol."""
    rows = [{"time_h": t, "igm_g_per_L": level} for t, level in zip(t_h, igm, strict=True)]
    return course_of(Seen(rows, given), rules)


def from_week(before, week, after):
    """Return a course that changes at a week."""
    return [before if at < week else after for at in WEEKS]


def summary_of(rows):
    """Return what a trial reports of its table of end points."""
    return RULES.summary(None, rows)


def measure(name):
    """Return the measure of a name."""
    return measures_of([RULES]).of(name)


def test_visits_are_weekly_for_12_weeks_then_every_fourth():
    assert RULES.visits_h(56 * WEEK) == [week * WEEK for week in WEEKS]
    assert IgmResponse(weekly_until="0 h").visits_h(9 * WEEK) == [0.0, 4 * WEEK, 8 * WEEK]
    assert RULES.visits_h(2.5 * WEEK) == [0.0, WEEK, 2 * WEEK]


def test_nothing_comes_of_a_flat_course():
    got = found([30.0])
    nothing = ("any_rise", "flare", "up_2_months", "up_4_months", "minor", "partial", "very_good", "progressed")
    assert [got[name] for name in nothing] == [0.0] * 8
    assert (got["peak_rel"], got["best_change_frac"], got["follow_up_d"]) == (1.0, 0.0, 392.0)
    assert all(math.isnan(got[f"time_to_{name}_d"]) for name in ("minor", "partial", "progression"))
    assert response(got) == "none"


@pytest.mark.parametrize(
    ("igm", "rise"),
    [
        ([30, 31.6], 1.0),  # 5.3 %
        ([30, 31.4], 0.0),  # 4.7 %
        ([30] * 8 + [31.6], 1.0),  # week 8
        ([30] * 9 + [31.6], 0.0),  # week 9
    ],
)
def test_any_rise_is_above_5_percent_in_weeks_1_to_8(igm, rise):
    assert found([*igm, 30])["any_rise"] == rise


@pytest.mark.parametrize(
    ("igm", "flare"),
    [
        ([30, 37.5], 1.0),
        ([30, 37.4], 0.0),
        ([30] * 12 + [37.5], 1.0),  # week 12
        ([30] * 13 + [37.5], 0.0),  # week 16
    ],
)
def test_a_flare_is_a_rise_of_a_quarter_within_12_weeks(igm, flare):
    got = found([*igm, 30])
    assert got["flare"] == flare
    assert got["progressed"] == 0.0


def test_the_peak_is_the_highest_of_12_weeks_over_the_start():
    assert found([30, 33, 45, 36, 20, 20, 10])["peak_rel"] == 1.5
    assert found(from_week(30, 16, 60))["peak_rel"] == 1.0


def test_up_at_2_and_4_months_is_read_between_visits():
    assert found([30] * 8 + [32, 29.5])["up_2_months"] == 1.0  # 8.7 weeks: 30.3 g/L between the two
    assert found([30] * 8 + [32, 29.0])["up_2_months"] == 0.0  # 29.9 g/L
    got = found(from_week(30, 8, 31))
    assert (got["up_2_months"], got["up_4_months"]) == (1.0, 1.0)
    got = found([31 if 4 <= week < 12 else 30 for week in WEEKS])
    assert (got["up_2_months"], got["up_4_months"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("level", "word"),
    [(22.6, "none"), (22.5, "minor"), (15.1, "minor"), (15, "partial"), (3.01, "partial"), (3, "very_good")],
)
def test_the_depth_of_a_lasting_fall_names_the_response(level, word):
    got = found([30, 28, level])
    assert response(got) == word
    assert got["best_change_frac"] == pytest.approx(level / 30 - 1)


@pytest.mark.parametrize(("level", "name"), [(22.5, "minor"), (15, "partial"), (3, "very_good")])
def test_a_fall_counts_when_the_next_visit_confirms_it(level, name):
    assert found([30, level, 30])[name] == 0.0
    assert found([30, level, level, 30])[name] == 1.0
    assert found([30, level, 30], rules=IgmResponse(is_confirmed=False))[name] == 1.0
    assert found([30] * (len(WEEKS) - 1) + [level])[name] == 0.0  # the last visit has none after it


def test_the_best_change_is_of_two_visits_in_a_row():
    assert found([30, 12, 15, 21])["best_change_frac"] == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("igm", "days"),
    [
        ([30, 30, 12, 12, 10, 15, 15], 14.0),  # week 4 is not confirmed
        ([30, 20, 20, 10, 10, 10], 21.0),  # the first of several as deep
        ([30] * 12 + [10] * 4 + [30, 30, 5], 84.0),  # before progression
        ([30, 31, 32], math.nan),
    ],
)
def test_the_time_to_the_best_change_is_that_of_the_deepest_fall_before_progression(igm, days):
    assert found(igm, ends_h=3 * WEEK)["time_to_best_d"] == pytest.approx(days, nan_ok=True)


@pytest.mark.parametrize(("week", "days"), [(10, 49.0), (16, 91.0), (2, 0.0)])
def test_time_to_response_is_from_the_end_of_the_first_course(week, days):
    got = found(from_week(30, week, 14), ends_h=3 * WEEK)
    assert got["time_to_partial_d"] == got["time_to_minor_d"] == days


def test_a_minor_response_comes_before_the_partial_one():
    got = found([30, 30, 20, 20, 20, 14])
    assert (got["time_to_minor_d"], got["time_to_partial_d"]) == (14.0, 35.0)


@pytest.mark.parametrize(
    ("lowest", "later", "progressed"),
    [(10, 15, 1), (10, 14.9, 0), (16, 20.9, 0), (16, 21, 1), (28, 34.9, 0), (28, 35, 1), (1, 5.9, 0)],
)
def test_progression_is_a_quarter_and_5_g_per_L_above_the_lowest(lowest, later, progressed):
    got = found([30 if week < 4 else lowest if week < 20 else later for week in WEEKS])
    assert got["progressed"] == progressed
    assert got["time_to_progression_d"] == (140.0 if progressed else pytest.approx(math.nan, nan_ok=True))


def test_progression_needs_the_next_visit():
    igm = [10 if week != 20 else 30 for week in WEEKS]
    assert found(igm)["progressed"] == 0.0
    assert found(igm, rules=IgmResponse(is_confirmed=False))["time_to_progression_d"] == 140.0
    assert found([10] * (len(WEEKS) - 1) + [30])["progressed"] == 0.0


def test_a_rise_within_12_weeks_is_a_flare_and_later_progression():
    got = found([60 if 2 <= week <= 12 else 30 for week in WEEKS])
    assert (got["flare"], got["progressed"]) == (1.0, 0.0)
    got = found(from_week(30, 2, 60))
    assert (got["flare"], got["progressed"], got["time_to_progression_d"]) == (1.0, 1.0, 16 * 7.0)


def test_a_response_after_progression_does_not_count():
    got = found([30 if week < 20 else 40 if week < 36 else 5 for week in WEEKS])
    assert got["progressed"] == 1.0
    assert response(got) == "none"
    assert got["best_change_frac"] == 0.0
    got = found([14 if 4 <= week < 20 else 30 for week in WEEKS])
    assert (response(got), got["progressed"]) == ("partial", 1.0)


def test_a_patient_without_igm_has_no_end_points():
    got = found([0.0])
    relative = ("any_rise", "flare", "up_2_months", "minor", "partial", "very_good", "peak_rel", "best_change_frac")
    assert all(math.isnan(got[name]) for name in relative)
    assert (response(got), got["baseline_igm_g_per_L"], got["progressed"]) == ("", 0.0, 0.0)


def seen_until(week, igm=(30.0,), rules=RULES, ends_h=0.0):
    """Return the end points of a course whose follow-up ends with a week; IgM stays at its last value."""
    t_h = np.array(rules.visits_h(week * WEEK))
    igm = np.array([*igm, *[igm[-1]] * t_h.size], dtype=float)[: t_h.size]
    return end_points(Course(t_h, igm, ends_h), rules)


@pytest.mark.parametrize(
    ("name", "first_week"),
    [
        ("any_rise", 8), ("flare", 12), ("peak_rel", 12), ("up_2_months", 9), ("up_4_months", 20),
        ("minor", 2), ("partial", 2), ("very_good", 2), ("best_change_frac", 2), ("progressed", 20),
    ],
)  # fmt: skip
def test_what_follow_up_was_too_short_to_see_is_missing_not_no(name, first_week):
    assert math.isnan(seen_until(first_week - 1)[name])
    assert seen_until(first_week)[name] == (1.0 if name == "peak_rel" else 0.0)


def test_a_rise_in_a_time_that_was_seen_in_part_is_missing_too():
    """Else the share of those seen would be that of those who rose."""
    assert math.isnan(seen_until(6, [30, 40])["any_rise"])
    assert (seen_until(8, [30, 40])["any_rise"], seen_until(12, [30, 40])["flare"]) == (1.0, 1.0)


def test_what_needs_no_confirmation_is_known_a_visit_earlier():
    rules = IgmResponse(is_confirmed=False)
    assert (seen_until(1, rules=rules)["minor"], seen_until(16, rules=rules)["progressed"]) == (0.0, 0.0)
    assert math.isnan(seen_until(0, rules=rules)["minor"])
    assert math.isnan(seen_until(12, rules=rules)["progressed"])


def test_a_time_without_a_visit_is_not_observed():
    rules = IgmResponse(weekly_until="0 h", visit_every="13 weeks")
    got = seen_until(52, rules=rules)
    assert all(math.isnan(got[name]) for name in ("any_rise", "flare", "peak_rel"))
    assert (got["up_2_months"], got["minor"], got["progressed"]) == (0.0, 0.0, 0.0)


def test_a_single_visit_shows_its_level_alone():
    got = seen_until(0)
    assert {name for name, value in got.items() if not math.isnan(value)} == {"baseline_igm_g_per_L", "follow_up_d"}
    assert response(got) == ""


def test_without_a_course_there_is_no_time_since_its_end():
    got = found(from_week(30, 10, 14), ends_h=math.nan)
    assert got["partial"] == 1.0
    assert math.isnan(got["time_to_partial_d"])
    assert math.isnan(got["time_to_minor_d"])


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_igm_that_falls_to_nothing_is_no_progression(is_confirmed):
    rules = IgmResponse(progression="0 g/L", is_confirmed=is_confirmed)
    assert found(from_week(30, 20, 0), rules=rules)["progressed"] == 0.0


def test_progression_is_confirmed_against_the_limit_of_the_visit_that_it_confirms():
    """A plain loop over visits, on courses about the limits."""
    rng, t_h, several = np.random.default_rng(2), np.array(WEEKS) * WEEK, set()
    for _ in range(300):
        igm = np.exp(np.cumsum(rng.normal(0.0, 0.25, t_h.size))) * 12.0
        expected = None
        for i in range(t_h.size - 1):
            lowest = min(igm[: i + 1])
            limit = max(1.25 * lowest, lowest + 5.0)
            if t_h[i] > 12 * WEEK and igm[i] >= limit and igm[i + 1] >= limit:
                expected = i
                break
        assert first_progression(Course(t_h, igm, 0.0), RULES) == expected
        several.add(expected)
    assert len(several) > 8


def test_the_first_visit_is_before_the_dose_even_between_looks():
    arm = Arm.model_validate({"add": [{"infusion": "375 mg/m2", "at": "10 d"}]})
    t_h = np.arange(0.0, 30 * WEEK + 1, WEEK)
    seen = visited(t_h, np.where(t_h > 240.0, 60.0, 30.0), arm.add)
    assert seen.igm[:2].tolist() == pytest.approx([30.0, 60.0])


COURSE = {"infusion": "375 mg/m2", "times": 4}


def test_a_course_is_seen_at_visits_from_the_first_infusion():
    arm = Arm.model_validate({"add": [COURSE | {"at": "10 d"}, COURSE | {"at": "100 d"}]})
    assert starts_h(arm.add) == (240.0, 240.0 + 3 * WEEK)
    t_h = np.arange(0.0, 240.0 + 20 * WEEK + 1, 12.0)
    seen = visited(t_h, t_h, arm.add)
    assert (seen.first_course_ends_h, seen.baseline) == (3 * WEEK, 240.0)
    assert seen.t_h.tolist() == [week * WEEK for week in (*range(13), 16, 20)]
    assert seen.igm == pytest.approx(seen.t_h + 240.0)
    single = [{"infusion": "375 mg/m2", "at": f"{day} d"} for day in (0, 7, 15, 80, 87)]
    written_out = Arm.model_validate({"add": [*single[:3], {"ibrutinib": "420 mg", "at": "20 d"}, *single[3:]]})
    assert starts_h(written_out.add) == (0.0, 15 * 24.0), "a record is one course up to a longer pause"
    daily = Arm.model_validate({"add": [{"ibrutinib": "0 mg"}, {"ibrutinib": "420 mg", "at": "9 h"}]})
    assert starts_h(daily.add) == (9.0, 9.0)
    assert starts_h(())[0] == 0.0
    assert math.isnan(starts_h(())[1])


def test_follow_up_ends_with_the_last_visit():
    weeks = [week * WEEK for week in range(31)]
    seen = visited(weeks, [30.0] * 31, Arm.model_validate({"add": [COURSE]}).add)
    assert end_points(seen, RULES)["follow_up_d"] == 28 * 7


def table(progression, arm="one", **columns):
    """Return rows of end points; a progression of None ended at 400 days without."""
    rows = []
    for replicate, days in enumerate(progression):
        came = days is not None
        row = {"arm": arm, "replicate": replicate, "progressed": float(came), "follow_up_d": 400.0}
        row |= {"time_to_progression_d": float(days) if came else math.nan, "time_to_partial_d": math.nan}
        row |= {"baseline_igm_g_per_L": 30.0 + replicate, "best_change_frac": -0.1 * replicate}
        flags = ("any_rise", "flare", "up_2_months", "up_4_months", "minor", "partial", "very_good")
        rows.append(row | dict.fromkeys(flags, 0.0) | {name: values[replicate] for name, values in columns.items()})
    return pd.DataFrame(rows)


def test_shares_and_medians_are_those_by_hand():
    rows = table([100, 200, 300, None], minor=[1.0, 1.0, 1.0, 0.0], time_to_partial_d=[50.0, 70.0, math.nan, math.nan])
    summary = summary_of(rows)
    assert (summary["kind"], summary["patients"], summary["log_rank"]) == ("trial", 4, {})
    shares, medians = (summary["arms"]["one"][name] for name in ("shares", "medians"))
    assert (shares["minor_or_better"]["k"], shares["minor_or_better"]["share"]) == (3, 0.75)
    assert (shares["partial_or_better"]["k"], shares["partial_or_better"]["lo"]) == (0, 0.0)
    assert medians["time_to_partial_d"]["median"] == 60.0  # of the responders
    assert medians["time_to_progression_d"]["median"] == 250.0  # half are free of it from 200 to 300 d
    assert (medians["time_to_progression_d"]["n"], medians["time_to_partial_d"]["n"]) == (4, 2)
    assert medians["follow_up_d"]["median"] == 400.0
    assert medians["baseline_igm_g_per_L"]["median"] == 31.5
    assert medians["best_change_frac"]["median"] == pytest.approx(-0.15)


def test_shares_are_of_those_seen_with_their_number():
    unseen = math.nan
    rows = table([100, None, None, None], minor=[1.0, 0.0, unseen, unseen], progressed=[1.0, 0.0, unseen, unseen],
                 up_2_months=[unseen] * 4)  # fmt: skip
    one = summary_of(rows)["arms"]["one"]
    assert one["n"] == 4
    assert [(one["shares"][name]["k"], one["shares"][name]["n"]) for name in ("minor_or_better", "progressed")] == [
        (1, 2), (1, 2),
    ]  # fmt: skip
    assert (one["shares"]["up_2_months"]["n"], one["shares"]["up_2_months"]["share"]) == (0, None)


@pytest.mark.parametrize(
    ("fractions", "place"),
    [({"minor_frac": 0.6}, "minor_frac"), ({"very_good_frac": "40 %"}, "partial_frac"),
     ({"partial_frac": 0.95}, "partial_frac")],
)  # fmt: skip
def test_a_better_response_is_a_deeper_fall(fractions, place):
    with pytest.raises(ValidationError) as refused:
        IgmResponse(**fractions)
    (fault,) = refused.value.errors()[0]["ctx"]["faults"]
    assert (fault.path, fault.allowed) == (place, "minor_frac <= partial_frac <= very_good_frac")


def patients(**columns):
    """Return measures of patients by name, followed for 400 d unless told otherwise."""
    n = len(next(iter(columns.values())))
    return [{"follow_up_d": 400.0} | {name: values[i] for name, values in columns.items()} for i in range(n)]


def test_the_median_time_to_progression_is_over_all_and_that_to_response_over_responders():
    times = [100.0, 200.0, 300.0, math.nan, math.nan]
    found = of_arms(
        {"one": patients(time_to_progression_d=times, progressed=[1.0, 1.0, 1.0, 0.0, 0.0],
                         partial=[1.0, 1.0, 0.0, 0.0, 0.0], time_to_partial_d=[30.0, 50.0, *[math.nan] * 3])},
        {}, [RULES],
    )  # fmt: skip
    assert (found["one.time_to_progression_d"], found["one.time_to_partial_d"]) == (300.0, 40.0)
    few = patients(time_to_progression_d=[100.0, math.nan, math.nan], progressed=[1.0, 0.0, 0.0])
    none = of_arms({"one": few}, {}, [RULES])
    assert math.isnan(none["one.time_to_progression_d"])


def test_a_response_without_a_course_to_count_from_is_seen_but_its_time_is_not():
    found = median_time(measure("time_to_partial_d"), {"partial": [1.0, 1.0, 1.0], "time_to_partial_d": [math.nan] * 3})
    assert (found["median"], found["n"], found["n_seen"]) == (None, 0, 0)
    columns = {"partial": [1.0, 0.0, math.nan], "time_to_partial_d": [9.0, math.nan, math.nan]}
    some = median_time(measure("time_to_partial_d"), columns)
    assert (some["median"], some["n"], some["n_seen"]) == (9.0, 1, 2)


def test_who_was_followed_for_less_counts_for_as_long_as_he_was():
    """Two left at 50 d and could not progress later: of the other two one does at 100 d (R: median 100)."""
    some = patients(time_to_progression_d=[100.0, *[math.nan] * 3], progressed=[1.0, 0.0, math.nan, math.nan],
                    follow_up_d=[400.0, 400.0, 50.0, 50.0])  # fmt: skip
    found = of_arms({"one": some}, {}, [RULES])
    assert (found["one.time_to_progression_d"], found["one.progressed"]) == (100.0, 0.5)


def test_a_median_that_is_not_reached_is_none_and_protocols_are_compared():
    early, late = [40, 50, 60, 70, 80, 90, 100, 110], [None] * 7 + [300]
    summary = summary_of(pd.concat([table(early, "early"), table(late, "late")]))
    median = {arm: summary["arms"][arm]["medians"]["time_to_progression_d"] for arm in ("early", "late")}
    assert median["early"]["median"] == 75.0
    assert median["early"]["lo"] < 70.0 < median["early"]["hi"]
    assert (median["late"]["median"], median["late"]["hi"]) == (None, None)
    assert list(summary["log_rank"]) == ["early vs late"]
    assert summary["log_rank"]["early vs late"] < 1e-3


def test_follow_up_ends_at_the_first_visit_that_nobody_looked_at():
    arm = Arm.model_validate({"add": [{"infusion": "375 mg/m2"}]})
    looks = [0.0, 4.0, *(week * WEEK for week in (1, 2, 3, 30, 31))]
    seen = visited(looks, [30.0] * 4 + [60.0] * 3, arm.add)
    assert seen.t_h.tolist() == [0.0, WEEK, 2 * WEEK, 3 * WEEK]
    assert end_points(seen, RULES)["follow_up_d"] == 21.0
