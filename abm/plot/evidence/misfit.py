"""Answers how the misfit fell while points were tried."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

ORDER = 10
TITLE = "Misfit of the points tried"
CAPTION = "Sum of squared distances in published standard deviations; the line is the best so far."


def applies(found: Found) -> bool:
    """Return whether points were tried."""
    return found.kind == "fit" and bool(found["trials"])


def figure(found: Found) -> Figure:
    """Draw the misfit of the points tried."""
    fig = style.new_figure(2.6)
    ax = fig.subplots()
    values = np.array(found["trials"])
    x = np.arange(1, values.size + 1)
    ax.plot(x, values, ".", color=style.SKY, markersize=5)
    ax.plot(x, np.minimum.accumulate(values), color=style.BLUE, linewidth=1.4)
    style.log_axis(ax.yaxis)
    style.dress(ax, "point tried", "misfit")
    return fig


def seen(found: Found) -> str:
    """Return the least misfit."""
    return f"The best of {len(found['trials'])} points has a misfit of {wording.number(found['misfit'])}."
