"""Curves, tests, hazard ratios and intervals are those of statsmodels, on cohorts with ties and censoring."""

import numpy as np
import pytest
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight, survdiff
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from abm.statistics.correlation import pearson, spearman
from abm.statistics.intervals import of_mean, share, wilson
from abm.statistics.survival import follow_up, hazard_ratio, kaplan_meier, log_rank

SEEDS = range(8)


def cohort(seed, n=40):
    """Whole days, so that many events are tied, of which a third is censored."""
    rng = np.random.default_rng(seed)
    return rng.integers(1, 25, n).astype(float), rng.random(n) < 2 / 3


def two_groups(seed):
    (time_a, event_a), (time_b, event_b) = cohort(seed, 30), cohort(seed + 100, 25)
    in_a = np.arange(55) < 30
    return (time_a, event_a, 1.5 * time_b, event_b), np.r_[time_a, 1.5 * time_b], np.r_[event_a, event_b], in_a


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("curve_of", [kaplan_meier, follow_up])
def test_a_curve_and_follow_up_are_theirs(curve_of, seed):
    time, event = cohort(seed)
    theirs = SurvfuncRight(time, (event if curve_of is kaplan_meier else ~event).astype(int))
    ours = curve_of(time, event)
    np.testing.assert_array_equal(ours.time[1:], theirs.surv_times)
    np.testing.assert_allclose(ours.share[1:], theirs.surv_prob, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_curve_s_interval_has_their_greenwood_error(seed):
    time, event = cohort(seed)
    theirs, ours = SurvfuncRight(time, event.astype(int)), kaplan_meier(time, event)
    inside = (theirs.surv_prob > 0.0) & (theirs.surv_prob < 1.0)
    s, error = theirs.surv_prob[inside], theirs.surv_prob_se[inside]
    half = 1.959963984540054 * error / (s * np.abs(np.log(s)))  # on the log-log scale
    np.testing.assert_allclose(ours.lo[1:][inside], s ** np.exp(half), rtol=1e-9)
    np.testing.assert_allclose(ours.hi[1:][inside], s ** np.exp(-half), rtol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_log_rank_test_is_theirs(seed):
    groups, time, event, in_a = two_groups(seed)
    assert log_rank(*groups) == pytest.approx(survdiff(time, event.astype(int), in_a.astype(int))[1], rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_hazard_ratio_is_theirs_with_ties_as_efron_s(seed):
    groups, time, event, in_a = two_groups(seed)
    fitted = PHReg(time, in_a[:, None].astype(float), status=event.astype(int), ties="efron").fit(disp=0)
    theirs = np.exp([fitted.params[0], *fitted.conf_int()[0]])
    np.testing.assert_allclose(hazard_ratio(*groups), theirs, rtol=1e-6)


@pytest.mark.parametrize(("k", "n"), [(0, 20), (1, 20), (7, 20), (20, 20), (81, 263)])
def test_intervals_of_shares_are_their_score_and_exact_ones(k, n):
    found, exact = wilson(k, n), share(k, n)
    assert (found.lo, found.hi) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-12)
    assert (exact["lo"], exact["hi"]) == pytest.approx(proportion_confint(k, n, method="beta"), abs=1e-9)


@pytest.mark.parametrize("n", [2, 3, 10])
def test_the_interval_of_a_mean_is_their_student_s(n):
    values = np.random.default_rng(n).normal(3.0, 2.0, n)
    found = of_mean(values)
    assert (found.lo, found.hi) == pytest.approx(DescrStatsW(values).tconfint_mean())


def test_correlations_are_those_of_numbers_and_of_their_ranks():
    rng = np.random.default_rng(3)
    x = rng.random(30)
    y = np.exp(3 * x) + rng.random(30)
    assert pearson(x, y) == pytest.approx(np.mean((x - x.mean()) * (y - y.mean())) / x.std() / y.std())
    assert spearman(x, y) == pytest.approx(pearson(x.argsort().argsort(), y.argsort().argsort()))
    assert np.isnan(pearson([1.0, 2.0, np.nan, 4.0], [1.0, 3.0, 5.0, np.nan]))  # two pairs
    assert np.isnan(pearson([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]))
