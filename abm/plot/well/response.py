"""Answers how survival follows dose, serum percentage or effector:target ratio."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from abm.plot import arm_series, arms, draws, published
from abm.plot.page import style, wording
from abm.plot.well.survival_by_arm import BAND_FRAC, estimate
from abm.results.run import Run
from abm.statistics.intervals import Interval

ORDER = 15
TITLE = "Response curves"
CAPTION = (
    "Survival relative to the arm’s own control, or of the start where it has none, with the 95 % interval over "
    "replicates (over cells where there is one), against what the arms vary. Shaded: 15–25 %."
)


def applies(run: Run) -> bool:
    """Return whether at least three arms differ in one stated number."""
    return not series_of_arms(run).empty


def figure(run: Run) -> Figure:
    """Draw a panel for each thing varied and in it a line per group of arms."""
    points = series_of_arms(run)
    kinds = list(dict.fromkeys(zip(points["x_name"], points["x_unit"], strict=True)))
    fig = style.new_figure(0.6 + 3.2 * -(-len(kinds) // 2))
    for ax, (name, unit) in zip(style.panels(fig, len(kinds), 2, share=False), kinds, strict=True):
        own = points.loc[(points["x_name"] == name) & (points["x_unit"] == unit)]
        _draw_kind(ax, run, own)
        of = arms.share_of(run, list(own["arm"]))
        style.dress(ax, axis_label(name, unit), f"survival (% of {of})")
    style.legend_below(fig, [*group_keys(points), *draws.keys(run)])
    return fig


def seen(run: Run) -> str:
    """Return survival at both ends of every series."""
    parts = []
    for (name, unit, group), rows in series_of_arms(run).groupby(["x_name", "x_unit", "group"], sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        who = "" if group == name else f" ({arms.quoted(group)})"
        parts.append(
            f"from {wording.percent(first['mean'])} at {first['x']:g} to {wording.percent(last['mean'])} "
            f"at {' '.join(filter(None, (format(last['x'], 'g'), wording.units(unit), name)))}{who}"
        )
    return wording.sentence(f"Survival goes {wording.listing(parts)}")


def group_keys(points: pd.DataFrame) -> list[Artist]:
    """Return the legend entries of the groups of arms, where there are several."""
    looks = group_looks(points)
    return [style.line_key(arms.label(group), *look) for group, look in looks.items()] if len(looks) > 1 else []


def axis_label(name: str, unit: str) -> str:
    """Return the label of the axis of what the arms vary."""
    return f"{name} ({wording.units(unit)})" if unit else name


def series_of_arms(run: Run, key: str = "survival") -> pd.DataFrame:
    """Return the arms that form a series with mean, lo and hi of a share in the summary."""
    table = arm_series.points(run.arms())
    found = [estimate(run, name, key) for name in table["arm"]]
    return table.assign(**{part: [float(getattr(one, part)) for one in found] for part in ("mean", "lo", "hi")})


def group_looks(points: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return colour and marker of every group of arms."""
    groups = list(dict.fromkeys(points["group"]))
    return {g: (style.ARM_COLOURS[i % 7], style.MARKERS[i % 7]) for i, g in enumerate(groups)}


def _draw_kind(ax: Axes, run: Run, points: pd.DataFrame) -> None:
    looks = group_looks(points)
    ax.axhspan(*(100 * edge for edge in BAND_FRAC), color=style.GREEN, alpha=0.18, linewidth=0)
    for group, rows in points.groupby("group", sort=False):
        colour, marker = looks[group]
        over = [draws.survival(run, name) or {"lo": np.nan, "hi": np.nan} for name in rows["arm"]]
        lo, hi = (np.array([100.0 * one[end] for one in over]) for end in ("lo", "hi"))
        if np.isfinite(lo).any():
            draws.shade(ax, draws.Band(rows["x"].to_numpy(), lo, hi), colour)
        draw_line(ax, rows, colour, marker)
    ends = (over["hi"] for name in points["arm"] if (over := draws.survival(run, name)))
    ax.set_ylim(0, 102 * max(1.0, points["hi"].max(), *ends))
    for arm, x, group in points[["arm", "x", "group"]].itertuples(index=False):
        for one in published.observations(run, arms.survival_name(run, arm)):
            if one.arm == arm:
                published.draw(ax, one.times(100.0), x, is_row=False, colour=looks[group][0])
    scale_x(ax, points["x"].to_numpy())


def draw_line(ax: Axes, rows: pd.DataFrame, colour: str, marker: str) -> None:
    """Draw one group of arms: `x`, and `mean`, `lo` and `hi` as fractions."""
    mid = Interval(*(rows[part].to_numpy(dtype=float) for part in Interval._fields)).times(100.0)
    ax.errorbar(rows["x"], mid.mean, yerr=mid.reach(), color=colour, marker=marker, markersize=5,
                linewidth=1.6, elinewidth=1.2, capsize=2.5)  # fmt: skip


def scale_x(ax: Axes, x: np.ndarray) -> None:
    """Make the x axis logarithmic where its values need it, with room for a value of zero."""
    if not style.is_wide(x):
        return
    if (x > 0).all():
        style.log_axis(ax.xaxis)
        return
    least = x[x > 0].min()
    ax.set_xscale("symlog", linthresh=least, linscale=0.5)
    ax.set_xlim(-0.15 * least, 1.5 * x.max())
    ax.xaxis.set_major_locator(FixedLocator([0.0, *_decades(least, x.max())]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(style.tick)


def _decades(low: float, high: float) -> list[float]:
    return [10.0**k for k in range(int(np.ceil(np.log10(low))), int(np.floor(np.log10(high))) + 1)]
