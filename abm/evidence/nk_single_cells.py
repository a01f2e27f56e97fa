"""Single NK cells under the microscope: half of them never kill, the others kill one target after another."""

import math
from collections.abc import Mapping

from abm.evidence.claim import B_CELLS, SIDE_UM, Case, Claim, Values
from abm.evidence.protocols import LINE_HITS, RITUXIMAB, arm, cells, in_order
from abm.inference.measured import Interval, Normal, Ordered


def _wells(seed: int) -> list[Case]:
    """Few IL-2-activated NK cells among many line-like targets at four times the well's density, 16 h."""
    own = cells(152e3, LINE_HITS) | {
        "duration": "16 h",
        "populations.nk_cells.per_b_cell": 0.1,
        "arms": {"nk": arm(RITUXIMAB)},
    }
    return [Case("crowd", 4000, lambda n: own | {"space.side": f"{0.5 * SIDE_UM * (n / B_CELLS) ** 0.5} um"})]


def _log_ratio(found: Mapping[str, Values], one: str, other: str) -> float:
    """Return the logarithm of the mean time that one kill takes over another's, in NK cells of four kills or more."""
    hours = [found["crowd"].get(f"nk.{name}_kill_h", math.nan) for name in (one, other)]
    return math.log(hours[0] / hours[1]) if min(hours) > 0.0 else math.nan


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
    Claim(
        id="N10-second", role="fit", unit="in order", observed=1.0, lo=0.99, hi=1.01,
        text="a first kill speeds the next: the second takes less time than the first",
        source="ChoiMitchison2013",
        cases=_wells, measure=lambda found: in_order(_log_ratio(found, "first", "second")),
        at=lambda found: _log_ratio(found, "first", "second"),
        paper="ChoiMitchison2013", likelihood=Ordered(0.2),
    ),
    Claim(
        id="N10-later", role="fit", unit="in order", observed=1.0, lo=0.99, hi=1.01,
        text="early kills are fast and later ones slow",
        source="Prager2019",
        cases=_wells, measure=lambda found: in_order(_log_ratio(found, "later", "second")),
        at=lambda found: _log_ratio(found, "later", "second"),
        paper="Prager2019", likelihood=Ordered(0.2),
    ),
)  # fmt: skip
