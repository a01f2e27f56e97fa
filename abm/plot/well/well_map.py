"""Answers where the cells are, and where B cells died."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from abm.plot import arms, kinds
from abm.plot.page import style, wording
from abm.plot.page.question import is_mixed
from abm.results.run import Run

ORDER = 110
TITLE = "Map of the well"
CAPTION = (
    "First replicate, at the first, a middle and the last frame. On a large floor the left map shows the whole, with "
    "the square of 1 mm² that the others show larger. Lysed cells are hollow, where they died, coloured by cause."
)
MAX_ARMS = 4
ZOOM_UM, ZOOM_SIZE = 1000.0, 2.6


def applies(run: Run) -> bool:
    """Return whether any frame has cells with a place; in a mixed well they have none."""
    steps = [] if is_mixed(run) else run.cell_steps()
    cells = run.cells(steps[0]) if steps else pd.DataFrame()
    return "x_um" in cells and len(cells) > 0 and bool(np.ptp(cells["x_um"]) > 0)


def figure(run: Run) -> Figure:
    """Draw a row of maps per arm."""
    names = arms.treated(run)[:MAX_ARMS]
    frames = _frames(run)
    box = _floor(next(iter(frames.values())))
    zoom = _zoom(box)
    has_whole = bool(box[1] - box[0] > 1.2 * ZOOM_UM)
    first = int(has_whole)
    n_cols = first + len(frames)
    fig = style.new_figure(0.5 + 2.3 * len(names), width_in=2.05 * max(3, n_cols))
    axes = fig.subplots(len(names), n_cols, squeeze=False)
    for row, name in zip(axes, names, strict=True):
        pick = {t_h: _of(cells, run, name) for t_h, cells in frames.items()}
        if has_whole:
            _draw_floor(row[0], run, name, pick, box, zoom)
        for ax, (t_h, cells) in zip(row[first:], pick.items(), strict=True):
            _draw(ax, run, (cells, _lysed(run, name, t_h)), zoom, ZOOM_SIZE)
            ax.set_title(
                f"square, {t_h:g} h" if has_whole else f"{t_h:g} h", fontsize=style.SMALL_PT, loc="left", y=1.0
            )
        style.row_name(row[0], arms.label(name))
    style.legend_below(fig, _keys(run))
    return fig


def seen(run: Run) -> str:
    """Return the cells at the last frame in the first arm."""
    name = arms.treated(run)[0]
    t_h, cells = list(_frames(run).items())[-1]
    mine = _of(cells, run, name)
    counts = [f"{len(kinds.of(mine, kind)):,} {kind.words} not yet lysed" for kind in kinds.targets(run)]
    counts += [f"{len(kinds.of(mine, kind)):,} {kind.words}" for kind in _effectors(run)]
    hidden = len(arms.treated(run)) - MAX_ARMS
    more = f"; {hidden} further arms are not drawn" if hidden > 0 else ""
    return wording.sentence(
        f"At {t_h:g} h the floor in {arms.quoted(name)} holds {wording.listing(counts)}; "
        f"lysed by then: {len(_lysed(run, name, t_h)):,}{more}"
    )


def _frames(run: Run) -> dict[float, pd.DataFrame]:
    """Return the first, a middle and the last frame by their time in hours."""
    steps = run.cell_steps()
    chosen = dict.fromkeys([steps[0], steps[len(steps) // 2], steps[-1]])
    frames = [run.cells(step) for step in chosen]
    return {float(cells["time_h"].min()): cells for cells in frames}


def _of(cells: pd.DataFrame, run: Run, name: str) -> pd.DataFrame:
    replicate = run.series()["replicate"].min()
    return cells.loc[(cells["arm"] == name) & (cells["replicate"] == replicate)]


def _lysed(run: Run, name: str, t_h: float) -> pd.DataFrame:
    deaths = arms.deaths(run)
    return deaths if deaths.empty else _of(deaths.loc[deaths["t_lysis_h"] <= t_h], run, name)


def _floor(cells: pd.DataFrame) -> tuple[float, float, float, float]:
    """Return the floor as far as cells lie on it: x from, x to, y from, y to."""
    x, y = cells["x_um"], cells["y_um"]
    return min(0.0, x.min()), x.max(), min(0.0, y.min()), y.max()


def _zoom(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    side = min(ZOOM_UM, box[1] - box[0], box[3] - box[2])
    x, y = (box[0] + box[1] - side) / 2, (box[2] + box[3] - side) / 2
    return x, x + side, y, y + side


def _draw_floor(ax: Axes, run: Run, name: str, pick: dict, box: tuple, zoom: tuple) -> None:
    t_h, cells = list(pick.items())[-1]
    size = min(ZOOM_SIZE, max(0.55, ZOOM_SIZE * ZOOM_UM / (box[1] - box[0])))
    _draw(ax, run, (cells, _lysed(run, name, t_h)), box, size)
    corner, side = (zoom[0], zoom[2]), zoom[1] - zoom[0]
    ax.add_patch(Rectangle(corner, side, side, fill=False, edgecolor=style.INK, linewidth=1.2))
    ax.set_title(f"whole floor, {t_h:g} h", fontsize=style.SMALL_PT, loc="left", y=1.0)


def _draw(ax: Axes, run: Run, seen_here: tuple, box: tuple, size: float) -> None:
    frame, lysed = seen_here
    for kind in sorted(kinds.effectors(run), key=lambda kind: -kind.rel_size):
        own = _inside(kinds.of(frame, kind), box)
        ax.plot(own["x_um"], own["y_um"], ".", color=kind.colours[0], markersize=1.07 * kind.rel_size * size, mew=0)
    if len(lysed):
        dead = _inside(lysed, box)
        for cause, colour in style.cause_colours(sorted(set(dead["cause"].astype(str)))).items():
            rows = dead.loc[dead["cause"] == cause]
            ax.plot(rows["x_um"], rows["y_um"], "o", markerfacecolor="none", markeredgecolor=colour,
                    markersize=size, markeredgewidth=0.28 * size)  # fmt: skip
    for kind in kinds.targets(run):
        own = _inside(kinds.of(frame, kind), box)
        dying = own["is_dying"].eq(True) if "is_dying" in own else own["x_um"] < -np.inf
        for rows, colour in zip((own.loc[~dying], own.loc[dying]), kind.colours, strict=True):
            ax.plot(rows["x_um"], rows["y_um"], "o", color=colour, markersize=size, markeredgewidth=0)
    style.bare_map(ax, box[:2], box[2:])
    style.scale_bar(ax, style.bar_length_um(box[1] - box[0]))


def _effectors(run: Run) -> list[kinds.Kind]:
    """Return the kinds of effector that any arm has."""
    series = run.series()
    totals = {kind: series.get(f"n_{kind.short}") for kind in kinds.effectors(run)}
    return [kind for kind, n in totals.items() if n is None or (n > 0).any()]


def _inside(rows: pd.DataFrame, box: tuple) -> pd.DataFrame:
    return rows.loc[rows["x_um"].between(box[0], box[1]) & rows["y_um"].between(box[2], box[3])]


def _keys(run: Run) -> list:
    keys = []
    for kind in kinds.targets(run):
        words = (kind.word, f"{kind.word}, committed to die")
        keys += [style.line_key(text, colour, "o", "") for text, colour in zip(words, kind.colours, strict=True)]
    keys += [style.line_key(kind.word, kind.colours[0], ".", "") for kind in _effectors(run)]
    deaths = arms.deaths(run)
    causes = [] if deaths.empty else [cause for cause in arms.causes(run) if (deaths["cause"] == cause).any()]
    for cause, colour in style.cause_colours(causes).items():
        hollow = style.line_key(f"lysed: {arms.cause_name(cause)}", colour, "o", "")
        hollow.set_markerfacecolor("none")
        keys.append(hollow)
    return keys
