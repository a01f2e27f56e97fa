"""Answers whether patients who use the drug up fast respond otherwise than those who keep it."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.evidence.patients import are_there, patients, thirds
from abm.plot.page import style, wording

ORDER = 3
TITLE = "Fast and slow users of drug"
CAPTION = (
    "Each dot is a patient after one course: drug left 60 d after the first infusion, relative to its end, against the "
    "lowest IgM that lasts. Dashed: half of the IgM at the start, a partial response. Black lines: medians of thirds."
)
LEFT, CHANGE, PARTIAL = "single.drug_left_60d_frac", "single.best_change_frac", "single.partial"
NONE = 1e-3  # design: in percent; less is drawn there


def applies(found: Found) -> bool:
    """Return whether there are patients."""
    return are_there(found)


def figure(found: Found) -> Figure:
    """Draw the deepest fall over the drug that is left."""
    table = patients(found)
    fig = style.new_figure(3.2)
    ax = fig.subplots()
    left, change = np.maximum(100 * table[LEFT], NONE), 100 * table[CHANGE]
    for has_it, colour in ((1.0, style.BLUE), (0.0, style.GREY)):
        own = table[PARTIAL] == has_it
        ax.plot(left[own], change[own], "o", color=colour, markersize=3.5, alpha=0.7)
    for third in thirds(table[LEFT]):
        ends = left[third].min(), left[third].max()
        ax.hlines(np.nanmedian(change[third]), *ends, color=style.BLACK, linewidth=2.0)
    ax.axhline(-50, color=style.GREY, linewidth=0.9, linestyle=style.DASH)
    style.dress(ax, "drug left at 60 d (%)", "lowest IgM (% change)")
    style.log_axis(ax.xaxis)
    style.legend_below(fig, [style.line_key("partial response", style.BLUE, "o", ""),
                             style.line_key("none", style.GREY, "o", "")])  # fmt: skip
    return fig


def seen(found: Found) -> str:
    """Return plateau and response of the third with least and of that with most drug left."""
    table = patients(found)
    fast, _, slow = (table[third] for third in thirds(table[LEFT]))
    words = [f"{wording.percent(own[PARTIAL].mean())} of the {name} respond, at a median change of IgM of "
             f"{wording.decimal(100 * own[CHANGE].median(), 0)} %"
             for own, name in ((fast, "fast users"), (slow, "slow users"))]  # fmt: skip
    return wording.sentence(wording.listing(words))
