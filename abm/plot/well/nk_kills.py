"""Answers how many B cells one NK cell kills, and how many NK cells never kill."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot import arms
from abm.plot.page import style, wording
from abm.results.run import Run
from abm.statistics.intervals import of_percent

ORDER = 90
TITLE = "Kills per NK cell"
CAPTION = "NK cells by how many B cells each has killed by the last frame; error bars: 95 % interval over replicates."
N_COLS = 3
MOST = 12


def applies(run: Run) -> bool:
    """Return whether the last frame has NK cells in an arm with antibody."""
    return bool(_kills(run))


def figure(run: Run) -> Figure:
    """Draw a histogram per arm, on shared scales."""
    kills = _kills(run)
    rows = -(-len(kills) // N_COLS)
    fig = style.new_figure(0.5 + 2.2 * rows)
    axes = style.panels(fig, len(kills), N_COLS)
    top = min(MOST, max(max(int(group.max()) for group in groups) for groups in kills.values()))
    for ax, (name, groups) in zip(axes, kills.items(), strict=True):
        _draw_arm(ax, groups, top, arms.looks(run)[name])
    style.outer_labels(axes, N_COLS, "kills per NK cell (count)", "NK cells (%)")
    return fig


def seen(run: Run) -> str:
    """Return the mean and the share without a kill in every arm."""
    parts = []
    for name, groups in list(_kills(run).items())[:4]:
        mean, none = _mean(groups), _none(groups)
        parts.append(f"{wording.number(mean, 2)} in {arms.quoted(name)}, where {wording.percent(none)} kill none")
    return wording.sentence(f"NK cells make on average {wording.listing(parts)}")


def _kills(run: Run) -> dict[str, list[pd.Series]]:
    """Return kills of every NK cell at the last frame: arm to one series per replicate."""
    steps = run.cell_steps()
    nk = run.cells(steps[-1], "nk_cells") if steps else pd.DataFrame()
    if "n_kills" not in nk:
        return {}
    found = {name: nk.loc[nk["arm"] == name].groupby("replicate")["n_kills"] for name in arms.treated(run)}
    return {name: [group for _, group in groups] for name, groups in found.items() if len(groups)}


def _mean(groups: list[pd.Series]) -> float:
    return float(np.mean([group.mean() for group in groups]))


def _none(groups: list[pd.Series]) -> float:
    return float(np.mean([(group == 0).mean() for group in groups]))


def _draw_arm(ax: Axes, groups: list[pd.Series], top: int, look: arms.Look) -> None:
    counts = [np.bincount(np.minimum(group.to_numpy(dtype=int), top), minlength=top + 1) for group in groups]
    mid = of_percent([100 * count / count.sum() for count in counts])
    bars = {"yerr": mid.reach(), "error_kw": {"elinewidth": 1, "ecolor": style.INK}} if len(groups) > 1 else {}
    ax.bar(np.arange(top + 1), mid.mean, width=0.85, color=look.colour, **bars)
    ax.text(0.98, 0.95, f"mean {wording.number(_mean(groups), 2)}\nnone {wording.percent(_none(groups))}",
            transform=ax.transAxes, ha="right", va="top", fontsize=style.SMALL_PT)  # fmt: skip
    style.dress(ax, title=look.label)
    shown = range(0, top + 1, 1 if top <= 6 else 2)
    more = any(int(group.max()) > top for group in groups)
    ax.set_xticks(list(shown), [f"≥{k}" if more and k == top else str(k) for k in shown])
    ax.set_xlim(-0.6, top + 0.6)
