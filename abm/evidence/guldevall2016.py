"""Guldevall 2016: resting NK cells one by one among sensitive targets: most never kill, the others one, two or more."""

from abm.evidence.claim import B_CELLS, SIDE_UM, Case, Claim
from abm.evidence.protocols import LINE_HITS, RITUXIMAB, arm, cells
from abm.inference.measured import Interval, Normal


def _wells(seed: int) -> list[Case]:
    """Few resting NK cells among many sensitive targets at four times the well's density, 12 h."""
    own = cells(152e3, LINE_HITS) | {
        "duration": "12 h",
        "populations.nk_cells.state": "resting",
        "populations.nk_cells.per_b_cell": 0.1,
        "arms": {"nk": arm(RITUXIMAB)},
    }
    return [Case("crowd", 4000, lambda n: own | {"space.side": f"{0.5 * SIDE_UM * (n / B_CELLS) ** 0.5} um"})]


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
        cases=_wells, measure=lambda found: 100.0 * found["crowd"].get("nk.few_kills_frac", float("nan")),
        paper="Guldevall2016", likelihood=Interval(33.0, 80.0),
    ),
)  # fmt: skip
