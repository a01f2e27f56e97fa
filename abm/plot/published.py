"""What was observed of the arms of a run, published or one's own, and how it is drawn: a diamond with its range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes

from abm.plot import arms
from abm.plot.page import style
from abm.results.run import Run

SAME_H = 1e-6  # design: moments of a file and of a run differ by rounding


@dataclass(frozen=True)
class Observation:
    """One observation of an arm, in the unit of what was observed: NaN where unknown, at the end without a time.

    It is relative to the arm `beside` where one is named; those of one `group` are of the same, such as a patient;
    with `cd20_per_cell` it is of cells with so much CD20 at the start.
    """

    arm: str
    of: str
    value: float
    lo: float
    hi: float
    words: str = ""
    beside: str = ""
    source: str = ""
    time_h: float = np.nan
    unit: str = ""
    group: str = ""
    cd20_per_cell: float = np.nan

    def times(self, factor: float) -> Observation:
        """Return it in another unit."""
        ends = sorted((factor * self.lo, factor * self.hi))
        return replace(self, value=factor * self.value, lo=ends[0], hi=ends[1])

    def plus(self, shift: float) -> Observation:
        """Return it against another zero."""
        return replace(self, value=self.value + shift, lo=self.lo + shift, hi=self.hi + shift)

    def reach(self) -> list[list[float]]:
        """Return how far the ends are below and above the value, as error bars take it."""
        ends = self.value - self.lo, self.hi - self.value
        return [[float(np.nan_to_num(end))] for end in ends]


def observed(run: Run) -> list[Observation]:
    """Return all observations of whole arms, in their order."""
    return [one for one in _all(run) if np.isnan(one.cd20_per_cell)]


def by_cd20(run: Run, of: str, arm: str) -> list[Observation]:
    """Return what was observed of an arm's cells by their CD20, in order of that."""
    own = [
        one for one in _all(run) if (one.of, one.arm) == (of, arm) and np.isfinite([one.cd20_per_cell, one.value]).all()
    ]
    return sorted(own, key=lambda one: one.cd20_per_cell)


def _all(run: Run) -> list[Observation]:
    table = run.observed()
    if table is None:
        return []
    numbers = [name for name in ("value", "lo", "hi", "time_h", "cd20_per_cell") if name in table]
    texts = [name for name in ("words", "beside", "source", "unit", "group") if name in table]
    table = table.astype(dict.fromkeys(numbers, float)).astype({name: object for name in texts})
    return [Observation(**row) for row in table.fillna(dict.fromkeys(texts, "")).to_dict("records")]


def observations(run: Run, of: str = "") -> list[Observation]:
    """Return all that was observed at the end, or of it that of one share which is relative to no other arm."""
    found = [one for one in observed(run) if not abs(one.time_h - arms.end_h(run)) > SAME_H]
    return [one for one in found if not of or (one.of == of and not one.beside and np.isfinite(one.value))]


def course(run: Run, of: str, arm: str) -> list[Observation]:
    """Return what was observed of an arm over time, in order of time; what has none was seen at the end."""
    own = [one for one in observed(run) if (one.of, one.arm, one.beside) == (of, arm, "") and np.isfinite(one.value)]
    known = [replace(one, time_h=arms.end_h(run)) if np.isnan(one.time_h) else one for one in own]
    return sorted(known, key=lambda one: one.time_h)


def draw(ax: Axes, one: Observation, across: float, *, is_row: bool, colour: str = style.INK) -> None:
    """Draw an observation at its place on the other axis: in a row of its own, or at an x; a legend tells of it."""
    at = (one.value, across) if is_row else (across, one.value)
    bars = {"xerr" if is_row else "yerr": one.reach()}
    drawn = ax.errorbar(*at, **bars, fmt=style.OBSERVED_MARKER, color=colour, markerfacecolor="white", markersize=5.5,
                        elinewidth=1.0, capsize=4, zorder=4)  # fmt: skip
    drawn.lines[0].set_gid(style.OBSERVED)


def draw_course(
    ax: Axes, found: Sequence[Observation], place: Callable[[float], float], colour: str = style.INK
) -> None:
    """Draw observations over time, those of one group joined by a thin line."""
    for one in found:
        draw(ax, one, float(place(one.time_h)), is_row=False, colour=colour)
    for group in dict.fromkeys(one.group for one in found if one.group):
        own = [one for one in found if one.group == group]
        ax.plot([float(place(one.time_h)) for one in own], [one.value for one in own], color=colour, linewidth=0.8,
                linestyle=":", zorder=3)  # fmt: skip
