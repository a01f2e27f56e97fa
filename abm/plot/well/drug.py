"""Answers how much antibody is free in the medium and how much sits on a living cell."""

from __future__ import annotations

from matplotlib.figure import Figure

from abm.plot import arms
from abm.plot.page import style, wording
from abm.plot.well import timecourse
from abm.results.run import Run

ORDER = 50
TITLE = "Antibody over time"
CAPTION = (
    "Rituximab free in the medium (1 µg/mL = 6.9 nM) and bound per living B cell, mean over cells. "
    "Where curves coincide, their markers alternate."
)
# 145 kDa: 1 nM is 0.145 µg/mL.
UG_PER_ML_PER_NM = 0.145
FREE = timecourse.Panel("rituximab_nM", "free rituximab (µg/mL)", "Free", UG_PER_ML_PER_NM)
BOUND = timecourse.Panel("bound_mean_per_cell", "bound rituximab (molecules per cell)", "Bound, mean")
COLUMNS = (FREE.column, BOUND.column)


def applies(run: Run) -> bool:
    """Return whether any arm has antibody."""
    return bool(timecourse.having(run, COLUMNS))


def figure(run: Run) -> Figure:
    """Draw free and bound side by side."""
    names = timecourse.having(run, COLUMNS)
    fig = style.new_figure(3.4)
    for ax, panel in zip(style.panels(fig, 2, 2, share=False), (FREE, BOUND), strict=True):
        timecourse.draw_panel(ax, run, panel, names)
    style.legend_below(fig, timecourse.keys(run, names))
    return fig


def seen(run: Run) -> str:
    """Return what became of the drug in the arm that bound most."""
    names = timecourse.having(run, COLUMNS)
    most = max(names, key=lambda name: timecourse.peak(run, name, BOUND.column)[0])
    top = UG_PER_ML_PER_NM * timecourse.peak(run, most, FREE.column)[0]
    last = UG_PER_ML_PER_NM * timecourse.mean_at(run, most, FREE.column)
    bound, t_h = timecourse.peak(run, most, BOUND.column)
    binding = f"peaks at {wording.number(bound)} molecules per living cell at {wording.number(t_h)} h"
    return wording.sentence(
        f"In {arms.quoted(most)} free drug is {wording.number(top)} µg/mL at most and {wording.number(last)} at the "
        f"end; binding {binding if bound > 0 else 'does not occur'}"
    )
