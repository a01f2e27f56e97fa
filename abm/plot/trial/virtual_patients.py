"""Answers who counts in a virtual population: the patients before and after weighing."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from abm.plot.page import style, wording
from abm.plot.trial import numbers, virtual
from abm.plot.trial.trial import Trial
from abm.statistics.weighted import moments_of

ORDER = 110
TITLE = "Virtual populations: who counts"
CAPTION = (
    "Shares of the patients of the run (grey) and of the weighted ones (lines). First what targets name, dashed its "
    "published medians and means; then what was drawn, in the order of how far weighing moved its mean."
)
MOST_PANELS = 6
N_BINS = 16
WIDEST = 28  # letters below a panel
POWERS_FROM = 1e7  # design: a power of ten takes the place of two numbers


def applies(trial: Trial) -> bool:
    """Return whether there are weights, and numbers to show under them."""
    return bool(trial.weights) and bool(shown(trial))


def figure(trial: Trial) -> Figure:
    """Draw a panel per quantity."""
    found, who = shown(trial), virtual.looks(trial)
    fig = style.new_figure(0.9 + 1.9 * -(-len(found) // 3))
    axes = style.panels(fig, len(found), 3, share=False)
    for ax, (name, values) in zip(axes, found.items(), strict=True):
        axis, factor = axis_of(trial, name)
        _draw(ax, factor * values, who)
        for own, (_, colour, _) in zip(trial.weights, who[1:], strict=True):
            for at in published(own.told, name):
                ax.axvline(factor * at, color=colour, linewidth=1.0, linestyle=style.DASH)
        style.dress(ax, textwrap.fill(axis, WIDEST), "")
        ax.xaxis.label.set_fontsize(style.SMALL_PT)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=2 if factor * values.max() >= POWERS_FROM else 4))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: wording.number(value)))
    for ax in axes[::3]:
        ax.set_ylabel("share of patients (%)", fontsize=style.FONT_PT, color=style.INK)
    keys = [style.area_key(who[0][0], style.GREY, 0.45)] + [style.line_key(name, colour) for name, colour, _ in who[1:]]
    style.legend_below(fig, keys)
    return fig


def seen(trial: Trial) -> str:
    """Return how many patients count and how much the heaviest does."""
    parts = []
    for own, (name, _, mass) in zip(trial.weights, virtual.looks(trial)[1:], strict=True):
        count = f"{own.told['n_effective']:.0f} of {own.told['n_patients']} patients count"
        parts.append(
            f"in “{name}” {count}, the heaviest {wording.number(mass.max() * mass.size, 2)} times as much as one"
        )
    return wording.sentence("; ".join(parts))


def shown(trial: Trial) -> dict[str, NDArray[np.float64]]:
    """Return what is drawn: quantities of targets, then those drawn quantities whose means weighing moved most."""
    ends = trial.outcomes(trial.protocols[0])
    drawn = (
        trial.patients.set_index("replicate").sort_index() if len(trial.patients) else pd.DataFrame(index=ends.index)
    )
    table = pd.concat([ends, drawn.loc[:, [name for name in drawn if name not in ends]]], axis=1)
    asked = dict.fromkeys(name for own in trial.weights for row in own.told["targets"] for name in row["columns"])
    moved = sorted(drawn.columns, key=lambda name: -_moved(trial, drawn[name]))
    names = [name for name in dict.fromkeys([*asked, *moved]) if name in table and _is_spread(table[name])]
    return {name: table[name].to_numpy(dtype=float) for name in names[:MOST_PANELS]}


def _is_spread(values: pd.Series) -> bool:
    """Return whether a column holds more than a few numbers, known in every patient."""
    return pd.api.types.is_numeric_dtype(values) and bool(values.notna().all()) and values.nunique() > 2


def _moved(trial: Trial, values: pd.Series) -> float:
    if not _is_spread(values):
        return -1.0
    (mean, sd), *others = (moments_of(values, mass) for _, _, mass in virtual.looks(trial))
    return max(abs(other - mean) for other, _ in others) / sd


def published(told: dict, name: str) -> list[float]:
    """Return the published medians and means of a quantity."""
    rows = [row for row in told["targets"] if row["columns"] == [name]]
    return [row["published"] for row in rows if row["target"].split(": ")[-1].startswith(("median", "mean"))]


def axis_of(trial: Trial, name: str) -> tuple[str, float]:
    """Return the label of a quantity's axis and the factor to what it shows."""
    if name in trial.end_points:
        return trial.end_point(name).axis, trial.end_point(name).factor
    known = trial.run.parameters().fillna("").astype(str).drop_duplicates("name").set_index("name")
    words, unit = known.loc[name, ["description", "unit"]] if name in known.index else (name, "")
    shown, factor = numbers.in_days(unit)
    return f"{wording.units(words)} ({wording.units(shown) if shown not in ('', '1') else 'number'})", factor


def _draw(ax: Axes, values: NDArray[np.float64], who: list[virtual.Look]) -> None:
    edges = np.linspace(values.min(), values.max(), N_BINS + 1)
    (_, _, equal), *others = who
    ax.hist(values, edges.tolist(), weights=100.0 * equal, color=style.GREY, alpha=0.45, linewidth=0)
    for _, colour, mass in others:
        ax.hist(values, edges.tolist(), weights=100.0 * mass, histtype="step", color=colour, linewidth=1.4)
