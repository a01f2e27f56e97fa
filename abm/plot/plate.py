"""Shows a plate as it was read, and specific lysis in its wells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from abm.plot.page import style, wording

ROWS, N_COLUMNS = "ABCDEFGH", 12
SHORT = {"maximum": "max", "spontaneous": "spont", "blank": "blank"}
RADIUS = 0.46
DARK = 0.5  # of brightness, below which writing is white
SAMPLE = "sample"


@dataclass(frozen=True)
class Shown:
    """What is drawn.

    Attributes
    ----------
    title : str
        Above the figure.
    wells : DataFrame
        ``well``, ``kind``, ``arm``, ``reading`` and ``lysis`` of each well that is used.
    """

    title: str
    wells: pd.DataFrame


def heat_map(shown: Shown) -> bytes:
    """Return the figure as PNG: readings above, specific lysis of samples below."""
    fig = style.new_figure(8.4)
    above, below = fig.subplots(2, 1)
    wells = shown.wells
    labels = wells["kind"].map(SHORT).fillna("")
    _draw(fig, above, wells.assign(value=wells["reading"], text=labels), (0.0, shown.title, "reading"))
    percent = 100.0 * wells["lysis"]
    texts = [label or wording.number(value, 2) for label, value in zip(labels, percent, strict=True)]
    _draw(fig, below, wells.assign(value=percent, text=texts), (100.0, "", "specific lysis (%)"))
    return style.png(fig, shown.title)


def _draw(fig: Figure, ax: Axes, wells: pd.DataFrame, said: tuple[float, str, str]) -> None:
    """Draw wells by ``value`` with their ``text``; what is said are the least top of the scale, title and words."""
    (least_top, title, words), colours = said, colormaps["viridis"]
    known = wells["value"].dropna()
    scale = Normalize(min(0.0, known.min()), max(known.max(), least_top))
    taken = set(wells["well"])
    for row, letter in enumerate(ROWS):
        for column in range(N_COLUMNS):
            if f"{letter}{column + 1}" not in taken:
                ax.add_patch(Circle((column, row), RADIUS, facecolor="none", edgecolor=style.FAINT))
    for one in wells.itertuples():
        place = int(one.well[1:]) - 1, ROWS.index(one.well[0])
        colour = colours(scale(one.value)) if np.isfinite(one.value) else (1.0, 1.0, 1.0, 1.0)
        edge = style.VERMILION if one.kind != SAMPLE else style.GREY
        ax.add_patch(
            Circle(place, RADIUS, facecolor=colour, edgecolor=edge, linewidth=1.4 if one.kind != SAMPLE else 0.5)
        )
        dark = float(np.dot(colour[:3], (0.3, 0.59, 0.11))) < DARK
        ax.text(*place, one.text, ha="center", va="center", fontsize=style.SMALL_PT - 1.5,
                color="white" if dark else style.INK)  # fmt: skip
    _dress(ax, title)
    bar = fig.colorbar(ScalarMappable(scale, colours), ax=ax, shrink=0.85, pad=0.02)
    bar.set_label(words, fontsize=style.FONT_PT, color=style.INK)
    bar.ax.tick_params(labelsize=style.SMALL_PT)
    bar.outline.set_visible(False)


def _dress(ax: Axes, title: str) -> None:
    ax.xaxis.tick_top()
    style.dress(ax, title=title)
    ax.set_aspect("equal")
    ax.set_xlim(-0.6, N_COLUMNS - 0.4)
    ax.set_ylim(len(ROWS) - 0.4, -0.6)
    ax.set_xticks(range(N_COLUMNS), [str(k + 1) for k in range(N_COLUMNS)])
    ax.set_yticks(range(len(ROWS)), list(ROWS))
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[["left", "bottom"]].set_visible(False)
