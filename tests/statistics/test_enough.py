"""How many replicates suffice follows from Student's interval in closed form."""

import numpy as np
import pytest
from scipy import stats

from abm.statistics.enough import enough
from abm.statistics.intervals import of_mean


def half_at(n, sd):
    """Return half the width of Student's interval of a mean over n replicates."""
    return stats.t.ppf(0.975, n - 1) * sd / np.sqrt(n)


@pytest.mark.parametrize("wanted", [0.9, 0.31, 0.05])
def test_so_many_are_enough_and_one_less_is_not(wanted):
    n = enough(10, half_at(10, 1.0), wanted)
    assert half_at(n, 1.0) <= wanted < half_at(n - 1, 1.0)


def test_what_there_is_is_enough_for_what_it_gives():
    values = np.array([0.2, 0.25, 0.22, 0.19, 0.24])
    half = float(np.subtract(of_mean(values).hi, of_mean(values).lo)) / 2
    assert enough(5, half, half) == 5


def test_half_of_it_takes_about_four_times_as_many_where_there_are_many():
    assert enough(1000, 0.02, 0.01) == pytest.approx(4000, rel=0.01)
    assert enough(5, 0.02, 0.01) == 13, "of few a part of the width is that their spread is not known"


@pytest.mark.parametrize(("n", "half", "wanted"), [(1, 0.1, 0.1), (5, 0.0, 0.1), (5, 0.1, 0.0), (5, np.inf, 0.1)])
def test_nobody_can_tell_from_too_little(n, half, wanted):
    assert enough(n, half, wanted) is None
