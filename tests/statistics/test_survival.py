"""Kaplan and Meier's curve, the log-rank test and hazard ratios on the remissions of Freireich 1963, and edges."""

import math

import numpy as np
import pytest

from abm.statistics.survival import at_risk, follow_up, hazard_ratio, kaplan_meier, log_rank

RELAPSED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
STILL_WELL = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
TREATED, TREATED_RELAPSED = RELAPSED + STILL_WELL, [True] * 9 + [False] * 12
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
ALL = [True] * 21


def test_the_curve_of_the_treated_is_that_of_the_textbooks():
    curve = kaplan_meier(TREATED, TREATED_RELAPSED)
    assert curve.time.tolist() == [0, 6, 7, 10, 13, 16, 22, 23]
    assert curve.share == pytest.approx([1, 0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4)
    assert curve.median == 23.0


def test_the_curve_of_the_untreated_is_their_share_without_relapse():
    curve = kaplan_meier(PLACEBO, ALL)
    assert curve.share == pytest.approx([np.mean(np.array(PLACEBO) > t) for t in curve.time], abs=1e-12)
    assert curve.median == 8.0
    assert curve.share[-1] == 0.0


def test_the_interval_is_greenwoods_on_the_log_log_scale():
    curve = kaplan_meier(TREATED, TREATED_RELAPSED)
    at_10 = curve.time.tolist().index(10)
    s, variance = 0.7529, 3 / (21 * 18) + 1 / (17 * 16) + 1 / (15 * 14)
    width = 1.96 * math.sqrt(variance) / abs(math.log(s))
    expected = [s ** math.exp(width), s ** math.exp(-width)]
    assert [curve.lo[at_10], curve.hi[at_10]] == pytest.approx(expected, abs=5e-4)
    assert ((curve.lo <= curve.share) & (curve.share <= curve.hi)).all()


def test_the_log_rank_test_finds_the_treatment():
    assert log_rank(TREATED, TREATED_RELAPSED, PLACEBO, ALL) == pytest.approx(4.17e-5, rel=0.01)
    assert log_rank(PLACEBO, ALL, TREATED, TREATED_RELAPSED) == pytest.approx(4.17e-5, rel=0.01)


def test_a_group_does_not_differ_from_itself():
    assert log_rank(TREATED, TREATED_RELAPSED, TREATED, TREATED_RELAPSED) == pytest.approx(1.0, abs=1e-9)


def test_those_at_risk_are_those_still_followed():
    assert at_risk(TREATED, [0, 6, 6.5, 10, 23, 36]).tolist() == [21, 21, 17, 15, 6, 0]


def test_the_order_of_patients_does_not_matter():
    order = np.random.default_rng(1).permutation(21)
    one, other = kaplan_meier(TREATED, TREATED_RELAPSED), kaplan_meier(*np.array([TREATED, TREATED_RELAPSED])[:, order])
    for name in ("time", "share", "lo", "hi"):
        assert (getattr(one, name) == getattr(other, name)).all()


def test_where_nobody_has_the_event_all_stay_free_of_it():
    curve = kaplan_meier([5, 9, 12], [False] * 3)
    assert (curve.time.tolist(), curve.share.tolist()) == ([0.0], [1.0])
    assert (curve.lo.tolist(), curve.hi.tolist()) == ([1.0], [1.0])
    assert curve.median == math.inf
    assert math.isnan(log_rank([5, 9, 12], [False] * 3, [4, 8], [False] * 2))


def test_where_all_have_it_at_one_time_the_curve_falls_once():
    curve = kaplan_meier([7] * 5, [True] * 5)
    assert (curve.time.tolist(), curve.share.tolist(), curve.median) == ([0.0, 7.0], [1.0, 0.0], 7.0)
    assert np.isfinite(curve.lo).all()
    assert np.isfinite(curve.hi).all()
    assert math.isnan(log_rank([7] * 5, [True] * 5, [7] * 4, [True] * 4))


@pytest.mark.parametrize(("had_event", "share", "median"), [(True, [1.0, 0.0], 3.0), (False, [1.0], math.inf)])
def test_a_single_patient_has_a_curve_and_no_test(had_event, share, median):
    curve = kaplan_meier([3], [had_event])
    assert (curve.share.tolist(), curve.median) == (share, median)
    assert math.isnan(log_rank([3], [had_event], PLACEBO, ALL))


def test_an_event_comes_before_a_censoring_at_the_same_time():
    assert kaplan_meier([5, 5], [True, False]).share.tolist() == [1.0, 0.5]


def test_the_median_is_where_exactly_half_are_left():
    """As R's ``print(survfit(...))``: the middle of the time in which exactly half are free."""
    assert kaplan_meier([1, 2, 3, 4], [True] * 4).median == 2.5
    assert kaplan_meier([1, 2, 3], [True] * 3).median == 2.0
    assert kaplan_meier([1, 2, 3, 4], [True, True, False, False]).median == 2.0
    assert kaplan_meier([1, 2, 3, 4], [True, False, False, False]).median == math.inf


def test_times_need_no_order_and_no_array():
    assert kaplan_meier((9.5, 2.5, 4.0), (False, True, True)).time.tolist() == [0.0, 2.5, 4.0]


def test_the_hazard_ratio_is_that_of_r():
    """``coxph(Surv(weeks, relapse) ~ placebo)`` of Freireich's remissions: 1.572, standard error 0.412 (Efron)."""
    ratio, lo, hi = hazard_ratio(PLACEBO, ALL, TREATED, TREATED_RELAPSED)
    assert math.log(ratio) == pytest.approx(1.5721, abs=5e-5)
    assert (math.log(hi) - math.log(lo)) / (2 * 1.959964) == pytest.approx(0.4124, abs=5e-5)
    back = hazard_ratio(TREATED, TREATED_RELAPSED, PLACEBO, ALL)
    assert back == pytest.approx((1 / ratio, 1 / hi, 1 / lo), rel=1e-9)


def test_ties_are_efrons_by_hand():
    """Two of a and one of b at once, of 3 and 4 at risk, then one of b, of 1 and 3: the score is 0 at the ratio."""
    a, b = ([5, 5, 9], [True, True, False]), ([5, 7, 9, 9], [True, True, False, False])
    ratio, _, _ = hazard_ratio(*a, *b)
    at_risk_a, at_risk_b = [3, 3 - 2 / 3, 3 - 4 / 3, 1], [4, 4 - 1 / 3, 4 - 2 / 3, 3]
    expected = sum(n_a * ratio / (n_a * ratio + n_b) for n_a, n_b in zip(at_risk_a, at_risk_b, strict=True))
    assert expected == pytest.approx(2.0, abs=1e-9)


def test_follow_up_is_the_estimate_reversed():
    """By hand: of those at risk 20/21 · 15/16 · 14/15 · 12/13 · 9/10 · 8/9 · 7/8 are still followed after 20 weeks."""
    curve = follow_up(TREATED, TREATED_RELAPSED)
    assert curve.median == 25.0
    assert curve.share[curve.time.tolist().index(20)] == pytest.approx(0.53846, abs=1e-5)
    assert follow_up([5, 9], [True, True]).median == math.inf


def test_without_events_in_a_group_there_is_no_hazard_ratio():
    assert all(math.isnan(value) for value in hazard_ratio([1, 2], [False, False], [1, 2], [True, True]))


def test_where_one_group_ends_before_the_other_begins_there_is_none_either():
    assert all(math.isnan(value) for value in hazard_ratio([1, 2, 3], [True] * 3, [10, 11, 12], [True] * 3))
    assert all(math.isnan(value) for value in hazard_ratio([10, 11, 12], [True] * 3, [1, 2, 3], [True] * 3))
