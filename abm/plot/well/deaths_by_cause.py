"""Answers what kills the B cells in each arm, and when."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot import arms
from abm.plot.page import style, wording
from abm.plot.well import timecourse
from abm.results.run import Run

ORDER = 40
TITLE = "Deaths by cause over time"
CAPTION = (
    "Cumulative first commitments to die over the cells at the start, mean over replicates, stacked; "
    "dashed: all deaths in the arm’s control without antibody."
)
N_COLS = 3


def applies(run: Run) -> bool:
    """Return whether the series counts deaths."""
    return bool(arms.causes(run)) and bool(arms.treated(run))


def figure(run: Run) -> Figure:
    """Draw a panel of stacked areas per arm."""
    names = arms.treated(run)
    rows = -(-len(names) // N_COLS)
    fig = style.new_figure(0.9 + 2.2 * rows)
    axes = style.panels(fig, len(names), N_COLS)
    for ax, name in zip(axes, names, strict=True):
        _draw_arm(ax, run, name)
    style.outer_labels(axes, N_COLS, timecourse.TIME_LABEL, "deaths (% of start)")
    dashed = [style.line_key("all deaths in the control", style.INK, style=style.DASH)]
    colours = style.cause_colours(arms.causes(run))
    areas = [
        style.area_key(arms.cause_name(cause), colour, hatch=style.CAUSE_HATCHES.get(cause, ""))
        for cause, colour in colours.items()
    ]
    style.legend_below(fig, areas + (dashed if arms.control_of(run) else []))
    return fig


def seen(run: Run) -> str:
    """Return the share of each cause at the end, for the arm with most deaths."""
    shares = {name: arms.death_shares(run, name).mean() for name in arms.treated(run)}
    shares = {name: share for name, share in shares.items() if share.sum() > 0}
    if not shares:
        return "No cell died in any arm."
    worst = max(shares, key=lambda name: shares[name].sum())
    parts = [f"{wording.percent(share)} by {arms.cause_name(str(cause))}" for cause, share in shares[worst].items()]
    return wording.sentence(f"Most cells die in {arms.quoted(worst)}: {wording.listing(parts)}")


def _draw_arm(ax: Axes, run: Run, name: str) -> None:
    colours = style.cause_colours(arms.causes(run))
    started = arms.curves(run, name, "n_b_start").values
    columns = [arms.curves(run, name, f"deaths_{cause}") for cause in colours]
    if started.size and all(column.values.shape == started.shape for column in columns):
        safe = np.maximum(started, 1)
        heights = [100 * (column.values / safe).mean(axis=0) for column in columns]
        hatch = [style.CAUSE_HATCHES.get(cause, "") for cause in colours]
        ax.stackplot(columns[0].time_h, heights, colors=list(colours.values()), hatch=hatch, ec="white", lw=0.3)
    control = arms.alive_frac(run, arms.control_of(run).get(name, ""))
    if control.values.size:
        lost = 100 * (1 - control.values.mean(axis=0))
        ax.plot(control.time_h, lost, color=style.INK, linestyle=style.DASH, linewidth=1.1)
    style.dress(ax, title=arms.label(name))
    style.time_axis(ax.xaxis)
    ax.set_ylim(0, 100)
