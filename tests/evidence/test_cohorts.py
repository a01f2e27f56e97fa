"""What trials of many patients measure, and the donors of an assay, by hand."""

import math

import numpy as np
import pytest

from abm.evidence.cohorts import DAYS_PER_MONTH, median_months, n_factors, percent, responds
from abm.evidence.protocols import DONORS, WITHIN_SIGMA, donor_medians

MONTHS = (2.0, math.nan, 4.0, 6.0, math.nan)
FOUND = {
    str(i): {
        "single.partial": float(i < 3),
        "single.time_to_progression_d": month * DAYS_PER_MONTH,
        "single.baseline_igm_g_per_L": 30.0 + 5.0 * i,
        "single.baseline_albumin_g_per_L": 36.5 - i,
    }
    for i, month in enumerate(MONTHS)
}
TIME = "single.time_to_progression_d"


def test_a_median_time_is_over_all_with_those_in_whom_it_never_came_last():
    assert median_months(TIME)(FOUND) == pytest.approx(6.0)  # of 2, 4, 6, never, never
    assert median_months(TIME, responds("single"))(FOUND) == pytest.approx(4.0)  # of 2, 4, never
    assert median_months(TIME, lambda one: math.isnan(one[TIME]))(FOUND) == math.inf
    assert math.isnan(median_months(TIME, lambda one: False)(FOUND))


def test_a_percentage_is_of_those_for_whom_the_condition_holds():
    assert percent("single.partial")(FOUND) == pytest.approx(60.0)
    assert percent("single.partial", lambda one: n_factors(one) > 0)(FOUND) == pytest.approx(100.0 / 3.0)
    assert math.isnan(percent("single.partial", lambda one: False)(FOUND))


def test_the_two_factors_are_igm_above_40_and_albumin_below_35():
    assert [n_factors(one) for one in FOUND.values()] == [0, 0, 1, 2, 2]


def test_donors_have_the_published_mean_and_spread_of_cd20():
    mean, sd = DONORS["SLVL"]
    of_cells = np.array(donor_medians("SLVL", 20_000, seed=1)) * math.exp(0.5 * WITHIN_SIGMA**2)
    assert of_cells.mean() == pytest.approx(mean, rel=0.02)
    assert of_cells.std() == pytest.approx(sd, rel=0.05)
