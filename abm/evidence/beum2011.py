"""Beum 2011: how much of the bound rituximab is inside the cell after 2 h."""

from abm.evidence.claim import Case, Claim
from abm.evidence.protocols import RITUXIMAB, arm, cells


def _two_hours(seed: int) -> list[Case]:
    own = {
        "duration": "2 h",
        "processes.internalisation.rate_per_h": 0.26,
        "arms": {"medium": arm(RITUXIMAB, without=("nk_cells",))},
    }
    return [Case("medium", 400, cells(65e3) | own)]


CLAIMS = (
    Claim(
        "V13", "fit", "about 40 % of the bound rituximab is internalised at 2 h", "%", 40.0, 32.0, 48.0,
        "Beum2011; assumed: within a fifth", _two_hours,
        lambda found: 100.0 * found["medium"]["medium.internalised_frac"],
    ),
)  # fmt: skip
