"""Dimopoulos 2002: two courses of rituximab three months apart in 27 patients."""

import math
from collections.abc import Callable

from abm.evidence.claim import Claim, Values
from abm.evidence.cohorts import (
    DAYS_PER_MONTH,
    Found,
    Measure,
    cohort,
    has_high_igm,
    median_months,
    percent,
    responds,
    share_percent,
)

SOURCE, N = "Dimopoulos2002", 27
SECOND_COURSE_D = 70.0  # from the end of the first course


def _low(one: Values) -> bool:
    return not has_high_igm(one)


def _late(found: Found) -> float:
    """Return the percent of responders who respond only after the second course."""
    seen = [one["double.time_to_partial_d"] for one in found.values() if responds("double")(one)]
    return 100.0 * sum(t > SECOND_COURSE_D for t in seen) / len(seen) if seen else math.nan


def _deep(found: Found) -> float:
    """Return the percent of patients whose IgM falls by more than three quarters."""
    changes = [one["double.best_change_frac"] for one in found.values()]
    return share_percent([change if math.isnan(change) else float(change < -0.75) for change in changes])


def _of_responders(pick: Callable[[list[float]], float]) -> Measure:
    """Return a measure of the months to progression of responders who progressed."""

    def measure(found: Found) -> float:
        times = [one["double.time_to_progression_d"] for one in found.values() if responds("double")(one)]
        known = [t / DAYS_PER_MONTH for t in times if not math.isnan(t)]
        return pick(known) if known else math.nan

    return measure


def _straight(found: Found) -> float:
    """Return the percent of responders whose IgM never rose in weeks 1 to 8."""
    return 100.0 - percent("double.any_rise", responds("double"))(found)


CLAIMS = (
    Claim(
        "P3-PR", "fit", "two courses: partial response in 12 of 27", "%", 100 * 12 / 27, 25.5, 64.7, SOURCE,
        cohort, percent("double.partial"), "patient", N,
    ),
    Claim(
        "P3-low", "fit", "with IgM up to 40 g/L in 11 of 19", "%", 100 * 11 / 19, 33.5, 79.7, SOURCE,
        cohort, percent("double.partial", _low), "patient", N,
    ),
    Claim(
        "P3-high", "fit", "with IgM above 40 g/L in 1 of 8", "%", 12.5, 0.3, 52.7, SOURCE,
        cohort, percent("double.partial", has_high_igm), "patient", N,
    ),
    Claim(
        "P4a", "fit", "median time to partial response 3.3 months", "months", 3.3, 2.2, 7.1, SOURCE,
        cohort, median_months("double.time_to_partial_d", responds("double")), "patient", N,
    ),
    Claim(
        "P4b-late", "prediction", "3 of 12 responders respond only after the second course", "%", 25.0, 5.5, 57.2,
        SOURCE, cohort, _late, "patient", N,
    ),
    Claim(
        "P4b-deep", "prediction", "IgM falls by more than 75 % in 5 of 27", "%", 100 * 5 / 27, 6.3, 38.1, SOURCE,
        cohort, _deep, "patient", N,
    ),
    Claim(
        "P5a", "fit", "median time to progression 16 months", "months", 16.0, 10.0, 25.0,
        "Dimopoulos2002; assumed: within a factor 1.6", cohort,
        median_months("double.time_to_progression_d"), "patient", N,
    ),
    Claim(
        "P5b-first", "prediction", "the first responder to progress does so at 6.7 months", "months", 6.7, 4.0, 11.0,
        "Dimopoulos2002; assumed: within a factor 1.6", cohort, _of_responders(min), "patient", N,
    ),
    Claim(
        "P5b-last", "prediction", "the last one at 24.7 months", "months", 24.7, 15.0, 40.0,
        "Dimopoulos2002; assumed: within a factor 1.6", cohort, _of_responders(max), "patient", N,
    ),
    Claim(
        "P9", "prediction", "a quarter of the responders fall straight from the end of treatment", "%", 25.0, 9.0, 53.0,
        "Dimopoulos2002; assumed: no rise in weeks 1-8", cohort, _straight, "patient", N,
    ),
)  # fmt: skip
