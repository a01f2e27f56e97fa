"""Dimopoulos 2005: IgM and albumin at the start tell who responds and when patients progress (52, two courses)."""

from collections.abc import Callable

from abm.evidence.claim import Claim, Values
from abm.evidence.cohorts import (
    Found,
    cohort,
    difference_in_errors,
    has_low_albumin,
    has_low_igm,
    median_months,
    n_factors,
    percent,
    share_below,
)
from abm.evidence.protocols import order
from abm.inference.counted import Counts, Median
from abm.inference.measured import Interval, Ordered

PAPER, N, PARTIAL, TIME = "Dimopoulos2005", 52, "double.partial", "double.time_to_progression_d"
SOURCE = f"{PAPER}; assumed: within a factor 1.5"
ONE, BOTH = 25, 8  # assumed: patients of the 52, if the factors are as frequent as in 35 of the authors (43 and 37 %)
FOLLOWED_MONTHS = 40.0  # by then half had not progressed
NOT_REACHED = Interval(-0.5, 0.5)  # assumed: a median not reached tells no share below a half from another, 0 included


def _without_factors(found: Found) -> float:
    """Return the median months to progression; 40 where they are more, of which the paper tells nothing else."""
    return min(median_months(TIME, _with(0))(found), FOLLOWED_MONTHS)


def _has_albumin(one: Values) -> bool:
    return not has_low_albumin(one)


def _with(factors: int) -> Callable[[Values], bool]:
    return lambda one: n_factors(one) == factors


CLAIMS = (
    Claim(
        id="P7-none", role="prediction", unit="months", observed=40.0, lo=40.0, hi=60.0,
        text="neither factor: median time to progression at least 40 months",
        source=SOURCE,
        cases=cohort, measure=_without_factors, group="patient", trial=N,
        paper=PAPER, likelihood=NOT_REACHED, at=share_below(TIME, FOLLOWED_MONTHS, _with(0)),
    ),
    Claim(
        id="P7-one", role="prediction", unit="months", observed=11.0, lo=7.3, hi=16.5,
        text="IgM above 40 g/L or albumin below 35 g/L: median time to progression 11 months",
        source=SOURCE,
        cases=cohort, measure=median_months(TIME, _with(1)), group="patient", trial=N,
        paper=PAPER, likelihood=Median(11.0, ONE), at=share_below(TIME, 11.0, _with(1)),
    ),
    Claim(
        id="P7-both", role="prediction", unit="months", observed=3.6, lo=2.4, hi=5.4,
        text="IgM above 40 g/L and albumin below 35 g/L: median time to progression 3.6 months",
        source=SOURCE,
        cases=cohort, measure=median_months(TIME, _with(2)), group="patient", trial=N,
        paper=PAPER, likelihood=Median(3.6, BOTH), at=share_below(TIME, 3.6, _with(2)),
    ),
    Claim(
        id="P14-PR", role="prediction", unit="%", observed=100 * 23 / 52, lo=30.5, hi=58.7,
        text="partial response in 23 of 52",
        source=PAPER,
        cases=cohort, measure=percent(PARTIAL), group="patient", trial=N,
        paper=PAPER, likelihood=Counts(23, N, 100),
    ),
    Claim(
        id="P14-IgM", role="prediction", unit="in order", observed=1.0, lo=0.99, hi=1.01,
        text="more patients respond with IgM up to 40 g/L than above",
        source=PAPER,
        cases=cohort, **order(difference_in_errors(PARTIAL, has_low_igm, N)), group="patient", trial=N,
        paper=PAPER, likelihood=Ordered(),
    ),
    Claim(
        id="P14-albumin", role="prediction", unit="in order", observed=1.0, lo=0.99, hi=1.01,
        text="more patients respond with albumin of at least 35 g/L than below",
        source=PAPER,
        cases=cohort, **order(difference_in_errors(PARTIAL, _has_albumin, N)), group="patient", trial=N,
        paper=PAPER, likelihood=Ordered(),
    ),
)  # fmt: skip
