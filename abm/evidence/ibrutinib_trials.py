"""How long first and later lines of ibrutinib keep patients free of progression and alive (three trials)."""

import numpy as np

from abm.evidence.claim import Claim
from abm.evidence.cll_cohorts import ARM, Found, column, first_line, free_at, relapsed, relapsed_without_tp53
from abm.evidence.cohorts import DAYS_PER_MONTH, median_months, share_below
from abm.inference.counted import Counts, Median

FIRST, LATER, TP53 = "Barr2022", "Munir2019", "Ahn2018"
TIME, MEDIAN_MONTHS = f"{ARM}time_to_progression_d", 44.0
AT_5, AT_7, N_FIRST = 95, 80, 136
PROGRESSED, N_LATER = 53, 195


def _still_free(found: Found) -> float:
    """Return the percentage free at seven years of those who are free at five."""
    at_5 = free_at(60.0)(found)
    return 100.0 * free_at(84.0)(found) / at_5 if at_5 else float("nan")


def _lymphocytes_up(found: Found) -> float:
    """Return the percentage that progress by lymphocytes within 44 months."""
    is_early = column(found, "time_to_progression_d") <= MEDIAN_MONTHS * DAYS_PER_MONTH
    return 100.0 * float(np.mean(is_early & np.isfinite(column(found, "progression_c481s_frac"))))


CLAIMS = (
    Claim(
        id="L7-first-5y", role="fit", unit="%", observed=100 * AT_5 / N_FIRST, lo=61.4, hi=77.4,
        text="first line: 70 % free of progression at five years",
        source=f"{FIRST}; Burger2020",
        cases=first_line, measure=free_at(60.0), group="cll", trial=N_FIRST,
        paper=FIRST, likelihood=Counts(AT_5, N_FIRST, 100),
    ),
    Claim(
        id="L7-first-7y", role="fit", unit="%", observed=100 * AT_7 / N_FIRST, lo=50.1, hi=67.2,
        text="first line: 59 % free of progression at seven years",
        source=FIRST,
        cases=first_line, measure=free_at(84.0), group="cll", trial=N_FIRST,
        paper=FIRST, likelihood=Counts(AT_7, AT_5, 100), at=_still_free,
    ),
    Claim(
        id="L7-later", role="fit", unit="months", observed=MEDIAN_MONTHS, lo=38.5, hi=56.9,
        text="treated before: median of 44 months free of progression",
        source=LATER,
        cases=relapsed, measure=median_months(TIME), group="cll", trial=N_LATER,
        paper=LATER, likelihood=Median(MEDIAN_MONTHS, N_LATER), at=share_below(TIME, MEDIAN_MONTHS),
    ),
    Claim(
        id="L7-later-count", role="fit", unit="%", observed=100 * PROGRESSED / N_LATER, lo=21.1, hi=34.0,
        text="treated before: CLL itself progresses in 27 % within 44 months",
        source=f"Byrd2019; {LATER}; assumed: by lymphocytes",
        cases=relapsed, measure=_lymphocytes_up, group="cll", trial=N_LATER,
        paper=LATER, likelihood=Counts(PROGRESSED, N_LATER, 100),
    ),
    Claim(
        id="L7-later-tp53", role="fit", unit="%", observed=100 * 3 / 16, lo=4.0, hi=45.6,
        text="treated before, TP53 lost: 19 % free of progression at five years",
        source=f"{TP53}; assumed: 3 of 16",
        cases=relapsed_without_tp53, measure=free_at(60.0), group="cll", trial=16,
        paper=TP53, likelihood=Counts(3, 16, 100),
    ),
)  # fmt: skip
