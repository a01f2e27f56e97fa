"""Answers whether IgM rises for longer in patients who begin with more of it."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.evidence.patients import LOOKS, THIRDS, are_there, judged, patients, scored, thirds
from abm.plot.page import style, wording
from abm.statistics.intervals import share

ORDER = 2
TITLE = "Flare by IgM at the start"
CAPTION = (
    "Patients after one course whose IgM is above that of the start at week 4, and how many of these are still up at 2 "
    "and at 4 months, by thirds of IgM at the start, with exact 95 % intervals. Open diamonds: Ghobrial 2004, of all."
)
ROSE = "single.first_rise"
POINTS = {"rise at week 4": (ROSE, "P2-rise"), "of these up at 2 months": ("single.up_2_months", "P2-2months"),
          "of these up at 4 months": ("single.up_4_months", "P2-4months")}  # fmt: skip
APART = 0.12


def applies(found: Found) -> bool:
    """Return whether there are patients."""
    return are_there(found)


def figure(found: Found) -> Figure:
    """Draw three shares for each third."""
    fig = style.new_figure(3.2)
    ax = fig.subplots()
    for place, (counts, (colour, marker)) in enumerate(zip(_counts(found), LOOKS, strict=True)):
        for x, one in enumerate(counts):
            if one["n"]:
                ax.vlines(x + APART * (place - 1), 100 * one["lo"], 100 * one["hi"], color=colour, linewidth=1.2)
                ax.plot(x + APART * (place - 1), 100 * one["share"], marker, color=colour, markersize=5)
    for x, (_, claim) in enumerate(POINTS.values()):
        for score in scored(found, claim):
            ax.plot(x + 2.5 * APART, score["observed"], "D", markerfacecolor="none", color=style.INK, markersize=6)
    style.dress(ax, "", "patients (%)")
    ax.set_xticks(range(len(POINTS)), list(POINTS))
    ax.set_ylim(0, 103)
    keys = [style.line_key(f"IgM in the {name}", *look, "") for name, look in zip(THIRDS, LOOKS, strict=True)]
    style.legend_below(fig, [*keys, style.line_key("published", style.INK, "D", "")])
    return fig


def seen(found: Found) -> str:
    """Return how long the flare lasts in patients with little and with much IgM."""
    low, _, high = (counts[2] for counts in _counts(found))
    is_longer = (high["share"] or 0.0) > (low["share"] or 0.0)
    text = f"{'Right' if is_longer else 'Wrong'}: the flare lasts longer with more IgM at the start ("
    text += f"up at 4 months {wording.percent(high['share'])} of those who rose in the highest third, "
    text += f"{wording.percent(low['share'])} in the lowest). "
    return text + judged(found, "P2-")


def _counts(found: Found) -> list[list[dict]]:
    """Return how many rose, and of these are up later, in each third of IgM at the start."""
    table, told = patients(found), []
    for third in thirds(table["single.baseline_igm_g_per_L"]):
        own = table[third]
        rose = own[own[ROSE] > 0.0]
        rows = [(own if name == ROSE else rose)[name].dropna().to_numpy() for name, _ in POINTS.values()]
        told.append([share(int(np.sum(row > 0.0)), row.size) for row in rows])
    return told
