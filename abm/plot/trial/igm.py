"""Answers how serum IgM runs under treatment: the early rise, the fall and the return."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.page.panel import Panel
from abm.plot.trial import curves
from abm.plot.trial.trial import IGM, Trial

ORDER = 10
TITLE = "Serum IgM over time"
CAPTION = (
    "Line: median over the patients of a protocol (or the one patient); band: the middle 90 % of them. Triangles: "
    "looks at which any patient was infused, a row per protocol."
)
PANEL = Panel(IGM, "Serum IgM")


def applies(trial: Trial) -> bool:
    """Return whether the trial measured IgM."""
    return trial.has(IGM)


def figure(trial: Trial) -> Figure:
    """Draw a line and a band per protocol."""
    fig, panels = curves.layout(trial)
    for ax, protocols in panels:
        for protocol in protocols:
            curves.draw(ax, trial, protocol, IGM)
        curves.finish(ax, trial, protocols, trial.label(IGM))
        ax.set_ylim(0, 1.12 * ax.get_ylim()[1])
        curves.mark_infusions(ax, trial, protocols)
    curves.name_outer_axes(trial, [ax for ax, _ in panels], trial.label(IGM))
    style.legend_below(fig, curves.keys(trial, has_infusions=trial.has("dosed_mg")))
    return fig


def seen(trial: Trial) -> str:
    """Return start, lowest point and end of every protocol's median."""
    parts = [f"{_told(trial, middle(trial, name))}{_where(trial, name)}" for name in trial.protocols[:4]]
    kind = "IgM" if trial.is_single else "median IgM"
    return wording.sentence(f"{kind} goes {'; '.join(parts)}")


def middle(trial: Trial, protocol: str) -> pd.Series:
    """Return the median over patients, by day."""
    return trial.table(protocol, IGM).median(axis=1).dropna()


def _told(trial: Trial, median: pd.Series) -> str:
    lowest = median.idxmin()
    values = [wording.number(value) for value in (median.iloc[0], median.loc[lowest], median.iloc[-1])]
    when, end = (trial.clock.words(t_d) for t_d in (lowest, median.index[-1]))
    return f"from {values[0]} g/L to {values[1]} g/L at {when} (lowest) and {values[2]} g/L at {end}"


def _where(trial: Trial, protocol: str) -> str:
    return f" in {quoted(protocol)}" if len(trial.protocols) > 1 else ""
