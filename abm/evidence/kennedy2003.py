"""Kennedy 2003: how much C3b lies on a Raji cell after rituximab and serum, and where it is stabilised."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.protocols import RITUXIMAB, SERUM, alone, cells
from abm.inference.measured import Interval, LogNormal


def _raji(duration: str, *add: Mapping[str, Any]) -> Callable[[int], list[Case]]:
    own = {"duration": duration, "arms": {"serum": alone(RITUXIMAB, *add, without=("nk_cells",))}}
    return lambda seed: [Case("raji", 1000, cells(150e3) | own)]


def _c3b(found: Mapping[str, Values]) -> float:
    """Return what lies on a living cell in the mean; where none lives, or nothing lies on any, there is no mean."""
    mean = found["raji"]["serum.c3b_per_cell"]
    return mean if mean > 0.0 else math.nan


CLAIMS = (
    Claim(
        id="V5", role="fit", unit="C3b per cell", observed=5e5, lo=3.5e5, hi=6.5e5,
        text="about 5e5 C3b lie on a Raji cell after 1 h",
        source="Kennedy2003; assumed: within 30 %",
        cases=_raji("1 h", SERUM), measure=_c3b,
        paper="Kennedy2003", likelihood=LogNormal.of_range(5e5, 3.5e5, 6.5e5),
    ),
    Claim(
        id="N4-4h", role="fit", unit="C3b per cell", observed=5e5, lo=4e5, hi=7e5,
        text="C3b has a ceiling: 4 to 7e5 on a living Raji cell after 4 h",
        source="Kennedy2003; assumed: 4 to 7e5",
        cases=_raji("4 h", SERUM), measure=_c3b,
        paper="Kennedy2003", likelihood=LogNormal.of_range(5e5, 4e5, 7e5),
    ),
    Claim(
        id="N4-no-C5", role="fit", unit="C3b per cell", observed=5e5, lo=4e5, hi=7e5,
        text="without C5, where none is lysed, it is the same",
        source="Kennedy2003; assumed: 4 to 7e5",
        cases=_raji("4 h", {"serum": "25 %", "lacking": ["c5c9"]}), measure=_c3b,
        paper="Kennedy2003", likelihood=LogNormal.of_range(5e5, 4e5, 7e5),
    ),
    Claim(
        id="N4-stabilised", role="fit", unit="10^6 C3b per cell", observed=1.5, lo=1.0, hi=3.0,
        text="an antibody that stabilises C3b lets more than 1e6 lie on a cell",
        source="Kennedy2003; assumed: at most 3e6",
        cases=_raji("4 h", {"serum": "25 %", "lacking": ["c5c9"]}, {"c3b_stabiliser": "100 %"}),
        measure=lambda found: _c3b(found) / 1e6,
        paper="Kennedy2003", likelihood=Interval(1.0, 3.0),
    ),
)  # fmt: skip
