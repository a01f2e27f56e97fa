"""Ghobrial 2004: how often serum IgM rises after rituximab, and for how long (54 patients of the trial of Gertz)."""

from abm.evidence.claim import Claim, Values
from abm.evidence.cohorts import cohort, percent
from abm.inference.counted import Counts

SOURCE = "Ghobrial2004"
AT_2_MONTHS, AT_4_MONTHS = 41, 28  # patients of whom 22 and 15 rose, at 54 %


def _rose(one: Values) -> bool:
    return one["single.first_rise"] > 0.0


CLAIMS = (
    Claim(
        id="P2-rise", role="fit", unit="%", observed=100 * 29 / 54, lo=41.0, hi=66.0,
        text="IgM is above the start at week 4 in 29 of 54",
        source=SOURCE,
        cases=cohort, measure=percent("single.first_rise"), group="patient", trial=54,
        paper=SOURCE, likelihood=Counts(29, 54, 100),
    ),
    Claim(
        id="P2-2months", role="fit", unit="%", observed=100 * 13 / 22, lo=39.0, hi=77.0,
        text="when it rose, it is still up at 2 months: 13 of 22",
        source=SOURCE,
        cases=cohort, measure=percent("single.up_2_months", _rose), group="patient", trial=AT_2_MONTHS,
        paper=SOURCE, likelihood=Counts(13, 22, 100),
    ),
    Claim(
        id="P2-4months", role="fit", unit="%", observed=100 * 4 / 15, lo=11.0, hi=52.0,
        text="when it rose, it is still up at 4 months: 4 of 15",
        source=SOURCE,
        cases=cohort, measure=percent("single.up_4_months", _rose), group="patient", trial=AT_4_MONTHS,
        paper=SOURCE, likelihood=Counts(4, 15, 100),
    ),
)  # fmt: skip
