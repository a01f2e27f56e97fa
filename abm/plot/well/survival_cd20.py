"""Answers how survival depends on a cell's own CD20, and whether most steeply in the Waldenström range."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot import arms, published
from abm.plot.page import style, wording
from abm.results.run import Run
from abm.statistics.intervals import wilson

ORDER = 30
TITLE = "Survival against CD20"
CAPTION = (
    "Cells of all replicates, binned by their own CD20 at the start, with Wilson’s 95 % interval; survival "
    "over the start; dashed: controls. Shaded: the Waldenström range, 167 ± 72 thousand (SLVL as stand-in). "
    "Above: mean ± SD between donors [Ginaldi 1998]. Cells below 1,000 are counted at 1,000; bins with fewer than "
    "20 cells are left out."
)
# Mean and SD between donors, thousand CD20 per cell, Ginaldi 1998.
DONORS = {
    "CLL": (65, 11),
    "normal B": (94, 16),
    "MCL": (123, 51),
    "B-PLL": (129, 47),
    "SLVL (WM)": (167, 72),
    "HCL": (312, 110),
}
WM_THOUSAND = (167 - 72, 167 + 72)
FLOOR_PER_CELL = 1000.0
BINS_PER_DECADE = 10
MIN_CELLS = 20
OF = "survival_raw"


def applies(run: Run) -> bool:
    """Return whether the run kept the starting CD20 of its cells."""
    start = arms.start(run)
    return "cd20_start_per_cell" in start and len(start) >= MIN_CELLS


def figure(run: Run) -> Figure:
    """Draw survival against CD20 under a strip with the diseases."""
    fig = style.new_figure(5.2)
    strip, ax = fig.subplots(2, 1, sharex=True, height_ratios=(1, 2.6))
    cells = fates(run)
    look = arms.looks(run)
    for control in dict.fromkeys(arms.control_of(run).values()):
        table = binned(cells, control)
        ax.plot(table["cd20"], 100 * table["mean"], color=arms.control_colour(run, control), lw=1.1, ls=style.DASH)
    for name, shown in look.items():
        _draw_arm(ax, binned(cells, name), shown)
        for one in published.by_cd20(run, OF, name):
            at = max(one.cd20_per_cell, FLOOR_PER_CELL)
            published.draw(ax, one.times(100.0), at, is_row=False, colour=shown.colour)
    style.log_axis(ax.xaxis)
    style.dress(ax, "CD20 at the start (molecules per cell)", "B cells surviving (%)")
    ax.set_ylim(0, 103)
    _draw_strip(strip)
    for panel in (strip, ax):
        panel.axvspan(*(1000 * edge for edge in WM_THOUSAND), color=style.GREEN, alpha=0.14, linewidth=0)
    style.legend_below(fig, [shown.key() for shown in look.values()] + _more_keys(run))
    return fig


def seen(run: Run) -> str:
    """Return where each arm's survival falls most steeply."""
    cells = fates(run)
    slopes = {name: steepest(binned(cells, name)) for name in arms.treated(run)}
    falling = sorted((name for name in slopes if slopes[name][1] < -0.05), key=lambda name: slopes[name][1])
    told = _told_of_observed(run, cells)
    if not falling:
        return f"Survival hardly depends on CD20 in any arm.{told}"
    parts = [
        f"near {wording.number(slopes[name][0], 2)} CD20 per cell in {arms.quoted(name)} "
        f"({wording.decimal(slopes[name][1])} per unit of ln CD20)"
        for name in falling[:3]
    ]
    return wording.sentence(f"Survival falls most steeply {wording.listing(parts)}") + told


def fates(run: Run) -> pd.DataFrame:
    """Return every started B cell with `died`, whether it committed to die during the run."""
    cells = arms.start(run)
    keys = ["arm", "replicate", "uid"]
    deaths = arms.deaths(run)
    if deaths.empty:
        return cells.assign(died=False)
    merged = cells.merge(deaths[keys].drop_duplicates(), on=keys, how="left", indicator="fate")
    return merged.assign(died=merged["fate"] == "both")


def binned(cells: pd.DataFrame, arm: str) -> pd.DataFrame:
    """Return `cd20` (geometric middle of the bin), `mean`, `lo` and `hi` of survival; NaN in bins with few cells."""
    rows = cells.loc[cells["arm"] == arm]
    log = np.log10(np.maximum(rows["cd20_start_per_cell"].to_numpy(dtype=float), FLOOR_PER_CELL))
    groups = rows.assign(bin=np.round(log * BINS_PER_DECADE).astype(int)).groupby("bin")["died"].agg(["sum", "count"])
    groups = groups.reindex(range(groups.index.min(), groups.index.max() + 1) if len(groups) else [])
    groups = groups.where(groups["count"] >= MIN_CELLS)
    share = wilson(groups["count"] - groups["sum"], groups["count"])
    cd20 = 10 ** (groups.index.to_numpy(dtype=float) / BINS_PER_DECADE)
    return pd.DataFrame({"cd20": cd20, "mean": share.mean, "lo": share.lo, "hi": share.hi})


def steepest(table: pd.DataFrame) -> tuple[float, float]:
    """Return CD20 and slope, d survival / d ln CD20, where it is most negative, over a span of two bins."""
    if len(table) < 3:
        return float("nan"), 0.0
    log, share = np.log(table["cd20"].to_numpy()), table["mean"].to_numpy()
    slope = np.nan_to_num((share[2:] - share[:-2]) / (log[2:] - log[:-2]))
    best = int(np.argmin(slope))
    return float(table["cd20"].iloc[best + 1]), float(slope[best])


def _told_of_observed(run: Run, cells: pd.DataFrame) -> str:
    """Return how far what was observed is from the curves, between two bins on a line; nothing where nothing was."""
    left = []
    for name in arms.treated(run):
        curve = binned(cells, name).dropna()
        for one in published.by_cd20(run, OF, name) if len(curve) else ():
            if curve["cd20"].iloc[0] <= one.cd20_per_cell <= curve["cd20"].iloc[-1]:
                simulated = np.interp(np.log(one.cd20_per_cell), np.log(curve["cd20"]), curve["mean"])
                left.append(100.0 * (one.value - simulated))
    if not left:
        return ""
    mean, ones = wording.decimal(float(np.mean(left)), 1), f"{len(left)} observation{'s' * (len(left) > 1)}"
    return f" Of {ones} within a curve, observed less simulated is {mean} points in the mean."


def _draw_arm(ax: Axes, table: pd.DataFrame, look: arms.Look) -> None:
    ax.fill_between(table["cd20"], 100 * table["lo"], 100 * table["hi"], color=look.colour, alpha=0.18, linewidth=0)
    ax.vlines(table["cd20"], 100 * table["lo"], 100 * table["hi"], color=look.colour, alpha=0.35, linewidth=0.9)
    ax.plot(table["cd20"], 100 * table["mean"], color=look.colour, marker=look.marker, markersize=4, linewidth=1.6,
            markeredgecolor="white", markeredgewidth=0.4)  # fmt: skip


def _draw_strip(ax: Axes) -> None:
    for row, (mean, sd) in enumerate(DONORS.values()):
        ax.errorbar(1000 * mean, row, xerr=1000 * sd, fmt="o", color=style.INK, markersize=4, elinewidth=1.2)
    style.dress(ax)
    ax.set_yticks(range(len(DONORS)), list(DONORS))
    ax.set_ylim(len(DONORS) - 0.5, -0.5)
    ax.grid(visible=False)
    ax.tick_params(axis="y", length=0)


def _more_keys(run: Run) -> list:
    dashed = [style.line_key("control without antibody", style.GREY, style=style.DASH)] if arms.control_of(run) else []
    return [*dashed, style.area_key("WM range", style.GREEN, 0.14), style.area_key("95 % interval", style.GREY, 0.35)]
