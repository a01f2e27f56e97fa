"""Answers which parameters matter when all vary together: Morris's or Sobol's measures."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot.page import style, wording
from abm.plot.studies.points import Points, arm_of

ORDER = 21
TITLE = "Sensitivity"
CAPTION = (
    "Morris: mean size of the change (µ*) over the whole range of one parameter, and the spread σ of such changes, "
    "which shows interaction or curvature. Sobol’: share of the variance by a parameter alone (S1) and with all its "
    "interactions (ST). Lines: 95 % bootstrap intervals over points and seeds."
)
NAMES = {"mu_star": "µ*", "sigma": "σ", "S1": "S1", "ST": "ST"}
SHOWN = {"morris": ("mu_star", "sigma"), "saltelli": ("ST", "S1")}


def applies(points: Points) -> bool:
    """Return whether the design gives such measures."""
    return bool(points.summaries) and bool(points.sensitivity())


def figure(points: Points) -> Figure:
    """Draw a panel per summary, the most important parameter on top."""
    found = points.sensitivity()
    order = ranking(points)[::-1]
    names = list(found)[:3]
    fig = style.new_figure(1.2 + 0.42 * len(order))
    for i, (ax, summary) in enumerate(zip(style.panels(fig, len(names), len(names), share=False), names, strict=True)):
        _draw(ax, found[summary], order, SHOWN[points.kind])
        style.dress(ax, points.measured(summary).replace(" (", "\n("), "", arm_of(summary))
        ax.set_yticks(range(len(order)), [points.label(path, 30) for path in order] if i == 0 else [""] * len(order))
        ax.grid(visible=True, axis="x", color=style.FAINT, linewidth=0.6)
    keys = [style.line_key(NAMES[name], colour, marker, "") for name, colour, marker in _looks(SHOWN[points.kind])]
    style.legend_below(fig, keys)
    return fig


def seen(points: Points) -> str:
    """Return the ranking of the first summary."""
    first = next(iter(points.sensitivity()))
    names = wording.listing([points.label(path) for path in ranking(points)[:4]])
    return wording.sentence(f"{points.quantity(first)} depends most on {names}")


def ranking(points: Points) -> list[str]:
    """Return the axes, the most important for the first summary first."""
    rows = next(iter(points.sensitivity().values()))
    own = [row for row in rows if row["name"] == SHOWN[points.kind][0]]
    return [row["path"] for row in sorted(own, key=lambda row: -row["value"])]


def _looks(names: tuple[str, ...]) -> list[tuple[str, str, str]]:
    return list(zip(names, (style.BLUE, style.VERMILION), ("o", "s"), strict=True))


def _draw(ax: Axes, rows: list[dict], order: list[str], names: tuple[str, ...]) -> None:
    for shift, (name, colour, marker) in zip((0.13, -0.13), _looks(names), strict=True):
        for row in rows:
            if row["name"] == name:
                y = order.index(row["path"]) + shift
                if row["lo"] is not None:
                    ax.hlines(y, row["lo"], row["hi"], color=colour, linewidth=1.4)
                ax.plot(row["value"], y, color=colour, marker=marker, markersize=4.5)
    ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
