"""Answers how what was measured depends on two parameters together."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot.page import style, wording
from abm.plot.studies.points import Points, arm_of

ORDER = 11
TITLE = "Two parameters at once"
CAPTION = "Mean over seeds at each combination; one colour scale for all panels."
FEWEST = 3
DARK = 0.55


def applies(points: Points) -> bool:
    """Return whether two numbers were varied in all combinations."""
    return points.kind == "factorial" and len(points.numeric()) == len(points.paths) == 2 and all(
        points.table[path].nunique() >= FEWEST for path in points.paths
    ) and any(points.over_seeds(name)["mean"].notna().any() for name in points.summaries)  # fmt: skip


def figure(points: Points) -> Figure:
    """Draw a panel per summary, its values written into the cells."""
    across, up = points.paths
    grids = {name: points.over_seeds(name).pivot(index=up, columns=across, values="mean") for name in points.summaries}
    known = np.concatenate([grid.to_numpy().ravel() for grid in grids.values()])
    n_cols = min(3, len(grids))
    fig = style.new_figure(0.9 + 2.7 * -(-len(grids) // n_cols))
    lo, hi = np.nanmin(known), np.nanmax(known)
    panels = style.panels(fig, len(grids), n_cols)
    for i, (ax, (summary, grid)) in enumerate(zip(panels, grids.items(), strict=True)):
        image = ax.imshow(grid.to_numpy(), origin="lower", aspect="auto", cmap="cividis", vmin=lo, vmax=hi)
        _write(ax, grid.to_numpy(), lo, hi)
        style.dress(ax, points.label(across, 34), points.label(up, 34) if i % n_cols == 0 else "", arm_of(summary))
        ax.grid(visible=False)
        ax.set_xticks(range(grid.shape[1]), [wording.number(v) for v in grid.columns], rotation=45, ha="right")
        ax.set_yticks(range(grid.shape[0]), [wording.number(v) for v in grid.index])
    bar = fig.colorbar(image, ax=panels, shrink=0.8, pad=0.02)
    bar.ax.tick_params(labelsize=style.SMALL_PT)
    bar.set_label(" / ".join(dict.fromkeys(map(points.measured, points.summaries))), fontsize=style.FONT_PT)
    return fig


def seen(points: Points) -> str:
    """Return the range of each summary."""
    parts = []
    for summary in points.summaries:
        found = points.over_seeds(summary)["mean"]
        parts.append(f"{points.quantity(summary)} spans {wording.number(found.min())} to {wording.number(found.max())}")
    return wording.sentence(wording.listing(parts))


def _write(ax: Axes, values: np.ndarray, lo: float, hi: float) -> None:
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            colour = "white" if (value - lo) / max(hi - lo, 1e-12) < DARK else style.INK
            ax.text(column, row, f"{value:.2g}", ha="center", va="center", fontsize=6.5, color=colour)
