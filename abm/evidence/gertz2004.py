"""Gertz 2004: a single course of rituximab in 69 patients."""

import math

import numpy as np

from abm.evidence.claim import Claim, Values
from abm.evidence.cohorts import DAYS_PER_MONTH, Found, cohort, has_high_igm, percent, responds
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


def _by_igm(found: Found) -> float:
    """Return the response rate of patients with IgM up to 40 g/L minus that of the others, in percentage points."""

    def has_low_igm(one: Values) -> bool:
        return not has_high_igm(one)

    return percent("single.partial", has_low_igm)(found) - percent("single.partial", has_high_igm)(found)


def _by_igm_in_errors(found: Found) -> float:
    """Return that difference over its standard error in a trial of the published size, as a test of two proportions.

    How many of the 69 had more IgM is not known: the share of the simulated patients.
    """
    share = percent("single.partial")(found) / 100.0
    high = float(np.mean([has_high_igm(one) for one in found.values()]))
    if high in (0.0, 1.0) or math.isnan(share):
        return math.nan
    error = 100.0 * math.sqrt(share * (1.0 - share) / (N * high * (1.0 - high)))
    return _by_igm(found) / error if error else 0.0


def _lasting(found: Found) -> KaplanMeier | None:
    """Return the curve of days from response to progression; None where nobody responds."""
    seen = [one for one in found.values() if responds("single")(one)]
    began = [one["single.time_to_partial_d"] + 21.0 for one in seen]
    came = [one["single.progressed"] > 0.0 for one in seen]
    ended = [
        one["single.time_to_progression_d" if p else "single.follow_up_d"] for one, p in zip(seen, came, strict=True)
    ]
    return kaplan_meier([e - b for e, b in zip(ended, began, strict=True)], came) if seen else None


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
        paper=SOURCE, likelihood=MINOR, at=percent("single.minor", _has_no_partial),
    ),
    Claim(
        id="P6-IgM", role="prediction", unit="points", observed=0.0, lo=-22.0, hi=22.0,
        text="IgM above 40 g/L or not does not predict response",
        source="Gertz2004; assumed: what 69 patients would not tell apart",
        cases=cohort, measure=_by_igm, group="patient", trial=N,
        paper=SOURCE, likelihood=NotSignificant(0.05, N), at=_by_igm_in_errors,
    ),
    Claim(
        id="P6-duration", role="prediction", unit="months", observed=27.0, lo=18.0, hi=40.0,
        text="responses last 27 months",
        source="Gertz2004; assumed: within a factor 1.5",
        cases=cohort, measure=_duration, group="patient", trial=N,
        paper=SOURCE, likelihood=Median(MONTHS, 19), at=_share_over,
    ),
)  # fmt: skip
