"""Answers which cells are left: in tissue, in blood, and those with the mutation that ibrutinib cannot hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.page.panel import DASH_DOT, DASHED, Panel
from abm.plot.trial import curves
from abm.plot.trial.trial import Trial

ORDER = 112
TITLE = "Clone sizes"
CAPTION = (
    "Median over patients (or the one patient): cells in lymph nodes and marrow, in blood, and, of both, those with "
    "BTK C481S. Fewer than 10,000 cells of a subclone live and die one by one."
)
PARTS = (
    Panel("n_tissue", "in tissue", style.BLUE),
    Panel("n_accessible", "in blood", style.VERMILION, DASHED),
    Panel("n_c481s", "with BTK C481S", style.BLACK, DASH_DOT),
)


def applies(trial: Trial) -> bool:
    """Return whether cells in tissue and mutated cells were counted."""
    return trial.has("n_tissue", "n_c481s", "n_clone")


def figure(trial: Trial) -> Figure:
    """Draw a panel per protocol."""
    n = len(trial.protocols)
    fig = style.new_figure(3.2 if n < 4 else 0.9 + 2.3 * -(-n // 3))
    axes = style.panels(fig, n, 3)
    for ax, protocol in zip(axes, trial.protocols, strict=True):
        _draw(ax, trial, protocol)
        style.dress(ax, trial.clock.label, "cells (number)", trial.looks[protocol].label if n > 1 else "")
        trial.clock.mark(ax.xaxis, trial.end_d, curves.FEW_TICKS if n > 1 else 9)
    style.outer_labels(axes, min(n, 3), trial.clock.label, "cells (number)")
    style.legend_below(fig, [part.line_key() for part in PARTS])
    return fig


def seen(trial: Trial) -> str:
    """Return the lowest number of cells and the share of mutated ones at the end."""
    return wording.sentence("; ".join(_told(trial, protocol) for protocol in trial.protocols[:4]))


def medians(trial: Trial, protocol: str, column: str) -> pd.Series:
    """Return the median over patients by day."""
    return trial.table(protocol, column).median(axis=1)


def _told(trial: Trial, protocol: str) -> str:
    total = trial.table(protocol, "n_clone").median(axis=1)
    mutated = (trial.table(protocol, "n_c481s") / trial.table(protocol, "n_clone")).iloc[-1].median()
    where = f"in {quoted(protocol)} " if len(trial.protocols) > 1 else ""
    part = wording.number(100 * total.min() / total.iloc[0], 2)
    return f"{where}{part} % of the cells are left at {trial.clock.words(total.idxmin())}, and at the end " \
           f"{wording.number(100 * mutated, 2)} % carry C481S"  # fmt: skip


def _draw(ax: Axes, trial: Trial, protocol: str) -> None:
    for part in PARTS:
        curve = medians(trial, protocol, part.column)
        y = np.where(curve >= 1.0, curve, np.nan)
        ax.plot(trial.clock.of(curve.index), y, color=part.colour, linestyle=part.dash, linewidth=1.5)
    ax.set_yscale("log")
    ax.set_ylim(bottom=1.0)
