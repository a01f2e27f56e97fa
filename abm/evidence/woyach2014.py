"""Woyach 2014: lymphocytosis on ibrutinib, and how long it lasts (85 patients who were treated before)."""

import math

import numpy as np

from abm.evidence.claim import Claim, Values
from abm.evidence.cll_cohorts import ARM, Found, relapsed
from abm.evidence.cohorts import percent
from abm.inference.counted import Counts
from abm.inference.measured import Interval, NotSignificant

PAPER, N = "Woyach2014", 85
PATTERN = "Pcyc2014"  # whose patients are of the same kind, whatever they were treated with before
AT_D = 26 * 30.4375  # assumed: follow-up of the first years


def _lasts(one: Values) -> bool:
    return one[f"{ARM}up_for_a_year"] > 0.0


def _is_over(one: Values) -> bool:
    return one[f"{ARM}up_for_a_year"] == 0.0


def _progressed(found: Found, of: object) -> float:
    """Return the share that progress after the first year and by the end of follow-up."""
    own = [one[f"{ARM}time_to_progression_d"] <= AT_D for one in found.values() if of(one)]
    return float(np.mean(own)) if own else math.nan


def _worse(found: Found) -> float:
    """Return by how much more patients with lasting lymphocytosis progress, in percentage points."""
    return 100.0 * (_progressed(found, _lasts) - _progressed(found, _is_over))


def _worse_in_errors(found: Found) -> float:
    """Return that difference over its standard error in a trial of the published size."""
    seen = [one for one in found.values() if _lasts(one) or _is_over(one)]
    share = float(np.mean([one[f"{ARM}time_to_progression_d"] <= AT_D for one in seen])) if seen else math.nan
    lasting = float(np.mean([_lasts(one) for one in seen])) if seen else math.nan
    if math.isnan(share) or lasting in (0.0, 1.0):
        return math.nan
    error = 100.0 * math.sqrt(share * (1.0 - share) / (N * lasting * (1.0 - lasting)))
    return _worse(found) / error if error else 0.0


CLAIMS = (
    Claim(
        id="L5-rise", role="fit", unit="%", observed=100 * 65 / N, lo=66.0, hi=85.0,
        text="lymphocytosis in 65 of 85",
        source=PAPER,
        cases=relapsed, measure=percent(f"{ARM}lymphocytosis"), group="cll", trial=N,
        paper=PAPER, likelihood=Counts(65, N, 100),
    ),
    Claim(
        id="L5-year", role="fit", unit="%", observed=100 * 17 / N, lo=12.1, hi=30.1,
        text="lymphocytosis that lasts 12 months in 17 of 85",
        source=PAPER,
        cases=relapsed, measure=percent(f"{ARM}up_for_a_year"), group="cll", trial=N,
        paper=PAPER, likelihood=Counts(17, N, 100),
    ),
    Claim(
        id="L5-140d", role="fit", unit="%", observed=75.0, lo=50.0, hi=100.0,
        text="lymphocytes are back at the start after five cycles in most",
        source=PATTERN,
        cases=relapsed, measure=percent(f"{ARM}back_by_140_d"), group="cll",
        paper=PATTERN, likelihood=Interval(50.0, 100.0),
    ),
    Claim(
        id="L5-outcome", role="fit", unit="points", observed=0.0, lo=-15.0, hi=15.0,
        text="who has lymphocytosis for a year progresses no earlier",
        source=f"{PAPER}; assumed: at 26 months",
        cases=relapsed, measure=_worse, group="cll", trial=N,
        paper=PAPER, likelihood=NotSignificant(0.05, N), at=_worse_in_errors,
    ),
)  # fmt: skip
