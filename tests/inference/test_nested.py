"""Nested sampling on posteriors and evidences that are known."""

import sys

import numpy as np
import pytest
from scipy import stats

from abm.core.errors import InputError, RunFailed
from abm.inference.nested import Sample, nested

MEAN, SD = np.array([0.4, 0.6]), np.array([0.05, 0.1])


def log_normal(place):
    return stats.norm.logpdf(place, MEAN, SD).sum()


@pytest.fixture(scope="module")
def sample():
    return nested(lambda x: float(-0.5 * (((x - MEAN) / SD) ** 2).sum()), 2, seed=1, n_live=250)


def test_the_evidence_is_right_within_its_error(sample):
    known = np.log(2.0 * np.pi * SD.prod())  # all but 1e-4 of the mass lies in the cube
    assert sample.log_evidence_error < 0.2
    assert abs(sample.log_evidence - known) < 3.0 * sample.log_evidence_error


def test_the_posterior_is_right(sample):
    mean = sample.weights @ sample.points
    assert (np.abs(mean - MEAN) < 4.0 * SD / np.sqrt(sample.n_effective)).all()
    np.testing.assert_allclose(np.sqrt(sample.weights @ (sample.points - mean) ** 2), SD, rtol=0.15)


def test_two_peaks_are_both_found_with_their_masses():
    def two(x):
        peaks = [np.log(mass) - 0.5 * (((x - c) / 0.03) ** 2).sum() for mass, c in ((0.25, 0.2), (0.75, 0.8))]
        return np.logaddexp(*peaks)

    found = nested(two, 2, seed=2, n_live=300)
    assert found.weights @ (found.points[:, 0] > 0.5) == pytest.approx(0.75, abs=0.15)
    assert abs(found.log_evidence - np.log(2.0 * np.pi * 0.03**2)) < 3.0 * found.log_evidence_error


def test_equal_draws_are_those_of_the_weights(sample):
    drawn = sample.equal(2000, seed=3)
    np.testing.assert_allclose(drawn.mean(axis=0), sample.weights @ sample.points, atol=2e-3)
    np.testing.assert_array_equal(drawn, sample.equal(2000, seed=3))
    assert not np.array_equal(drawn, sample.equal(2000, seed=4))
    assert sample.weights.sum() == pytest.approx(1.0)


def test_weights_and_effective_draws_of_a_sample_of_two():
    two = Sample(np.array([[0.1], [0.9]]), np.zeros(2), np.log([0.25, 0.75]), 0.0, 0.1, 2)
    assert two.n_effective == pytest.approx(1.6)
    assert (two.equal(400, 1) == 0.9).sum() == 300


def test_the_same_seed_gives_the_same_bytes():
    one, again, other = (
        nested(lambda x: float(-30.0 * ((x - 0.5) ** 2).sum()), 3, seed, n_live=50) for seed in (4, 4, 5)
    )
    assert one.points.tobytes() == again.points.tobytes()
    assert one.log_weight.tobytes() == again.log_weight.tobytes()
    assert one.log_evidence == again.log_evidence
    assert one.log_evidence != other.log_evidence


def test_it_says_how_far_it_is_and_prints_nothing(capsys):
    told = []
    nested(
        lambda x: float(-500.0 * ((x - 0.5) ** 2).sum()),
        2,
        1,
        n_live=100,
        progress=lambda n, left: told.append((n, left)),
    )
    assert len(told) > 2
    assert [n for n, _ in told] == sorted({n for n, _ in told})
    assert told[-1][1] < told[0][1]
    out = capsys.readouterr()
    assert out.out + out.err == ""


def test_a_likelihood_that_is_no_number_ends_it():
    with pytest.raises(RunFailed, match="no number at"):
        nested(lambda x: float("nan"), 2, 1)


def test_too_few_live_points_are_refused():
    with pytest.raises(InputError, match="allowed: 9 or more"):
        nested(log_normal, 4, 1, n_live=8)


def test_without_dynesty_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "dynesty", None)
    with pytest.raises(InputError, match=r"abm\[fit\]"):
        nested(log_normal, 2, 1)
