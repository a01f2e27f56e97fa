"""Answers whether ibrutinib inhibits less where the signal is strong, and who of these progresses."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from abm.plot.page import style, wording
from abm.plot.page.panel import Panel
from abm.plot.trial.trial import NOT_OBSERVED, Trial
from abm.statistics.correlation import pearson

ORDER = 66
TITLE = "Inhibition against signal"
CAPTION = (
    "One point per patient: how far ibrutinib inhibits signalling through surface IgM four weeks after its first dose, "
    "against calcium mobilisation before it. Of more than one protocol the first with ibrutinib."
)
GROUPS = ((0.0, "did not progress", style.BLUE), (1.0, "progressed", style.VERMILION),
          (math.nan, f"progression {NOT_OBSERVED}", style.GREY))  # fmt: skip
X, Y = "calcium_percent", "inhibition_frac"
PANELS = (
    Panel("btk_free", "BTK that is free"),
    Panel("signal_rel", "Signal"),
    Panel("surface_igm_MFI", "Surface IgM in blood"),
)


def applies(trial: Trial) -> bool:
    """Return whether there are patients to compare."""
    return trial.is_observed(X) and trial.is_observed(Y) and len(points(trial)) > 2


def figure(trial: Trial) -> Figure:
    """Draw a point per patient, those who progressed filled."""
    fig = style.new_figure(3.4)
    ax = fig.subplots()
    rows = points(trial)
    groups = [(rows.loc[rows["progressed"].isin([flag])], words, colour) for flag, words, colour in GROUPS]
    groups = [group for group in groups if len(group[0])]
    for own, _, colour in groups:
        ax.scatter(own[X], 100 * own[Y], s=24, color=colour, alpha=0.8, linewidths=0)
    style.dress(ax, "calcium mobilisation before treatment (%)", "inhibition on ibrutinib (%)")
    style.legend_below(fig, [style.line_key(words, colour, "o", "") for _, words, colour in groups])
    return fig


def points(trial: Trial) -> pd.DataFrame:
    """Return the end points of patients in whom inhibition was seen, of the first protocol that has any."""
    first = next(name for name in trial.protocols if trial.is_observed(Y, name))
    return trial.outcomes(first).dropna(subset=Y)


def seen(trial: Trial) -> str:
    """Return the correlation."""
    rows = points(trial)
    r = pearson(rows[X], rows[Y])
    return wording.sentence(f"correlation r = {wording.decimal(r, 2)} over {len(rows)} patients")
