"""The grades of response: their words, colours and the falls of IgM that they ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter

from abm.plot.page import style


@dataclass(frozen=True)
class Grade:
    """One grade of response."""

    words: str
    colour: str


GRADES = {
    "none": Grade("no response", style.VERMILION),
    "minor": Grade("minor response", style.ORANGE),
    "partial": Grade("partial response", style.SKY),
    "very_good": Grade("very good response", style.BLUE),
    "": Grade("response not observed", style.GREY),
}
CHANGE_LABEL = "change of serum IgM (%)"


def grade(name: object) -> Grade:
    """Return a grade; an unknown one keeps its name and is grey."""
    return GRADES.get(str(name), Grade(str(name).replace("_", " "), style.GREY))


def draw_falls(ax: Axes, falls_percent: Sequence[float]) -> None:
    """Draw the baseline and the falls at which a response becomes minor, partial and very good."""
    ax.axhline(0, color=style.INK, linewidth=0.8)
    for fall in falls_percent:
        ax.axhline(-fall, color=style.GREY, linewidth=0.9, linestyle=style.DASH)
        ax.annotate(f"−{fall:g} %", (1, -fall), xycoords=("axes fraction", "data"), xytext=(3, 0),
                    textcoords="offset points", va="center", fontsize=style.SMALL_PT, color=style.INK)  # fmt: skip


def write_minus(axis: Axis) -> None:
    """Write the numbers of an axis with a proper minus sign."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: style.tick(value).replace("-", "−")))


def keys(best: pd.Series) -> list[Artist]:
    """Return a legend entry per grade that occurs."""
    names = set(best.dropna().astype(str))
    order = [name for name in GRADES if name in names] + sorted(names - GRADES.keys())
    return [style.area_key(grade(name).words, grade(name).colour) for name in order]
