"""Single NK cells under the microscope: half of them never kill, the others kill one target after another."""

import math

from abm.evidence.claim import Case, Claim
from abm.evidence.protocols import Gap, crowd, order
from abm.inference.measured import Interval, Normal, Ordered


def _wells(seed: int) -> list[Case]:
    return crowd("il2", "16 h")


def _slower(one: str, other: str) -> Gap:
    """Return the logarithm of the mean time of one kill over another's, in NK cells of four kills or more."""
    return lambda found: math.log(found["crowd"][f"nk.{one}_kill_h"] / found["crowd"][f"nk.{other}_kill_h"])


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
        cases=_wells, **order(_slower("first", "second")),
        paper="ChoiMitchison2013", likelihood=Ordered(0.2),
    ),
    Claim(
        id="N10-later", role="fit", unit="in order", observed=1.0, lo=0.99, hi=1.01,
        text="early kills are fast and later ones slow",
        source="Prager2019",
        cases=_wells, **order(_slower("later", "second")),
        paper="Prager2019", likelihood=Ordered(0.2),
    ),
)  # fmt: skip
