"""Golay 2003: lysis at the highest effector:target ratio, of lines and of primary cells, by purified resting NK."""

from collections.abc import Callable

from abm.evidence.claim import Case, Claim
from abm.evidence.protocols import LINE_HITS, PRIMARY_HITS, RITUXIMAB, arm, cells, lysis


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
        "V8-lines", "fit", "resting NK cells at 50:1 lyse 70 % of lines in 4 h", "%", 70.0, 60.0, 80.0,
        "Golay2003", _highest(100e3, LINE_HITS), lambda found: lysis(found["highest"], "nk"),
    ),
    Claim(
        "V8-primary", "fit", "resting NK cells at 50:1 lyse 27 % of primary cells in 4 h", "%", 27.0, 19.0, 35.0,
        "Golay2003", _highest(65e3, PRIMARY_HITS), lambda found: lysis(found["highest"], "nk"),
    ),
)  # fmt: skip
