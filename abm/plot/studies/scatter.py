"""Answers how what was measured goes with each of many parameters drawn together."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.page import style, wording
from abm.plot.studies.points import Points
from abm.statistics.correlation import spearman

ORDER = 12
FEWEST = 3  # design: through two points there is always a line
TITLE = "Points drawn at random"
CAPTION = "Each dot is one point (mean over seeds); ρ is Spearman’s rank correlation. The first summary is shown."


def applies(points: Points) -> bool:
    """Return whether points were drawn."""
    if points.kind not in ("latin_hypercube", "sobol") or not points.numeric() or not points.summaries:
        return False
    return bool(points.over_seeds(points.summaries[0])["mean"].notna().sum() >= FEWEST)


def figure(points: Points) -> Figure:
    """Draw a panel per axis."""
    summary, axes = points.summaries[0], points.numeric()
    table, n_cols = points.over_seeds(summary), min(3, len(axes))
    fig = style.new_figure(0.6 + 2.4 * -(-len(axes) // n_cols))
    for i, (ax, path) in enumerate(zip(style.panels(fig, len(axes), n_cols, share=False), axes, strict=True)):
        ax.plot(table[path], table["mean"], ".", color=style.BLUE, markersize=3.5, alpha=0.7)
        title = f"ρ = {_decimal(_rho(points, path))}"
        style.dress(ax, points.label(path, 26), points.quantity(summary) if i % n_cols == 0 else "", title)
    return fig


def seen(points: Points) -> str:
    """Return the strongest correlations."""
    found = {path: _rho(points, path) for path in points.numeric()}
    order = sorted((path for path in found if np.isfinite(found[path])), key=lambda path: -abs(found[path]))[:3]
    parts = [f"{points.label(path)} (ρ = {_decimal(found[path])})" for path in order]
    if not parts:
        return wording.sentence(f"{points.quantity(points.summaries[0])} is the same at all points")
    return wording.sentence(f"{points.quantity(points.summaries[0])} goes most closely with {wording.listing(parts)}")


def _rho(points: Points, path: str) -> float:
    """Return the rank correlation over points with a value; NaN where either does not vary."""
    table = points.over_seeds(points.summaries[0]).dropna(subset="mean")
    if table[path].nunique() < 2 or table["mean"].nunique() < 2:
        return float("nan")
    return spearman(table[path], table["mean"])


def _decimal(value: float) -> str:
    return wording.decimal(value) if np.isfinite(value) else wording.MISSING
