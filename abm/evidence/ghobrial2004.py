"""Ghobrial 2004: how often serum IgM rises after rituximab, and for how long (54 patients of the trial of Gertz)."""

from abm.evidence.claim import Claim, Values
from abm.evidence.cohorts import cohort, percent

SOURCE = "Ghobrial2004"
AT_2_MONTHS, AT_4_MONTHS = 41, 28  # patients of whom 22 and 15 rose, at 54 %


def _rose(one: Values) -> bool:
    return one["single.any_rise"] > 0.0


CLAIMS = (
    Claim(
        "P2-rise", "fit", "IgM rises in 29 of 54", "%", 100 * 29 / 54, 41.0, 66.0, SOURCE,
        cohort, percent("single.any_rise"), "patient", 54,
    ),
    Claim(
        "P2-2months", "fit", "when it rose, it is still up at 2 months: 13 of 22", "%",
        100 * 13 / 22, 39.0, 77.0, SOURCE, cohort, percent("single.up_2_months", _rose), "patient", AT_2_MONTHS,
    ),
    Claim(
        "P2-4months", "fit", "when it rose, it is still up at 4 months: 4 of 15", "%", 100 * 4 / 15, 11.0, 52.0,
        SOURCE, cohort, percent("single.up_4_months", _rose), "patient", AT_4_MONTHS,
    ),
)  # fmt: skip
