"""Draw columns of the series over time: a panel per column, a line per arm, a band for the interval over replicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from abm.plot import arms, draws, published
from abm.plot.page import style
from abm.plot.page.panel import Panel
from abm.results.run import Run
from abm.statistics.intervals import Interval, of_mean

TIME_LABEL = "time (h)"


def draw_curve(
    ax: Axes, curve: arms.Curves, look: arms.Look, *, turn: int = 0, over: Callable[..., Interval] = of_mean
) -> None:
    """Draw mean and interval; `turn` staggers the markers so that lines on top of one another stay visible."""
    if curve.time_h.size == 0:
        return
    mid = over(curve.values)
    every = max(1, curve.time_h.size // 8)
    first = min((turn * every) // 4 % every, curve.time_h.size - 1)
    ax.plot(curve.time_h, mid.mean, color=look.colour, linewidth=1.6, marker=look.marker, markersize=4,
            markevery=(first, every), markeredgecolor="white", markeredgewidth=0.4)  # fmt: skip
    if curve.values.shape[0] > 1:
        ax.fill_between(curve.time_h, mid.lo, mid.hi, color=look.colour, alpha=0.18, linewidth=0)


def draw_panel(ax: Axes, run: Run, panel: Panel, names: Sequence[str]) -> None:
    """Draw one column for the named arms, on a log axis where its values need one."""
    look, said = arms.looks(run), run.measures().of(panel.column)
    peaks = []
    for turn, name in enumerate(names):
        curve = arms.curves(run, name, panel.column)
        scaled = arms.Curves(curve.time_h, curve.values * said.factor)
        if over := draws.band(run, name, panel.column):
            draws.shade(ax, over.times(said.factor), look[name].colour)
        draw_curve(ax, scaled, look[name], turn=turn)
        told = [one.times(said.factor) for one in published.course(run, panel.column, name)]
        published.draw_course(ax, told, float, look[name].colour)
        peaks.append(max((float(scaled.values.max(initial=0)), *(one.value for one in told))))
    if style.is_wide(peaks):
        style.log_axis(ax.yaxis)
        ax.set_ylim(bottom=min(p for p in peaks if p > 0) / 10)
    elif max(peaks, default=0) > 0:
        ax.set_ylim(bottom=0, top=max(ax.get_ylim()[1], 1.05 * max(peaks)))
    style.dress(ax, TIME_LABEL, said.axis, panel.title)
    style.time_axis(ax.xaxis)


def having(run: Run, columns: Sequence[str]) -> list[str]:
    """Return the arms, controls apart, in which any of the columns is ever above zero."""
    return [name for name in arms.treated(run) if any((arms.curves(run, name, c).values > 0).any() for c in columns)]


def keys(run: Run, names: Sequence[str]) -> list[Artist]:
    """Return the legend entries of the named arms, and of the band where there is one."""
    look = arms.looks(run)
    return [look[name].key() for name in names] + band_key(run)


def band_key(run: Run) -> list[Artist]:
    """Return the legend entries of the interval band, which a single replicate has not, and of that over draws."""
    n = arms.n_replicates(run)
    own = [style.area_key(f"95 % interval, {n} {arms.word(run)}s", style.GREY, 0.35)] if n > 1 else []
    return own + draws.keys(run)


def mean_at(run: Run, arm: str, column: str) -> float:
    """Return the mean over replicates at the last time, NaN without values."""
    values = arms.curves(run, arm, column).values
    return float(values[:, -1].mean()) if values.size else float("nan")


def peak(run: Run, arm: str, column: str) -> tuple[float, float]:
    """Return the highest mean over replicates and its time in hours."""
    curve = arms.curves(run, arm, column)
    if not curve.values.size:
        return float("nan"), float("nan")
    mean = curve.values.mean(axis=0)
    best = int(np.argmax(mean))
    return float(mean[best]), float(curve.time_h[best])
