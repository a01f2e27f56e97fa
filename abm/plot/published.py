"""What a scenario says was observed of its arms, and how it is drawn: an open diamond with its range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from abm.plot.page import style
from abm.results.run import Run

COLOUR, MARKER = style.INK, "D"


@dataclass(frozen=True)
class Observation:
    """One observation of an arm: fractions, NaN where unknown; relative to the arm `beside` where one is named."""

    arm: str
    of: str
    value: float
    lo: float
    hi: float
    words: str = ""
    beside: str = ""
    source: str = ""

    def reach(self) -> list[list[float]]:
        """Return how far the ends are below and above the value in percent, as error bars take it."""
        ends = self.value - self.lo, self.hi - self.value
        return [[100.0 * float(np.nan_to_num(end))] for end in ends]


def observations(run: Run, of: str = "") -> list[Observation]:
    """Return all observations in the order of the arms, or those of one share that are relative to no other arm."""
    table = run.observed()
    if table is None:
        return []
    numbers = ("value", "lo", "hi")
    table = table.astype(dict.fromkeys(numbers, float)).fillna(dict.fromkeys(("words", "beside", "source"), ""))
    found = [Observation(**row) for row in table.to_dict("records")]
    return [one for one in found if not of or (one.of == of and not one.beside and np.isfinite(one.value))]


def draw(ax: Axes, one: Observation, across: float, *, is_row: bool, colour: str = COLOUR) -> None:
    """Draw an observation in percent at its place on the other axis: in a row of its own, or at an x."""
    at = (100.0 * one.value, across) if is_row else (across, 100.0 * one.value)
    bars = {"xerr" if is_row else "yerr": one.reach()}
    ax.errorbar(*at, **bars, fmt=MARKER, color=colour, markerfacecolor="white", markersize=5.5, elinewidth=1.0,
                capsize=4, zorder=4)  # fmt: skip


def key() -> Artist:
    """Return the legend entry of observations."""
    found = style.line_key("published, with its range", COLOUR, MARKER, "")
    found.set_markerfacecolor("white")
    return found
