"""Answers whether predictions of papers left out are too bold or too timid."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.evidence.left_out import claims_of
from abm.plot.page import style, wording
from abm.statistics.draws import sorted_uniform

ORDER = 11
TITLE = "How bold predictions of papers left out are"
CAPTION = (
    "For every published number the share of predictions below it (the probability integral transform), sorted, "
    "against an even spread: steep in the middle where predictions are too bold, flat where too timid, all above or "
    "below the line where they are off to one side. Band: 95 % of each, if the numbers were independent."
)


def applies(found: Found) -> bool:
    """Return whether papers were left out."""
    return bool(claims_of(found))


def figure(found: Found) -> Figure:
    """Draw the sorted shares with the line and the band of an even spread."""
    pits = np.sort([one["pit"] for one in claims_of(found)])
    even, (lo, hi) = (np.arange(pits.size) + 0.5) / pits.size, sorted_uniform(pits.size)
    fig = style.new_figure(3.6)
    ax = fig.subplots()
    ends = np.r_[0.0, lo, lo[-1]], np.r_[hi[0], hi, 1.0]
    ax.fill_between(np.r_[0.0, even, 1.0], *ends, color=style.GREY, alpha=0.16, linewidth=0)
    ax.plot([0.0, 1.0], [0.0, 1.0], color=style.INK, linewidth=0.8, linestyle=style.DASH)
    ax.plot(even, pits, "o", color=style.BLUE, markersize=4)
    style.dress(ax, "even spread (fraction)", "predictions below (fraction)")
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    even_line = style.line_key("even spread", style.INK, "", style.DASH)
    points = style.line_key("published numbers", style.BLUE, "o", "")
    style.legend_below(fig, [points, even_line, style.area_key("95 % of an even spread", style.GREY, 0.3)])
    return fig


def seen(found: Found) -> str:
    """Return how many numbers lie in the middle half of what was predicted."""
    pits = np.array([one["pit"] for one in claims_of(found)])
    n_middle = int((np.abs(pits - 0.5) <= 0.25).sum())
    text = f"{n_middle} of {pits.size} published numbers lie in the middle half of their predictions"
    return wording.sentence(f"{text}; {0.5 * pits.size:g} are expected")
