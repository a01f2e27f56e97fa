"""Answers what the papers taught about each parameter."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

ORDER = 30
TITLE = "What was learnt about each parameter"
CAPTION = (
    "Grey: the range that was allowed. Blue: the middle 50 and 95 % of the posterior, the dot its median. On the right "
    "the share by which the variance has fallen: 0 % where the papers say nothing."
)


def applies(found: Found) -> bool:
    """Return whether there is a posterior."""
    return found.kind == "fit"


def figure(found: Found) -> Figure:
    """Draw one row per parameter, over its range."""
    rows = list(reversed(found["estimates"]))
    fig = style.new_figure(0.9 + 0.3 * len(rows))
    ax = fig.subplots()
    for y, row in enumerate(rows):
        lo, quarter, middle, three, hi = np.quantile(found["shares"][row["path"]], (0.025, 0.25, 0.5, 0.75, 0.975))
        ax.hlines(y, 0.0, 1.0, color=style.FAINT, linewidth=7)
        ax.hlines(y, lo, hi, color=style.BLUE, linewidth=1.6)
        ax.hlines(y, quarter, three, color=style.BLUE, linewidth=4.5)
        ax.plot(middle, y, "o", color=style.INK, markersize=4)
    style.dress(ax, "place in the range that was allowed, on its own scale")
    ax.set_yticks(range(len(rows)), [row["path"].removeprefix("processes.") for row in rows])
    ax.grid(visible=False)
    right = ax.secondary_yaxis("right")
    right.set_yticks(range(len(rows)), [f"{max(0.0, 100 * row['shrinkage_frac']):.0f} %" for row in rows])
    right.tick_params(labelsize=style.SMALL_PT, length=0, labelcolor=style.INK)
    right.spines["right"].set_visible(False)
    return fig


def seen(found: Found) -> str:
    """Return what was learnt most about."""
    most = sorted(found["estimates"], key=lambda row: -row["shrinkage_frac"])[:3]
    parts = [f"{row['path']} ({max(0.0, 100 * row['shrinkage_frac']):.0f} %)" for row in most]
    return wording.sentence(f"Most is known of {wording.listing(parts)}")
