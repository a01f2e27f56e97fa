"""Ahn 2017: progression of CLL itself on ibrutinib, and the mutated cells at it (84 patients)."""

import math

from abm.evidence.claim import Claim, Values
from abm.evidence.cll_cohorts import ARM, Found, mixed
from abm.evidence.cohorts import median_months, percent, share_below, share_percent
from abm.inference.counted import Counts, Median

PAPER, N, PROGRESSED = "Ahn2017", 84, 10
MONTHS, TIME = 38.0, f"{ARM}time_to_progression_d"
LEAST_FRAC = 0.01  # assumed: what sequencing finds


def _progresses(one: Values) -> bool:
    return one[f"{ARM}progressed"] > 0.0


def _mutated(found: Found) -> float:
    """Return the percentage of patients who progress in whom mutated cells are found."""
    shares = [one[f"{ARM}progression_c481s_frac"] for one in found.values() if _progresses(one)]
    return share_percent([float(share > LEAST_FRAC) for share in shares if not math.isnan(share)])


CLAIMS = (
    Claim(
        id="L6", role="fit", unit="%", observed=100 * PROGRESSED / N, lo=5.9, hi=20.8,
        text="CLL progresses in 10 of 84 within a median follow-up of 34 months",
        source=f"{PAPER}; assumed: follow-up of 16 to 52 months",
        cases=mixed, measure=percent(f"{ARM}progressed"), group="cll", trial=N,
        paper=PAPER, likelihood=Counts(PROGRESSED, N, 100),
    ),
    Claim(
        id="L6-time", role="fit", unit="months", observed=MONTHS, lo=25.0, hi=46.0,
        text="CLL that progresses does so at a median of 38 months",
        source=f"{PAPER}; assumed: range of medians of ten",
        cases=mixed, measure=median_months(TIME, _progresses), group="cll", trial=N,
        paper=PAPER, likelihood=Median(MONTHS, PROGRESSED), at=share_below(TIME, MONTHS, _progresses),
    ),
    Claim(
        id="L6-mutated", role="fit", unit="%", observed=80.0, lo=44.4, hi=97.5,
        text="mutations of BTK or PLCG2 in 8 of 10 whose CLL progresses",
        source=f"{PAPER}; assumed: above 1 in 100 cells",
        cases=mixed, measure=_mutated, group="cll", trial=N,
        paper=PAPER, likelihood=Counts(8, PROGRESSED, 100),
    ),
)  # fmt: skip
