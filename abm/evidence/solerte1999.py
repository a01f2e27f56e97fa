"""Solerte 1999: NK cells kill more, the more DHEAS there is."""

from collections.abc import Mapping
from itertools import pairwise

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.protocols import RITUXIMAB, arm, lysis
from abm.inference.measured import Ordered
from abm.statistics.correlation import spearman

DOSES_UM = (0.01, 0.1, 1.0, 10.0)
SOFTNESS_PERCENT = 2.0  # assumed: how well a laboratory tells the lysis of two doses apart


def _doses(seed: int) -> list[Case]:
    """Add DHEAS to the effector arm with few NK cells, 16 h: killing is not complete yet."""
    own = {"duration": "16 h", "populations.nk_cells.per_b_cell": 1.0}
    return [Case(f"{dose}", 2000, own | {"arms": {"nk": arm(RITUXIMAB, {"dheas": f"{dose} uM"})}}) for dose in DOSES_UM]


def _order(found: Mapping[str, Values]) -> float:
    killed = [found[f"{dose}"]["nk.kills_per_nk"] for dose in DOSES_UM]
    return spearman(DOSES_UM, killed)


def _smallest_step(found: Mapping[str, Values]) -> float:
    """Return the smallest rise of lysis from one dose to the next, in percentage points."""
    return min(higher - lower for lower, higher in pairwise(lysis(found[f"{dose}"], "nk") for dose in DOSES_UM))


CLAIMS = (
    Claim(
        id="V15", role="fit", unit="rank correlation", observed=1.0, lo=0.75, hi=1.0,
        text="killing rises with DHEAS from 1e-8 to 1e-5 M",
        source="Solerte1999",
        cases=_doses, measure=_order,
        paper="Solerte1999", likelihood=Ordered(SOFTNESS_PERCENT), at=_smallest_step,
    ),
)  # fmt: skip
