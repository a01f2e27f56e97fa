"""Answers which paper informs on which parameter."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence import matrix
from abm.plot.evidence.found import Found
from abm.plot.page import wording

ORDER = 34
TITLE = "Which paper informs on which parameter"
CAPTION = (
    "By how many points of the prior's variance (100 where nothing is known) that of a parameter rises when the paper "
    "is left out, with the draws by which it is predicted without itself. What two papers both tell is missed by "
    "neither; below 0 a paper contradicts what others say. Changes below 15 may be chance of the draws."
)
CHANCE = 0.15  # design: two standard errors between two samples worth 500 draws each


def applies(found: Found) -> bool:
    """Return whether papers were left out."""
    return bool(found.get("informs"))


def figure(found: Found) -> Figure:
    """Draw a row for each paper and a column for each parameter."""
    rows, columns = found["informs"], [matrix.short(row["path"]) for row in found["estimates"]]
    values = 100.0 * np.array([one["rises"] for one in rows])
    fig, end = matrix.figure_for(len(rows)), max(25.0, float(np.abs(values).max()))
    names = [one["paper"] for one in rows]
    matrix.draw(fig.subplots(), values, (names, columns), (-end, end), 0)
    return fig


def seen(found: Found) -> str:
    """Return what each paper informs on most, or that no paper is missed."""
    paths = [matrix.short(row["path"]) for row in found["estimates"]]
    parts = []
    for one in found["informs"]:
        own = [f"{path} ({100 * rise:.0f})" for path, rise in zip(paths, one["rises"], strict=True) if rise >= CHANCE]
        parts += [f"{one['paper']} for {wording.listing(own)}"] if own else []
    if not parts:
        return "No paper alone informs on any parameter: what one tells, others tell too, or none does."
    return wording.sentence(f"Missed when left out: {'; '.join(parts)}")
