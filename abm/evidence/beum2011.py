"""Beum 2011: how much of the bound rituximab is inside the cell after 2 h.

The claim sets the rate of that paper, which the parameter set for Waldenstroem cells does not have: it holds the
process to its own law, and nothing can be calibrated on it.
"""

from abm.evidence.claim import Case, Claim
from abm.evidence.protocols import RITUXIMAB, arm, cells
from abm.inference.measured import Normal

RATE_PER_H = 0.26  # Beum2011


def _two_hours(seed: int) -> list[Case]:
    own = {
        "duration": "2 h",
        "processes.internalisation.rate_per_h": RATE_PER_H,
        "arms": {"medium": arm(RITUXIMAB, without=("nk_cells",))},
    }
    return [Case("medium", 400, cells(65e3) | own)]


CLAIMS = (
    Claim(
        id="V13", role="goal", unit="%", observed=40.0, lo=32.0, hi=48.0,
        text="at a rate of 0.26 /h, as in the paper, about 40 % of the bound rituximab is internalised at 2 h",
        source="Beum2011; assumed: within a fifth",
        cases=_two_hours, measure=lambda found: 100.0 * found["medium"]["medium.internalised_frac"],
        paper="Beum2011", likelihood=Normal.of_range(40.0, 32.0, 48.0),
    ),
)  # fmt: skip
