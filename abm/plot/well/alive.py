"""Answers when the B cells of each arm die."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot import arms, draws, published
from abm.plot.page import style, wording
from abm.plot.well import timecourse
from abm.results.run import Run
from abm.statistics.intervals import of_percent

ORDER = 20
TITLE = "Living B cells over time"
CAPTION = (
    "Living, not committed B cells over those started or added so far; "
    "dashed: the controls without antibody, in the arm’s colour or grey where arms share one."
)


def applies(run: Run) -> bool:
    """Return whether any arm started with B cells."""
    return any(arms.alive_frac(run, name).values.size for name in arms.treated(run))


def figure(run: Run) -> Figure:
    """Draw a curve per arm and a dashed one per control."""
    fig = style.new_figure(3.9)
    ax = fig.subplots()
    look = arms.looks(run)
    for control in dict.fromkeys(arms.control_of(run).values()):
        curve = arms.alive_frac(run, control)
        colour = arms.control_colour(run, control)
        ax.plot(curve.time_h, 100 * curve.values.mean(axis=0), color=colour, linestyle=style.DASH, linewidth=1.2)
    for turn, name in enumerate(look):
        curve = arms.alive_frac(run, name)
        if over := draws.alive_band(run, name):
            draws.shade(ax, over.times(100.0), look[name].colour)
        timecourse.draw_curve(ax, arms.Curves(curve.time_h, 100 * curve.values), look[name], turn=turn, over=of_percent)
        found = [one.times(100.0) for one in published.course(run, "survival_raw", name)]
        published.draw_course(ax, found, float, look[name].colour)
    style.dress(ax, timecourse.TIME_LABEL, "B cells alive (% of start)")
    style.time_axis(ax.xaxis)
    ax.set_ylim(0, 103)
    dashed = [style.line_key("control without antibody", style.GREY, style=style.DASH)] if arms.control_of(run) else []
    style.legend_below(fig, timecourse.keys(run, list(look)) + dashed)
    return fig


def seen(run: Run) -> str:
    """Return when each arm has lost half of its cells."""
    halves = {name: _half_h(arms.alive_frac(run, name)) for name in arms.treated(run)}
    lost = [f"{wording.number(t_h)} h in {arms.quoted(name)}" for name, t_h in halves.items() if t_h is not None]
    if not lost:
        return "No arm lost half of its cells."
    spared = [arms.quoted(name) for name, t_h in halves.items() if t_h is None]
    rest = f"; never in {wording.listing(spared)}" if spared else ""
    return wording.sentence(f"Half of the cells were lost by {wording.listing(lost)}{rest}")


def _half_h(curve: arms.Curves) -> float | None:
    if not curve.values.size:
        return None
    below = np.flatnonzero(curve.values.mean(axis=0) <= 0.5)
    return float(curve.time_h[below[0]]) if below.size else None
