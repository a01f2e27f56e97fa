"""Answers how deep IgM fell in each patient: the best confirmed change, sorted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.trial import responses
from abm.plot.trial.trial import IGM, NOT_OBSERVED, Trial

ORDER = 40
TITLE = "Waterfall plot"
CAPTION = (
    "One bar per patient: the lowest confirmed change of serum IgM from baseline before any progression, sorted to "
    "the deepest fall, coloured by the best response. Dashed: the falls that make it minor, partial and very good."
)
LINES = "bars are what the assay showed, short lines what was true at the same visits"
TRUE = "true_best_change_frac"


def applies(trial: Trial) -> bool:
    """Return whether there are patients to compare."""
    return not trial.is_single and trial.has(IGM) and trial.is_observed("best_change_frac")


def figure(trial: Trial) -> Figure:
    """Draw a panel per protocol."""
    n = len(trial.protocols)
    fig = style.new_figure(3.5 if n < 3 else 0.8 + 2.5 * -(-n // 2))
    axes = style.panels(fig, n, 2)
    for ax, protocol in zip(axes, trial.protocols, strict=True):
        responses.draw_falls(ax, trial.falls_percent)
        _draw(ax, sorted_changes(trial, protocol))
        ax.set_xlim(-1, trial.n_patients)
        style.dress(ax, "", "", trial.looks[protocol].label if n > 1 else "")
        responses.write_minus(ax.yaxis)
    style.outer_labels(axes, min(n, 2), "patients, sorted", "best change of serum IgM (%)")
    keys = responses.keys(trial.end_points["response"])
    if TRUE in trial.end_points:
        keys.append(style.line_key("true change", style.INK, "_", ""))
    style.legend_below(fig, keys)
    return fig


def seen(trial: Trial) -> str:
    """Return how many bars reach each line."""
    parts = [_told(trial, protocol) for protocol in trial.protocols[:4]]
    return wording.sentence("; ".join(parts + [LINES] * (TRUE in trial.end_points)))


def sorted_changes(trial: Trial, protocol: str) -> pd.DataFrame:
    """Return ``percent`` and ``response`` of every patient with a confirmed change, the deepest fall last."""
    rows = trial.outcomes(protocol).dropna(subset="best_change_frac")
    return rows.assign(percent=100 * rows["best_change_frac"]).sort_values("percent", ascending=False, kind="stable")


def _draw(ax: Axes, rows: pd.DataFrame) -> None:
    colours = [responses.grade(name).colour for name in rows["response"]]
    ax.bar(np.arange(len(rows)), rows["percent"], width=0.86 if len(rows) <= 60 else 1.0, color=colours, linewidth=0)
    if TRUE in rows:
        ax.plot(np.arange(len(rows)), 100 * rows[TRUE], "_", color=style.INK, markersize=5, markeredgewidth=1.1)
    ax.set_ylim(-102, max(10.0, ax.get_ylim()[1]))
    ax.set_xticks([])


def _told(trial: Trial, protocol: str) -> str:
    percent = sorted_changes(trial, protocol)["percent"].to_numpy()
    where = f" in {quoted(protocol)}" if len(trial.protocols) > 1 else ""
    if not percent.size:
        return f"changes of IgM were {NOT_OBSERVED}{where}"
    counts = [int((percent <= -fall + 1e-9).sum()) for fall in trial.falls_percent]
    parts = [f"{count} by at least {fall:g} %" for count, fall in zip(counts, trial.falls_percent, strict=True)]
    return f"of {len(percent)} patients IgM fell in {wording.listing(parts)}{where}"
