"""Kennedy 2003: how much C3b lies on a Raji cell after rituximab and serum."""

from abm.evidence.claim import Case, Claim
from abm.evidence.protocols import RITUXIMAB, SERUM, arm, cells
from abm.inference.measured import LogNormal


def _raji(seed: int) -> list[Case]:
    own = {"duration": "1 h", "arms": {"serum": arm(RITUXIMAB, SERUM, without=("nk_cells",))}}
    return [Case("raji", 1000, cells(150e3) | own)]


CLAIMS = (
    Claim(
        id="V5", role="fit", unit="C3b per cell", observed=5e5, lo=3.5e5, hi=6.5e5,
        text="about 5e5 C3b lie on a Raji cell after 1 h",
        source="Kennedy2003; assumed: within 30 %",
        cases=_raji, measure=lambda found: found["raji"]["serum.c3b_per_cell"],
        paper="Kennedy2003", likelihood=LogNormal.of_range(5e5, 3.5e5, 6.5e5),
    ),
)  # fmt: skip
