"""Answers how soon untreated patients come to have symptoms."""

from __future__ import annotations

from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.evidence.patients import judged, scored
from abm.plot.page import style

ORDER = 7
TITLE = "Untreated smouldering disease"
CAPTION = (
    "Patients with symptoms, of thick serum or of a large burden, by the time since they entered without. Dots: mean "
    "and 95 % range of simulated trials of the published size. Open diamonds: Kyle 2012, with exact 95 % intervals. "
    "Where growth has no capacity in cells patients are those of the trials, untreated."
)
CLAIM = "P11-"
APART = 0.12  # years


def applies(found: Found) -> bool:
    """Return whether untreated patients were looked at."""
    return found.kind == "scores" and bool(scored(found, CLAIM))


def figure(found: Found) -> Figure:
    """Draw what was published beside what is simulated at each time."""
    fig = style.new_figure(3.0)
    ax = fig.subplots()
    for one in scored(found, CLAIM):
        years = float(one["id"].removeprefix(CLAIM).removesuffix("y"))
        ax.vlines(years + APART, one["lo"], one["hi"], color=style.INK, linewidth=1.2)
        ax.plot(years + APART, one["observed"], "D", markerfacecolor="none", color=style.INK, markersize=6)
        if one["simulated"] is not None:
            lo, hi = (one["simulated"] if end is None else end for end in one["interval"])
            ax.vlines(years - APART, lo, hi, color=style.BLUE, linewidth=1.2)
            ax.plot(years - APART, one["simulated"], "o", color=style.BLUE, markersize=5)
    style.dress(ax, "time untreated (years)", "with symptoms (%)")
    ax.set_xlim(0, 10.5)
    ax.set_ylim(0, 103)
    keys = [style.line_key("simulated", style.BLUE, "o", ""), style.line_key("published", style.INK, "D", "")]
    style.legend_below(fig, keys)
    return fig


def seen(found: Found) -> str:
    """Return at which times the share is as published."""
    return judged(found, CLAIM)
