"""Answers how much groups, such as donors, differ in a parameter that each of them has a value of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

ORDER = 6
TITLE = "Parameters by group"
CAPTION = (
    "One panel a parameter: median and 95 % of each group’s own value, and below of the population’s mean and of a "
    "group that nobody has seen. Groups are drawn towards the mean as far as their own rows leave them open."
)
ANOTHER = "another group"
SPREADS = (" between groups (SD)", " between groups (SD of ln)")


def applies(found: Found) -> bool:
    """Return whether groups have values of their own."""
    return bool(found.get("groups"))


def figure(found: Found) -> Figure:
    """Draw a panel for each parameter."""
    paths, n_rows = found["groups"]["paths"], len(found["groups"]["names"]) + 2
    fig = style.new_figure(0.7 + (0.7 + 0.2 * n_rows) * len(paths))
    for ax, path in zip(fig.subplots(len(paths), 1, squeeze=False)[:, 0], paths, strict=True):
        rows = _rows(found, path)
        for y, (name, row) in enumerate(rows.items()):
            colour = style.BLUE if y < len(rows) - 2 else style.INK
            ax.plot([row["lo"], row["hi"]], [y, y], color=colour, linewidth=1.6)
            ax.plot(row["median"], y, "o" if name != ANOTHER else "D", color=colour, markersize=5)
        if rows[ANOTHER]["is_log"]:
            style.log_axis(ax.xaxis)
        unit = rows[ANOTHER]["unit"]
        style.dress(ax, f"{path}{f' ({unit})' if unit not in ('', '1') else ''}")
        ax.set_yticks(range(len(rows)), list(rows))
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.grid(visible=False)
    return fig


def seen(found: Found) -> str:
    """Return the spread between groups of each parameter."""
    rows = [row for row in found["estimates"] if row["path"].endswith(SPREADS)]
    return wording.sentence("; ".join(map(_differs, rows)))


def _differs(row: Mapping[str, Any]) -> str:
    path, kind = row["path"].rsplit(" between groups (", 1)
    words = "an SD of its natural logarithm" if "ln" in kind else "an SD"
    number = f"{wording.number(row['median'])} ({wording.number(row['lo'])} to {wording.number(row['hi'])})"
    return f"between groups {path} differs by {words} of {number}"


def _rows(found: Found, path: str) -> dict[str, Mapping[str, Any]]:
    of = {row["path"]: row for row in found["estimates"]}
    rows = {name: of[f"{path} of {name}"] for name in found["groups"]["names"]}
    return rows | {"population mean": of[path], ANOTHER: found["groups"]["another"][path]}
