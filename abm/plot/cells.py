"""Shows measured cells beside what the model draws from them, and the log-normal that it would draw without them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from abm.plot.page import style

N_BINS = 70
LEAST_FOLD = 30.0  # design: of the median, below which the axis does not reach


@dataclass(frozen=True)
class Shown:
    """What is drawn.

    Attributes
    ----------
    title : str
        Above the figure.
    measured, drawn : array, shape (n,)
        CD20 sites per cell of the events, and of cells that a run would draw from them.
    median, sigma : float
        Of the log-normal beside them: of the cells that are not CD20-low.
    low_max : float
        Most CD20 of a CD20-low cell.
    low_share : float
        Of the events.
    """

    title: str
    measured: np.ndarray
    drawn: np.ndarray
    median: float
    sigma: float
    low_max: float
    low_share: float


def histogram(shown: Shown) -> bytes:
    """Return the figure as PNG; cells below the axis are counted in its first bin."""
    fig = style.new_figure(3.6)
    ax = fig.subplots()
    edges = _edges(shown)
    for values, look in (
        (shown.measured, {"histtype": "stepfilled", "color": style.SKY, "alpha": 0.55}),
        (shown.drawn, {"histtype": "step", "color": style.BLUE, "linewidth": 1.3}),
    ):
        ax.hist(np.clip(values, edges[0], edges[-1]), edges, weights=np.full(values.size, 100.0 / values.size), **look)
    _log_normal(ax, shown, edges)
    ax.axvline(shown.low_max, color=style.GREY, linestyle=style.DASH, linewidth=1.0)
    text = f"{100 * shown.low_share:.1f} % CD20-low"
    top = ax.get_ylim()[1]
    ax.text(shown.low_max / 1.1, 0.97 * top, text, ha="right", va="top", fontsize=style.SMALL_PT, color=style.INK)
    ax.set_xlim(edges[0], edges[-1])
    style.log_axis(ax.xaxis)
    style.dress(ax, "CD20, sites per cell (the first bin holds all below)", "% of cells", shown.title)
    log_normal = f"log-normal, median {shown.median:,.0f}, σ {shown.sigma:.2f}"
    keys = [style.area_key("events", style.SKY, 0.55), style.line_key("drawn by the model", style.BLUE),
            style.line_key(log_normal, style.VERMILION)]  # fmt: skip
    style.legend_below(fig, keys)
    return style.png(fig, shown.title)


def _edges(shown: Shown) -> np.ndarray:
    lowest = min(shown.low_max, shown.median) / LEAST_FOLD
    highest = max(1.2 * float(np.quantile(shown.measured, 0.9995)), 2.0 * lowest)
    return np.geomspace(lowest, highest, N_BINS + 1)


def _log_normal(ax: Axes, shown: Shown, edges: np.ndarray) -> None:
    """Draw the density of the log-normal per bin, at the share of cells that are not CD20-low."""
    width = np.log(edges[1] / edges[0])
    z = np.log(np.sqrt(edges[1:] * edges[:-1]) / shown.median) / max(shown.sigma, 1e-9)
    share = (1.0 - shown.low_share) * width / (max(shown.sigma, 1e-9) * np.sqrt(2.0 * np.pi)) * np.exp(-0.5 * z * z)
    ax.plot(np.sqrt(edges[1:] * edges[:-1]), 100.0 * share, color=style.VERMILION, linewidth=1.3)
