"""Answers how serum IgM, or the lymphocytes, of a virtual population run, beside those of the run."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.trial import curves, virtual
from abm.plot.trial.trial import Trial
from abm.statistics.draws import weighted_quantiles

ORDER = 112
TITLE = "Virtual populations: level over time"
CAPTION = "Weighted median over the patients of a protocol; bands: the middle 90 % of the weighted patients."


def applies(trial: Trial) -> bool:
    """Return whether there are weights and a level that the end points were read from."""
    return bool(trial.weights) and trial.has(trial.level)


def figure(trial: Trial) -> Figure:
    """Draw a panel per protocol."""
    n = len(trial.protocols)
    fig = style.new_figure(3.2 if n < 3 else 0.8 + 2.4 * -(-n // 2))
    axes = style.panels(fig, n, 2)
    who = virtual.looks(trial)
    for ax, protocol in zip(axes, trial.protocols, strict=True):
        for look in who:
            _draw(ax, trial, protocol, look)
        style.dress(ax, "", "", trial.looks[protocol].label if n > 1 else "")
        ax.set_ylim(bottom=0)
        trial.clock.mark(ax.xaxis, trial.end_d)
    style.outer_labels(axes, min(n, 2), trial.clock.label, trial.label(trial.level))
    style.legend_below(fig, [style.line_key(name, colour) for name, colour, _ in who])
    return fig


def seen(trial: Trial) -> str:
    """Return the medians at the start and at the end."""
    parts = []
    said = trial.run.measures().of(trial.level)
    for protocol in trial.protocols[:4]:
        where = f" in {quoted(protocol)}" if len(trial.protocols) > 1 else ""
        for name, _, mass in virtual.looks(trial):
            middle = courses(trial, protocol, mass)[1][1]
            ends = " to ".join(wording.number(said.factor * value) for value in (middle[0], middle[-1]))
            parts.append(f"from {ends} {said.shown} ({name}){where}")
    return wording.sentence(f"the median of {said.words} goes {wording.listing(parts)}")


def courses(trial: Trial, protocol: str, mass: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return days (n,) and the weighted 5th, 50th and 95th centile (3, n) of the level."""
    table = trial.table(protocol, trial.level).dropna()
    lo, hi = curves.BAND
    found = [weighted_quantiles(row, mass, (lo, 0.5, hi)) for row in table.to_numpy(dtype=float)]
    return table.index.to_numpy(dtype=float), np.array(found).T


def _draw(ax: Axes, trial: Trial, protocol: str, look: virtual.Look) -> None:
    _, colour, mass = look
    t_d, (lo, middle, hi) = courses(trial, protocol, mass)
    x = trial.clock.of(t_d)
    ax.plot(x, middle, color=colour, linewidth=1.6)
    ax.fill_between(x, lo, hi, color=colour, alpha=0.14, linewidth=0)
