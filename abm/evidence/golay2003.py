"""Golay 2003: lysis at the highest effector:target ratio, of lines and of primary cells, by purified resting NK."""

from collections.abc import Callable

from abm.evidence.claim import Case, Claim
from abm.evidence.protocols import LINE_HITS, PRIMARY_HITS, RITUXIMAB, arm, cells, lysis
from abm.inference.measured import Normal


def _highest(cd20_median: float, hits: float) -> Callable[[int], list[Case]]:
    own = {
        "duration": "4 h",
        "populations.nk_cells.state": "resting",
        "populations.nk_cells.per_b_cell": 50.0,
        "arms": {"nk": arm(RITUXIMAB)},
    }
    return lambda seed: [Case("highest", 600, cells(cd20_median, hits) | own)]


CLAIMS = (
    Claim(
        id="V8-lines", role="fit", unit="%", observed=70.0, lo=60.0, hi=80.0,
        text="resting NK cells at 50:1 lyse 70 % of lines in 4 h",
        source="Golay2003",
        cases=_highest(100e3, LINE_HITS), measure=lambda found: lysis(found["highest"], "nk"),
        paper="Golay2003", likelihood=Normal.of_range(70.0, 60.0, 80.0),
    ),
    Claim(
        id="V8-primary", role="fit", unit="%", observed=27.0, lo=19.0, hi=35.0,
        text="resting NK cells at 50:1 lyse 27 % of primary cells in 4 h",
        source="Golay2003",
        cases=_highest(65e3, PRIMARY_HITS), measure=lambda found: lysis(found["highest"], "nk"),
        paper="Golay2003", likelihood=Normal.of_range(27.0, 19.0, 35.0),
    ),
)  # fmt: skip
