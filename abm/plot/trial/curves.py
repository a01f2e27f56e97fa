"""Draw columns of the series over time: the median over patients and the band that holds 90 % of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from abm.plot import draws, published
from abm.plot.page import style
from abm.plot.trial.clock import MOST_TICKS
from abm.plot.trial.trial import Trial

BAND = (0.05, 0.95)
MOST_TOGETHER = 3
N_COLS = 3
FEW_TICKS = 6


def layout(trial: Trial, height_in: float = 3.4) -> tuple[Figure, list[tuple[Axes, list[str]]]]:
    """Return a figure with the protocols of each panel: together up to three, then a panel for each."""
    if not is_split(trial):
        fig = style.new_figure(height_in)
        return fig, [(fig.subplots(), trial.protocols)]
    fig = style.new_figure(1.0 + 2.0 * -(-len(trial.protocols) // N_COLS))
    axes = style.panels(fig, len(trial.protocols), N_COLS)
    return fig, [(ax, [name]) for ax, name in zip(axes, trial.protocols, strict=True)]


def is_split(trial: Trial) -> bool:
    """Return whether there are too many protocols for one panel."""
    return len(trial.protocols) > MOST_TOGETHER


def name_outer_axes(trial: Trial, axes: Sequence[Axes], y: str) -> None:
    """Label small panels once per row and column."""
    if is_split(trial):
        style.outer_labels(axes, N_COLS, f"time ({trial.clock.unit})", y)


def draw(ax: Axes, trial: Trial, protocol: str, column: str, *, is_log: bool = False, has_band: bool = True) -> Line2D:
    """Draw one protocol; a single patient has a line alone. On a log axis zeros are left out."""
    table = trial.table(protocol, column)
    table = table.where(table > 0) if is_log else table
    x, look = trial.clock.of(table.index), trial.looks[protocol]
    if over := trial.band(protocol, column):
        lo, hi = (np.where(end > 0, end, np.nan) if is_log else end for end in (over.lo, over.hi))
        draws.shade(ax, draws.Band(trial.clock.of(over.x), lo, hi), look.colour)
    (line,) = ax.plot(x, table.median(axis=1), color=look.colour, linewidth=1.6)
    if has_band and table.shape[1] > 1:
        lo, hi = (table.quantile(q, axis=1) for q in BAND)
        ax.fill_between(x, lo, hi, color=look.colour, alpha=0.16, linewidth=0)
    found = published.course(trial.run, column, protocol)
    shown = [one for one in found if one.value > 0.0 or not is_log]
    published.draw_course(ax, shown, trial.clock.at, look.colour)
    return line


def draw_each(ax: Axes, trial: Trial, protocol: str, column: str, n_most: int) -> None:
    """Draw the first patients of a protocol one by one, behind the rest; of a single patient nothing. Not below 0."""
    table = trial.table(protocol, column)
    if table.shape[1] > 1:
        own, look = table.iloc[:, :n_most], trial.looks[protocol]
        x = trial.clock.of(table.index)
        ax.plot(x, own.where(own > 0), color=look.colour, linewidth=0.5, alpha=0.45, zorder=1)


def finish(ax: Axes, trial: Trial, protocols: Sequence[str], y: str, x: str | None = None) -> None:
    """Label an axis over time; a small panel (of one of many protocols, or of none) has few ticks."""
    title = trial.looks[protocols[0]].label if is_split(trial) and len(protocols) == 1 else ""
    style.dress(ax, trial.clock.label if x is None else x, y, title)
    trial.clock.mark(ax.xaxis, trial.end_d, FEW_TICKS if title or not protocols else MOST_TICKS)
    ax.set_xlim(-0.015 * trial.end_d / trial.clock.days, 1.015 * trial.end_d / trial.clock.days)


def mark_infusions(ax: Axes, trial: Trial, protocols: Sequence[str], colour: str = "") -> None:
    """Mark the days of infusion along the upper edge, a row per protocol, in its colour unless another is given."""
    for row, protocol in enumerate(protocols):
        x, own = trial.clock.of(trial.infusions_d(protocol)), colour or trial.looks[protocol].colour
        y = np.full(x.size, 0.97 - 0.045 * row)
        ax.plot(x, y, "v", color=own, markersize=4.5, markeredgewidth=0, transform=ax.get_xaxis_transform())


def keys(trial: Trial, *, has_infusions: bool = False, has_band: bool = True) -> list[Artist]:
    """Return the legend entries of the protocols, the band and the marks."""
    found: list[Artist] = [style.line_key(look.label, look.colour) for look in trial.looks.values()]
    if has_band and not trial.is_single:
        found.append(style.area_key("5–95 % of patients", style.GREY, 0.35))
    found += draws.keys(trial.run)
    if has_infusions:
        found.append(style.line_key("infusion", style.INK, "v", ""))
    return found
