"""Intervals of means, shares, ratios and medians: known values, and what no interval may do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from abm.readouts.survival import interval
from abm.statistics.intervals import (
    of_mean,
    of_percent,
    of_ratio,
    of_share,
    quantile_interval,
    share,
    wilson,
)

SHARES = st.lists(st.sampled_from([0.0, 1e-9, 0.01, 0.3, 0.5, 0.97, 1.0]), min_size=1, max_size=6)


def test_wilson_s_interval_has_the_published_values_and_is_not_wald_s():
    found = wilson([5, 0, 81, 10], [10, 10, 263, 10])
    np.testing.assert_allclose(found.lo, [0.2366, 0.0, 0.2553, 0.7225], atol=1e-4)
    np.testing.assert_allclose(found.hi, [0.7634, 0.2775, 0.3662, 1.0], atol=1e-4)


@pytest.mark.parametrize("k", [0, 1, 7, 20])
def test_wilson_s_interval_is_scipy_s(k):
    ends = binomtest(k, 20).proportion_ci(method="wilson")
    found = wilson(k, 20)
    assert (found.lo, found.hi) == pytest.approx((ends.low, ends.high))


def test_one_replicate_has_wilson_s_interval_over_its_cells():
    assert interval([0.5], 10) == pytest.approx({"mean": 0.5, "lo": 0.2366, "hi": 0.7634}, abs=1e-4)
    assert of_share([0.5, 0.5], 5).as_numbers() == pytest.approx(of_share([0.5], 10).as_numbers())  # equal: pooled


@pytest.mark.parametrize("n", [25, 60, 250, 384, 2500])
def test_the_interval_of_all_alive_ends_at_one_and_never_below_its_mean(n):
    for found in (of_share([1.0], n), of_ratio([1.0], n), wilson(n, n)):
        assert found.hi == 1.0
        assert min(map(float, found.reach())) >= 0.0
    assert of_share([0.0], n).lo == 0.0


def test_a_mean_has_student_s_interval():
    found = of_mean([[1.0, 2.0], [2.0, 2.0], [3.0, 2.0]])
    np.testing.assert_allclose(found.mean, [2, 2])
    np.testing.assert_allclose(found.hi, [2 + 4.30265 / np.sqrt(3), 2], rtol=1e-5)
    assert of_mean([-1.0, 1.0]).lo == pytest.approx(-12.7062, rel=1e-5)  # no share: may be below 0


def test_a_share_over_replicates_has_student_s_interval_on_the_logit_scale():
    # by hand: logit 0.3 = -0.847298, t = 4.302653, standard error 0.057735 / (0.3 * 0.7)
    found = of_share([0.2, 0.3, 0.4])
    assert (found.lo, found.hi) == pytest.approx((0.116066, 0.583127), abs=1e-6)
    assert of_percent([20.0, 30.0, 40.0]).hi == pytest.approx(58.3127, abs=1e-4)


def test_a_ratio_over_replicates_has_student_s_interval_on_the_log_scale_up_to_one():
    # by hand: t = 4.302653, standard error 0.057735 / 0.3
    found = of_ratio([0.2, 0.3, 0.4])
    assert (found.lo, found.hi) == pytest.approx((0.131070, 0.686653), abs=2e-6)
    assert of_ratio([0.74, 0.83]).hi == 1.0
    assert of_ratio([1.02, 1.04]).as_numbers() == pytest.approx({"mean": 1.03, "lo": 0.9105, "hi": 1.03}, abs=1e-4)


@given(SHARES, st.sampled_from([np.nan, 1.0, 60.0, 1e6]))
def test_a_share_s_interval_stays_inside_nought_to_one_and_holds_its_mean(values, n):
    for found in (of_share(values, n), of_ratio(values, n)):
        assert 0.0 <= found.mean <= 1.0
        if not np.isnan(found.lo):
            assert 0.0 <= found.lo <= found.mean <= found.hi <= 1.0
    assert np.isnan(of_share(values, n).lo) == (np.isnan(n) and len(set(values)) == 1)


@pytest.mark.parametrize("estimate", [of_mean, of_share, of_ratio])
def test_what_is_undefined_is_passed_over_and_too_few_have_no_interval(estimate):
    whole, gap = estimate([0.2, 0.3, 0.4]), estimate([0.2, np.nan, 0.3, 0.4])
    assert gap.as_numbers() == pytest.approx(whole.as_numbers())
    assert estimate([0.2, np.nan]).as_numbers() == {"mean": 0.2, "lo": None, "hi": None}
    assert estimate([np.nan]).as_numbers() == {"mean": None, "lo": None, "hi": None}


@pytest.mark.parametrize(
    ("k", "n", "lo", "hi"), [(12, 27, 0.2548, 0.6467), (0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0)]
)
def test_patients_have_the_exact_interval(k, n, lo, hi):
    got = share(k, n)
    assert (got["k"], got["n"], got["share"]) == (k, n, k / n)
    assert (got["lo"], got["hi"]) == pytest.approx((lo, hi), abs=1e-4)
    assert share(0, 0) == {"k": 0, "n": 0, "share": None, "lo": None, "hi": None}


def test_a_median_has_the_interval_of_order_statistics():
    got = quantile_interval(np.arange(1.0, 21.0)[::-1])
    assert got == {"median": 10.5, "lo": 6.0, "hi": 15.0}  # 6th and 15th of 20: 95.9 %
    assert quantile_interval(np.array([4.0, 6.0])) == {"median": 5.0, "lo": None, "hi": None}
    assert quantile_interval(np.array([4.0])) == {"median": 4.0, "lo": None, "hi": None}
    assert quantile_interval(np.array([])) == {"median": None, "lo": None, "hi": None}
