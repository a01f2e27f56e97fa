"""Single NK cells under the microscope: half of them never kill, the others kill one target after another."""

from abm.evidence.claim import B_CELLS, SIDE_UM, Case, Claim
from abm.evidence.protocols import LINE_HITS, RITUXIMAB, arm, cells
from abm.inference.measured import Interval, Normal


def _wells(seed: int) -> list[Case]:
    """Few IL-2-activated NK cells among many line-like targets at four times the well's density, 16 h."""
    own = cells(152e3, LINE_HITS) | {
        "duration": "16 h",
        "populations.nk_cells.per_b_cell": 0.1,
        "arms": {"nk": arm(RITUXIMAB)},
    }
    return [Case("crowd", 4000, lambda n: own | {"space.side": f"{0.5 * SIDE_UM * (n / B_CELLS) ** 0.5} um"})]


CLAIMS = (
    Claim(
        id="V11-never", role="fit", unit="%", observed=50.0, lo=45.0, hi=60.0,
        text="half of IL-2-activated NK cells never kill",
        source="Vanherberghen2013; BhatWatzl2007",
        cases=_wells, measure=lambda found: 100.0 * found["crowd"]["nk.never_killed_frac"],
        paper="Vanherberghen2013", likelihood=Interval(45.0, 60.0),
    ),
    Claim(
        id="V11-kills", role="fit", unit="kills per NK cell", observed=4.0, lo=3.0, hi=5.0,
        text="an IL-2-activated NK cell makes 4 kills in 16 h",
        source="Vanherberghen2013; BhatWatzl2007",
        cases=_wells, measure=lambda found: found["crowd"]["nk.kills_per_nk"],
        paper="BhatWatzl2007", likelihood=Normal(4.0, 0.5),
    ),
)  # fmt: skip
