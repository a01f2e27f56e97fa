"""What is seen of IgM is not what is there: the assay errs, visits are off the plan, and follow-up ends."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from abm.readouts.igm_course import Course
from abm.readouts.igm_response import IgmResponse, course_of, end_points
from abm.readouts.individual import error_factors, scores
from abm.readouts.readout import Seen
from abm.scenario.arms import Arm
from abm.statistics.survival import kaplan_meier

WEEK = 168.0
COURSE = Arm.model_validate({"add": [{"infusion": "375 mg/m2", "times": 4}]}).add
SIGMA = math.sqrt(math.log1p(0.081**2))
MONTHLY = {"weekly_until": "4 weeks"}


def rows(igm, last_week, **columns):
    """Return weekly looks at a level: a number, or a function of the week."""
    weeks = range(last_week + 1)
    level = igm if callable(igm) else lambda week: igm
    more = {"albumin_g_per_L": 40.0, "viscosity_cP": 2.0, "rituximab_ug_per_mL": 0.0}
    return [{"time_h": week * WEEK, "igm_g_per_L": float(level(week))} | more
            | {name: of(week) for name, of in columns.items()} for week in weeks]  # fmt: skip


def patient(igm=30.0, last_week=60, seed=1, replicate=0, **columns):
    """Return a patient with one course."""
    return Seen(rows(igm, last_week, **columns), COURSE, seed, replicate)


def noisy(true, z, rules):
    """Return the course of true levels at visits with given errors, in standard deviations."""
    t_h, true = np.array(rules.visits_h((len(true) + 60) * 4 * WEEK))[: len(true)], np.array(true, float)
    return Course(t_h, true * error_factors(rules.assay_cv, np.array(z, float)), 3 * WEEK, true)


def test_an_assay_shows_the_truth_times_a_log_normal_error():
    seen = error_factors(0.081, np.array([0.0, 1.0, -2.0]))
    assert seen == pytest.approx([1.0, math.exp(SIGMA), math.exp(-2.0 * SIGMA)])
    many = error_factors(0.081, np.concatenate([scores(1, who, "assay", 50) for who in range(100)]))
    assert many.std() / many.mean() == pytest.approx(0.081, rel=0.05)
    assert np.median(many) == pytest.approx(1.0, abs=0.005)


def test_without_an_error_what_is_seen_is_true_to_the_last_bit():
    course = course_of(patient(lambda week: 30.0 / (1.0 + 0.1 * week)), IgmResponse())
    assert course.igm.tobytes() == course.true_igm.tobytes()
    assert IgmResponse().at_visits(patient()) == {}


def test_an_error_at_the_baseline_alone_makes_a_response():
    """True IgM falls by 46 %; a first sample that shows 16 % too much makes that 53 %."""
    rules = IgmResponse(assay_cv=0.081, **MONTHLY)
    true, none = [30.0] * 5 + [16.2] * 5, [0.0] * 10
    seen, blind = end_points(noisy(true, [1.8, *none[1:]], rules), rules), end_points(noisy(true, none, rules), rules)
    assert (seen["partial"], blind["partial"], blind["minor"]) == (1.0, 0.0, 1.0)
    assert seen["best_change_frac"] == pytest.approx(16.2 / (30.0 * math.exp(1.8 * SIGMA)) - 1.0)
    assert seen["baseline_igm_g_per_L"] == pytest.approx(30.0 * math.exp(1.8 * SIGMA))


def test_two_errors_in_a_row_make_a_flat_course_progress_and_one_does_not():
    rules = IgmResponse(assay_cv=0.081)
    flat, low, high = [30.0] * 20, -1.0, 2.0  # 0.92 and 1.18 of the truth: 27.7 and 35.3 g/L
    z = [0.0] * 20
    z[3], z[14] = low, high
    assert end_points(noisy(flat, z, rules), rules)["progressed"] == 0.0
    z[15] = high
    found = end_points(noisy(flat, z, rules), rules)
    assert (found["progressed"], found["time_to_progression_d"]) == (1.0, 20 * 7.0)


def test_truth_and_what_is_seen_are_told_apart():
    rules = IgmResponse(assay_cv=0.3)
    own = patient(lambda week: 30.0 if week < 6 else 14.0)
    found, true = rules.of_subject(own), IgmResponse().of_subject(own)
    for name in ("best_change_frac", "progressed", "time_to_progression_d"):
        assert found[f"true_{name}"] == pytest.approx(true[name], nan_ok=True)
    assert found["best_change_frac"] != true["best_change_frac"]
    assert {"true_progressed", "true_best_change_frac"} <= set(rules.row(own)) - set(IgmResponse().row(own))
    table = rules.at_visits(own)
    assert table["igm_g_per_L"][:8].tolist() == [30.0] * 6 + [14.0] * 2
    assert table["seen_igm_g_per_L"][0] == found["baseline_igm_g_per_L"] != 30.0


def test_an_error_belongs_to_patient_and_visit_whatever_else_is_so():
    rules = IgmResponse(assay_cv=0.081)
    own = rules.errors(20, 1, 0)
    assert rules.errors(9, 1, 0).tolist() == own[:9].tolist()
    twice = Arm.model_validate({"add": [{"infusion": "1 mg/m2", "times": 2, "at": "5 d"}]}).add
    other = course_of(replace(patient(11.0), given=twice), rules)
    assert (other.igm / other.true_igm) == pytest.approx(rules.errors(other.igm.size, 1, 0))
    assert not set(own) & (set(rules.errors(20, 1, 1)) | set(rules.errors(20, 2, 0)))


def test_later_visits_are_off_the_plan_by_a_patients_own_offset():
    rules = IgmResponse(visit_offset={"lo": "-2 weeks", "hi": "1 week"}, **MONTHLY)
    firsts = []
    for who in range(200):
        visits = np.array(rules.visits_of(40 * WEEK, 1, who)) / WEEK
        assert visits[:5].tolist() == [0, 1, 2, 3, 4]
        assert np.diff(visits[5:]) == pytest.approx(4.0)
        firsts.append(visits[5])
    assert 6.0 <= min(firsts) < 6.1
    assert 8.9 < max(firsts) <= 9.0
    assert np.mean(firsts) == pytest.approx(7.5, abs=0.15)


def test_on_the_plan_every_patient_makes_the_planned_visits():
    assert IgmResponse().visits_of(56 * WEEK, 3, 4) == IgmResponse().visits_h(56 * WEEK)


def at_weeks(levels, rules, ends_h=3 * WEEK):
    """Return the end points of a course with a level at each planned visit, the last lasting."""
    t_h = np.array(rules.visits_h(60 * WEEK))
    igm = np.array([*levels, *[levels[-1]] * t_h.size], dtype=float)[: t_h.size]
    return end_points(Course(t_h, igm, ends_h), rules)


@pytest.mark.parametrize(
    ("levels", "rise"),
    [([30, 40, 40, 40, 30, 9], 0.0), ([30, 20, 20, 20, 30.01, 9], 1.0), ([30, 30, 30, 30, 29, 40, 9], 0.0)],
)
def test_a_first_rise_is_any_at_week_4_alone(levels, rise):
    assert at_weeks(levels, IgmResponse(**MONTHLY))["first_rise"] == rise


@pytest.mark.parametrize(
    ("levels", "is_straight"),
    [
        ([30, 31.5, 31, 30, 29, 28, 9], 1.0),
        ([30, 30, 31.6, 30, 29, 28, 9], 0.0),
        ([30, 30, 30, 30, 29, 31.6, 9], 0.0),  # week 8
        ([30, 30, 30, 30, 29, 28, 31.6, 9], 1.0),  # week 12
        ([30, 30, 30, 30, 29, 28, 20], math.nan),  # no response
    ],
)
def test_who_falls_straight_is_never_5_percent_up_in_weeks_1_to_4_and_8(levels, is_straight):
    assert at_weeks(levels, IgmResponse(**MONTHLY))["straight"] == pytest.approx(is_straight, nan_ok=True)


def test_the_visit_of_week_8_is_that_of_a_patient_who_came_early():
    rules = IgmResponse(visit_offset={"lo": "-2 weeks", "hi": "-2 weeks"}, **MONTHLY)
    course = course_of(patient(lambda week: 40.0 if week == 6 else 30.0 if week < 9 else 9.0), rules)
    assert course.t_h[5] == 6 * WEEK
    assert end_points(course, rules)["straight"] == 0.0


@pytest.mark.parametrize(("week", "late", "after_course"), [(12, 0.0, 0.0), (16, 0.0, 1.0), (20, 1.0, 1.0)])
def test_late_is_after_133_d_from_the_first_dose_or_as_once_70_d_after_the_course(week, late, after_course):
    levels = [30.0 if at < week else 12.0 for at in (0, 1, 2, 3, 4, *range(8, 60, 4))]
    found = at_weeks(levels, IgmResponse(**MONTHLY))
    assert (found["late"], found["late_after_course"]) == (late, after_course)
    assert math.isnan(at_weeks([30.0], IgmResponse(**MONTHLY))["late"])  # of responders


def test_what_is_asked_for_is_told_and_nothing_else_changes():
    own, usual = patient(lambda week: 30.0 if week < 24 else 12.0), IgmResponse()
    asked = IgmResponse(also=("late", "first_rise"))
    row, before = asked.row(own), usual.row(own)
    assert {name: row.pop(name) for name in ("late", "first_rise")} == {"late": 1.0, "first_rise": 0.0}
    assert row == pytest.approx(before, nan_ok=True)
    table = pd.DataFrame([{"arm": "one", "replicate": 0} | asked.row(own)])
    assert asked.summary(None, table)["arms"]["one"]["shares"]["late"]["share"] == 1.0
    words = {one.name: one.words for one in asked.measures}
    assert words["late"] == "Partial response of responders later than 19 weeks from the first dose"


def test_follow_up_ends_between_its_ends_and_no_patient_is_unseen():
    rules = IgmResponse(follow_up={"lo": "6 months", "hi": "28 months"}, dropout="1 /year", **MONTHLY)
    ends = [rules.visits_of(5 * 52 * WEEK, 1, who) for who in range(300)]
    assert min(len(visits) for visits in ends) >= 2
    long = IgmResponse(follow_up={"lo": "6 months", "hi": "28 months"}, visit_every="1 d", **MONTHLY)
    months = np.array([long.visits_of(5 * 52 * WEEK, 1, who)[-1] for who in range(300)]) / 730.5
    assert (6.0 - 0.1 < months.min() < 6.5, 27.5 < months.max() <= 28.0) == (True, True)
    assert np.median(months) == pytest.approx(17.0, abs=1.5)


def test_patients_leave_at_the_rate_that_is_stated():
    rules = IgmResponse(dropout="50 %/year", visit_every="1 d", **MONTHLY)
    stays = np.array([rules.visits_of(20 * 52 * WEEK, 1, who)[-1] for who in range(400)]) - WEEK
    assert stays.mean() / 8766.0 == pytest.approx(2.0, rel=0.12)


def test_a_patient_is_censored_at_the_last_visit_of_follow_up():
    rules = IgmResponse(follow_up={"lo": "22 weeks", "hi": "22 weeks"}, **MONTHLY)
    found = rules.of_subject(patient(lambda week: 30.0 if week < 30 else 60.0))
    assert (found["progressed"], found["follow_up_d"]) == (0.0, 140.0)
    assert math.isnan(found["time_to_progression_d"])
    assert IgmResponse(**MONTHLY).of_subject(patient(lambda week: 30.0 if week < 30 else 60.0))["progressed"] == 1.0


def test_the_curve_of_censored_patients_is_that_by_hand():
    """Six patients: events at 112, 168 and 224 d, censored at 140, 196 and 224 d: 5/6, 5/6 · 3/4, 5/6 · 3/4 · 1/2."""
    found = []
    for rise, ends in ((16, 60), (None, 20), (24, 60), (None, 28), (32, 60), (None, 32)):
        rules = IgmResponse(follow_up={"lo": f"{ends} weeks", "hi": f"{ends} weeks"}, flare_until="8 weeks", **MONTHLY)
        found.append(rules.of_subject(patient(lambda week, rise=rise: 60.0 if rise and week >= rise else 30.0)))
    assert [one["time_to_progression_d"] for one in found[::2]] == [112.0, 168.0, 224.0]
    assert [one["follow_up_d"] for one in found[1::2]] == [140.0, 196.0, 224.0]
    table = pd.DataFrame([{"arm": "one", "replicate": i} | one for i, one in enumerate(found)])
    came = table["progressed"] > 0
    curve = kaplan_meier(table["time_to_progression_d"].where(came, table["follow_up_d"]), came.tolist())
    at = dict(zip(curve.time.tolist(), curve.share.tolist(), strict=True))
    assert (at[112.0], at[168.0], at[224.0]) == pytest.approx((5 / 6, 5 / 8, 5 / 16))
    assert rules.of_protocol(table)["medians"]["time_to_progression_d"]["median"] == 224.0


def test_thick_serum_is_progression_where_it_is_asked_for():
    thick = {"viscosity_cP": lambda week: 5.0 if week >= 24 else 2.0}
    rules = IgmResponse(hyperviscosity={"lo": "4 cP", "hi": "4.5 cP"}, **MONTHLY)
    found = rules.of_subject(patient(**thick))
    assert (found["symptomatic"], found["progressed"], found["time_to_progression_d"]) == (1.0, 1.0, 168.0)
    assert IgmResponse(**MONTHLY).of_subject(patient(**thick))["progressed"] == 0.0
    always = rules.of_subject(patient(viscosity_cP=lambda week: 5.0))
    assert (always["symptomatic"], always["progressed"]) == (0.0, 0.0)  # nothing new
    assert (always["symptoms_at_start"], found["symptoms_at_start"]) == (1.0, 0.0)
    early = rules.of_subject(patient(viscosity_cP=lambda week: 5.0 if 2 <= week < 8 else 2.0))
    assert early["progressed"] == 0.0  # a flare


def test_patients_differ_in_the_viscosity_that_gives_them_symptoms():
    rules = IgmResponse(hyperviscosity={"lo": "4 cP", "hi": "8 cP"}, **MONTHLY)
    has = [rules.of_subject(patient(replicate=who, viscosity_cP=lambda week: 6.0 if week >= 24 else 2.0))["symptomatic"]
           for who in range(100)]  # fmt: skip
    assert np.mean(has) == pytest.approx(0.5, abs=0.15)


GROWING = {"n_clone": lambda week: 1e11 * 2.0 ** (week / 12)}


def untreated(rules, **columns):
    """Return what is found of a patient to whom nothing is given, visited every four weeks from the start."""
    return rules.of_subject(Seen(rows(30.0, 60, **columns), ()))


def test_an_untreated_patient_has_anaemia_from_a_burden_of_the_patients_own():
    """The clone doubles every 12 weeks: at the visit of week 24 it is four times as large as at the start."""
    found = untreated(IgmResponse(anaemia={"lo": 4e11, "hi": 4e11}, flare_until="0 h", **MONTHLY), **GROWING)
    assert (found["symptomatic"], found["time_to_symptoms_d"], found["progressed"]) == (1.0, 24 * 7.0, 1.0)
    later = untreated(IgmResponse(anaemia={"lo": 4.01e11, "hi": 4.01e11}, flare_until="0 h", **MONTHLY), **GROWING)
    assert later["time_to_symptoms_d"] == 28 * 7.0
    never = untreated(IgmResponse(anaemia={"lo": 1e13, "hi": 1e13}, flare_until="0 h", **MONTHLY), **GROWING)
    assert (never["symptomatic"], never["follow_up_d"]) == (0.0, 60 * 7.0)
    assert math.isnan(never["time_to_symptoms_d"])


def test_the_first_of_two_symptoms_counts_and_who_is_not_asked_has_none():
    thick = {"viscosity_cP": lambda week: 5.0 if week >= 16 else 2.0}
    at_4, at_many = {"lo": "4 cP", "hi": "4 cP"}, {"lo": 4e11, "hi": 4e11}
    both = IgmResponse(hyperviscosity=at_4, anaemia=at_many, flare_until="0 h", **MONTHLY)
    assert untreated(both, **GROWING, **thick)["time_to_symptoms_d"] == 16 * 7.0
    assert math.isnan(untreated(IgmResponse(**MONTHLY), **GROWING, **thick)["symptomatic"])
    told = {one.name for one in both.declares() if one.is_told} - {
        one.name for one in IgmResponse().declares() if one.is_told
    }
    assert told == {"symptomatic", "time_to_symptoms_d"}


@pytest.mark.parametrize(
    ("rules", "place", "text", "allowed"),
    [
        ({"visit_offset": {"lo": "-4 weeks"}}, "visit_offset.lo", "visits overlap: 672 h off", "less than 672 h"),
        ({"visit_offset": {"hi": "5 weeks"}}, "visit_offset.hi", "visits overlap: 840 h off", "less than 672 h"),
        ({"follow_up": {"lo": "3 d", "hi": "1 year"}}, "follow_up.lo", "before the first visit", "at least 168 h"),
        ({"follow_up": {"lo": "5 weeks", "hi": "1 year"}, "weekly_until": "0 h", "visit_offset": {"hi": "2 weeks"}},
         "follow_up.lo", "before the first visit after the dose, at 1008 h", "at least 1008 h"),
        ({"follow_up": {"lo": "1 year", "hi": "5 months"}}, "hi", "3652.5 h is below lo, 8766 h", "at least lo"),
        ({"hyperviscosity": {"lo": "6 cP", "hi": "4 cP"}}, "hi", "4 cP is below lo, 6 cP", "at least lo"),
        ({"anaemia": {"lo": 2e12, "hi": 1e12}}, "hi", "1e+12 is below lo, 2e+12", "at least lo"),
        ({"also": ["first_rise"], "weekly_until": "0 h", "visit_every": "3 weeks"}, "also.0", "visit of week 4",
         "with other weekly_until or visit_every"),
        ({"also": ["late", "straight"], "weekly_until": "0 h"}, "also.1", "straight is seen at a visit of week 1",
         "with other weekly_until or visit_every"),
    ],
)  # fmt: skip
def test_what_cannot_be_seen_so_is_refused(rules, place, text, allowed):
    with pytest.raises(ValidationError) as refused:
        IgmResponse.model_validate(rules)
    (fault,) = refused.value.errors()[0]["ctx"]["faults"]
    assert (fault.path, fault.allowed) == (place, allowed)
    assert text in fault.message


def test_a_follow_up_that_nobody_ends_and_symptoms_that_nobody_has_are_refused():
    rules = IgmResponse(follow_up={"lo": "2 years", "hi": "3 years"}, hyperviscosity={"lo": "4 cP", "hi": "6 cP"})
    found = rules.faults({"pools.igm_g_per_L"}, 8766.0)
    assert [(fault.path, fault.allowed) for fault in found] == [
        ("end_points.hyperviscosity", "with a process of kind viscosity"),
        ("end_points.follow_up.lo", "less than 8766 h"),
    ]
    assert rules.faults({"pools.igm_g_per_L", "pools.viscosity_cP"}, 20000.0) == []
