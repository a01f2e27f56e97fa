"""Answers whether what is said to be left of the drug after months goes with its half-life."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.evidence.patients import LOOKS, judged, scored
from abm.plot.page import style

ORDER = 1
TITLE = "Drug left in plasma"
CAPTION = (
    "Lines and dots: one infusion at three half-lives, relative to its end. Open diamonds: what was said to be left. "
    "Two points of a group that lie on no one line fit no single half-life."
)
GROUPS = {"P1-fast": "half-life 10–11 d", "P1-median": "half-life 22–23 d", "P1-slow": "half-life 36 d"}


def applies(found: Found) -> bool:
    """Return whether the drug was looked at."""
    return found.kind == "scores" and bool(scored(found, "P1-"))


def figure(found: Found) -> Figure:
    """Draw each half-life as a line from all of the drug through what is left."""
    fig = style.new_figure(3.2)
    ax = fig.subplots()
    keys = [style.line_key("said", style.INK, "D", "")]
    for (group, label), (colour, marker) in zip(GROUPS.items(), LOOKS, strict=True):
        own = sorted((int(one["id"].split("-")[-1][:-1]), one) for one in scored(found, group))
        if own:
            days = [day for day, _ in own]
            left = [one["simulated"] if one["simulated"] is not None else np.nan for _, one in own]
            ax.plot([0, *days], [100, *left], color=colour, marker=marker, markersize=4.5, linewidth=1.5)
            ax.plot(days, [one["observed"] for _, one in own], "D", markerfacecolor="none", color=colour, markersize=6)
            keys.append(style.line_key(label, colour, marker))
    style.dress(ax, "time from the infusion (d)", "drug left (%)")
    style.log_axis(ax.yaxis)
    ax.set_xlim(0, 190)
    style.legend_below(fig, keys)
    return fig


def seen(found: Found) -> str:
    """Return which of the points go with their half-lives."""
    return judged(found, "P1-")
