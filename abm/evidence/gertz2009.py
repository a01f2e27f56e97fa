"""Gertz 2009: how long the 69 patients of a single course of rituximab are free of progression."""

import math

from abm.evidence.claim import Claim, Values
from abm.evidence.cohorts import Found, cohort, median_months, progression, responds, share_below
from abm.inference.counted import Median
from abm.inference.measured import NotSignificant
from abm.statistics.survival import hazard_ratio

SOURCE, N = "Gertz2009", 69
TIME, MONTHS = "single.time_to_progression_d", 30.0
ERROR = math.sqrt(1.0 / 17 + 1.0 / 19)  # of the log hazard ratio, when all with a minor and a partial response progress
WITHIN = math.exp(1.96 * ERROR)


def _is_minor(one: Values) -> bool:
    return one["single.minor"] > 0.0 and not responds("single")(one)


def _ratio(found: Found) -> float:
    """Return the hazard of progression of patients with a minor response over that of those with a partial one."""
    groups = ([one for one in found.values() if is_of(one)] for is_of in (_is_minor, responds("single")))
    minor, partial = (progression("single", group) for group in groups)
    return hazard_ratio(*minor, *partial)[0]


CLAIMS = (
    Claim(
        id="P12-median", role="prediction", unit="months", observed=MONTHS, lo=20.0, hi=45.0,
        text="a single course: median time to progression 30 months",
        source="Gertz2009; assumed: within a factor 1.5",
        cases=cohort, measure=median_months(TIME), group="patient", trial=N,
        paper=SOURCE, likelihood=Median(MONTHS, N), at=share_below(TIME, MONTHS),
    ),
    Claim(
        id="P12-minor", role="prediction", unit="1", observed=1.0, lo=1.0 / WITHIN, hi=WITHIN,
        text="after a minor response patients progress no sooner than after a partial one",
        source="Gertz2009; assumed: what 17 and 19 patients would not tell apart",
        cases=cohort, measure=_ratio, group="patient", trial=N,
        paper=SOURCE, likelihood=NotSignificant(0.05, 17 + 19), at=lambda found: math.log(_ratio(found)) / ERROR,
    ),
)  # fmt: skip
