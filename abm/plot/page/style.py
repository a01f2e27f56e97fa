"""How every figure looks: colours, sizes, axes, legends and PNG bytes, in one place.

Only Matplotlib's object interface is used and no rcParams are touched but those of SVG, so figures can be drawn in
several threads.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from PIL import Image
from PIL.PngImagePlugin import PngInfo

# Okabe and Ito's palette, told apart with any common colour vision; yellow is left out: too faint on white paper.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
GREY, FAINT, INK = "#8A8A8A", "#E2E2E2", "#222222"

ARM_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, BLACK, ORANGE, SKY)
CAUSE_COLOURS = {"cdc": ORANGE, "adcc": SKY, "background": GREY}
CAUSE_HATCHES = {"adcc": "////", "background": "...."}
SPARE_COLOURS = (GREEN, PURPLE, VERMILION, BLUE)
EFFECTOR_COLOURS = (("#B5B5B5", PURPLE), ("#93CDB9", "#00664B"), ("#D8C3A5", "#7A5C2E"))  # free and engaged
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASH = (0, (4, 2))

WIDTH_IN = 7.2
DPI = 200
FONT_PT = 9.0
SMALL_PT = 8.0
WIDE_FOLD = 30.0
COMPRESSION = 3  # design: without transparency as small as with it by default, in three fifths of the time

OBSERVED, OBSERVED_MARKER = "observed", "D"


def rgb(colour: str) -> tuple[float, float, float]:
    """Return red, green and blue of a colour, each 0 to 1."""
    return to_rgb(colour)


def effector_colours(place: int) -> tuple[str, str]:
    """Return the colours of a kind of effector by its place among them: of a free cell, of an engaged one."""
    return EFFECTOR_COLOURS[place % len(EFFECTOR_COLOURS)]


def new_figure(height_in: float, width_in: float = WIDTH_IN) -> Figure:
    """Return an empty figure with its own Agg canvas, outside pyplot's register of figures."""
    layout = ConstrainedLayoutEngine(w_pad=0.07, h_pad=0.06)
    fig = Figure(figsize=(width_in, height_in), dpi=DPI, layout=layout, facecolor="white")
    FigureCanvasAgg(fig)
    return fig


def panels(fig: Figure, n: int, n_cols: int = 3, *, share: bool = True) -> list[Axes]:
    """Return `n` axes in rows of at most `n_cols`, with shared scales unless told otherwise."""
    cols = min(n, n_cols)
    rows = math.ceil(n / cols)
    axes = fig.subplots(rows, cols, squeeze=False, sharex=share, sharey=share)
    flat = list(axes.flat)
    for ax in flat[n:]:
        ax.remove()
    for ax in flat[max(0, n - cols) : n]:
        ax.tick_params(labelbottom=True)
    return flat[:n]


def dress(ax: Axes, x: str = "", y: str = "", title: str = "") -> None:
    """Give axes their labels and the common look: no box, thin grey grid behind the data, thousands separated."""
    ax.set_xlabel(x, fontsize=FONT_PT, color=INK)
    ax.set_ylabel(y, fontsize=FONT_PT, color=INK)
    height = None if ax.xaxis.get_ticks_position() == "top" else 1.0  # one that is known saves a look at every tick
    ax.set_title(title, fontsize=FONT_PT, color=INK, loc="left", y=height, fontweight="bold")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
    ax.tick_params(labelsize=SMALL_PT, color=GREY, labelcolor=INK)
    ax.grid(visible=True, axis="y", color=FAINT, linewidth=0.6)
    ax.set_axisbelow(True)
    for axis in (ax.xaxis, ax.yaxis):
        if axis.get_scale() == "linear":
            axis.set_major_formatter(FuncFormatter(tick))


def outer_labels(axes: Sequence[Axes], n_cols: int, x: str, y: str) -> None:
    """Write the axis labels of small multiples once per column and row."""
    for i, ax in enumerate(axes):
        below = i + n_cols
        ax.set_xlabel(x if below >= len(axes) else "", fontsize=FONT_PT, color=INK)
        ax.set_ylabel(y if i % n_cols == 0 else "", fontsize=FONT_PT, color=INK)


def time_axis(axis: Axis) -> None:
    """Put ticks on whole hours that a reader counts in."""
    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 4, 6, 10]))


def log_axis(axis: Axis) -> None:
    """Make an axis logarithmic, its decades written out with thousands separated."""
    getattr(axis.axes, f"set_{axis.axis_name}scale")("log")
    low, high = sorted(axis.get_view_interval())
    subs = (1.0, 2.0, 5.0) if high < 120 * max(low, 1e-300) else (1.0,)
    axis.set_major_locator(LogLocator(base=10, subs=subs, numticks=12))
    axis.set_major_formatter(FuncFormatter(tick))
    axis.set_minor_formatter(NullFormatter())


def is_wide(values: Iterable[float]) -> bool:
    """Return whether the positive values span more than 30-fold, so that a log axis is needed."""
    found = np.asarray(list(values), dtype=float)
    found = found[np.isfinite(found) & (found > 0)]
    return bool(found.size and found.max() / found.min() > WIDE_FOLD)


def _observed_key(fig: Figure) -> list[Artist]:
    """Return the legend entry of observations where a figure shows any."""
    found = line_key("observed, with its range", INK, OBSERVED_MARKER, "")
    found.set_markerfacecolor("white")
    return [found] * any(line.get_gid() == OBSERVED for ax in fig.axes for line in ax.lines)


def legend_below(fig: Figure, handles: Sequence[Artist]) -> None:
    """Put the legend under the panels, where it hides no data, in one row if it fits; it tells of observations too."""
    handles = [*handles, *_observed_key(fig)]
    if handles:
        widths = [0.65 + 0.06 * len(str(handle.get_label())) for handle in handles]
        room = fig.get_size_inches()[0]
        n_cols = len(handles) if sum(widths) <= room else max(1, int(room / max(widths)))
        legend = fig.legend(handles=handles, loc="outside lower center", ncols=n_cols, frameon=False)
        for text in legend.get_texts():
            text.set(fontsize=SMALL_PT, color=INK)


def line_key(label: str, colour: str, marker: str = "", style: object = "-") -> Line2D:
    """Return a legend entry for a line or, with `style` "", for a marker."""
    return Line2D([], [], color=colour, marker=marker, linestyle=style, markersize=4.5, linewidth=1.6, label=label)


def area_key(label: str, colour: str, alpha: float = 1.0, hatch: str = "") -> Patch:
    """Return a legend entry for a filled area."""
    edge = "white" if hatch else "none"
    return Patch(facecolor=colour, alpha=alpha, edgecolor=edge, linewidth=0, hatch=hatch, label=label)


def cause_colours(causes: Sequence[str]) -> dict[str, str]:
    """Return one colour per cause of death, the same in every figure."""
    unknown = [cause for cause in causes if cause not in CAUSE_COLOURS]
    spare = {cause: SPARE_COLOURS[i % len(SPARE_COLOURS)] for i, cause in enumerate(unknown)}
    return {cause: CAUSE_COLOURS.get(cause) or spare[cause] for cause in causes}


def scale_bar(ax: Axes, length_um: float) -> None:
    """Draw a labelled bar below the lower left corner of a map in µm."""
    left, right = ax.get_xlim()
    low, high = ax.get_ylim()
    y = low - 0.035 * (high - low)
    ax.plot([left, left + length_um], [y, y], color=INK, linewidth=1.6, solid_capstyle="butt", clip_on=False)
    name = f"{length_um / 1000:g} mm" if length_um >= 1000 else f"{length_um:g} µm"
    ax.text(left + length_um + 0.02 * (right - left), y, name, fontsize=SMALL_PT, color=INK, va="center")


def bare_map(ax: Axes, x_um: tuple[float, float], y_um: tuple[float, float]) -> None:
    """Frame a map drawn to scale, without ticks: its scale bar carries the unit."""
    ax.set_xlim(*x_um)
    ax.set_ylim(*y_um)
    ax.set_aspect("equal")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_color(GREY)


def row_name(ax: Axes, name: str) -> None:
    """Write the name of a row of maps to the left of its first map."""
    ax.set_ylabel(name, fontsize=FONT_PT, color=INK, fontweight="bold")


def bar_length_um(side_um: float) -> float:
    """Return a round length of about a fifth of a map's side."""
    aim = max(side_um, 1e-9) / 5
    step = 10 ** math.floor(math.log10(aim))
    return max(k * step for k in (1, 2, 5) if k * step <= aim * 1.0000001)


def draw_equality(ax: Axes, values: Sequence[float]) -> None:
    """Draw the line on which both axes say the same, over one range; logarithmic where the values are wide apart."""
    if min(values) > 0.0 and is_wide(values):
        log_axis(ax.xaxis)
        log_axis(ax.yaxis)
    ends = [min(ax.get_xlim()[0], ax.get_ylim()[0]), max(ax.get_xlim()[1], ax.get_ylim()[1])]
    ax.plot(ends, ends, color=GREY, linestyle=DASH, linewidth=1.0, zorder=1)
    ax.set_xlim(ends)
    ax.set_ylim(ends)


def png(fig: Figure, title: str) -> bytes:
    """Return the figure as PNG; its metadata is the title alone, so the same input gives the same bytes."""
    _take_literally(fig)
    layout = fig.get_layout_engine()
    if layout is not None:  # once; otherwise drawing would lay out anew
        layout.execute(fig)
        fig.set_layout_engine(None)
    fig.canvas.draw()
    told = PngInfo()
    told.add_text("Title", title)
    buffer, picture = io.BytesIO(), Image.fromarray(np.asarray(fig.canvas.buffer_rgba())).convert("RGB")
    picture.save(buffer, "png", dpi=(fig.dpi, fig.dpi), pnginfo=told, compress_level=COMPRESSION)
    return buffer.getvalue()


def _take_literally(artist: Artist) -> None:
    """Let no dollar sign in a name be read as the start of a formula; ticks may hold formulas of Matplotlib's own."""
    if isinstance(artist, Text):
        artist.set_parse_math(False)
    for below in (artist.label, artist.offsetText) if isinstance(artist, Axis) else artist.get_children():
        _take_literally(below)


def tick(value: float, _position: int | None = None) -> str:
    """Return a tick's number with thousands separated."""
    rounded = float(f"{value:.6g}")
    return f"{rounded:,.0f}" if rounded.is_integer() else f"{rounded:,.6g}"
