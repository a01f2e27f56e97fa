"""Functions by series against those of NumPy, and their limits."""

import math

import numpy as np
import pytest

from abm.core import series
from abm.core.jit import serial

SMALL = np.array([0.0, 1e-300, 1e-17, 1e-9, 1e-3])
WIDE = np.concatenate([np.linspace(-690.0, 690.0, 10_001), SMALL, -SMALL])
ULP = 2.3e-16


@serial
def exp_of(x):
    return np.array([series.exp(value) for value in x])


@serial
def expm1_of(x):
    return np.array([series.expm1(value) for value in x])


@serial
def log_of(x):
    return np.array([series.log(value) for value in x])


def test_exponentials_are_exact_to_some_units_of_the_last_place():
    assert exp_of(WIDE) == pytest.approx(np.exp(WIDE), rel=3 * ULP, abs=0.0)
    assert expm1_of(WIDE) == pytest.approx(np.expm1(WIDE), rel=3 * ULP, abs=0.0)


def test_far_out_exponentials_are_as_good_as_nothing_or_very_large():
    low, high = exp_of(np.array([-1e5, 1e5]))
    assert 0.0 <= low < 1e-300
    assert 1e300 < high < math.inf
    assert expm1_of(np.array([-math.inf]))[0] == -1.0


@pytest.mark.parametrize("middle", [1.0, math.sqrt(0.5), 2.0])
def test_the_logarithm_is_exact_also_near_1_and_where_its_series_change(middle):
    x = middle * (1.0 + np.linspace(-1e-3, 1e-3, 2001))
    assert log_of(x) == pytest.approx(np.log(x), rel=3 * ULP, abs=0.0)


def test_the_logarithm_is_exact_over_the_whole_range():
    x = np.exp(np.linspace(-700.0, 700.0, 10_001))
    assert log_of(x) == pytest.approx(np.log(x), rel=3 * ULP, abs=0.0)
    assert log_of(np.zeros(1))[0] < -700.0
