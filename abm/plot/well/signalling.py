"""Answers how far a drug inhibits signalling through surface IgM, and whether strong signals are inhibited less."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from abm.plot import arms
from abm.plot.page import style, wording
from abm.results.run import Run
from abm.statistics.correlation import pearson

ORDER = 95
TITLE = "Inhibition of signalling"
CAPTION = (
    "One point per replicate (a sample of cells of its own): mean inhibition of the signal through surface IgM at the "
    "end, against the signal in the arm that inhibits least."
)
COLUMN = "signal_mean"


def applies(run: Run) -> bool:
    """Return whether cells signal in at least two arms."""
    table = signals(run)
    return min(table.shape) > 0 and table.shape[1] > 1 and bool((table.to_numpy() > 0.0).all())


def figure(run: Run) -> Figure:
    """Draw inhibition against signal, an arm in each colour."""
    fig, table = style.new_figure(3.6), signals(run)
    ax, first = fig.subplots(), _free(table)
    for name in table.columns.drop(first):
        ax.scatter(100 * table[first], inhibition(table, name), s=26, color=_colour(run, name), linewidths=0)
    style.dress(ax, f"signal in {arms.label(first)} (% of the highest possible)", "inhibition (%)")
    style.legend_below(
        fig, [style.line_key(arms.label(n), _colour(run, n), "o", "") for n in table.columns.drop(first)]
    )
    return fig


def seen(run: Run) -> str:
    """Return mean inhibition and its correlation with the signal in every arm."""
    table = signals(run)
    first, parts = _free(table), []
    for name in table.columns.drop(first)[:4]:
        y = inhibition(table, name)
        text = f"{wording.number(y.mean(), 2)} % in {arms.quoted(name)}"
        r = pearson(table[first], y)
        if not math.isnan(r):
            text += f" (r = {wording.decimal(r, 2)} over {len(y)} samples)"
        parts.append(text)
    return wording.sentence(f"signalling is inhibited on average by {wording.listing(parts)}")


def signals(run: Run) -> pd.DataFrame:
    """Return the signal at the end: a row per replicate, a column per arm."""
    series = run.series()
    if COLUMN not in series:
        return pd.DataFrame()
    last = series.sort_values("time_h").groupby(["replicate", "arm"], observed=True)[COLUMN].last().unstack()
    return last[[name for name in arms.treated(run) if name in last]].dropna()


def inhibition(table: pd.DataFrame, name: str) -> pd.Series:
    """Return by how much an arm inhibits the signal, %."""
    return 100 * (1 - table[name] / table[_free(table)])


def _free(table: pd.DataFrame) -> str:
    return str(table.mean().idxmax())


def _colour(run: Run, name: str) -> str:
    return arms.looks(run)[name].colour
