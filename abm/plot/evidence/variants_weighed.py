"""Answers which variant of the model the papers prefer, and how strongly."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.evidence.variants import GRADES, factor, ranked, upside_down
from abm.plot.page import style, wording

ORDER = 10
TITLE = "How many times less likely than the best each variant is"
CAPTION = (
    "Bayes factor of the variant of greatest evidence against each other, all equally probable beforehand; line: 95 % "
    "interval from the errors of both evidences. Shades: barely worth a mention up to 3, positive to 20, strong to "
    "150, very strong beyond (Kass and Raftery 1995). Square: preferred, the simplest within a factor 3. Hollow: the "
    "model itself has not confirmed the emulators' posterior. What lies further out is drawn at the edge."
)
EDGE = 1e4  # design: nobody is left unconvinced beyond
LEAST = 0.2  # design: room for an interval that ends below 1


def applies(found: Found) -> bool:
    """Return whether variants were compared."""
    return found.kind == "variants"


def figure(found: Found) -> Figure:
    """Draw a row for each variant, the best on top."""
    rows = ranked(found)
    fig = style.new_figure(1.5 + 0.36 * len(rows))
    ax = fig.subplots()
    ends = [1.0, *(min(most, EDGE / LEAST) for most, _ in GRADES)]
    for (_, words), (lo, hi), shade in zip(GRADES, pairwise(ends), (0.05, 0.12, 0.2, 0.28), strict=True):
        ax.axvspan(lo, hi, color=style.GREY, alpha=shade, linewidth=0)
        at = np.sqrt(lo * min(hi, EDGE))
        ax.text(at, -0.62, words, ha="center", va="bottom", fontsize=style.SMALL_PT, color=style.INK)
    for y, own in enumerate(rows):
        value, lo, hi = np.clip(upside_down(own["against_best"]), LEAST, EDGE)
        is_preferred = own["name"] == found["preferred"]
        colour = style.BLUE if is_preferred else style.VERMILION
        ax.hlines(y, lo, hi, color=colour, linewidth=2.2)
        fill = colour if own["is_good"] else "white"
        ax.plot(value, y, "s" if is_preferred else "o", color=colour, markerfacecolor=fill, markersize=7)
    ax.set_xlim(LEAST, EDGE / LEAST)
    ax.set_xscale("log")
    style.dress(ax, "Bayes factor, the best against this variant")
    style.log_axis(ax.xaxis)
    ax.set_yticks(range(len(rows)), [f"{own['name'].replace('_', ' ')} ({own['n_free']} free)" for own in rows])
    ax.set_ylim(len(rows) - 0.5, -0.6)
    ax.grid(visible=False)
    others = style.line_key("others", style.VERMILION, "o")
    style.legend_below(fig, [style.line_key("preferred", style.BLUE, "s"), others])
    return fig


def seen(found: Found) -> str:
    """Return the Bayes factors against the best."""
    best, *others = ranked(found)
    parts = [f"{own['name']} {factor(own['against_best'])}" for own in others]
    return wording.sentence(f"Against {best['name']}: {wording.listing(parts)}; preferred: {found['preferred']}")
