"""Gertz 2004: a single course of rituximab in 69 patients."""

import math

from abm.evidence.claim import Claim, Values
from abm.evidence.cohorts import DAYS_PER_MONTH, Found, cohort, has_high_igm, percent, responds
from abm.statistics.survival import kaplan_meier


def _minor_only(found: Found) -> float:
    minor, partial = percent("single.minor")(found), percent("single.partial")(found)
    return minor - partial


def _by_igm(found: Found) -> float:
    """Return by how many points patients with IgM up to 40 g/L respond more often than those above."""

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
        "P6-PR", "fit", "a single course: partial response in 19 of 69", "%", 100 * 19 / 69, 17.5, 39.6, SOURCE,
        cohort, percent("single.partial"), "patient", 69,
    ),
    Claim(
        "P6-MR", "fit", "a single course: minor response in 17 of 69", "%", 100 * 17 / 69, 15.1, 36.5, SOURCE,
        cohort, _minor_only, "patient", 69,
    ),
    Claim(
        "P6-IgM", "prediction", "IgM above 40 g/L or not does not predict response", "points", 0.0, -22.0, 22.0,
        "Gertz2004; assumed: what 69 patients would not tell apart", cohort, _by_igm, "patient", 69,
    ),
    Claim(
        "P6-duration", "prediction", "responses last 27 months", "months", 27.0, 18.0, 40.0,
        "Gertz2004; assumed: within a factor 1.5", cohort, _duration, "patient", 69,
    ),
)  # fmt: skip
