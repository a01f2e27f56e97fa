"""Killing without antibody: little by fresh mononuclear cells, more by NK cells kept in IL-2."""

from collections.abc import Callable, Mapping
from typing import Any

from abm.evidence.claim import Case, Claim
from abm.evidence.protocols import LINE_HITS, arm, cells, lysis
from abm.inference.measured import Interval


def _alone(effectors: Mapping[str, Any]) -> Callable[[int], list[Case]]:
    """Return the cells of a line with effectors and no antibody, 4 h."""
    own = {"duration": "4 h", "arms": {"alone": arm()}}
    own |= {f"populations.nk_cells.{name}": value for name, value in effectors.items()}
    return lambda seed: [Case("line", 600, cells(100e3, LINE_HITS) | own)]


CLAIMS = (
    Claim(
        id="N8-PBMC", role="fit", unit="%", observed=7.0, lo=0.0, hi=14.0,
        text="without antibody fresh mononuclear cells at 50:1 lyse up to 14 % of lines in 4 h",
        source="assumed: four laboratories, 50:1",
        cases=_alone({"state": "pbmc", "per_b_cell": 50.0}), measure=lambda found: lysis(found["line"], "alone"),
        likelihood=Interval(0.0, 14.0),
    ),
    Claim(
        id="N8-IL2", role="fit", unit="%", observed=25.0, lo=10.0, hi=40.0,
        text="without antibody NK cells kept in IL-2 lyse 10-40 % of lines",
        source="assumed: usual at 10:1 in 4 h",
        cases=_alone({"state": "il2", "per_b_cell": 10.0}), measure=lambda found: lysis(found["line"], "alone"),
        likelihood=Interval(10.0, 40.0),
    ),
)  # fmt: skip
