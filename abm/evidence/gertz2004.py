"""Gertz 2004: a single course of rituximab in 69 patients."""

import math

from abm.evidence.claim import Claim, Values
from abm.evidence.cohorts import DAYS_PER_MONTH, Found, cohort, has_high_igm, percent, responds
from abm.statistics.survival import kaplan_meier


def _minor_only(found: Found) -> float:
    minor, partial = percent("single.minor")(found), percent("single.partial")(found)
    return minor - partial


def _by_igm(found: Found) -> float:
    """Return the response rate of patients with IgM up to 40 g/L minus that of the others, in percentage points."""

    def has_low_igm(one: Values) -> bool:
        return not has_high_igm(one)

    return percent("single.partial", has_low_igm)(found) - percent("single.partial", has_high_igm)(found)


def _duration(found: Found) -> float:
    """Return the median months from response to progression (Kaplan and Meier)."""
    seen = [one for one in found.values() if responds("single")(one)]
    if not seen:
        return math.nan
    began = [one["single.time_to_partial_d"] + 21.0 for one in seen]
    came = [one["single.progressed"] > 0.0 for one in seen]
    ended = [
        one["single.time_to_progression_d" if p else "single.follow_up_d"] for one, p in zip(seen, came, strict=True)
    ]
    return kaplan_meier([e - b for e, b in zip(ended, began, strict=True)], came).median / DAYS_PER_MONTH


SOURCE = "Gertz2004"
CLAIMS = (
    Claim(
        id="P6-PR", role="fit", unit="%", observed=100 * 19 / 69, lo=17.5, hi=39.6,
        text="a single course: partial response in 19 of 69",
        source=SOURCE,
        cases=cohort, measure=percent("single.partial"), group="patient", trial=69,
    ),
    Claim(
        id="P6-MR", role="fit", unit="%", observed=100 * 17 / 69, lo=15.1, hi=36.5,
        text="a single course: minor response in 17 of 69",
        source=SOURCE,
        cases=cohort, measure=_minor_only, group="patient", trial=69,
    ),
    Claim(
        id="P6-IgM", role="prediction", unit="points", observed=0.0, lo=-22.0, hi=22.0,
        text="IgM above 40 g/L or not does not predict response",
        source="Gertz2004; assumed: what 69 patients would not tell apart",
        cases=cohort, measure=_by_igm, group="patient", trial=69,
    ),
    Claim(
        id="P6-duration", role="prediction", unit="months", observed=27.0, lo=18.0, hi=40.0,
        text="responses last 27 months",
        source="Gertz2004; assumed: within a factor 1.5",
        cases=cohort, measure=_duration, group="patient", trial=69,
    ),
)  # fmt: skip
