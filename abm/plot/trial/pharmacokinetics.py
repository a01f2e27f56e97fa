"""Answers how much antibody is in the plasma, and whether that of rituximab is what its label says."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.page.panel import DASHES, Panel
from abm.plot.trial import curves
from abm.plot.trial.trial import OF_DRUG, Trial

ORDER = 80
TITLE = "Antibody in plasma"
CAPTION = (
    "Line: median over patients; band: the middle 90 % of them. Diamond: the median peak that rituximab’s label gives "
    "after the fourth of four weekly infusions of 375 mg/m². The lines join the looks of the run; a peak between two "
    "looks is not seen."
)
RITUXIMAB = f"rituximab{OF_DRUG}"
LABEL_PEAK_UG_PER_ML = 486.0
LOWEST_UG_PER_ML = 0.1
LONGEST_GAP_D = 1.5


def applies(trial: Trial) -> bool:
    """Return whether drug was given."""
    return any((trial.series[column] > LOWEST_UG_PER_ML).any() for column in trial.drugs)


def figure(trial: Trial) -> Figure:
    """Draw concentrations on a log axis with the label's point; each of several antibodies has its own line."""
    fig, axes = curves.layout(trial)
    label = trial.label(trial.drugs[0]) if len(trial.drugs) == 1 else "antibody in plasma (µg/mL)"
    for ax, protocols in axes:
        _draw(ax, trial, protocols)
        curves.finish(ax, trial, protocols, label)
        curves.mark_infusions(ax, trial, protocols)
        trial.clock.mark(ax.xaxis, shown_d(trial))
        ax.set_xlim(right=1.015 * shown_d(trial) / trial.clock.days)
    curves.name_outer_axes(trial, [ax for ax, _ in axes], label)
    style.legend_below(fig, [*curves.keys(trial, has_infusions=trial.has("dosed_mg")), *_keys(trial)])
    return fig


def levels(columns: Iterable[str]) -> list[Panel]:
    """Return the panels of antibodies among the columns of a patient's series, each with its own line."""
    found = [column for column in columns if column.endswith(OF_DRUG)]
    return [Panel(column, name(column), dash=dash) for column, dash in zip(found, DASHES, strict=False)]


def name(column: str) -> str:
    """Return what a level is of: "Rituximab in plasma"."""
    words = column.removesuffix(OF_DRUG).replace("_", " ")
    return f"{words[:1].upper()}{words[1:]} in plasma"


def _draw(ax: Axes, trial: Trial, protocols: list[str]) -> None:
    for panel in levels(trial.drugs):
        for protocol in protocols:
            curves.draw(ax, trial, protocol, panel.column, is_log=True).set_linestyle(panel.dash)
    for day in {label_day(trial, protocol) for protocol in protocols} - {None}:
        ax.plot(trial.clock.of(day), LABEL_PEAK_UG_PER_ML, "D", color=style.INK, markerfacecolor="none",
                markersize=7, markeredgewidth=1.3, zorder=5)  # fmt: skip
    ax.set_ylim(LOWEST_UG_PER_ML, max(1500.0, 1.5 * float(trial.series[trial.drugs].to_numpy().max())))
    style.log_axis(ax.yaxis)


def _keys(trial: Trial) -> list[Artist]:
    """Return the legend entries of several antibodies, and of the label's point where it is drawn."""
    found: list[Artist] = [panel.line_key() for panel in levels(trial.drugs)] if len(trial.drugs) > 1 else []
    if _has_label(trial):
        key = style.line_key(f"label: {LABEL_PEAK_UG_PER_ML:g} µg/mL", style.INK, "D", "")
        key.set_markerfacecolor("none")
        found.append(key)
    return found


def _has_label(trial: Trial) -> bool:
    return any(label_day(trial, protocol) is not None for protocol in trial.protocols)


def seen(trial: Trial) -> str:
    """Return the highest median of every protocol and its day."""
    parts = [_highest(trial, protocol, column) for protocol in trial.protocols[:4] for column in trial.drugs]
    gap_d = trial.look_gap_d()
    unseen = f"; looks are {gap_d:g} days apart and miss the peaks after infusions" if gap_d > LONGEST_GAP_D else ""
    kind = "concentration" if trial.is_single else "median concentration"
    label = f"; the label gives a median peak of {LABEL_PEAK_UG_PER_ML:g} µg/mL after the fourth weekly infusion"
    told = wording.listing([*filter(None, parts)])
    return wording.sentence(f"the highest {kind} at a look is {told}{label if _has_label(trial) else ''}{unseen}")


def _highest(trial: Trial, protocol: str, column: str) -> str:
    """Return the highest median of an antibody in a protocol and its day; nothing of one of several never given."""
    median = middle(trial, protocol, column)
    if len(trial.drugs) > 1 and not (median > 0).any():
        return ""
    of = f" of {name(column).removesuffix(' in plasma').lower()}" if len(trial.drugs) > 1 else ""
    where = f" in {quoted(protocol)}" if len(trial.protocols) > 1 else ""
    return f"{wording.number(median.max())} µg/mL{of} on day {round(float(median.idxmax()), 1):g}{where}"


def label_day(trial: Trial, protocol: str) -> float | None:
    """Return the day of the fourth infusion where rituximab alone is given and weekly at first, as on its label."""
    given = [column for column in trial.drugs if (trial.table(protocol, column) > 0).any(axis=None)]
    days = trial.infusions_d(protocol) if given == [RITUXIMAB] else np.empty(0)
    is_weekly = days.size >= 4 and bool((abs(np.diff(days[:4]) - 7.0) < 1.0).all())
    return float(days[3]) if is_weekly else None


def shown_d(trial: Trial) -> float:
    """Return the last day on which any patient has drug above the lowest concentration drawn."""
    has_drug = (trial.series[trial.drugs] > LOWEST_UG_PER_ML).any(axis=1)
    return float(trial.series.loc[has_drug, "time_d"].max())


def middle(trial: Trial, protocol: str, column: str) -> pd.Series:
    """Return the median over patients, by day."""
    return trial.table(protocol, column).median(axis=1).dropna()
