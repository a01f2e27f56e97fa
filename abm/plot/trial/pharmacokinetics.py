"""Answers how much rituximab is in the plasma, and whether that is what its label says."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.page.panel import Panel
from abm.plot.trial import curves
from abm.plot.trial.trial import DRUG, Trial

ORDER = 80
TITLE = "Rituximab in plasma"
CAPTION = (
    "Line: median over patients; band: the middle 90 % of them. Diamond: the label’s median peak after the fourth of "
    "four weekly infusions of 375 mg/m². The lines join the looks of the run; a peak between two looks is not seen."
)
LABEL_PEAK_UG_PER_ML = 486.0
LOWEST_UG_PER_ML = 0.1
LONGEST_GAP_D = 1.5
PANEL = Panel(DRUG, TITLE)


def applies(trial: Trial) -> bool:
    """Return whether drug was given."""
    return trial.has(DRUG) and bool((trial.series[DRUG] > LOWEST_UG_PER_ML).any())


def figure(trial: Trial) -> Figure:
    """Draw concentrations on a log axis with the label's point."""
    fig, panels = curves.layout(trial)
    for ax, protocols in panels:
        for protocol in protocols:
            curves.draw(ax, trial, protocol, DRUG, is_log=True)
        for day in {label_day(trial, protocol) for protocol in protocols} - {None}:
            ax.plot(trial.clock.of(day), LABEL_PEAK_UG_PER_ML, "D", color=style.INK, markerfacecolor="none",
                    markersize=7, markeredgewidth=1.3, zorder=5)  # fmt: skip
        ax.set_ylim(LOWEST_UG_PER_ML, max(1500.0, 1.5 * float(trial.series[DRUG].max())))
        style.log_axis(ax.yaxis)
        curves.finish(ax, trial, protocols, trial.label(DRUG))
        curves.mark_infusions(ax, trial, protocols)
        trial.clock.mark(ax.xaxis, shown_d(trial))
        ax.set_xlim(right=1.015 * shown_d(trial) / trial.clock.days)
    curves.name_outer_axes(trial, [ax for ax, _ in panels], trial.label(DRUG))
    key = style.line_key(f"label: {LABEL_PEAK_UG_PER_ML:g} µg/mL", style.INK, "D", "")
    key.set_markerfacecolor("none")
    has_label = any(label_day(trial, protocol) is not None for protocol in trial.protocols)
    style.legend_below(fig, [*curves.keys(trial, has_infusions=trial.has("dosed_mg")), *([key] if has_label else [])])
    return fig


def seen(trial: Trial) -> str:
    """Return the highest median of every protocol and its day."""
    parts = []
    for name in trial.protocols[:4]:
        median = middle(trial, name)
        where = f" in {quoted(name)}" if len(trial.protocols) > 1 else ""
        parts.append(f"{wording.number(median.max())} µg/mL on day {median.idxmax():g}{where}")
    gap_d = trial.look_gap_d()
    unseen = f"; looks are {gap_d:g} days apart and miss the peaks after infusions" if gap_d > LONGEST_GAP_D else ""
    kind = "concentration" if trial.is_single else "median concentration"
    has_label = any(label_day(trial, protocol) is not None for protocol in trial.protocols)
    label = f"; the label gives a median peak of {LABEL_PEAK_UG_PER_ML:g} µg/mL after the fourth weekly infusion"
    text = f"the highest {kind} at a look is {wording.listing(parts)}{label if has_label else ''}{unseen}"
    return wording.sentence(text)


def label_day(trial: Trial, protocol: str) -> float | None:
    """Return the day of the fourth infusion where the first four are weekly, as the label's are."""
    days = trial.infusions_d(protocol)
    is_weekly = days.size >= 4 and bool((abs(np.diff(days[:4]) - 7.0) < 1.0).all())
    return float(days[3]) if is_weekly else None


def shown_d(trial: Trial) -> float:
    """Return the last day on which any patient has drug above the lowest concentration drawn."""
    has_drug = trial.series[DRUG] > LOWEST_UG_PER_ML
    return float(trial.series.loc[has_drug, "time_d"].max())


def middle(trial: Trial, protocol: str) -> pd.Series:
    """Return the median over patients, by day."""
    return trial.table(protocol, DRUG).median(axis=1).dropna()
