"""What trials of many patients measure, and the donors of an assay, by hand."""

import math

import numpy as np
import pytest

from abm.evidence.claim import chosen
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
NAN = math.nan


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


def patients(**columns):
    return {str(i): dict(zip(columns, row, strict=True)) for i, row in enumerate(zip(*columns.values(), strict=True))}


def test_a_share_is_of_those_seen():
    found = patients(x=[1.0, 0.0, 0.0, NAN, 1.0], group=[1, 1, 1, 1, 0])
    assert percent("x")(found) == 50.0
    assert percent("x", lambda one: one["group"] == 1)(found) == pytest.approx(100 / 3)
    assert math.isnan(percent("x")(patients(x=[NAN])))
    assert math.isnan(percent("x", lambda one: False)(found))


@pytest.mark.parametrize(
    ("claim", "columns", "value"),
    [
        ("P4b-deep", {"double.best_change_frac": [-0.8, -0.7, NAN, -0.76]}, 200 / 3),
        ("P9", {"double.straight": [1, 0, NAN]}, 50.0),
        ("P4b-late", {"double.late": [0, 1, NAN]}, 50.0),
        ("P5b-first", {"double.partial": [1, 1, 1], "double.time_to_progression_d": [304.375, NAN, 608.75]}, 10.0),
        ("P5b-last", {"double.partial": [1, 1, 1], "double.time_to_progression_d": [304.375, NAN, 608.75]}, 20.0),
        ("P6-MR", {"single.minor": [1, 1, 0, 1], "single.partial": [0, 1, 0, 0]}, 50.0),
        ("P6-IgM", {"single.partial": [1, 0, 1, 0, 0],
                    "single.baseline_igm_g_per_L": [50, 50, 30, 30, 30]}, 100 / 3 - 50),
        ("P10-MR", {"double.minor": [1, 1, 0, 1], "double.partial": [0, 1, 0, 0]}, 50.0),
        ("P10-low", {"double.minor": [1, 0, 1], "double.baseline_igm_g_per_L": [60, 50, 61]}, 50.0),
        ("P10-high", {"double.minor": [1, 0, 1], "double.baseline_igm_g_per_L": [60, 50, 61]}, 100.0),
        ("P10-best", {"double.minor": [1, 1, 1, 0], "double.time_to_best_d": [304.375, 608.75, 700, 1]}, 20.0),
        ("P10-progressed", {"double.minor": [1, 1, 1, 0],
                            "double.time_to_progression_d": [800, 900, NAN, 100]}, 100 / 3),
        ("P13-VV", {"single.n_v158": [2, 2, 1, 0], "single.partial": [1, 0, 1, 1]}, 50.0),
        ("P13-FF", {"single.n_v158": [2, 2, 1, 0], "single.partial": [1, 0, 1, 1]}, 100.0),
        ("P12-median", {"single.time_to_progression_d": [304.375, 608.75, NAN]}, 20.0),
        ("P14-albumin", {"double.partial": [1, 1, 0, 0], "single.baseline_albumin_g_per_L": [35, 36, 37, 34]}, 1.0),
        ("P14-IgM", {"double.partial": [1, 0, 1, 0], "single.baseline_igm_g_per_L": [50, 50, 30, 30]}, 0.0),
        ("P2-2months", {"single.first_rise": [1, 1, 0, NAN], "single.up_2_months": [1, 0, 1, 1]}, 50.0),
        ("L2-high", {"ibrutinib.surface_igm_MFI": [60, 70, 80, 40], "ibrutinib.progressed": [1, 0, NAN, 1]}, 50.0),
        ("L2-low", {"ibrutinib.surface_igm_MFI": [60, 70, 50, 40], "ibrutinib.progressed": [1, 0, 0, 1]}, 50.0),
        ("L1", {"ibrutinib.surface_igm_MFI": [1, 2, 3, 4], "ibrutinib.calcium_percent": [2, 4, 6, NAN]}, 1.0),
        ("L3", {"ibrutinib.calcium_percent": [1, 2, 3], "ibrutinib.inhibition_frac": [0.3, 0.2, 0.1]}, -1.0),
    ],
)  # fmt: skip
def test_a_claim_counts_what_was_published(claim, columns, value):
    (asked,) = chosen([claim])
    assert asked.measure(patients(**columns)) == pytest.approx(value)


def test_those_with_a_partial_response_are_counted_among_those_with_any_that_igm_tells_of():
    """So that the counts by IgM at the start and that of partial responses tell different things."""
    found = patients(**{"double.minor": [1] * 4 + [0] * 6, "double.partial": [1] * 3 + [0] * 7})
    partial, low, high = chosen(["P10-PR", "P10-low", "P10-high"])
    assert partial.measure(found) == pytest.approx(30.0)
    assert partial.value(found) == pytest.approx(75.0)
    assert low.likelihood.k + high.likelihood.k == partial.likelihood.n


@pytest.mark.parametrize(("factor", "ratio"), [(1.0, 1.0), (0.5, 2.0)])
def test_minor_responders_who_progress_sooner_have_the_larger_hazard(factor, ratio):
    times = np.random.default_rng(2).exponential(300.0, 400)
    found = patients(
        **{
            "single.minor": [1.0] * 800 + [0.0],
            "single.partial": [0.0] * 400 + [1.0] * 400 + [0.0],
            "single.progressed": [1.0] * 801,
            "single.time_to_progression_d": [*(factor * times), *times, 1.0],
        }
    )
    (claim,) = chosen(["P12-minor"])
    assert claim.measure(found) == pytest.approx(ratio, rel=0.1)
    assert claim.value(found) == pytest.approx(math.log(claim.measure(found)) / math.sqrt(1 / 17 + 1 / 19))
