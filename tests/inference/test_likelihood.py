"""Every likelihood against its closed form, against brute force, and against what it draws itself."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logit

from abm.core.errors import InputError
from abm.inference.counted import Counts, Median, Multinomial, Quantile
from abm.inference.likelihood import from_link, to_link
from abm.inference.measured import Correlation, Interval, LogNormal, Normal, NotSignificant, Ordered

KINDS = [
    Counts(3, 10),
    Counts(0, 30),
    Counts(30, 30),
    Counts(412, 1000),
    Quantile(4.2, 24, 0.25),
    Median(4.2, 31),
    Normal(12.0, 1.5),
    LogNormal(3.0, 0.4),
    Correlation(0.45, 40),
    Interval(0.15, 0.25),
    NotSignificant(0.05, 60),
    Ordered(0.7),
]
AROUND = [-1.0, -0.3, 0.0, 0.8, 2.0]


def brute_force(likelihood, at, sd):
    """Return the log of the mean likelihood over a normal error, by a very fine sum."""
    x = np.linspace(at - 40.0 * sd, at + 40.0 * sd, 400_001)
    log_terms = likelihood.log_density(x) + stats.norm.logpdf(x, at, sd) + math.log(x[1] - x[0])
    return np.logaddexp.reduce(log_terms)


@pytest.mark.parametrize(("k", "n"), [(0, 5), (3, 10), (10, 10), (412, 1000)])
def test_counts_are_binomial(k, n):
    share = np.array([0.01, 0.3, 0.9])
    np.testing.assert_allclose(Counts(k, n).log_density(logit(share)), stats.binom.logpmf(k, n, share), rtol=1e-9)


@pytest.mark.parametrize("shares", [(0.2, 0.5, 0.3), (0.1, 0.1, 0.1, 0.7)])
def test_a_chain_of_binomials_is_the_multinomial(shares):
    counts = tuple(range(2, 2 + len(shares)))
    categories = Multinomial(counts)
    at = logit(categories.conditional(shares))
    chained = sum(float(step.log_density(x)) for step, x in zip(categories.chain, at, strict=True))
    assert chained == pytest.approx(stats.multinomial.logpmf(counts, sum(counts), shares))


def test_a_chain_ends_where_nobody_is_left():
    categories = Multinomial((4, 6, 0, 0), unit_per_share=100)
    assert [(step.k, step.n) for step in categories.chain] == [(4, 10), (6, 6)]
    np.testing.assert_allclose(categories.conditional([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0]]),
                               [[25.0, 100.0 / 3.0], [100.0, 50.0]])  # fmt: skip


def test_normal_numbers_have_their_density_with_the_error_added():
    found = Normal(12.0, 1.5).log_density([10.0, 13.0], [0.0, 2.0])
    np.testing.assert_allclose(found, stats.norm.logpdf(12.0, [10.0, 13.0], [1.5, 2.5]))


def test_log_normal_numbers_have_their_density_in_their_own_unit():
    found = LogNormal(3.0, 0.4).log_density(np.log([2.0, 5.0]), [0.0, 0.3])
    np.testing.assert_allclose(found, stats.lognorm.logpdf(3.0, [0.4, 0.5], scale=[2.0, 5.0]))


def test_a_correlation_s_density_sums_to_one():
    r = np.linspace(-0.9999, 0.9999, 20_001)
    density = [math.exp(Correlation(float(each), 12).log_density(np.arctanh(0.4))) for each in r]
    assert np.trapezoid(density, r) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (7, 0.5), (20, 0.3)])
def test_a_quantile_has_the_density_of_the_order_statistic(n, p):
    share = np.array([0.1, 0.5, 0.8])
    expected = stats.beta.logpdf(share, p * (n + 1), (1 - p) * (n + 1))
    np.testing.assert_allclose(Quantile(3.0, n, p).log_density(logit(share)), expected, rtol=1e-9)


def test_a_median_is_the_middle_quantile():
    at = np.array(AROUND)
    np.testing.assert_array_equal(Median(3.0, 9).log_density(at, 0.2), Quantile(3.0, 9, 0.5).log_density(at, 0.2))
    assert Median(3.0, 9).seen == 0.5


def test_an_order_statistic_is_what_patients_give():
    """The share of a population below the sample median of nine has the density of the likelihood."""
    rng = np.random.default_rng(1)
    below = np.median(rng.random((4000, 9)), axis=1)
    x = np.linspace(1e-4, 1 - 1e-4, 2001)
    cdf = np.cumsum(np.exp(Median(0.0, 9).log_density(logit(x)))) * (x[1] - x[0])
    assert stats.kstest(below, lambda v: np.interp(v, x, cdf)).pvalue > 0.01


def test_an_interval_is_flat_inside_and_soft_at_its_ends():
    found = np.exp(Interval(10.0, 30.0).log_density(np.array([20.0, 15.0, 10.0, 30.0, 5.0])))
    np.testing.assert_allclose(found * 20.0, [1.0, 1.0, 0.5, 0.5, stats.norm.cdf(-5.0)], rtol=1e-6)
    x = np.linspace(-20.0, 60.0, 4001)
    assert np.trapezoid(np.exp(Interval(10.0, 30.0).log_density(x, 2.0)), x) == pytest.approx(1.0)


def test_far_from_an_interval_the_density_still_falls():
    far = Interval(0.0, 1.0).log_density(np.array([-10.0, -5.0, 0.5, 6.0, 11.0]))
    assert np.isfinite(far).all()
    assert far[0] < far[1] < far[2]
    np.testing.assert_allclose(far[:2], far[:2:-1])


def test_nothing_is_found_in_as_many_tests_as_the_level_says():
    tells = NotSignificant(0.05, 60)
    assert float(np.exp(tells.log_density(0.0))) == pytest.approx(0.95)
    assert float(np.exp(tells.log_density(2.8016))) == pytest.approx(0.2, abs=1e-4)  # 80 % power
    assert float(tells.log_density(3.0)) == pytest.approx(float(tells.log_density(-3.0)))


def test_a_gap_of_none_is_found_in_either_order():
    np.testing.assert_allclose(np.exp(Ordered(0.7).log_density([0.0, 0.7], [0.3, 0.0])), [0.5, stats.norm.cdf(1.0)])


@pytest.mark.parametrize("sd", [0.05, 0.5, 1.0])
@pytest.mark.parametrize("likelihood", KINDS, ids=str)
def test_an_error_of_the_model_is_integrated_out(likelihood, sd):
    sd = sd * likelihood.delta_unit
    at = float(likelihood.to_link(likelihood.seen, 30)) + likelihood.delta_unit * np.array(AROUND)
    expected = [brute_force(likelihood, each, sd) for each in at]
    np.testing.assert_allclose(likelihood.log_density(at, sd), expected, atol=1e-4)


@pytest.mark.parametrize("k", [0, 30, 9000])
def test_counts_far_from_the_model_are_integrated_too(k):
    n = max(k, 30) + k // 9
    at = np.array([-3.0, 0.0, 3.0])
    expected = [brute_force(Counts(k, n), each, 0.8) for each in at]
    np.testing.assert_allclose(Counts(k, n).log_density(at, 0.8), expected, atol=1e-4)


@pytest.mark.parametrize("likelihood", KINDS, ids=str)
def test_a_vanishing_error_changes_nothing_and_shapes_broadcast(likelihood):
    at = np.linspace(-1.0, 1.0, 6).reshape(3, 2) * likelihood.delta_unit
    exact = likelihood.log_density(at)
    assert exact.shape == (3, 2)
    np.testing.assert_allclose(likelihood.log_density(at, [[1e-9, 0.0]]), exact, atol=1e-6)


@pytest.mark.parametrize("likelihood", [Counts(3, 10, 100), Normal(12.0, 1.5), LogNormal(3.0, 0.4), Interval(1.0, 2.0)])
def test_draws_have_the_mean_of_the_truth(likelihood):
    truth = likelihood.to_link(likelihood.seen)
    drawn = likelihood.draw(np.full(20_000, truth), np.random.default_rng(3))
    back = drawn if likelihood.link != "log" else np.log(drawn)
    mean = likelihood.seen if likelihood.link != "log" else math.log(likelihood.seen)
    assert stats.ttest_1samp(back, mean).pvalue > 0.01


@pytest.mark.parametrize("likelihood", [Interval(0.15, 0.25), Normal(12.0, 1.5), LogNormal(3.0, 0.4)], ids=str)
def test_draws_have_the_density_of_the_likelihood(likelihood):
    """The density depends on truth and number alone through their difference, so the likelihood is its mirror."""
    truth = float(likelihood.to_link(likelihood.seen))
    drawn = likelihood.to_link(likelihood.draw(np.full(5000, truth), np.random.default_rng(4)))
    x = truth + np.linspace(-6.0, 6.0, 4001) * likelihood.delta_unit
    density = np.exp(likelihood.log_density(x))
    cdf = np.cumsum(density) / density.sum()
    assert stats.kstest(drawn, lambda v: np.interp(v, x, cdf)).pvalue > 0.01


@pytest.mark.parametrize("likelihood", [NotSignificant(0.05, 60), Ordered(0.7)], ids=str)
def test_events_are_drawn_as_often_as_is_likely(likelihood):
    drawn = likelihood.draw(np.full(4000, 0.6), np.random.default_rng(5))
    p = float(np.exp(likelihood.log_density(0.6)))
    assert stats.binomtest(int(drawn.sum()), 4000, p).pvalue > 0.01


def test_a_quantile_is_drawn_as_the_share_below_it():
    drawn = Median(4.2, 31).draw(np.full(4000, logit(0.3)), np.random.default_rng(6))
    assert stats.chisquare(*_binned(np.rint(31 * drawn).astype(int), stats.binom(31, 0.3))).pvalue > 0.01


def _binned(counts, law, enough=20):
    values = np.arange(law.support()[1] + 1)
    expected = len(counts) * law.pmf(values)
    kept = expected >= enough
    found = np.bincount(counts, minlength=values.size)
    return np.append(found[kept], found[~kept].sum()), np.append(expected[kept], expected[~kept].sum())


@pytest.mark.parametrize(("link", "values"), [("log", [0.2, 7.0]), ("logit", [0.1, 0.9]), ("fisher", [-0.7, 0.3]),
                                              ("identity", [-3.0, 4.0])])  # fmt: skip
def test_a_link_goes_there_and_back(link, values):
    np.testing.assert_allclose(from_link(link, to_link(link, values, 1000)), values)


def test_none_of_n_counts_as_half_of_one():
    np.testing.assert_allclose(expit(to_link("logit", [0.0, 1.0, 0.5], 20)), [0.025, 0.975, 0.5])
    assert float(np.exp(to_link("log", 0.0, 20))) == pytest.approx(0.025)
    assert np.isfinite(to_link("logit", [0.0, 1.0])).all()
    assert np.isfinite(to_link("fisher", [-1.0, 1.0], 10)).all()


def test_percent_are_shares_on_the_scale_of_the_link():
    assert float(Counts(3, 10, 100).to_link(30.0)) == pytest.approx(logit(0.3))
    assert float(Counts(3, 10, 100).from_link(logit(0.3))) == pytest.approx(30.0)
    assert Counts(3, 10, 100).seen == 30.0


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda: Counts(11, 10), "k"),
        (lambda: Counts(-1, 10), "k"),
        (lambda: Counts(2.5, 10), "k"),
        (lambda: Counts(0, 0), "n"),
        (lambda: Counts(1, 2, 10), "unit_per_share"),
        (lambda: Multinomial((3,)), "counts"),
        (lambda: Multinomial((0, 0)), "counts"),
        (lambda: Multinomial((3, -1)), "counts"),
        (lambda: Quantile(1.0, 10, 1.2), "p"),
        (lambda: Quantile(math.nan, 10, 0.2), "value"),
        (lambda: Median(1.0, 0), "n"),
        (lambda: Normal(1.0, 0.0), "sd"),
        (lambda: Normal(1.0, math.nan), "sd"),
        (lambda: Normal(math.inf, 1.0), "value"),
        (lambda: LogNormal(0.0, 1.0), "value"),
        (lambda: LogNormal(1.0, -1.0), "sd_log"),
        (lambda: Correlation(1.0, 10), "r"),
        (lambda: Correlation(0.5, 3), "n"),
        (lambda: Interval(2.0, 2.0), "lo"),
        (lambda: Interval(0.0, math.inf), "lo"),
        (lambda: NotSignificant(1.0, 10), "p"),
        (lambda: NotSignificant(0.05, 1), "n"),
        (lambda: Ordered(0.0), "softness"),
    ],
)
def test_what_cannot_have_been_measured_is_refused_with_its_place(make, path):
    with pytest.raises(InputError) as refused:
        make()
    assert refused.value.faults[0].path == path
    assert refused.value.faults[0].allowed


def test_a_published_range_is_the_95_percent_interval_of_a_normal_number_and_of_a_logarithm():
    low, high = stats.norm(*vars(Normal.of_range(70.0, 60.0, 80.0)).values()).interval(0.95)
    assert (low, high) == pytest.approx((60.0, 80.0))
    number = LogNormal.of_range(3.0, 1.5, 6.0)
    ends = stats.lognorm(number.sd_log, scale=number.value).interval(0.95)
    assert ends == pytest.approx((1.5, 6.0))
    with pytest.raises(InputError, match="spans no factor"):
        LogNormal.of_range(1.0, 0.0, 2.0)
