"""Dimopoulos 2005: IgM and albumin at the start tell when patients progress (52 patients, two courses)."""

from abm.evidence.claim import Claim, Values
from abm.evidence.cohorts import Found, Measure, cohort, median_months, n_factors


def _progression(factors: int) -> Measure:
    def has(one: Values) -> bool:
        return n_factors(one) == factors

    def measure(found: Found) -> float:
        return median_months("double.time_to_progression_d", has)(found)

    return measure


SOURCE = "Dimopoulos2005; assumed: within a factor 1.5"
CLAIMS = (
    Claim(
        id="P7-none", role="prediction", unit="months", observed=40.0, lo=40.0, hi=60.0,
        text="neither factor: median time to progression at least 40 months",
        source=SOURCE,
        cases=cohort, measure=_progression(0), group="patient", trial=52,
    ),
    Claim(
        id="P7-one", role="prediction", unit="months", observed=11.0, lo=7.3, hi=16.5,
        text="IgM above 40 g/L or albumin below 35 g/L: median time to progression 11 months",
        source=SOURCE,
        cases=cohort, measure=_progression(1), group="patient", trial=52,
    ),
    Claim(
        id="P7-both", role="prediction", unit="months", observed=3.6, lo=2.4, hi=5.4,
        text="IgM above 40 g/L and albumin below 35 g/L: median time to progression 3.6 months",
        source=SOURCE,
        cases=cohort, measure=_progression(2), group="patient", trial=52,
    ),
)  # fmt: skip
