"""Answers how much antibody is free in the medium and how much sits on a living cell."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.figure import Figure

from abm.plot import arms
from abm.plot.page import style, wording
from abm.plot.page.panel import Panel
from abm.plot.well import timecourse
from abm.results.run import Run

ORDER = 50
TITLE = "Antibody over time"
CAPTION = (
    "Antibody free in the medium and bound per living B cell, mean over cells. "
    "Where curves coincide, their markers alternate."
)
ENDING = "_nM"
BOUND = Panel("bound_mean_per_cell", "Bound, mean")


def applies(run: Run) -> bool:
    """Return whether any arm has antibody."""
    return bool(timecourse.having(run, [panel.column for panel in _shown(run)]))


def figure(run: Run) -> Figure:
    """Draw each antibody free and, beside them, what is bound."""
    panels = _shown(run)
    fig = style.new_figure(0.8 + 2.6 * -(-len(panels) // 3) if len(panels) > 2 else 3.4)
    for ax, panel in zip(style.panels(fig, len(panels), min(3, len(panels)), share=False), panels, strict=True):
        timecourse.draw_panel(ax, run, panel, timecourse.having(run, [one.column for one in panels]))
    style.legend_below(fig, timecourse.keys(run, timecourse.having(run, [one.column for one in panels])))
    return fig


def seen(run: Run) -> str:
    """Return what became of the drug in the arm that bound most."""
    panels = _shown(run)
    names = timecourse.having(run, [panel.column for panel in panels])
    most = max(names, key=lambda name: timecourse.peak(run, name, BOUND.column)[0])
    bound, t_h = timecourse.peak(run, most, BOUND.column)
    binding = f"peaks at {wording.number(bound)} molecules per living cell at {wording.number(t_h)} h"
    levels = [_told(run, most, panel) for panel in panels if panel != BOUND]
    where, does = f"In {arms.quoted(most)} ", binding if bound > 0 else "does not occur"
    return wording.sentence(where + "; ".join([*filter(None, levels), f"binding {does}"]))


def free(columns: Iterable[str]) -> list[Panel]:
    """Return the panels of free antibody among the columns of a series."""
    found = [column for column in columns if column.endswith(ENDING)]
    return [Panel(column, f"Free {column.removesuffix(ENDING).replace('_', ' ')}") for column in found]


def _shown(run: Run) -> list[Panel]:
    panels = free(run.series().columns)
    given = [panel for panel in panels if timecourse.having(run, [panel.column])]
    return [*(given or panels[:1]), BOUND]


def _told(run: Run, arm: str, panel: Panel) -> str:
    """Return the highest and the last level of a free antibody in an arm; nothing where it has none."""
    said = run.measures().of(panel.column)
    top, last = timecourse.peak(run, arm, panel.column)[0], timecourse.mean_at(run, arm, panel.column)
    if not top > 0:
        return ""
    ends = [wording.number(said.factor * value) for value in (top, last)]
    return f"{panel.title.lower()} is {ends[0]} {said.shown} at most and {ends[1]} at the end"
