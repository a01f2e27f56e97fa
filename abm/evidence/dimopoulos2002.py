"""Dimopoulos 2002: two courses of rituximab three months apart in 27 patients, as they were seen."""

import math
from collections.abc import Callable

import numpy as np

from abm.evidence.claim import Claim
from abm.evidence.cohorts import (
    DAYS_PER_MONTH,
    Found,
    Measure,
    cohort,
    has_high_igm,
    has_low_igm,
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
SHORTEST, LONGEST = 6.0, 28.0  # assumed: months of follow-up, of which a median of 15.7 was published
GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)


def _deep(found: Found) -> float:
    """Return the percent of patients whose IgM falls by more than three quarters."""
    changes = [one["double.best_change_frac"] for one in found.values()]
    return share_percent([change if math.isnan(change) else float(change < -0.75) for change in changes])


def _deep_of_responders(found: Found) -> float:
    """Return that percent of responders, for who responds is counted by IgM at the start already."""
    return _deep({name: one for name, one in found.items() if responds("double")(one)})


def _months(found: Found) -> np.ndarray:
    """Return when each responder progresses; infinite for who never does."""
    days = np.array([one[PROGRESSION_D] for one in found.values() if responds("double")(one)])
    return np.where(np.isnan(days), math.inf, days) / DAYS_PER_MONTH


def _of_responders(pick: Callable[[np.ndarray], float]) -> Measure:
    """Return a measure of the months to progression of responders who are seen to progress.

    Follow-up is that of a place in the trial, whoever has it; together they fill the range evenly.
    """

    def measure(found: Found) -> float:
        months = _months(found)
        ended = SHORTEST + (LONGEST - SHORTEST) * (GOLDEN * np.arange(1, months.size + 1) % 1.0)
        seen = months[months <= ended]
        return float(pick(seen)) if seen.size else math.nan

    return measure


def _of_trials(direction: int) -> Measure:
    """Return the measure: median of the first, or with -1 of the last, progression over trials of the paper's size.

    Exact over all lengths of follow-up. NaN where in most such trials nobody is seen to progress.
    """

    def measure(found: Found) -> float:
        months = np.sort(_months(found))[::direction]
        shares = np.clip((LONGEST - months) / (LONGEST - SHORTEST), 0.0, 1.0) / max(1, months.size)
        is_seen = shares > 0.0
        seen = (np.cumsum(shares) - 0.5 * shares)[is_seen]
        share = 1.0 - 0.5 ** (1.0 / RESPONDERS)  # in half of all trials nobody is among these
        return float(np.interp(share, seen, months[is_seen])) if shares.sum() > share else math.nan

    return measure


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
        cases=cohort, measure=percent("double.partial", has_low_igm), group="patient", trial=N,
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
        source="Dimopoulos2002; assumed: later than 133 d from the first infusion",
        cases=cohort, measure=percent("double.late"), group="patient", trial=N,
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
        source="Dimopoulos2002; assumed: within a factor 1.6, follow-up evenly 6-28 months",
        cases=cohort, measure=_of_responders(np.min), group="patient", trial=N,
        paper=SOURCE, likelihood=_within_factor(6.7), at=_of_trials(1),
    ),
    Claim(
        id="P5b-last", role="prediction", unit="months", observed=24.7, lo=15.0, hi=40.0,
        text="the last responder to progress does so at 24.7 months",
        source="Dimopoulos2002; assumed: within a factor 1.6, follow-up evenly 6-28 months",
        cases=cohort, measure=_of_responders(np.max), group="patient", trial=N,
        paper=SOURCE, likelihood=_within_factor(24.7), at=_of_trials(-1),
    ),
    Claim(
        id="P9", role="prediction", unit="%", observed=25.0, lo=9.0, hi=53.0,
        text="a quarter of the responders fall straight from the end of treatment",
        source="Dimopoulos2002; assumed: at no visit of weeks 1-4 and 8 above 1.05 of the start",
        cases=cohort, measure=percent("double.straight"), group="patient", trial=N,
        paper=SOURCE, likelihood=Counts(3, RESPONDERS, 100),
    ),
)  # fmt: skip
