"""Gertz 2004: a single course of rituximab in 69 patients."""

import math

import numpy as np

from abm.evidence.claim import Claim, Values
from abm.evidence.cohorts import (
    DAYS_PER_MONTH,
    Found,
    cohort,
    difference,
    difference_in_errors,
    has_low_igm,
    percent,
    percent_of_left,
    progression,
    responds,
)
from abm.inference.counted import Median, Multinomial
from abm.inference.measured import NotSignificant
from abm.statistics.survival import KaplanMeier, kaplan_meier

SOURCE, N = "Gertz2004", 69
MONTHS = 27.0  # median duration
PARTIAL, MINOR = Multinomial((19, 17, 33), 100).chain  # minor responses are counted of those without a partial one


def _minor_only(found: Found) -> float:
    minor, partial = percent("single.minor")(found), percent("single.partial")(found)
    return minor - partial


def _has_no_partial(one: Values) -> bool:
    return one["single.partial"] == 0.0


def _lasting(found: Found) -> KaplanMeier | None:
    """Return the curve of days from response to progression; None where nobody responds."""
    seen = [one for one in found.values() if responds("single")(one)]
    ended, came = progression("single", seen)
    began = [one["single.time_to_partial_d"] + 21.0 for one in seen]
    return kaplan_meier(ended - np.array(began), came) if seen else None


def _duration(found: Found) -> float:
    """Return the median months from response to progression (Kaplan and Meier)."""
    curve = _lasting(found)
    return math.nan if curve is None else curve.median / DAYS_PER_MONTH


def _share_over(found: Found) -> float:
    """Return the share of responses that are over before the published median."""
    curve = _lasting(found)
    return math.nan if curve is None else 1.0 - float(curve.share[curve.time < MONTHS * DAYS_PER_MONTH][-1])


CLAIMS = (
    Claim(
        id="P6-PR", role="fit", unit="%", observed=100 * 19 / 69, lo=17.5, hi=39.6,
        text="a single course: partial response in 19 of 69",
        source=SOURCE,
        cases=cohort, measure=percent("single.partial"), group="patient", trial=N,
        paper=SOURCE, likelihood=PARTIAL,
    ),
    Claim(
        id="P6-MR", role="fit", unit="%", observed=100 * 17 / 69, lo=15.1, hi=36.5,
        text="a single course: minor response in 17 of 69",
        source=SOURCE,
        cases=cohort, measure=_minor_only, group="patient", trial=N,
        paper=SOURCE, likelihood=MINOR, at=percent_of_left("single.minor", _has_no_partial),
    ),
    Claim(
        id="P6-IgM", role="prediction", unit="points", observed=0.0, lo=-22.0, hi=22.0,
        text="IgM above 40 g/L or not does not predict response",
        source="Gertz2004; assumed: what 69 patients would not tell apart",
        cases=cohort, measure=difference("single.partial", has_low_igm), group="patient", trial=N,
        paper=SOURCE, likelihood=NotSignificant(0.05, N), at=difference_in_errors("single.partial", has_low_igm, N),
    ),
    Claim(
        id="P6-duration", role="prediction", unit="months", observed=27.0, lo=18.0, hi=40.0,
        text="responses last 27 months",
        source="Gertz2004; assumed: within a factor 1.5",
        cases=cohort, measure=_duration, group="patient", trial=N,
        paper=SOURCE, likelihood=Median(MONTHS, 19), at=_share_over,
    ),
)  # fmt: skip
