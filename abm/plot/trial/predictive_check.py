"""Answers what a trial of this size would show: centiles of the change of IgM with their own uncertainty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from abm.plot import published
from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.trial import responses, spider
from abm.plot.trial.trial import IGM, Trial

ORDER = 100
TITLE = "Visual predictive check"
CAPTION = (
    "5th, 50th and 95th centile over patients of the percent change of IgM from baseline. Bands: the middle 95 % of "
    "the same centile in 400 trials of the same size, drawn with replacement from the patients of this run."
)
CENTILES = (5, 50, 95)
FEWEST_PATIENTS = 20
FEWEST_SEEN = 5  # design: of fewer the outer centiles say nothing
N_TRIALS = 400
MOST_LOOKS = 80
SEED = 1


def applies(trial: Trial) -> bool:
    """Return whether there are enough patients for a centile of 5."""
    return trial.n_patients >= FEWEST_PATIENTS and trial.has(IGM) and all(map(trial.has_change, trial.protocols))


def figure(trial: Trial) -> Figure:
    """Draw a panel per protocol."""
    n = len(trial.protocols)
    fig = style.new_figure(3.5 if n < 3 else 0.8 + 2.5 * -(-n // 2))
    axes = style.panels(fig, n, 2)
    for ax, protocol in zip(axes, trial.protocols, strict=True):
        _draw(ax, trial, protocol)
        style.dress(ax, "", "", trial.looks[protocol].label if n > 1 else "")
        trial.clock.mark(ax.xaxis, trial.end_d)
        responses.write_minus(ax.yaxis)
    style.outer_labels(axes, min(n, 2), trial.clock.label, responses.CHANGE_LABEL)
    style.legend_below(fig, _keys())
    return fig


def seen(trial: Trial) -> str:
    """Return the three centiles and the band of the median at the last look."""
    parts = []
    for name in trial.protocols[:4]:
        _, values = looks(trial, name)
        low, mid, high = (wording.decimal(value, 0) for value in centiles(values[-1:])[:, 0])
        ends = [wording.decimal(end, 0) for end in bands(values[-1:])[:, 1, 0]]
        where = f" in {quoted(name)}" if len(trial.protocols) > 1 else ""
        parts.append(f"{low}, {mid} (95 % of trials: {ends[0]} to {ends[1]}) and {high} %{where}")
    return wording.sentence(f"at the last look the 5th, 50th and 95th centile of the change are {'; '.join(parts)}")


def looks(trial: Trial, protocol: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return days (n,) and percent changes (n, patients) at evenly chosen looks, the last among them."""
    change = trial.change_percent(protocol).dropna(how="all")
    chosen = np.unique(np.linspace(0, len(change) - 1, min(len(change), MOST_LOOKS)).round().astype(int))
    rows = change.iloc[chosen]
    return rows.index.to_numpy(dtype=float), rows.to_numpy(dtype=float)


def centiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the centiles over patients (3, n) of changes (n, patients); missing ones are left out."""
    over = np.percentile if np.isfinite(values).all() else np.nanpercentile  # which is many times slower
    return over(values, CENTILES, axis=-1)


def bands(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ends of the middle 95 % of resampled trials: (2, 3, n)."""
    drawn = np.random.default_rng(SEED).integers(values.shape[1], size=(N_TRIALS, values.shape[1]))
    ends = [np.percentile(centiles(row[drawn]), (2.5, 97.5), axis=-1) for row in values]
    return np.stack(ends, axis=-1)


def _draw(ax: Axes, trial: Trial, protocol: str) -> None:
    t_d, values = looks(trial, protocol)
    x, colour = trial.clock.of(t_d), trial.looks[protocol].colour
    lo, hi = bands(values)
    ax.axhline(0, color=style.GREY, linewidth=0.8)
    for i, line in enumerate(centiles(values)):
        is_middle = CENTILES[i] == 50
        shade = colour if is_middle else style.GREY
        ax.fill_between(x, lo[i], hi[i], color=shade, alpha=0.25, linewidth=0)
        ax.plot(x, line, color=colour, linewidth=1.6, linestyle="-" if is_middle else style.DASH)
    for own in observed_centiles(trial, protocol):
        published.draw_course(ax, own, trial.clock.at, colour)


def observed_centiles(trial: Trial, protocol: str) -> list[list[published.Observation]]:
    """Return the same centiles of the observed change at each moment at which enough patients were seen."""
    found = spider.observed_percent(trial, protocol)
    moments = [[one for one in found if one.time_h == t_h] for t_h in sorted({one.time_h for one in found})]
    known = [(own[0], centiles(np.array([one.value for one in own]))) for own in moments if len(own) >= FEWEST_SEEN]
    return [
        [replace(first, value=float(each[i]), lo=np.nan, hi=np.nan, group=f"{CENTILES[i]}") for first, each in known]
        for i in range(len(CENTILES))
    ]


def _keys() -> list:
    return [
        style.line_key("median", style.INK),
        style.line_key("5th and 95th centile", style.INK, "", style.DASH),
        style.area_key("95 % of resampled trials", style.GREY, 0.4),
    ]
