"""Answers whether the arms show what was observed of them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot import arms, draws, published
from abm.plot.page import style, wording
from abm.plot.published import Observation
from abm.plot.well.survival_by_arm import estimate
from abm.results.run import Run
from abm.statistics.intervals import Interval

ORDER = 11
TITLE = "Observed beside simulated"
CAPTION = (
    "Filled: simulated, with the 95 % interval over replicates; open: observed, with its range where one is known. "
    "Where an arm is named on the axis, all is relative to it (dashed), the intervals those of the arm alone; what was "
    "told in words stands on the right."
)
APART = 0.15
Panels = dict[tuple[str, str], list[Observation]]


def applies(run: Run) -> bool:
    """Return whether something was observed of an arm that the summary tells."""
    return bool(_panels(run))


def figure(run: Run) -> Figure:
    """Draw a panel per share and a row per arm of which it was observed."""
    panels = _panels(run)
    heights = [0.9 + 0.36 * len(found) for found in panels.values()]
    fig = style.new_figure(0.4 + sum(heights))
    axes = fig.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for ax, ((of, beside), found) in zip(axes, panels.items(), strict=True):
        for row, one in enumerate(found):
            _draw_row(ax, run, one, row)
        relative = f"% of {arms.quoted(beside)}" if beside else "%"
        style.dress(ax, f"{run.measures('readouts').of(of).words} ({relative})")
        _dress_rows(ax, found)
        if beside:
            ax.axvline(100.0, color=style.GREY, linestyle=style.DASH, linewidth=1.0)
    simulated = style.line_key("simulated", style.INK, "o", "")
    style.legend_below(fig, [simulated, *draws.keys(run)])
    return fig


def seen(run: Run) -> str:
    """Return how many are inside their observed range, and what is furthest from it or said in words."""
    said = []
    for (of, beside), found in _panels(run).items():
        ranged = [one for one in found if np.isfinite(one.lo)]
        inside = [one for one in ranged if one.lo <= simulated(run, one).mean <= one.hi]
        words = run.measures("readouts").of(of).words
        if ranged:
            said.append(f"{words} is inside its observed range in {len(inside)} of {len(ranged)} arms")
        parts = [
            f"{wording.percent(simulated(run, o).mean)} in {arms.quoted(o.arm)} ({o.words})" for o in found if o.words
        ]
        if parts:
            said.append(f"{words}{f' relative to {arms.quoted(beside)}' if beside else ''}: {wording.listing(parts)}")
    return " ".join(map(wording.sentence, said)) or "Of 0 arms an observed range is known."


def simulated(run: Run, one: Observation) -> Interval:
    """Return what the run says of what was observed; NaN where it says nothing."""
    found = estimate(run, one.arm, one.of)
    beside = estimate(run, one.beside, one.of).mean if one.beside else 1.0
    return found.times(1.0 / beside if beside > 0.0 else np.nan)


def _panels(run: Run) -> Panels:
    """Return the observations of arms whose share the summary tells, by share and by the arm that it is relative to."""
    panels: Panels = {}
    for one in published.observations(run):
        if np.isfinite(simulated(run, one).mean):
            panels.setdefault((one.of, one.beside), []).append(one)
    return panels


def _draw_row(ax: Axes, run: Run, one: Observation, row: int) -> None:
    look, mid = arms.looks(run)[one.arm], simulated(run, one).times(100.0)
    over = None if one.beside else draws.number(run, one.arm, one.of)
    if over:
        x = 100.0 * np.array([over["lo"], over["hi"]])
        draws.shade(ax, draws.Band(x, np.full(2, row - 0.3), np.full(2, row)), look.colour)
    apart = APART if np.isfinite(one.value) else 0.0
    reach = [[float(end)] for end in mid.reach()]
    ax.errorbar(mid.mean, row - apart, xerr=reach, fmt="o", color=look.colour, markersize=6, elinewidth=1.6)
    if apart:
        published.draw(ax, one.times(100.0), row + apart, is_row=True)


def _dress_rows(ax: Axes, found: list[Observation]) -> None:
    rows, labels = range(len(found)), [arms.label(one.arm) for one in found]
    ax.set_xlim(min(0.0, ax.get_xlim()[0]), max(100.0, ax.get_xlim()[1]))
    ax.set_ylim(len(found) - 0.5, -0.5)
    ax.set_yticks(rows, labels, fontsize=style.FONT_PT)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x", color=style.FAINT, linewidth=0.6)
    if any(one.words for one in found):
        right = ax.secondary_yaxis("right")
        right.set_yticks(rows, [one.words for one in found])
        right.tick_params(labelsize=style.SMALL_PT, length=0, labelcolor=style.INK)
        right.spines["right"].set_visible(False)
        place = {"xytext": (4, 4), "textcoords": "offset points"}
        ax.annotate("observed:", (1, 1), xycoords="axes fraction", fontsize=style.SMALL_PT, color=style.INK, **place)
