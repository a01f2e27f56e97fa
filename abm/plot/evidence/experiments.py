"""Answers which experiment would tell the hypotheses apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

ORDER = 20
TITLE = "Which experiment decides"
CAPTION = (
    "Information in bits that each arm of the panel is expected to tell about which combination is true, by the number "
    "of replicates; the dashed line is half of what there is to tell. Ordered by what three replicates tell."
)


def applies(found: Found) -> bool:
    """Return whether experiments were predicted."""
    return found.kind == "comparison" and bool(found["experiments"])


def figure(found: Found) -> Figure:
    """Draw the bits of each arm, one mark for each number of replicates."""
    rows = [*found["experiments"][::-1], {"arm": "all_together"} | found["together"]]
    fig = style.new_figure(1.3 + 0.28 * len(rows))
    ax = fig.subplots()
    looks = [(style.ARM_COLOURS[k % len(style.ARM_COLOURS)], style.MARKERS[k % len(style.MARKERS)])
             for k in range(len(found["replicates"]))]  # fmt: skip
    ax.axvline(0.5 * found["most_bits"], color=style.GREY, linewidth=0.9, linestyle=style.DASH)
    for y, row in enumerate(rows):
        ax.hlines(y, 0.0, max(row["bits"]), color=style.FAINT, linewidth=3)
        for bits, (colour, marker) in zip(row["bits"], looks, strict=True):
            ax.plot(bits, y, marker, color=colour, markersize=5)
    style.dress(ax, "expected information about the combination (bits)")
    ax.set_yticks(range(len(rows)), [labelled(row) for row in rows])
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.grid(visible=False)
    numbers = [f"{n} replicate{'s' * (n > 1)}" for n in found["replicates"]]
    style.legend_below(fig, [style.line_key(label, *look, "") for label, look in zip(numbers, looks, strict=True)])
    return fig


def labelled(experiment: Mapping[str, Any]) -> str:
    """Return what figures call an arm."""
    return str(experiment["arm"]).replace("_", " ")


def seen(found: Found) -> str:
    """Return the experiment that tells most."""
    first, replicates = found["experiments"][0], found["replicates"]
    n = min(replicates, key=lambda own: abs(own - 3))
    bits = wording.decimal(first["bits"][replicates.index(n)])
    text = f"most is told by {labelled(first)}: {bits} of {wording.decimal(found['most_bits'])} bits with n = {n}"
    enough = (
        f"half of it with n = {first['needed']}" if first["needed"] else f"half of it not with n = {replicates[-1]}"
    )
    return wording.sentence(f"{text}; {enough}")
