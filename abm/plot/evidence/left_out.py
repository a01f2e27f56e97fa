"""Answers which papers the model foretells from all others."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

ORDER = 10
TITLE = "Every paper predicted without itself"
CAPTION = (
    "Each row is a published number, scaled to the 95 % interval (band) in which the model fitted on all other papers "
    "expects another laboratory to find it; what lies further out is drawn at the edge."
)
EDGE = 2.5


def applies(found: Found) -> bool:
    """Return whether papers were left out."""
    return bool(claims_of(found))


def claims_of(found: Found) -> list[dict[str, Any]]:
    """Return every claim predicted without its paper; one without a paper is predicted by none."""
    papers = found.get("papers", ()) if found.kind == "fit" else foretold(found)
    return [own | {"paper": one["paper"]} for one in papers if one["is_paper"] for own in one["claims"]]


def foretold(found: Found) -> list[dict[str, Any]]:
    """Return the papers that the evidence left out, of all groups."""
    return [one for group in found.get("left_out", ()) for one in group["papers"]]


def figure(found: Found) -> Figure:
    """Draw one row per claim."""
    claims = claims_of(found)
    fig = style.new_figure(1.2 + 0.27 * len(claims))
    rows = fig.subplots()
    rows.axvspan(-1.0, 1.0, color=style.GREY, alpha=0.16, linewidth=0)
    for row, one in enumerate(reversed(claims)):
        half = 0.5 * (one["hi"] - one["lo"]) or 1.0
        x = (one["seen"] - 0.5 * (one["hi"] + one["lo"])) / half
        colour = style.BLUE if one["is_inside"] else style.VERMILION
        rows.plot(np.clip(x, -EDGE, EDGE), row, "D" if abs(x) <= EDGE else "X", color=colour, markersize=5)
    style.dress(rows, "published number: −1 and 1 are the ends of the predicted 95 %")
    rows.set_yticks(range(len(claims)), [f"{one['id']}  {one['paper']}" for one in reversed(claims)])
    rows.set_xlim(-EDGE - 0.2, EDGE + 0.2)
    rows.grid(visible=False)
    inside = [style.line_key("inside", style.BLUE, "D", ""), style.line_key("outside", style.VERMILION, "D", "")]
    style.legend_below(fig, [*inside, style.area_key("predicted 95 %", style.GREY, 0.3)])
    return fig


def seen(found: Found) -> str:
    """Return the share of numbers that lie where they were expected."""
    claims = claims_of(found)
    missed = [one["id"] for one in claims if not one["is_inside"]]
    text = f"{len(claims) - len(missed)} of {len(claims)} published numbers lie inside what all other papers predict"
    return wording.sentence(f"{text}; not {wording.listing(missed)}" if missed else text)
