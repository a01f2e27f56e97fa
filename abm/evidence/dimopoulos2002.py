"""Dimopoulos 2002: two courses of rituximab three months apart in 27 patients."""

import math
from collections.abc import Callable

import numpy as np

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
    share_below,
    share_percent,
)
from abm.inference.counted import Counts, Median
from abm.inference.measured import LogNormal

SOURCE, N, RESPONDERS = "Dimopoulos2002", 27, 12
PARTIAL_D, PROGRESSION_D = "double.time_to_partial_d", "double.time_to_progression_d"
FACTOR = 1.6  # assumed: of a time, as a 95 % range
SECOND_COURSE_D = 70.0  # from the end of the first course


def _low(one: Values) -> bool:
    return not has_high_igm(one)


def _late(found: Found) -> float:
    """Return the percent of responders who respond only after the second course."""
    seen = [one[PARTIAL_D] for one in found.values() if responds("double")(one)]
    return 100.0 * sum(t > SECOND_COURSE_D for t in seen) / len(seen) if seen else math.nan


def _deep(found: Found) -> float:
    """Return the percent of patients whose IgM falls by more than three quarters."""
    changes = [one["double.best_change_frac"] for one in found.values()]
    return share_percent([change if math.isnan(change) else float(change < -0.75) for change in changes])


def _deep_of_responders(found: Found) -> float:
    """Return that percent of responders, for who responds is counted by IgM at the start already."""
    return _deep({name: one for name, one in found.items() if responds("double")(one)})


def _of_responders(pick: Callable[[list[float]], float]) -> Measure:
    """Return a measure of the months to progression of responders who progressed."""

    def measure(found: Found) -> float:
        times = [one[PROGRESSION_D] for one in found.values() if responds("double")(one)]
        known = [t / DAYS_PER_MONTH for t in times if not math.isnan(t)]
        return pick(known) if known else math.nan

    return measure


def _first(times: list[float]) -> float:
    """Return the median over trials of the first of as many times as the paper has responders."""
    return float(np.quantile(times, 1.0 - 0.5 ** (1.0 / RESPONDERS)))


def _last(times: list[float]) -> float:
    """Return the median over trials of the last of as many times as the paper has responders."""
    return float(np.quantile(times, 0.5 ** (1.0 / RESPONDERS)))


def _straight(found: Found) -> float:
    """Return the percent of responders whose IgM never rose in weeks 1 to 8."""
    return 100.0 - percent("double.any_rise", responds("double"))(found)


def _within_factor(months: float) -> LogNormal:
    return LogNormal.of_range(months, months / FACTOR, months * FACTOR)


CLAIMS = (
    Claim(
        id="P3-PR", role="fit", unit="%", observed=100 * 12 / 27, lo=25.5, hi=64.7,
        text="two courses: partial response in 12 of 27",
        source=SOURCE,
        cases=cohort, measure=percent("double.partial"), group="patient", trial=N,
        paper=SOURCE, told_by=("P3-low", "P3-high"),
    ),
    Claim(
        id="P3-low", role="fit", unit="%", observed=100 * 11 / 19, lo=33.5, hi=79.7,
        text="two courses: partial response in 11 of 19 with IgM up to 40 g/L",
        source=SOURCE,
        cases=cohort, measure=percent("double.partial", _low), group="patient", trial=N,
        paper=SOURCE, likelihood=Counts(11, 19, 100),
    ),
    Claim(
        id="P3-high", role="fit", unit="%", observed=12.5, lo=0.3, hi=52.7,
        text="two courses: partial response in 1 of 8 with IgM above 40 g/L",
        source=SOURCE,
        cases=cohort, measure=percent("double.partial", has_high_igm), group="patient", trial=N,
        paper=SOURCE, likelihood=Counts(1, 8, 100),
    ),
    Claim(
        id="P4a", role="fit", unit="months", observed=3.3, lo=2.2, hi=7.1,
        text="median time to partial response 3.3 months",
        source=SOURCE,
        cases=cohort, measure=median_months(PARTIAL_D, responds("double")), group="patient", trial=N,
        paper=SOURCE, likelihood=Median(3.3, RESPONDERS), at=share_below(PARTIAL_D, 3.3, responds("double")),
    ),
    Claim(
        id="P4b-late", role="prediction", unit="%", observed=25.0, lo=5.5, hi=57.2,
        text="3 of 12 responders respond only after the second course",
        source=SOURCE,
        cases=cohort, measure=_late, group="patient", trial=N,
        paper=SOURCE, likelihood=Counts(3, RESPONDERS, 100),
    ),
    Claim(
        id="P4b-deep", role="prediction", unit="%", observed=100 * 5 / 27, lo=6.3, hi=38.1,
        text="IgM falls by more than 75 % in 5 of 27",
        source=SOURCE,
        cases=cohort, measure=_deep, group="patient", trial=N,
        paper=SOURCE, likelihood=Counts(5, RESPONDERS, 100), at=_deep_of_responders,
    ),
    Claim(
        id="P5a", role="fit", unit="months", observed=16.0, lo=10.0, hi=25.0,
        text="median time to progression 16 months",
        source="Dimopoulos2002; assumed: within a factor 1.6",
        cases=cohort, measure=median_months(PROGRESSION_D), group="patient", trial=N,
        paper=SOURCE, likelihood=Median(16.0, N), at=share_below(PROGRESSION_D, 16.0),
    ),
    Claim(
        id="P5b-first", role="prediction", unit="months", observed=6.7, lo=4.0, hi=11.0,
        text="the first responder to progress does so at 6.7 months",
        source="Dimopoulos2002; assumed: within a factor 1.6",
        cases=cohort, measure=_of_responders(min), group="patient", trial=N,
        paper=SOURCE, likelihood=_within_factor(6.7), at=_of_responders(_first),
    ),
    Claim(
        id="P5b-last", role="prediction", unit="months", observed=24.7, lo=15.0, hi=40.0,
        text="the last responder to progress does so at 24.7 months",
        source="Dimopoulos2002; assumed: within a factor 1.6",
        cases=cohort, measure=_of_responders(max), group="patient", trial=N,
        paper=SOURCE, likelihood=_within_factor(24.7), at=_of_responders(_last),
    ),
    Claim(
        id="P9", role="prediction", unit="%", observed=25.0, lo=9.0, hi=53.0,
        text="a quarter of the responders fall straight from the end of treatment",
        source="Dimopoulos2002; assumed: no rise in weeks 1-8",
        cases=cohort, measure=_straight, group="patient", trial=N,
        paper=SOURCE, likelihood=Counts(3, RESPONDERS, 100),
    ),
)  # fmt: skip
