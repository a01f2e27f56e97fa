"""Answers how lysis follows what the arms vary, and whether as was published."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot import arms, published
from abm.plot.page import style, wording
from abm.plot.well import response
from abm.results.run import Run

ORDER = 16
TITLE = "Lysis against what the arms vary"
CAPTION = (
    "Cells lysed above the control, of what it left, with the 95 % interval over replicates; rings: half of the most "
    "of a line, where it begins below. Band: where it is expected; open diamonds: observed."
)
KEY = "specific_lysis"
HALF = ["x_half_lo", "x_half_hi"]


def applies(run: Run) -> bool:
    """Return whether arms form a series, and lysis in one of them was published or where half is lysed is known."""
    points = response.series_of_arms(run, KEY)
    told = {one.arm for one in published.observations(run, KEY)} & set(points["arm"])
    return bool(points["x_name"].nunique() == 1 and points["mean"].notna().any() and (told or _half_expected(run)))


def figure(run: Run) -> Figure:
    """Draw a line per group of arms."""
    points = response.series_of_arms(run, KEY)
    looks, band, told = response.group_looks(points), _half_expected(run), published.observations(run, KEY)
    fig = style.new_figure(3.6)
    ax = fig.subplots()
    if band:
        ax.axvspan(*band, color=style.GREEN, alpha=0.18, linewidth=0)
    for group, rows in points.groupby("group", sort=False):
        response.draw_line(ax, rows, *looks[group])
        _draw_half(ax, rows, looks[group][0])
    shown = [(one, row) for one in told for row in points.loc[points["arm"] == one.arm].itertuples()]
    for one, row in shown:
        published.draw(ax, one.times(100.0), row.x, is_row=False, colour=looks[row.group][0])
    response.scale_x(ax, points["x"].to_numpy())
    ax.set_ylim(min(0.0, ax.get_ylim()[0]), max(102.0, ax.get_ylim()[1]))
    style.dress(ax, response.axis_label(*points[["x_name", "x_unit"]].iloc[0]), "specific lysis (%)")
    ring = style.line_key("half of the most", style.INK, "o", "")
    ring.set(markerfacecolor="none", markersize=8)
    bands = [style.area_key("where half is expected", style.GREEN, 0.18)] * bool(band)
    rings = [ring] * any(np.isfinite(_half(rows)[0]) for _, rows in points.groupby("group"))
    style.legend_below(fig, [*response.group_keys(points), *rings, *bands])
    return fig


def seen(run: Run) -> str:
    """Return where half of the most is lysed in every group, and where that is expected."""
    points = response.series_of_arms(run, KEY)
    unit = wording.units(points["x_unit"].iloc[0])
    parts = []
    for group, rows in points.groupby("group", sort=False):
        x, half = _half(rows)
        where = (
            f"half of it at {wording.number(x, 2)} {unit}".rstrip() if np.isfinite(half) else "half of it everywhere"
        )
        parts.append(f"{wording.percent(rows['mean'].max())} in {arms.quoted(group)}, {where}")
    band = _half_expected(run)
    known = f"; expected at {band[0]:g}–{band[1]:g} {unit}".rstrip() if band else ""
    return wording.sentence(f"Most lysed: {'; '.join(parts)}{known}")


def _half_expected(run: Run) -> tuple[float, float] | None:
    """Return between which values half of the most is expected to be lysed."""
    table = run.arms()
    known = table[HALF].dropna() if set(HALF) <= set(table) else pd.DataFrame()
    return tuple(known.iloc[0]) if len(known) else None


def _half(rows: pd.DataFrame) -> tuple[float, float]:
    """Return where a line first reaches half of its most, and that half; NaN where it begins above it."""
    x, y = rows["x"].to_numpy(dtype=float), rows["mean"].to_numpy(dtype=float)
    half = 0.5 * np.nanmax(y) if np.isfinite(y).any() else np.nan
    above = int(np.argmax(y >= half))
    if not (above > 0 and half > 0.0):
        return np.nan, np.nan
    place = np.log if x[above - 1] > 0.0 else np.asarray
    share = (half - y[above - 1]) / (y[above] - y[above - 1])
    at = place(x[above - 1]) + share * (place(x[above]) - place(x[above - 1]))
    return float(np.exp(at) if place is np.log else at), half


def _draw_half(ax: Axes, rows: pd.DataFrame, colour: str) -> None:
    x, half = _half(rows)
    ax.plot(x, 100.0 * half, "o", color=colour, markerfacecolor="none", markersize=9, markeredgewidth=1.4, zorder=4)
