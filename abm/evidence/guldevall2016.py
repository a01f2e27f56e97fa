"""Guldevall 2016: resting NK cells one by one among sensitive targets: most never kill, the others one, two or more."""

from abm.evidence.claim import Case, Claim
from abm.evidence.protocols import crowd
from abm.inference.measured import Interval, Normal


def _wells(seed: int) -> list[Case]:
    return crowd("resting", "12 h")


CLAIMS = (
    Claim(
        id="N3-never", role="fit", unit="%", observed=75.0, lo=65.0, hi=85.0,
        text="three quarters of resting NK cells kill nobody in 12 h",
        source="Guldevall2016; assumed: SD 5 points",
        cases=_wells, measure=lambda found: 100.0 * found["crowd"]["nk.never_killed_frac"],
        paper="Guldevall2016", likelihood=Normal(75.0, 5.0),
    ),
    Claim(
        id="N3-few", role="fit", unit="%", observed=55.0, lo=33.0, hi=80.0,
        text="of those that kill, at least a third kill one or two; a few kill three or more",
        source="Guldevall2016; assumed: a third to four fifths",
        cases=_wells, measure=lambda found: 100.0 * found["crowd"]["nk.few_kills_frac"],
        paper="Guldevall2016", likelihood=Interval(33.0, 80.0),
    ),
)  # fmt: skip
