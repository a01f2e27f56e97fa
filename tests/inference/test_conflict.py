"""Papers that contradict one another, against cases with a known answer."""

import math

import numpy as np
import pytest

from abm.inference.conflict import CONTRADICTS, log_ratios, strict
from abm.inference.measured import Normal
from abm.inference.paper import Paper

SLOPE = np.array([1.0, -0.5, 2.0])
CANDIDATES = np.random.default_rng(1).random((50, 3))


def linear(slope, emulator_sd=0.0):
    return lambda places: ((places @ slope)[:, None], np.full((len(places), 1), emulator_sd))


def paper(value, sd, emulator_sd=0.0, slope=SLOPE):
    return strict(Paper((Normal(value, sd),)), linear(slope, emulator_sd))


@pytest.mark.parametrize("emulator_sd", [0.0, 0.15])
def test_two_measurements_of_one_linear_function_have_the_ratio_of_their_distance(emulator_sd):
    """A discrepancy of 0.5 would hide most of it: the papers have one by default, and it is left out."""
    values, sds = (1.0, 1.6, 0.4), (0.1, 0.2, 0.15)
    found = log_ratios([paper(*own, emulator_sd) for own in zip(values, sds, strict=True)], CANDIDATES)
    variance = np.square(sds) + emulator_sd**2
    expected = -(np.subtract.outer(values, values) ** 2) / (2.0 * np.add.outer(variance, variance))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert (found <= 0.0).all()


def test_what_measures_different_things_contradicts_nothing():
    one, other = paper(0.7, 0.01, slope=np.array([1.0, 0, 0])), paper(0.2, 0.01, slope=np.array([0, 1.0, 0]))
    assert log_ratios([one, other], CANDIDATES)[0, 1] == pytest.approx(0.0, abs=1e-4)


def test_what_the_cube_does_not_reach_is_no_contradiction():
    """Both want more than the cube holds (3), and agree on its corner."""
    found = log_ratios([paper(4.0, 0.5), paper(3.5, 0.2)], CANDIDATES)
    assert found[0, 1] == pytest.approx(0.0, abs=1e-4)


def test_of_two_places_the_better_is_found():
    """One paper has two peaks; what agrees with the lower one loses the difference of their heights."""

    def two_peaks(places):
        near, far = (-0.5 * ((places[:, 0] - at) / 0.02) ** 2 for at in (0.2, 0.8))
        return np.logaddexp(near, far - 2.0)

    def at_the_lower(places):
        return -0.5 * ((places[:, 0] - 0.8) / 0.02) ** 2

    candidates = np.linspace(0.0, 1.0, 41)[:, None]
    assert log_ratios([two_peaks, at_the_lower], candidates)[0, 1] == pytest.approx(-2.0, abs=1e-4)


def test_a_place_that_only_the_pair_finds_counts_for_each_paper_too():
    """Alone, the first paper is climbed from 0.8 only and would miss the peak at 0.2, which both share."""

    def two_peaks(places):
        return np.logaddexp(*(-0.5 * ((places[:, 0] - at) / 0.01) ** 2 - low for at, low in ((0.2, 0.0), (0.8, 2.0))))

    def broad(places):
        return -0.5 * ((places[:, 0] - 0.2) / 0.1) ** 2

    assert log_ratios([two_peaks, broad], [[0.8], [0.8], [0.23]])[0, 1] == pytest.approx(0.0, abs=1e-4)


def test_one_to_twenty_is_the_border():
    distance = math.sqrt(2.0 * math.log(20.0) * 2.0) * 0.1
    for more, contradicts in ((0.01, True), (-0.01, False)):
        found = log_ratios([paper(1.0, 0.1), paper(1.0 + distance + more, 0.1)], CANDIDATES)[0, 1]
        assert (found < CONTRADICTS) == contradicts
