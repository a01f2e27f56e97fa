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
        "P7-none", "prediction", "neither factor: median time to progression at least 40 months", "months",
        40.0, 40.0, 60.0, SOURCE, cohort, _progression(0), "patient", 52,
    ),
    Claim(
        "P7-one", "prediction", "IgM above 40 g/L or albumin below 35 g/L: 11 months", "months", 11.0, 7.3, 16.5,
        SOURCE, cohort, _progression(1), "patient", 52,
    ),
    Claim(
        "P7-both", "prediction", "both: 3.6 months", "months", 3.6, 2.4, 5.4, SOURCE,
        cohort, _progression(2), "patient", 52,
    ),
)  # fmt: skip
