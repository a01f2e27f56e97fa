"""Wang 2008, 2009 and Kern 2013: which serum keeps coated targets from activating NK cells."""

from collections.abc import Mapping
from typing import Any

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.protocols import LINE_HITS, RITUXIMAB, arm, cells, in_order
from abm.inference.measured import Ordered

SERA: dict[str, tuple[Mapping[str, Any], ...]] = {
    "none": (),
    "fresh": ({"serum": "50 %"},),
    "heated": ({"serum": "50 %", "lacking": ["complement"]},),
    "no_c1q": ({"serum": "50 %", "lacking": ["c1q"]},),
    "no_c3": ({"serum": "50 %", "lacking": ["c3"]},),
    "no_c5": ({"serum": "50 %", "lacking": ["c5c9"]},),
    "stabilised": ({"serum": "50 %"}, {"c3b_stabiliser": "100 %"}),
}
SOFTNESS = 0.1  # assumed: of activation relative to that without serum, as read from a cytometer


def _targets(drug: Mapping[str, Any]) -> Case:
    """Raji-like targets, antibody and serum for 1 h, then fresh NK cells for 4 h; what lyses is no target any more."""

    def at(n: int) -> dict[str, Any]:
        later = {"nk_cells": 5 * n, "at": "1 h"}
        arms = {name: arm(drug, *serum, later) for name, serum in SERA.items()}
        own = {"populations.nk_cells.state": "resting", "populations.nk_cells.per_b_cell": 0.0}
        return cells(150e3, LINE_HITS) | own | {"duration": "5 h", "arms": arms}

    return Case(next(iter(drug)), 400, at)


def _both(seed: int) -> list[Case]:
    return [_targets(RITUXIMAB), _targets({"obinutuzumab_like": "10 ug/mL"})]


def _activated(found: Mapping[str, Values], serum: str, drug: str = "rituximab") -> float:
    """Return how much CD16 NK cells have shed, relative to coated targets without serum."""
    values = found[drug]
    return values[f"{serum}.cd16_lost_frac"] / max(values["none.cd16_lost_frac"], 1e-6)


def _gaps(found: Mapping[str, Values]) -> list[float]:
    """Return by how much each serum that lacks what leads to C3b activates more than each that does not."""
    free, blocked = ("heated", "no_c1q", "no_c3"), ("fresh", "no_c5")
    return [_activated(found, one) - _activated(found, other) for one in free for other in blocked]


def _more(found: Mapping[str, Values]) -> float:
    return _activated(found, "fresh") - _activated(found, "stabilised")


def _obinutuzumab(found: Mapping[str, Values]) -> float:
    return _activated(found, "fresh", "obinutuzumab_like") - _activated(found, "fresh")


CLAIMS = (
    Claim(
        id="N5-blocked", role="fit", unit="in order", observed=1.0, lo=0.99, hi=1.01,
        text="fresh serum and serum without C5 block NK cells; heated serum and serum without C1q or C3 do not",
        source="Wang2008; Wang2009",
        cases=lambda seed: [_targets(RITUXIMAB)],
        measure=lambda found: in_order(*_gaps(found)), at=lambda found: min(_gaps(found)),
        paper="Wang2008", likelihood=Ordered(SOFTNESS),
    ),
    Claim(
        id="N5-stabilised", role="fit", unit="in order", observed=1.0, lo=0.99, hi=1.01,
        text="C3b that is kept from breaking down blocks more",
        source="Wang2008",
        cases=lambda seed: [_targets(RITUXIMAB)], measure=lambda found: in_order(_more(found)), at=_more,
        paper="Wang2008", likelihood=Ordered(SOFTNESS),
    ),
    Claim(
        id="N5-obinutuzumab", role="fit", unit="in order", observed=1.0, lo=0.99, hi=1.01,
        text="with an antibody that hardly starts complement, fresh serum blocks less",
        source="Kern2013",
        cases=_both, measure=lambda found: in_order(_obinutuzumab(found)), at=_obinutuzumab,
        paper="Kern2013", likelihood=Ordered(SOFTNESS),
    ),
)  # fmt: skip
