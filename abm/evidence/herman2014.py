"""Herman 2014: lymphocytes after the first dose of ibrutinib (64 patients)."""

import numpy as np

from abm.evidence.claim import Claim
from abm.evidence.cll_cohorts import ARM, Found, column, mixed
from abm.evidence.cohorts import percent
from abm.inference.counted import Counts
from abm.inference.measured import Normal, Ordered

PAPER, N = "Herman2014", 64
SE = 7.5  # assumed: patients differ by 60 percentage points


def _rise(found: Found) -> float:
    """Return the mean rise a day after the first dose, percent."""
    return 100.0 * (float(np.nanmean(column(found, "day_1_rel"))) - 1.0)


def _rank_correlation(found: Found) -> float:
    """Return the rank correlation of the relative rise with the count at the start."""
    ranks = [column(found, name).argsort().argsort() for name in ("baseline_lymphocytes_per_nL", "day_1_rel")]
    return float(np.corrcoef(*ranks)[0, 1])


CLAIMS = (
    Claim(
        id="L4-rise", role="fit", unit="%", observed=66.0, lo=51.3, hi=80.7,
        text="lymphocytes rise by 66 % on average after one dose",
        source=f"{PAPER}; assumed: patients differ by 60 percentage points",
        cases=mixed, measure=_rise, group="cll", trial=N,
        paper=PAPER, likelihood=Normal(66.0, SE),
    ),
    Claim(
        id="L4-peak", role="fit", unit="%", observed=100 * 27 / 64, lo=29.9, hi=55.2,
        text="lymphocytes peak within 24 h in more than 40 %",
        source=f"{PAPER}; assumed: 27 of 64",
        cases=mixed, measure=percent(f"{ARM}peaked_by_day_1"), group="cll", trial=N,
        paper=PAPER, likelihood=Counts(27, N, 100),
    ),
    Claim(
        id="L4-order", role="fit", unit="r", observed=-0.5, lo=-0.9, hi=-0.2,
        text="the more lymphocytes at the start, the less they rise",
        source=f"{PAPER}; assumed: what a reader sees in 64 patients",
        cases=mixed, measure=_rank_correlation, group="cll",
        paper=PAPER, likelihood=Ordered((N - 3) ** -0.5), at=lambda found: -_rank_correlation(found),
    ),
)  # fmt: skip
