"""Weighted shares, medians, correlations and curves: a whole weight is as many subjects."""

import numpy as np
import pytest

from abm.statistics.correlation import pearson
from abm.statistics.intervals import wilson
from abm.statistics.survival import kaplan_meier
from abm.statistics.weighted import (
    correlation_of,
    kaplan_meier_of,
    median_of,
    median_with_ends,
    moments_of,
    share_at,
    share_of,
)

RNG = np.random.default_rng(2)
TIME = np.array([6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35], dtype=float)
CAME = np.arange(TIME.size) < 9
TIMES = RNG.integers(0, 4, TIME.size)  # how often each subject is there


@pytest.mark.parametrize("name", ["time", "share", "lo", "hi"])
def test_a_curve_of_equal_weights_is_the_ordinary_one_whatever_their_sum(name):
    own = kaplan_meier_of(TIME, CAME, np.full(TIME.size, 0.3))
    assert getattr(own, name) == pytest.approx(getattr(kaplan_meier(TIME, CAME), name), abs=1e-12)


def test_a_curve_of_whole_weights_is_that_of_so_many_subjects():
    many = kaplan_meier(np.repeat(TIME, TIMES), np.repeat(CAME, TIMES))
    own = kaplan_meier_of(TIME, CAME, TIMES)
    for moment in range(36):
        assert share_at(own, moment) == pytest.approx(share_at(many, moment), abs=1e-12)
    assert own.median == many.median


def test_a_curve_ends_at_none_where_the_last_has_the_event_and_stays_at_all_without_any():
    own = kaplan_meier_of(TIME, np.ones(TIME.size, dtype=bool), RNG.random(TIME.size))
    assert (own.share[-1], own.lo[-1], own.hi[-1]) == (0.0, 0.0, 0.0)
    never = kaplan_meier_of(TIME, np.zeros(TIME.size, dtype=bool), TIMES)
    assert never.share.tolist() == [1.0]
    assert np.isinf(median_with_ends(never).mean)


def test_the_ends_of_a_median_time_enclose_it():
    mid, lo, hi = map(float, median_with_ends(kaplan_meier_of(TIME, CAME, np.ones(TIME.size))))
    assert lo < mid == 23.0
    assert hi == np.inf


def test_a_share_has_the_interval_of_as_many_as_count():
    flags, mass = np.array([1.0, 0.0, 0.0, np.nan]), np.array([2.0, 1.0, 1.0, 5.0])
    found = share_of(flags, mass)
    expected = wilson(0.5 * 16 / 6, 16 / 6)
    assert list(map(float, found)) == pytest.approx(list(map(float, expected)))
    assert np.isnan(share_of([np.nan], [1.0]).mean)


def test_a_median_lies_inside_its_ends_which_close_in_with_more_subjects():
    values = RNG.standard_normal(1600)
    few, many = median_of(values[:100], np.ones(100)), median_of(values, np.ones(1600))
    assert few.lo < few.mean < few.hi
    assert float(many.hi - many.lo) == pytest.approx(2 * 1.96 * 1.2533 / 40, rel=0.15)  # sd of a normal sample's median
    assert np.isnan(median_of([np.nan], [1.0]).mean)


def test_moments_and_correlation_of_whole_weights_are_those_of_so_many_subjects():
    x, y = RNG.standard_normal((2, TIME.size))
    y[3] = np.nan
    known = np.isfinite(y)
    many = np.repeat(x[known], TIMES[known]), np.repeat(y[known], TIMES[known])
    assert correlation_of(x, y, TIMES) == pytest.approx(pearson(*many), abs=1e-12)
    assert moments_of(y, TIMES) == pytest.approx((many[1].mean(), many[1].std()), abs=1e-12)
    assert np.isnan(correlation_of(x, np.ones(TIME.size), TIMES))
