"""A table as a map: numbers written into cells coloured by them, which needs no colour to be read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from abm.plot.page import style, wording

SIGNED, UNSIGNED = "PuOr", "cividis"  # both told apart with any common colour vision
ROW_IN, LABELS_IN = 0.26, 2.1
DARK = 0.5  # design: of luminance, below which what is written is white


def figure_for(n_rows: int) -> Figure:
    """Return a figure as high as so many rows need."""
    return style.new_figure(LABELS_IN + ROW_IN * n_rows)


def draw(
    ax: Axes, values: ArrayLike, names: tuple[Sequence[str], Sequence[str]], ends: tuple[float, float], places: int = 1
) -> None:
    """Draw a map.

    Parameters
    ----------
    ax : Axes
        Where.
    values : array, shape (rows, columns)
        NaN where there is no cell.
    names : tuple
        Of the rows and of the columns.
    ends : tuple of float
        Values at the ends of the colours; around 0, they differ by sign.
    places : int
        Decimals that are written; where values differ by sign, what is 0 to them is not.
    """
    cells, (rows, columns) = np.asarray(values, dtype=float), names
    cmap, zero = (SIGNED, "") if ends[0] == -ends[1] else (UNSIGNED, "0")
    image = ax.imshow(cells, aspect="auto", cmap=cmap, vmin=ends[0], vmax=ends[1])
    for (row, column), value in np.ndenumerate(cells):
        if np.isfinite(value):
            red, green, blue, _ = image.to_rgba(value)
            colour = "white" if 0.3 * red + 0.59 * green + 0.11 * blue < DARK else style.INK
            text = wording.decimal(value, places) if round(value, places) else zero
            ax.text(column, row, text, ha="center", va="center", fontsize=6.5, color=colour)
    style.dress(ax)
    ax.set_xticks(range(len(columns)), columns, rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.grid(visible=False)


def short(path: str) -> str:
    """Return a parameter's path without the part of a scenario that it stands in."""
    return path.removeprefix("processes.").removeprefix("populations.")
