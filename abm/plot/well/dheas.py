"""Answers how much DHEAS the NK cells meet, and how much it raises their potency."""

from __future__ import annotations

from matplotlib.figure import Figure

from abm.plot import arms
from abm.plot.page import style, wording
from abm.plot.page.panel import Panel
from abm.plot.well import timecourse
from abm.results.run import Run

ORDER = 70
TITLE = "DHEAS and NK potency over time"
CAPTION = "DHEAS in the well, mean over the floor, and the NK cells’ mean potency relative to 1 without DHEAS."
DHEAS = Panel("dheas_uM", "DHEAS")
POTENCY = Panel("potency_mean", "NK potency, mean")


def applies(run: Run) -> bool:
    """Return whether any arm has DHEAS."""
    return bool(timecourse.having(run, [DHEAS.column]))


def figure(run: Run) -> Figure:
    """Draw DHEAS and potency side by side; potency for arms with NK cells."""
    names = timecourse.having(run, [DHEAS.column])
    with_nk = [name for name in timecourse.having(run, ["n_nk"]) if name in timecourse.having(run, [POTENCY.column])]
    fig = style.new_figure(3.4)
    left, right = style.panels(fig, 2, 2, share=False)
    timecourse.draw_panel(left, run, DHEAS, names)
    timecourse.draw_panel(right, run, POTENCY, with_nk)
    if with_nk:
        top = max(timecourse.peak(run, name, POTENCY.column)[0] for name in with_nk)
        right.set_ylim(0.95, max(1.05, 1 + 1.15 * (top - 1)))
    shown = [name for name in arms.treated(run) if name in {*names, *with_nk}]
    style.legend_below(fig, timecourse.keys(run, shown))
    return fig


def seen(run: Run) -> str:
    """Return DHEAS and potency at the end of the arm with most DHEAS."""
    names = timecourse.having(run, [DHEAS.column])
    top = max(names, key=lambda name: timecourse.peak(run, name, DHEAS.column)[0])
    most, last = timecourse.peak(run, top, DHEAS.column)[0], timecourse.mean_at(run, top, DHEAS.column)
    text = f"In {arms.quoted(top)} DHEAS is at most {wording.number(most)} and at the end {wording.number(last)} µM"
    potent = timecourse.having(run, [POTENCY.column])
    if potent:
        best = max(potent, key=lambda name: timecourse.mean_at(run, name, POTENCY.column))
        value = wording.number(timecourse.mean_at(run, best, POTENCY.column))
        text += f"; NK potency ends at {value} in {arms.quoted(best)}"
    return wording.sentence(text)
