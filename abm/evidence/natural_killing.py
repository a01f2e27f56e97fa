"""Killing without antibody: little by fresh mononuclear cells, more by NK cells kept in IL-2.

Against targets alone, as spontaneous release is measured: a well without antibody is its own control otherwise.
"""

from collections.abc import Callable, Mapping
from typing import Any

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.protocols import LINE_HITS, arm, cells
from abm.inference.measured import Interval


def _alone(effectors: Mapping[str, Any]) -> Callable[[int], list[Case]]:
    """Return the cells of a line with effectors and no antibody, 4 h."""
    own = {"duration": "4 h", "arms": {"effectors": arm(), "none": arm(without=("nk_cells",))}}
    own |= {f"populations.nk_cells.{name}": value for name, value in effectors.items()}
    return lambda seed: [Case("line", 600, cells(100e3, LINE_HITS) | own)]


def _lysed(found: Mapping[str, Values]) -> float:
    """Return lysis by effectors above that of targets alone, of what that left, in percent."""
    own, alone = (found["line"][f"{name}.lysed_frac"] for name in ("effectors", "none"))
    return 100.0 * (own - alone) / max(1.0 - alone, 1e-6)


CLAIMS = (
    Claim(
        id="N8-PBMC", role="fit", unit="%", observed=7.0, lo=0.0, hi=14.0,
        text="without antibody fresh mononuclear cells at 50:1 lyse up to 14 % of lines in 4 h",
        source="assumed: four laboratories, 50:1",
        cases=_alone({"state": "pbmc", "per_b_cell": 50.0}), measure=_lysed,
        likelihood=Interval(0.0, 14.0),
    ),
    Claim(
        id="N8-IL2", role="fit", unit="%", observed=25.0, lo=10.0, hi=40.0,
        text="without antibody NK cells kept in IL-2 lyse 10-40 % of lines",
        source="assumed: usual at 10:1 in 4 h",
        cases=_alone({"state": "il2", "per_b_cell": 10.0}), measure=_lysed,
        likelihood=Interval(10.0, 40.0),
    ),
)  # fmt: skip
