"""Differences agree with SciPy's own tests, and luck is told from what it does not explain."""

import math

import numpy as np
import pytest
from scipy import stats

from abm.statistics.differences import beyond_luck, of_medians, paired, unpaired

A, B = np.array([0.20, 0.22, 0.19, 0.25]), np.array([0.24, 0.25, 0.21, 0.31])


def test_pairs_have_the_interval_of_the_paired_t_test():
    found, known = paired(A, B), stats.ttest_rel(B, A)
    assert found[:3] == pytest.approx([(B - A).mean(), *known.confidence_interval(0.95)])
    assert found.p == pytest.approx(known.pvalue)
    assert found.is_told_from_0


def test_what_is_no_pair_has_welchs_interval():
    found, known = unpaired(A, B[:3]), stats.ttest_ind(B[:3], A, equal_var=False)
    assert found[:3] == pytest.approx([B[:3].mean() - A.mean(), *known.confidence_interval(0.95)])
    assert found.p == pytest.approx(known.pvalue)
    assert not found.is_told_from_0


def test_a_pair_of_which_one_was_not_seen_is_passed_over():
    assert paired([*A, np.nan], [*B, 1.0]) == paired(A, B)


def test_one_replicate_tells_a_difference_and_no_luck():
    assert paired([0.2], [0.3]).mean == pytest.approx(0.1)
    assert math.isnan(paired([0.2], [0.3]).lo)
    assert math.isnan(unpaired([0.2, 0.3], [0.3]).p)
    assert math.isnan(paired([], []).mean)


def test_what_never_varies_differs_for_certain_or_not_at_all():
    assert paired([1.0, 2.0], [2.0, 3.0]) == (1.0, 1.0, 1.0, 0.0)
    assert math.isnan(paired(A, A).p)
    assert not paired(A, A).is_told_from_0


def test_holm_is_as_in_his_paper():
    assert beyond_luck([0.01, 0.04, 0.03, 0.005]) == [True, False, False, True]
    assert beyond_luck([0.04, math.nan]) == [True, False]
    assert beyond_luck([0.04, 0.04]) == [False, False]


def test_of_pure_noise_one_pair_of_runs_in_twenty_is_beyond_luck():
    rng = np.random.default_rng(2)
    p = [[paired(*rng.normal(size=(2, 6))).p for _ in range(10)] for _ in range(400)]
    assert np.mean([any(beyond_luck(one)) for one in p]) == pytest.approx(0.05, abs=0.03)


def test_medians_differ_by_what_kaplan_and_meier_say():
    rng = np.random.default_rng(1)
    a, b = rng.exponential(10.0, 120), rng.exponential(20.0, 120)
    ever = np.ones(120, dtype=bool)
    found = of_medians((a, ever), (b, ever), is_paired=False)
    assert found.mean == pytest.approx(np.median(b) - np.median(a))
    assert found.lo < found.mean < found.hi
    assert found.is_told_from_0
    assert found == of_medians((a, ever), (b, ever), is_paired=False), "drawn the same every time"


def test_a_median_that_is_not_reached_has_no_difference():
    time = np.arange(1.0, 11.0)
    never, ever = np.zeros(10, dtype=bool), np.ones(10, dtype=bool)
    assert math.isnan(of_medians((time, never), (time, ever), is_paired=True).mean)
