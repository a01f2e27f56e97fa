"""Treon 2005: who carries which FCGR3A, and how many of them respond to rituximab (58 patients)."""

from collections.abc import Callable

from abm.evidence.claim import Claim, Values
from abm.evidence.cohorts import cohort, percent
from abm.inference.counted import Counts

PAPER, N = "Treon2005", 58
SOURCE = f"{PAPER}; assumed: after one course"


def _has(n_v158: int) -> Callable[[Values], bool]:
    return lambda one: one["single.n_v158"] == n_v158


CLAIMS = (
    Claim(
        id="P13-VV", role="prediction", unit="%", observed=40.0, lo=12.2, hi=73.8,
        text="partial response in 4 of 10 with FCGR3A-158 V/V",
        source=SOURCE,
        cases=cohort, measure=percent("single.partial", _has(2)), group="patient", trial=N,
        paper=PAPER, likelihood=Counts(4, 10, 100),
    ),
    Claim(
        id="P13-VF", role="prediction", unit="%", observed=100 * 9 / 26, lo=17.2, hi=55.7,
        text="partial response in 9 of 26 with FCGR3A-158 V/F",
        source=SOURCE,
        cases=cohort, measure=percent("single.partial", _has(1)), group="patient", trial=N,
        paper=PAPER, likelihood=Counts(9, 26, 100),
    ),
    Claim(
        id="P13-FF", role="prediction", unit="%", observed=100 * 2 / 22, lo=1.1, hi=29.2,
        text="partial response in 2 of 22 with FCGR3A-158 F/F",
        source=SOURCE,
        cases=cohort, measure=percent("single.partial", _has(0)), group="patient", trial=N,
        paper=PAPER, likelihood=Counts(2, 22, 100),
    ),
)  # fmt: skip
