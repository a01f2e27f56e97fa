"""The discrepancy of a paper against brute force, and what it does to claims that contradict one another."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.special import k0

from abm.core.errors import InputError
from abm.inference.counted import Counts
from abm.inference.measured import Correlation, Interval, LogNormal, Normal, Ordered
from abm.inference.paper import Paper, Papers, discrepancy_nodes

CLAIMS = (Counts(12, 40), LogNormal(3.0, 0.3), Normal(50.0, 6.0), Correlation(0.4, 30))
AGREES = np.array([-0.8, 1.1, 50.0, 0.4])


def integral(f, scale, centre, width):
    """Return the mean of a function with one narrow place over the discrepancy, piece by piece."""
    ends = np.sort([-25 * scale, 25 * scale, 0.0, *(centre + width * np.array([-6, -2, 0, 2, 6]))])
    pieces = [quad(lambda d: k0(abs(d) / scale) / (np.pi * scale) * f(d), a, b, epsabs=0, epsrel=1e-10, limit=200)[0]
              for a, b in pairwise(ends) if b > a]  # fmt: skip
    return sum(pieces)


def nodes(scale, width):
    node, weight = discrepancy_nodes(width / scale)
    return scale * node, weight


@pytest.mark.parametrize("width", [1.0, 0.3, 0.1, 0.04])
@pytest.mark.parametrize("centre", [0.0, 0.2, 0.5, 1.0])
def test_nodes_integrate_a_smooth_function_to_one_in_a_million(centre, width):
    node, weight = nodes(0.5, width)
    expected = integral(lambda d: np.exp(-0.5 * ((d - centre) / width) ** 2), 0.5, centre, width)
    assert weight @ np.exp(-0.5 * ((node - centre) / width) ** 2) == pytest.approx(expected, rel=1e-6)


def test_nodes_hold_all_of_the_discrepancy_and_its_variance():
    node, weight = nodes(0.5, 0.3)
    assert weight.sum() == pytest.approx(1.0, abs=1e-9)
    assert weight @ node**2 == pytest.approx(0.25, rel=1e-6)  # of a product of two normal numbers
    assert (weight > 0.0).all()


def test_far_out_nodes_are_right_to_a_twentieth():
    node, weight = nodes(0.5, 0.1)
    expected = integral(lambda d: np.exp(-0.5 * ((d - 2.5) / 0.1) ** 2), 0.5, 2.5, 0.1)
    assert weight @ np.exp(-0.5 * ((node - 2.5) / 0.1) ** 2) == pytest.approx(expected, rel=5e-2)


@pytest.mark.parametrize("moved", [0.0, 0.5, -1.0])
def test_a_paper_is_the_mean_over_its_discrepancy_by_brute_force(moved):
    values = AGREES + moved * np.array([1.0, 1.0, 6.0, 1.0])
    sds = np.array([0.1, 0.05, 1.0, 0.02])
    units = np.array([1.0, 1.0, 6.0, 1.0])

    def likelihood(d):
        return np.exp(
            sum(float(c.log_density(v + d * u, s)) for c, v, u, s in zip(CLAIMS, values, units, sds, strict=True))
        )

    expected = np.log(integral(likelihood, 0.5, -moved, 0.15))
    assert Paper(CLAIMS).log_likelihood(values[None], sds[None])[0] == pytest.approx(expected, abs=1e-5)


def test_many_points_are_computed_at_once_as_one_by_one():
    rng = np.random.default_rng(1)
    values, sds = AGREES + 0.3 * rng.normal(size=(20, 4)), 0.1 * rng.random((20, 4))
    one_by_one = [Paper(CLAIMS).log_likelihood(v[None], s[None])[0] for v, s in zip(values, sds, strict=True)]
    np.testing.assert_allclose(Paper(CLAIMS).log_likelihood(values, sds), one_by_one, rtol=1e-12)


def test_all_papers_at_once_are_each_alone():
    """On the finest nodes of all, with and without a discrepancy, claims of all families in any order."""
    papers = (Paper(CLAIMS), Paper((Ordered(), Counts(700, 2000), Interval(0.0, 1.0)), 0.2), Paper(CLAIMS[1:3], 0.0))
    rng = np.random.default_rng(1)
    values = np.concatenate([AGREES, [0.5, -0.6, 0.4], AGREES[1:3]]) + 0.2 * rng.normal(size=(150, 9))
    sds = 0.1 * rng.random((150, 9))
    found = Papers(papers).log_likelihood(values, sds)
    assert found.shape == (150, 3)
    for i, (paper, own) in enumerate(zip(papers, (slice(4), slice(4, 7), slice(7, 9)), strict=True)):
        np.testing.assert_allclose(found[:, i], paper.log_likelihood(values[:, own], sds[:, own]), atol=2e-5)


def test_a_model_against_itself_has_no_discrepancy():
    paper = Paper(CLAIMS, tau_scale=0.0)
    alone = sum(float(claim.log_density(value)) for claim, value in zip(CLAIMS, AGREES, strict=True))
    assert paper.log_likelihood(AGREES[None])[0] == pytest.approx(alone)
    assert paper.discrepancy(AGREES[None]).as_numbers() == {"mean": 0.0, "lo": 0.0, "hi": 0.0}


def test_a_discrepancy_forgives_what_all_claims_share_and_not_what_they_contradict():
    paper, strict = (Paper((LogNormal(1.0, 0.1), LogNormal(1.0, 0.1)), scale) for scale in (0.5, 0.0))
    shared, against = np.array([[0.8, 0.8]]), np.array([[0.8, -0.8]])
    assert paper.log_likelihood(shared)[0] > strict.log_likelihood(shared)[0] + 30.0
    assert paper.log_likelihood(against)[0] < strict.log_likelihood(against)[0]
    assert paper.log_likelihood(shared)[0] < paper.log_likelihood(0.0 * shared)[0]


def test_the_discrepancy_is_found_with_its_interval():
    found = Paper((LogNormal(1.0, 0.1),) * 4).discrepancy(np.full((3, 4), -0.7))
    assert float(found.mean) == pytest.approx(0.7, abs=0.03)
    assert float(found.hi - found.lo) == pytest.approx(2 * 1.96 * 0.05, rel=0.1)


def test_the_discrepancy_of_many_draws_is_as_wide_as_they_differ():
    values = np.repeat(np.random.default_rng(2).normal(-0.5, 0.3, 400), 2).reshape(400, 2)
    found = Paper((LogNormal(1.0, 0.05),) * 2, tau_scale=2.0).discrepancy(values)
    assert float(found.hi - found.lo) == pytest.approx(2 * 1.96 * 0.3, rel=0.15)


def test_another_laboratory_s_numbers_have_the_density_of_the_paper():
    """Predictions against the marginal density of one claim, which the likelihood gives for every published value."""
    seen = np.linspace(-12.0, 12.0, 1201)
    density = np.exp([Paper((Normal(float(y), 1.0),)).log_likelihood([[0.5]], [[0.8]])[0] for y in seen])
    drawn = Paper((Normal(0.0, 1.0),)).predict(np.full((4000, 1), 0.5), 0.8, np.random.default_rng(3))[:, 0]
    cdf = np.cumsum(density) * (seen[1] - seen[0])
    assert cdf[-1] == pytest.approx(1.0, abs=1e-3)
    assert stats.kstest(drawn, lambda v: np.interp(v, seen, cdf)).pvalue > 0.01


def test_claims_of_one_paper_move_together_in_predictions():
    drawn = Paper((LogNormal(2.0, 1e-3), LogNormal(1.0, 1e-3))).predict(
        np.zeros((2000, 2)), 0.0, np.random.default_rng(4)
    )
    assert np.corrcoef(np.log(drawn), rowvar=False)[0, 1] > 0.99


@pytest.mark.parametrize(("claims", "scale", "path"), [((), 0.5, "claims"), (CLAIMS, -1.0, "tau_scale")])
def test_a_paper_that_cannot_be_is_refused(claims, scale, path):
    with pytest.raises(InputError) as refused:
        Paper(claims, scale)
    assert refused.value.faults[0].path == path
