"""Answers how long effector cells take for a first, a second and later kills."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from abm.plot import arms
from abm.plot.page import style, wording
from abm.results.run import Run

ORDER = 91
TITLE = "Time to kill"
SERIAL = 4  # design: as of the end points: a first, a second and two later kills
CAPTION = (
    f"Effector cells with {SERIAL} kills or more, all replicates together: time to the first kill, from the first to "
    "the second, and the mean of those between later ones. Box: quartiles with the median; line: 5th to 95th "
    "percentile; dot: mean. Cells that kill many are quicker than the others."
)
NAMES = ("first kill", "second kill", "later kills")
COLOURS = (style.BLUE, style.VERMILION, style.GREEN)
Times = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def applies(run: Run) -> bool:
    """Return whether an effector cell of an arm killed often enough."""
    return bool(_times(run))


def figure(run: Run) -> Figure:
    """Draw three boxes per arm."""
    found = _times(run)
    fig = style.new_figure(1.3 + 0.55 * len(found))
    ax = fig.subplots()
    for row, times in enumerate(found.values()):
        for place, (own, colour) in enumerate(zip(times, COLOURS, strict=True)):
            y = row + 0.25 * (place - 1)
            low, lower, middle, upper, high = np.percentile(own, (5, 25, 50, 75, 95))
            ax.hlines(y, low, high, color=colour, linewidth=1.2)
            ax.barh(y, upper - lower, left=lower, height=0.16, color=colour, alpha=0.45, edgecolor=colour)
            ax.vlines(middle, y - 0.1, y + 0.1, color=colour, linewidth=2.0)
            ax.plot(own.mean(), y, "o", color=style.INK, markersize=3.5, zorder=4)
    style.dress(ax, "time (h)")
    ax.set_xlim(left=0.0)
    ax.set_ylim(len(found) - 0.5, -0.5)
    ax.set_yticks(range(len(found)), [f"{arms.label(name)}\n{_n(own)}" for name, own in found.items()])
    ax.tick_params(axis="y", length=0, labelsize=style.SMALL_PT)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x", color=style.FAINT, linewidth=0.6)
    boxes = [style.area_key(name, colour, 0.45) for name, colour in zip(NAMES, COLOURS, strict=True)]
    style.legend_below(fig, [*boxes, style.line_key("mean", style.INK, "o", "")])
    return fig


def seen(run: Run) -> str:
    """Return the mean times in the arm with most of such cells."""
    found = _times(run)
    most = max(found, key=lambda name: found[name][0].size)
    parts = [f"{wording.number(own.mean(), 2)} h" for own in found[most]]
    text = f"In {arms.quoted(most)} {_n(found[most])} need {parts[0]} to the first kill, {parts[1]} to the second and "
    return wording.sentence(f"{text}{parts[2]} between later ones, on average")


def _n(times: Times) -> str:
    n = times[0].size
    return f"{n:,} cell{'s' * (n != 1)}"


def _times(run: Run) -> dict[str, Times]:
    """Return the times of first, second and later kills by arm, one value per cell with enough kills."""
    deaths = arms.deaths(run)
    if "killer_uid" not in deaths:
        return {}
    killed = deaths.loc[deaths["killer_uid"] >= 0].sort_values("time_h", kind="stable")
    found = {}
    for name in arms.treated(run):
        own = [times for times in _by_cell(killed.loc[killed["arm"] == name]) if times.size >= SERIAL]
        if own:
            first = np.array([times[0] for times in own])
            second = np.array([times[1] - times[0] for times in own])
            later = np.array([(times[-1] - times[1]) / (times.size - 2) for times in own])
            found[name] = (first, second, later)
    return found


def _by_cell(killed: pd.DataFrame) -> list[NDArray[np.float64]]:
    """Return when each cell killed, in order of time."""
    groups = killed.groupby(["replicate", "killer_uid"], sort=False)["time_h"]
    return [times.to_numpy(dtype=float) for _, times in groups]
