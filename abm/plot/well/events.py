"""Answers how often NK cells engage and hit, what that costs them of their CD16, and how often complement docks."""

from __future__ import annotations

from matplotlib.figure import Figure

from abm.plot import arms
from abm.plot.page import style, wording
from abm.plot.page.panel import Panel
from abm.plot.well import timecourse
from abm.results.run import Run

ORDER = 45
TITLE = "Engagements, hits, CD16 and docking over time"
CAPTION = (
    "Of the whole well and from the start: conjugates that NK cells formed, lytic hits that they delivered, docking "
    "events of complement; and the mean CD16 that NK cells have left. Arms without any are left out; where curves "
    "coincide, their markers alternate."
)
ENGAGED, HITS, CD16 = Panel("n_engagements", "Engagements"), Panel("n_hits", "Hits"), Panel("cd16_mean", "CD16")
DOCKED = Panel("n_docking_events", "Docking events")
PANELS = (ENGAGED, HITS, CD16, DOCKED)
N_COLS = 2


def applies(run: Run) -> bool:
    """Return whether anything engages, hits or docks."""
    return any(_names(run, panel) for panel in PANELS if panel != CD16)


def figure(run: Run) -> Figure:
    """Draw a panel for each kind of event that there is, and CD16."""
    names = {panel: own for panel in PANELS if (own := _names(run, panel))}
    fig = style.new_figure(0.8 + 2.4 * -(-len(names) // N_COLS))
    axes = style.panels(fig, len(names), min(N_COLS, len(names)), share=False)
    for ax, (panel, own) in zip(axes, names.items(), strict=True):
        timecourse.draw_panel(ax, run, panel, own)
        ax.set_yscale("linear")  # what comes to nothing beside others is to be seen as that
        style.dress(ax, timecourse.TIME_LABEL, run.measures().of(panel.column).axis, panel.title)
        ax.autoscale(axis="y")
        ax.set_ylim(**({"top": 1.01} if panel == CD16 else {"bottom": 0}))
        ax.set_xlim(0, arms.end_h(run))
    shown = [name for name in arms.treated(run) if any(name in own for own in names.values())]
    style.legend_below(fig, timecourse.keys(run, shown))
    return fig


def seen(run: Run) -> str:
    """Return the most engagements, hits and docking events, and the least CD16."""
    told = [_most(run, panel) for panel in (ENGAGED, HITS, DOCKED)]
    left = {name: timecourse.mean_at(run, name, CD16.column) for name in _names(run, CD16)}
    if left and (arm := min(left, key=lambda name: left[name])):
        told.insert(2, f"least CD16 is left in {arms.quoted(arm)}, {wording.percent(left[arm])}")
    return wording.sentence("at the end " + "; ".join(filter(None, told)))


def _most(run: Run, panel: Panel) -> str:
    """Return in which arm there are the most; nothing where there are none."""
    found = {name: timecourse.mean_at(run, name, panel.column) for name in _names(run, panel)}
    if not found:
        return ""
    arm = max(found, key=lambda name: found[name])
    return f"{panel.title.lower()} are most in {arms.quoted(arm)}, {wording.number(found[arm])}"


def _names(run: Run, panel: Panel) -> list[str]:
    """Return the arms that have any of it; those whose NK cells engage nobody keep all CD16."""
    return timecourse.having(run, [panel.column if panel != CD16 else ENGAGED.column])
