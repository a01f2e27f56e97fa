"""Answers how many B cells one effector cell kills, and how many of them never kill."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot import arms, kinds
from abm.plot.page import style, wording
from abm.results.run import Run
from abm.statistics.intervals import of_percent

ORDER = 90
TITLE = "Kills per effector cell"
CAPTION = (
    "Cells by how many B cells each has killed by the last frame, or without frames by the end; error bars: 95 % "
    "interval over replicates."
)
N_COLS = 3
MOST = 12
MOST_SAID = 4


def applies(run: Run) -> bool:
    """Return whether kills are known of the effector cells of an arm with antibody."""
    return bool(_kills(run))


def figure(run: Run) -> Figure:
    """Draw a histogram per arm and kind of effector, on shared scales."""
    kills = _kills(run)
    rows = -(-len(kills) // N_COLS)
    fig = style.new_figure(0.5 + 2.2 * rows)
    axes = style.panels(fig, len(kills), N_COLS)
    top = min(MOST, max(max(int(group.max()) for group in groups) for groups in kills.values()))
    shown = list(dict.fromkeys(kind for _, kind in kills))
    for ax, ((name, kind), groups) in zip(axes, kills.items(), strict=True):
        look = arms.looks(run)[name]
        _draw_arm(ax, groups, top, look.colour)
        style.dress(ax, title=look.label if len(shown) == 1 else f"{look.label}: {kind.words}")
    word, words = (shown[0].word, shown[0].words) if len(shown) == 1 else ("cell", "cells of the kind")
    style.outer_labels(axes, N_COLS, f"kills per {word} (count)", f"{words} (%)")
    return fig


def seen(run: Run) -> str:
    """Return the mean and the share without a kill in every arm."""
    said, left = [], MOST_SAID
    for kind in dict.fromkeys(kind for _, kind in _kills(run)):
        of_kind = [(name, groups) for (name, other), groups in _kills(run).items() if other == kind][:left]
        parts = [_said(name, groups) for name, groups in of_kind]
        said += [wording.sentence(f"{kind.words} make on average {wording.listing(parts)}")] if parts else []
        left -= len(parts)
    return " ".join(said)


def _said(name: str, groups: list[pd.Series]) -> str:
    mean, none = _mean(groups), _none(groups)
    return f"{wording.number(mean, 2)} in {arms.quoted(name)}, where {wording.percent(none)} kill none"


def _kills(run: Run) -> dict[tuple[str, kinds.Kind], list[pd.Series]]:
    """Return kills of every effector cell: by arm and kind, one series per replicate."""
    steps = run.cell_steps()
    last = run.cells(steps[-1]) if steps else pd.DataFrame()
    if "n_kills" not in last:
        return _from_deaths(run)
    found = {}
    for kind in kinds.effectors(run):
        own = kinds.of(last, kind)
        for name in arms.treated(run):
            groups = [group.dropna() for _, group in own.loc[own["arm"] == name].groupby("replicate")["n_kills"]]
            if groups and all(map(len, groups)):
                found[name, kind] = groups
    return found


def _from_deaths(run: Run) -> dict[tuple[str, kinds.Kind], list[pd.Series]]:
    """Return the same from the killers of the dead, where they can be of one kind of cell only."""
    effectors, deaths, series = kinds.effectors(run), arms.deaths(run), run.series()
    here = [kind for kind in effectors if series.get(f"n_{kind.short}", pd.Series([0])).max() > 0]
    if len(here) != 1 or "killer_uid" not in deaths:
        return {}
    killed = deaths.loc[deaths["killer_uid"] >= 0].groupby(["arm", "replicate", "killer_uid"]).size()
    by_well = {well: own.to_numpy() for well, own in killed.groupby(["arm", "replicate"])}
    n_cells = series.groupby(["arm", "replicate"])[f"n_{here[0].short}"].max().fillna(0).astype(int)
    found = {}
    for name in arms.treated(run):
        wells = [(by_well.get((name, replicate), np.empty(0, int)), n) for replicate, n in n_cells[name].items()]
        if all(n > 0 for _, n in wells):
            found[name, here[0]] = [pd.Series(np.pad(own, (0, max(0, n - own.size)))) for own, n in wells]
    return found


def _mean(groups: list[pd.Series]) -> float:
    return float(np.mean([group.mean() for group in groups]))


def _none(groups: list[pd.Series]) -> float:
    return float(np.mean([(group == 0).mean() for group in groups]))


def _draw_arm(ax: Axes, groups: list[pd.Series], top: int, colour: str) -> None:
    counts = [np.bincount(np.minimum(group.to_numpy(dtype=int), top), minlength=top + 1) for group in groups]
    mid = of_percent([100 * count / count.sum() for count in counts])
    bars = {"yerr": mid.reach(), "error_kw": {"elinewidth": 1, "ecolor": style.INK}} if len(groups) > 1 else {}
    ax.bar(np.arange(top + 1), mid.mean, width=0.85, color=colour, **bars)
    ax.text(0.98, 0.95, f"mean {wording.number(_mean(groups), 2)}\nnone {wording.percent(_none(groups))}",
            transform=ax.transAxes, ha="right", va="top", fontsize=style.SMALL_PT)  # fmt: skip
    shown = range(0, top + 1, 1 if top <= 6 else 2)
    more = any(int(group.max()) > top for group in groups)
    ax.set_xticks(list(shown), [f"≥{k}" if more and k == top else str(k) for k in shown])
    ax.set_xlim(-0.6, top + 0.6)
