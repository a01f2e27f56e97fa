"""Answers whether the fitted model simulates what was measured, row by row of one's own table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from abm.plot.evidence.found import Found
from abm.plot.page import style, wording
from abm.plot.page.html import Table

ORDER = 5
TITLE = "Measured against simulated"
CAPTION = (
    "One row of panels a measure. Left: what was measured, with its spread, against what the fitted model simulates "
    "(median and 95 % over the draws); dashed: equal. Right: the same by row of the table; the broad pale bar is where "
    "another measurement of the same spread is expected (95 %), the dark one the model alone. Orange: outside."
)
MOST_ROWS = 40  # design: of a measure; more are not told apart, and only the left panel has them
MOST_TICKS = 4
HEADER = ("Row", "Unit", "Measured", "Simulated (95 %)", "Expected to be measured (95 %)", "")
LEFT_OUT = ("Left out", "Rows inside", "Log score", "k-hat")
EACH = (
    "Each is predicted by the fit on all others: the rows of one group together, any other row by itself; how many of "
    "the rows lie inside the predicted 95 %, and the logarithm of the probability of what was measured. Where weights "
    "cannot be trusted (k-hat), and where groups have values of their own, the parameters were sampled anew."
)


def applies(found: Found) -> bool:
    """Return whether the fit is of a table of observations."""
    return bool(found.get("observed"))


def figure(found: Found) -> Figure:
    """Draw the panels of every measure."""
    measures = _by_measure(found)
    heights = [max(2.4, 0.6 + 0.19 * min(len(rows), MOST_ROWS)) for rows in measures.values()]
    fig = style.new_figure(0.6 + sum(heights))
    axes = fig.subplots(len(measures), 2, squeeze=False, gridspec_kw={"height_ratios": heights})
    for (both, each), ((_, words, unit), rows) in zip(axes, measures.items(), strict=True):
        in_unit = f" ({unit})" if unit else ""
        _draw_both(both, rows)
        style.dress(both, f"simulated{in_unit}", f"measured{in_unit}", words)
        if len(rows) > MOST_ROWS:
            each.remove()
            continue
        _draw_each(each, rows)
        style.dress(each, f"{words}{in_unit}")
        for axis in (both.xaxis, each.xaxis):
            _thin_out(axis)
        each.set_yticks(range(len(rows)), [row["id"].replace("_", " ") for row in rows], fontsize=style.SMALL_PT - 1.0)
        each.set_ylim(len(rows) - 0.4, -0.6)
        each.grid(visible=False)
    keys = [style.line_key("inside", style.BLUE, "D", ""), style.line_key("outside", style.VERMILION, "D", "")]
    bars = [style.area_key("model, 95 %", style.GREY, 0.7), style.area_key("a measurement, 95 %", style.GREY, 0.25)]
    style.legend_below(fig, [*keys, *bars])
    return fig


def seen(found: Found) -> str:
    """Return how many rows lie where the fitted model expects them."""
    rows = found["observed"]
    missed = [row["id"] for row in rows if not row["is_inside"]]
    text = f"{len(rows) - len(missed)} of {len(rows)} rows lie where the fitted model expects such a measurement"
    return wording.sentence(f"{text}; not {wording.listing(missed[:5])}" if missed else text)


def table(found: Found) -> Table:
    """Return every row of the table, measured and simulated."""
    return Table([_cells(row) for row in found["observed"]], HEADER)


def left_out(found: Found) -> Table:
    """Return how each group, or each row that is of none, is predicted by the fit on all others."""
    return Table([_left_out(one) for one in found["papers"]], LEFT_OUT)


def _thin_out(axis: Axis) -> None:
    """Leave room between long numbers."""
    if axis.get_scale() == "linear":
        axis.set_major_locator(MaxNLocator(MOST_TICKS))


def _by_measure(found: Found) -> dict[tuple[str, str, str], list[Mapping[str, Any]]]:
    rows: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in found["observed"]:
        rows.setdefault((row["of"], row["words"], row["unit"]), []).append(row)
    return rows


def _draw_both(ax: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        ends = [[row["median"] - row["lo"]], [row["hi"] - row["median"]]]
        spread = [[row["seen"] - row["seen_lo"]], [row["seen_hi"] - row["seen"]]]
        ax.errorbar(row["median"], row["seen"], spread, ends, fmt="D", color=_colour(row), markersize=4, elinewidth=0.8)
    values = [row[name] for row in rows for name in ("seen", "median")]
    style.draw_equality(ax, values)


def _draw_each(ax: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    for y, row in enumerate(rows):
        for lo, hi, width, alpha in (("least", "most", 6.0, 0.25), ("lo", "hi", 3.0, 0.7)):
            ax.plot([row[lo], row[hi]], [y, y], color=style.GREY, alpha=alpha, linewidth=width, solid_capstyle="butt")
        spread = [[row["seen"] - row["seen_lo"]], [row["seen_hi"] - row["seen"]]]
        ax.errorbar(row["seen"], y, xerr=spread, fmt="D", color=_colour(row), markersize=4, elinewidth=0.8)
    values = np.array([row[name] for row in rows for name in ("seen", "median")])
    if values.min() > 0.0 and style.is_wide(values):
        style.log_axis(ax.xaxis)


def _colour(row: Mapping[str, Any]) -> str:
    return style.BLUE if row["is_inside"] else style.VERMILION


def _cells(row: Mapping[str, Any]) -> list[str]:
    seen, simulated, expected = (
        f"{wording.number(row[mid])} ({wording.number(row[lo])}–{wording.number(row[hi])})"
        for mid, lo, hi in (("seen", "seen_lo", "seen_hi"), ("median", "lo", "hi"), ("median", "least", "most"))
    )
    expected = expected.partition(" ")[2].strip("()")
    return [row["id"], row["unit"], seen, simulated, expected, "" if row["is_inside"] else "outside"]


def _left_out(one: Mapping[str, Any]) -> list[str]:
    inside = sum(claim["is_inside"] for claim in one["claims"])
    k_hat = "unknown" if one["k_hat"] is None else wording.number(one["k_hat"])
    told = f"{k_hat}{', sampled anew' if one['is_refitted'] else ''}"
    return [one["paper"], f"{inside} of {len(one['claims'])}", wording.number(one["log_score"]), told]
