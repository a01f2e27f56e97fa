"""Answers which hypotheses the evidence needs."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.comparison import in_words, share, words_of
from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

ORDER = 10
TITLE = "Posterior probability of every combination"
CAPTION = (
    "From the acceptance rates with Jeffreys’ prior, equal weights before; lines: 95 % interval. "
    "Filled squares: hypothesis on."
)


def applies(found: Found) -> bool:
    """Return whether hypotheses were compared."""
    return found.kind == "comparison"


def figure(found: Found) -> Figure:
    """Draw the probabilities over a grid of what is on."""
    rows = sorted(found["combinations"], key=lambda c: (-c["n_accepted"], len(c["on"])))
    x = np.arange(len(rows))
    fig = style.new_figure(4.2)
    top, grid = fig.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
    height = np.array([row["probability"] or 0.0 for row in rows])
    top.bar(x, height, color=style.BLUE, width=0.7)
    top.vlines(x, [row["lo"] for row in rows], [row["hi"] for row in rows], color=style.INK, linewidth=1.1)
    style.dress(top, "", "posterior probability")
    words = words_of(found)
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
    best = sorted(found["combinations"], key=lambda c: -c["n_accepted"])[:3]
    parts = [f"{in_words(found, c['on'])} ({share(c)})" for c in best if c["n_accepted"]]
    return wording.sentence(f"Most probable: {wording.listing(parts)}" if parts else "No combination was accepted")
