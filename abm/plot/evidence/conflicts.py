"""Answers which papers cannot be true together."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from abm.plot.evidence import matrix
from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

ORDER = 12
TITLE = "Papers that cannot be true together"
CAPTION = (
    "For each pair of papers the logarithm of how much less likely both are where the model does its best for both "
    "than where it does its best for each: 0 where one set of parameters suits both. Below −3.0, a likelihood 20 times "
    "smaller, they contradict each other under this model (framed). Laboratories are taken at their word here, without "
    "a discrepancy, which would hide it. Among many pairs chance alone may make one."
)
LOWEST = -10.0  # design: of the colours; beyond, nobody is left unconvinced


def applies(found: Found) -> bool:
    """Return whether pairs of papers were held against each other."""
    return bool(found.get("conflicts"))


def figure(found: Found) -> Figure:
    """Draw a cell for each pair."""
    pairs = [name for one in found["conflicts"] for name in one["papers"]]
    names = list(dict.fromkeys([*(one["paper"] for one in found["papers"]), *pairs]))
    places = {name: place for place, name in enumerate(names)}
    values, fig = np.full((len(names), len(names)), np.nan), matrix.figure_for(len(names))
    ax = fig.subplots()
    for one in found["conflicts"]:
        column, row = sorted(places[name] for name in one["papers"])
        values[row, column] = one["log_ratio"]
        if one["is_conflict"]:
            frame = Rectangle(
                (column - 0.46, row - 1.46), 0.92, 0.92, fill=False, edgecolor=style.VERMILION, linewidth=2
            )
            ax.add_patch(frame)
    shown = values[1:, :-1]
    matrix.draw(ax, shown, (names[1:], names[:-1]), (LOWEST, 0.0))
    return fig


def seen(found: Found) -> str:
    """Return which papers contradict each other."""
    bad = [one for one in found["conflicts"] if one["is_conflict"]]
    if not bad:
        return "No two papers contradict each other under this model."
    pairs = [f"{' and '.join(one['papers'])} ({wording.decimal(one['log_ratio'], 1)})" for one in bad]
    return wording.sentence(f"Under this model cannot be true together: {'; '.join(pairs)}")
