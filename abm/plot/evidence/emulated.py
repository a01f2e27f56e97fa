"""Answers whether the emulators foretell runs that they have not seen."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

ORDER = 40
TITLE = "Emulators on runs they had not seen"
CAPTION = (
    "One panel a claim, on the scale of its likelihood: the emulated value with its 95 % interval, noise of the run "
    "included, against the run itself; on the line they agree. R² is the share of the variance explained."
)
N_COLS = 4


def applies(found: Found) -> bool:
    """Return whether emulators were checked."""
    return found.kind == "fit"


def figure(found: Found) -> Figure:
    """Draw emulated against simulated values, a panel for each claim."""
    checks = found["checks"]
    n_rows = -(-len(checks) // N_COLS)
    fig = style.new_figure(0.6 + 1.75 * n_rows)
    axes = style.panels(fig, len(checks), N_COLS, share=False)
    for ax, one in zip(axes, checks, strict=True):
        emulated, error, run = (np.array(one[name], dtype=float) for name in ("emulated", "error", "run"))
        ax.errorbar(run, emulated, 1.96 * error, fmt="o", color=style.BLUE, markersize=2.5, elinewidth=0.5, alpha=0.7)
        ends = [min(run.min(), emulated.min()), max(run.max(), emulated.max())]
        ax.plot(ends, ends, color=style.INK, linewidth=0.8)
        style.dress(ax, title=f"{one['name']}  R² {one['r2']:.2f}" if one["r2"] is not None else one["name"])
    style.outer_labels(axes, N_COLS, "run", "emulated")
    return fig


def seen(found: Found) -> str:
    """Return how much the emulators explain of what can be explained."""
    least = min(found["checks"], key=lambda one: one["explained"])
    text = f"Of what the noise of the runs leaves they explain {100 * least['explained']:.0f} % or more"
    return wording.sentence(f"{text}, least of {least['name']}")
