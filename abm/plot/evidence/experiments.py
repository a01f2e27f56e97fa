"""Answers which experiment would tell the hypotheses apart."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.comparison import named
from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

ORDER = 20
TITLE = "Which experiment decides"
CAPTION = (
    "Dots: mean survival (fraction of control) that each accepted combination predicts for an experiment of the "
    "control panel, size by posterior probability. The experiments are ordered by the expected difference between two "
    "combinations drawn from the posterior."
)


def applies(found: Found) -> bool:
    """Return whether experiments were predicted."""
    return found.kind == "comparison" and bool(found["experiments"])


def figure(found: Found) -> Figure:
    """Draw what the combinations predict for each experiment."""
    rows = found["experiments"][::-1]
    weight = {named(c["on"]): c["probability"] or 0.0 for c in found["combinations"]}
    fig = style.new_figure(0.9 + 0.3 * len(rows))
    ax = fig.subplots()
    for y, row in enumerate(rows):
        values = row["by_combination"]
        ax.hlines(y, min(values.values()), max(values.values()), color=style.FAINT, linewidth=3)
        for name, value in values.items():
            ax.plot(value, y, "o", color=style.BLUE, alpha=0.7, markersize=3 + 12 * np.sqrt(weight.get(name, 0.0)))
    labels = [f"{r['arm'].replace('_', ' ')}  ({wording.decimal(r['expected_difference'], 3)})" for r in rows]
    style.dress(ax, "survival predicted (fraction of control); in brackets the expected difference")
    ax.set_yticks(range(len(rows)), labels)
    ax.grid(visible=False)
    return fig


def seen(found: Found) -> str:
    """Return the experiment that decides most."""
    first = found["experiments"][0]
    return wording.sentence(
        f"The combinations differ most on {first['arm'].replace('_', ' ')}: by "
        f"{wording.percent(first['expected_difference'])} of survival on average"
    )
