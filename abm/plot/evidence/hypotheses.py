"""Answers which combinations of hypotheses the evidence favours."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.comparison import in_words, ranked, share
from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

ORDER = 10
TITLE = "Posterior probability of every combination"
CAPTION = (
    "From the evidence of the papers and of what decides, all combinations equally probable before; lines: 95 % "
    "interval from the errors of the evidences. Filled squares: hypothesis on."
)


def applies(found: Found) -> bool:
    """Return whether hypotheses were compared."""
    return found.kind == "comparison"


def figure(found: Found) -> Figure:
    """Draw the probabilities over a grid of what is on."""
    rows = ranked(found)
    x = np.arange(len(rows))
    fig = style.new_figure(4.2)
    top, grid = fig.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
    top.bar(x, [row["probability"] for row in rows], color=style.BLUE, width=0.7)
    top.vlines(x, [row["lo"] for row in rows], [row["hi"] for row in rows], color=style.INK, linewidth=1.1)
    style.dress(top, "", "posterior probability")
    words = found["words"]
    for y, name in enumerate(words):
        on = np.array([name in row["on"] for row in rows])
        grid.plot(x[on], np.full(on.sum(), y), "s", color=style.INK, markersize=7)
        grid.plot(x[~on], np.full((~on).sum(), y), "s", color=style.FAINT, markersize=7)
    style.dress(grid, "combination of hypotheses")
    grid.grid(visible=False)
    grid.set_yticks(range(len(words)), list(words.values()))
    grid.set_xticks([])
    grid.set_ylim(len(words) - 0.5, -0.5)
    return fig


def seen(found: Found) -> str:
    """Return the most probable combinations."""
    parts = [f"{in_words(found, own['on'])} ({share(own)})" for own in ranked(found)[:3]]
    return wording.sentence(f"Most probable: {wording.listing(parts)}")
