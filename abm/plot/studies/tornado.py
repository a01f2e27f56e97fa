"""Answers which parameter moves what was measured most, each alone from end to end of its range."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.page import style, wording
from abm.plot.studies.points import Points, arm_of

ORDER = 20
TITLE = "Tornado"
CAPTION = "Change from the base when one parameter alone is put to the ends of its range; mean over seeds."
MOST = 20


def applies(points: Points) -> bool:
    """Return whether axes were varied one at a time."""
    return points.kind == "one_at_a_time" and any(_is_known(spans(points, name)) for name in points.summaries[:1])


def figure(points: Points) -> Figure:
    """Draw bars from the base, the longest on top."""
    names = points.summaries[:3]
    order = [path for path, _, _ in spans(points, names[0])][:MOST][::-1]
    labels = [points.label(path, 30) for path in order]
    n_lines = max(label.count("\n") + 1 for label in labels)
    fig = style.new_figure(1.0 + (0.04 + 0.15 * max(2, n_lines)) * len(order))
    panels = style.panels(fig, len(names), len(names), share=False)
    for i, (ax, summary) in enumerate(zip(panels, names, strict=True)):
        found = {path: (low, high) for path, low, high in spans(points, summary)}
        for row, path in enumerate(order):
            for change, colour in zip(found[path], (style.SKY, style.ORANGE), strict=True):
                ax.barh(row, change, color=colour, height=0.62)
        ax.axvline(0.0, color=style.INK, linewidth=0.8)
        style.dress(ax, f"change of {points.measured(summary)}".replace(" (", "\n("), "", arm_of(summary))
        ax.set_yticks(range(len(order)), labels if i == 0 else [""] * len(order))
        ax.grid(visible=False)
    style.legend_below(fig, [style.area_key("first value", style.SKY), style.area_key("last value", style.ORANGE)])
    return fig


def seen(points: Points) -> str:
    """Return the three longest bars."""
    found = [row for row in spans(points, points.summaries[0])[:3] if _is_known([row])]
    parts = [f"{points.label(path)} ({_decimal(low)} to {_decimal(high)})" for path, low, high in found]
    return wording.sentence(f"{points.quantity(points.summaries[0])} moves most with {wording.listing(parts)}")


def spans(points: Points, summary: str) -> list[tuple[str, float, float]]:
    """Return each axis with its changes at its first and last value, the largest first; NaN where one is undefined."""
    table = points.over_seeds(summary)
    base = float(table.loc[table["changes"].map(len) == 0, "mean"].iloc[0])
    rows = []
    for path in points.paths:
        own = table.loc[table["changes"].map(lambda changes, path=path: path in changes), "mean"] - base
        rows.append((path, float(own.iloc[0]), float(own.iloc[-1])))
    return sorted(rows, key=lambda row: -max(np.nan_to_num(np.abs(row[1:]), nan=-1.0)))


def _is_known(rows: list[tuple[str, float, float]]) -> bool:
    return any(np.isfinite(row[1:]).any() for row in rows)


def _decimal(value: float) -> str:
    return wording.decimal(value, 3) if np.isfinite(value) else wording.MISSING
