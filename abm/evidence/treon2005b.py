"""Treon 2005b: two courses of rituximab in 29 patients, whose IgM falls for more than a year."""

from abm.evidence.claim import Claim, Values
from abm.evidence.cohorts import Found, cohort, median_months, percent, share_below
from abm.inference.counted import Counts, Median

PAPER, N, RESPONDERS = "Treon2005b", 29, 19
SOURCE = f"{PAPER}; assumed: the second course at 112 d, as in Dimopoulos2002"
BEST_D, TIME = "double.time_to_best_d", "double.time_to_progression_d"
SEEN_MONTHS = 29.0  # median follow-up
CUT_G_PER_L = 60.0


def _responds(one: Values) -> bool:
    return one["double.minor"] > 0.0


def _is_high(one: Values) -> bool:
    return one["double.baseline_igm_g_per_L"] > CUT_G_PER_L


def _is_low(one: Values) -> bool:
    return not _is_high(one)


def _minor_only(found: Found) -> float:
    return percent("double.minor")(found) - percent("double.partial")(found)


def _progressed(found: Found) -> float:
    """Return the percent of responders who have progressed when the paper's were counted."""
    return 100.0 * share_below(TIME, SEEN_MONTHS, _responds)(found)


CLAIMS = (
    Claim(
        id="P10-PR", role="prediction", unit="%", observed=100 * 14 / 29, lo=29.4, hi=67.5,
        text="two courses: partial response in 14 of 29",
        source=SOURCE,
        cases=cohort, measure=percent("double.partial"), group="patient", trial=N,
        paper=PAPER, likelihood=Counts(14, RESPONDERS, 100), at=percent("double.partial", _responds),
    ),
    Claim(
        id="P10-MR", role="prediction", unit="%", observed=100 * 5 / 29, lo=5.8, hi=35.8,
        text="two courses: minor response in 5 of 29",
        source=SOURCE,
        cases=cohort, measure=_minor_only, group="patient", trial=N,
        paper=PAPER, told_by=("P10-PR", "P10-low", "P10-high"),
    ),
    Claim(
        id="P10-low", role="prediction", unit="%", observed=75.0, lo=53.3, hi=90.2,
        text="two courses: at least a minor response in 18 of 24 with IgM up to 60 g/L",
        source=SOURCE,
        cases=cohort, measure=percent("double.minor", _is_low), group="patient", trial=N,
        paper=PAPER, likelihood=Counts(18, 24, 100),
    ),
    Claim(
        id="P10-high", role="prediction", unit="%", observed=20.0, lo=0.5, hi=71.6,
        text="two courses: at least a minor response in 1 of 5 with IgM above 60 g/L",
        source=SOURCE,
        cases=cohort, measure=percent("double.minor", _is_high), group="patient", trial=N,
        paper=PAPER, likelihood=Counts(1, 5, 100),
    ),
    Claim(
        id="P10-best", role="prediction", unit="months", observed=17.0, lo=10.6, hi=27.2,
        text="the lowest IgM of responders comes after a median of 17 months",
        source="Treon2005b; assumed: from the first dose, within a factor 1.6",
        cases=cohort, measure=median_months(BEST_D, _responds), group="patient", trial=N,
        paper=PAPER, likelihood=Median(17.0, RESPONDERS), at=share_below(BEST_D, 17.0, _responds),
    ),
    Claim(
        id="P10-progressed", role="prediction", unit="%", observed=100 * 2 / 19, lo=1.3, hi=33.1,
        text="2 of 19 responders have progressed at 29 months",
        source="Treon2005b; assumed: all followed for the median of 29 months",
        cases=cohort, measure=_progressed, group="patient", trial=N,
        paper=PAPER, likelihood=Counts(2, RESPONDERS, 100),
    ),
)  # fmt: skip
