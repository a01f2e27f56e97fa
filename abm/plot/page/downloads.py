"""What goes with a drawn figure: the same as SVG where that is small, its data as a table, and whether it shows any.

The data are read off the figure itself, so that no kind of figure has to say them twice.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import Collection, LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator

# Words stay words, which an editor of drawings can change; names of clips do not depend on chance.
mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "abm"})

MOST_MARKS = 4000  # design: more make an SVG that viewers are slow to open
MOST_SVG_BYTES = 600_000  # design: about three times the PNG of most figures
MOST_ROWS = 20_000  # design: a table that spreadsheets still open at once
SAME_REL = 1e-9
NUMERIC = re.compile(r"[-−+\d.,%\s]+")
HEADER = ("panel", "x_axis", "y_axis", "kind", "series", "x", "y", "x_to", "y_to")
N_WORDS = HEADER.index("series")
Row = tuple[str, str, Any, Any, Any, Any]


def svg(fig: Figure, title: str) -> bytes | None:
    """Return a figure that has been laid out as SVG, or None where it would be large."""
    if sum(_n_marks(ax) for ax in fig.axes) > MOST_MARKS:
        return None
    buffer, canvas = io.StringIO(), fig.canvas
    FigureCanvasSVG(fig).print_svg(buffer, metadata={"Title": title, "Date": None, "Creator": None})
    fig.set_canvas(canvas)
    content = buffer.getvalue().encode()
    return content if len(content) <= MOST_SVG_BYTES else None


def data(fig: Figure) -> bytes | None:
    """Return what a figure shows as CSV, a row a point, bar, segment or voxel; None where there is none or too much."""
    rows = [row for ax in _panels(fig) for row in _rows(fig, ax)]
    if not 0 < len(rows) <= MOST_ROWS:
        return None
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\n")
    table.writerow(HEADER)
    table.writerows((*row[:N_WORDS], *map(_plain, row[N_WORDS:])) for row in rows)
    return buffer.getvalue().encode()


def is_uniform(fig: Figure) -> bool:
    """Return whether a figure consists of lines and maps alone, and these of one value in each panel."""
    spreads = [spread for ax in _panels(fig) for spread in _spreads(ax)]
    return bool(spreads) and not any(spreads)


def _panels(fig: Figure) -> list[Axes]:
    """Return the axes that show data: no bars of colours."""
    return [ax for ax in fig.axes if ax.get_visible() and ax.get_label() != "<colorbar>"]


def _spreads(ax: Axes) -> Iterator[bool]:
    """Yield whether what is in a panel varies; what is neither line nor map counts as varied."""
    lines = [line for line in ax.lines if _is_of_data(line, ax) and len(np.unique(line.get_xdata())) > 1]
    if lines:
        yield _varies(np.concatenate([np.asarray(line.get_ydata(), float) for line in lines]))
    if ax.lines and not lines:
        yield any(_is_of_data(line, ax) and len(line.get_xdata()) for line in ax.lines)
    for image in ax.images:
        yield image.get_array().ndim > 2 or _varies(np.ma.filled(image.get_array().astype(float), np.nan))
    for mesh in ax.collections:
        if isinstance(mesh, PolyCollection):
            yield _varies(np.concatenate([path.vertices[:, 1] for path in mesh.get_paths()] or [np.zeros(1)]))
        elif mesh.get_visible():
            yield True
    if ax.patches:
        yield True


def _varies(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]
    return bool(known.size and np.ptp(known) > SAME_REL * np.abs(known).max())


def _n_marks(ax: Axes) -> int:
    points = sum(len(line.get_xdata()) * (line.get_marker() not in ("", "None", None)) for line in ax.lines)
    return points + len(ax.patches) + sum(max(len(c.get_offsets()), len(c.get_paths())) for c in ax.collections)


def _rows(fig: Figure, ax: Axes) -> Iterator[tuple[Any, ...]]:
    said = [_plain(text) for text in (ax.get_title(loc="left") or ax.get_title(), ax.get_xlabel(), ax.get_ylabel())]
    x_names, y_names = _names(ax.xaxis), _names(ax.yaxis)
    known = _legend(fig, ax)
    for kind, colour, x, y, x_to, y_to in (*_of_lines(ax), *_of_collections(ax), *_of_bars(ax), *_of_images(ax)):
        yield (*said, kind, known.get(colour, ""), _named(x, x_names), _named(y, y_names), x_to, y_to)


def _of_lines(ax: Axes) -> Iterator[Row]:
    for line in ax.lines:
        if _is_of_data(line, ax):
            kind = "points" if line.get_linestyle() in ("", "None", " ") else "line"
            colour, xy = to_hex(line.get_color()), (line.get_xdata(), line.get_ydata())
            for x, y in zip(*(np.asarray(values).tolist() for values in xy), strict=True):
                yield kind, colour, x, y, "", ""


def _of_collections(ax: Axes) -> Iterator[Row]:
    for one in ax.collections:
        colour = _colour(one)
        if isinstance(one, LineCollection) and one.get_transform() == ax.transData:
            for (x, y), *_, (x_to, y_to) in (segment for segment in one.get_segments() if len(segment) > 1):
                yield "range", colour, x, y, x_to, y_to
        elif isinstance(one, PathCollection) and one.get_offset_transform() == ax.transData:
            for x, y in np.ma.filled(one.get_offsets().astype(float), np.nan).tolist():
                yield "points", colour, x, y, "", ""
        elif isinstance(one, PolyCollection) and one.get_transform() == ax.transData:
            for path in one.get_paths():
                for x, y in path.vertices.tolist():
                    yield "outline of an area", colour, x, y, "", ""


def _of_bars(ax: Axes) -> Iterator[Row]:
    for bar in ax.patches:
        if isinstance(bar, Rectangle) and bar.get_data_transform() == ax.transData:
            x, y = bar.get_xy()
            yield "bar", to_hex(bar.get_facecolor()), x, y, x + bar.get_width(), y + bar.get_height()


def _of_images(ax: Axes) -> Iterator[Row]:
    """Yield the voxels of a map with their value: where they begin, and instead of their end the value."""
    for image in ax.images:
        values = image.get_array()
        if values.ndim == 2:
            left, right, bottom, top = image.get_extent()
            n_y, n_x = values.shape
            for (i, j), value in np.ndenumerate(np.ma.filled(values.astype(float), np.nan)):
                y = (
                    bottom + (i + 0.5) * (top - bottom) / n_y
                    if image.origin == "lower"
                    else top - (i + 0.5) * (top - bottom) / n_y
                )
                yield "value of a voxel (y_to)", "", left + (j + 0.5) * (right - left) / n_x, y, "", value


def _is_of_data(line: Line2D, ax: Axes) -> bool:
    return line.get_visible() and line.get_transform() == ax.transData


def _colour(one: Collection) -> str:
    found = one.get_facecolor() if len(one.get_facecolor()) else one.get_edgecolor()
    return to_hex(found[0]) if len(found) else ""


def _legend(fig: Figure, ax: Axes) -> dict[str, str]:
    """Return what colours mean, as legends say; of several entries of a colour the first."""
    found: dict[str, str] = {}
    for legend in (*fig.legends, *([ax.get_legend()] if ax.get_legend() else [])):
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=False):
            colour = getattr(handle, "get_facecolor", getattr(handle, "get_color", None))
            if colour is not None:
                value = np.asarray(colour()) if not isinstance(colour(), str) else colour()
                found.setdefault(to_hex(value[0] if np.ndim(value) > 1 else value), _plain(text.get_text()))
    return found


def _names(axis: Axis) -> dict[float, str]:
    """Return the words that stand at places of an axis, where it has categories."""
    locator = axis.get_major_locator()
    if not isinstance(locator, FixedLocator):
        return {}
    words = axis.get_major_formatter().format_ticks(list(locator.locs))
    named = zip(locator.locs, words, strict=True)
    return {round(float(at), 6): word for at, word in named if word and not NUMERIC.fullmatch(word)}


def _named(value: Any, names: dict[float, str]) -> Any:
    return names.get(round(float(value), 6), value) if names else value


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value.replace("\n", " ") if "\n" in value else value
    return "" if math.isnan(value) else f"{value:.7g}"
