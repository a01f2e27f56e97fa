"""Answers how strongly the evidence speaks for each hypothesis, and what that hangs on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot.evidence.comparison import factor
from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

ORDER = 15
TITLE = "Bayes factor of each hypothesis"
CAPTION = (
    "How many times likelier the evidence is with a hypothesis on than off, averaged over what else is on; line: 95 % "
    "interval. Above 1 speaks for it; beyond 3 and below 1/3 it is worth a mention, beyond 20 and below 1/20 it is "
    "strong. Other marks: the strengths with half and twice the range, and every paper left out, hollow where that is "
    "not to be trusted. What lies further out is drawn at the edge."
)
EDGE = 1e4  # design: nobody is left unconvinced beyond
WIDTHS = {0.5: ("half the range", style.GREEN, "v"), 2.0: ("twice the range", style.ORANGE, "^")}


def applies(found: Found) -> bool:
    """Return whether hypotheses were compared."""
    return found.kind == "comparison"


def figure(found: Found) -> Figure:
    """Draw a row for each hypothesis."""
    words = found["words"]
    fig = style.new_figure(1.3 + 0.55 * len(words))
    ax = fig.subplots()
    ax.axvline(1.0, color=style.GREY, linewidth=0.9, linestyle=style.DASH)
    for y, name in enumerate(words):
        own = found["hypotheses"][name]
        lo, hi = np.clip([own["lo"], own["hi"]], 1.0 / EDGE, EDGE)
        ax.hlines(y, lo, hi, color=style.BLUE, linewidth=2.2)
        ax.plot(_inside(own), y, "o", color=style.BLUE, markersize=7)
        _draw_others(ax, found, name, y)
    ax.set_xlim(0.6 / EDGE, EDGE / 0.6)
    ax.set_xscale("log")
    style.dress(ax, "Bayes factor, on against off")
    style.log_axis(ax.xaxis)
    ax.set_yticks(range(len(words)), list(words.values()))
    ax.set_ylim(len(words) - 0.5, -0.5)
    ax.grid(visible=False)
    others = [style.line_key(label, colour, marker, "") for label, colour, marker in WIDTHS.values()]
    left_out = style.line_key("a paper left out", style.VERMILION, "d", "")
    style.legend_below(fig, [style.line_key("as asked", style.BLUE, "o"), *others, left_out])
    return fig


def _draw_others(ax: Axes, found: Found, name: str, y: int) -> None:
    for one in found["priors"]:
        _, colour, marker = WIDTHS[one["width"]]
        ax.plot(_inside(one["hypotheses"][name]), y + 0.2, marker, color=colour, markersize=5)
    for one in found["papers"]:
        fill = style.VERMILION if one["is_good"] else "white"
        x = _inside(one["hypotheses"][name])
        ax.plot(x, y - 0.22, "d", color=style.VERMILION, markerfacecolor=fill, markersize=4)


def _inside(one: Mapping[str, float]) -> float:
    return float(np.clip(one["bayes_factor"], 1.0 / EDGE, EDGE))


def seen(found: Found) -> str:
    """Return the Bayes factors."""
    parts = [f"{words} {factor(found['hypotheses'][name])}" for name, words in found["words"].items()]
    return wording.sentence(f"On against off: {wording.listing(parts)}")
