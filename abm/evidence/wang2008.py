"""Wang 2008, 2009 and Kern 2013: which serum keeps coated targets from activating NK cells.

*Assumes*: targets are fixed. Wang2008 saw the same without viable ones: lysed cells still show antibody and C3b.
"""

from collections.abc import Mapping
from typing import Any

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.protocols import LINE_HITS, RITUXIMAB, Gap, arm, cells, order
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
    """Raji-like fixed targets, antibody and serum for 1 h, then fresh NK cells for 4 h."""

    def at(n: int) -> dict[str, Any]:
        later = {"nk_cells": 5 * n, "at": "1 h"}
        arms = {name: arm(drug, *serum, later) for name, serum in SERA.items()}
        own = {"populations.nk_cells.state": "resting", "populations.nk_cells.per_b_cell": 0.0}
        own |= {"populations.b_cells.is_fixed": True}
        return cells(150e3, LINE_HITS) | own | {"duration": "5 h", "arms": arms}

    return Case(next(iter(drug)), 400, at)


def _both(seed: int) -> list[Case]:
    return [_targets(RITUXIMAB), _targets({"obinutuzumab_like": "10 ug/mL"})]


def _activated(found: Mapping[str, Values], serum: str, drug: str = "rituximab") -> float:
    """Return how much CD16 NK cells have shed, relative to coated targets without serum."""
    values = found[drug]
    return values[f"{serum}.cd16_lost_frac"] / max(values["none.cd16_lost_frac"], 1e-6)


def _more(one: str, other: str) -> Gap:
    """Return by how much one serum lets NK cells be activated more than another."""
    return lambda found: _activated(found, one) - _activated(found, other)


def _obinutuzumab(found: Mapping[str, Values]) -> float:
    return _activated(found, "fresh", "obinutuzumab_like") - _activated(found, "fresh")


BLOCKED = [_more(free, blocked) for free in ("heated", "no_c1q", "no_c3") for blocked in ("fresh", "no_c5")]
CLAIMS = (
    Claim(
        id="N5-blocked", role="fit", unit="in order", observed=1.0, lo=0.99, hi=1.01,
        text="fresh serum and serum without C5 block NK cells; heated serum and serum without C1q or C3 do not",
        source="Wang2008; Wang2009",
        cases=lambda seed: [_targets(RITUXIMAB)], **order(*BLOCKED),
        paper="Wang2008", likelihood=Ordered(SOFTNESS),
    ),
    Claim(
        id="N5-stabilised", role="fit", unit="in order", observed=1.0, lo=0.99, hi=1.01,
        text="C3b that is kept from breaking down blocks more",
        source="Wang2008",
        cases=lambda seed: [_targets(RITUXIMAB)], **order(_more("fresh", "stabilised")),
        paper="Wang2008", likelihood=Ordered(SOFTNESS),
    ),
    Claim(
        id="N5-obinutuzumab", role="fit", unit="in order", observed=1.0, lo=0.99, hi=1.01,
        text="with an antibody that hardly starts complement, fresh serum blocks less",
        source="Kern2013",
        cases=_both, **order(_obinutuzumab),
        paper="Kern2013", likelihood=Ordered(SOFTNESS),
    ),
)  # fmt: skip
