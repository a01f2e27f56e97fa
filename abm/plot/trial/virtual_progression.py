"""Answers when a virtual population progresses: weighted Kaplan–Meier curves beside those of the run."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.trial import virtual
from abm.plot.trial.trial import Trial
from abm.statistics.weighted import kaplan_meier_of

ORDER = 111
TITLE = "Virtual populations: time to progression"
CAPTION = (
    "Kaplan and Meier’s estimate, each patient counting by its weight; bands: 95 % intervals of as many patients as "
    "effectively count. Time runs from the first infusion or dose."
)
TIME = "time_to_progression_d"


def applies(trial: Trial) -> bool:
    """Return whether there are weights and progressions."""
    return bool(trial.weights) and trial.is_observed(TIME)


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
        ax.set_ylim(0, 102)
        ax.set_xlim(0, 1.02 * trial.end_d / trial.clock.days)
        trial.clock.mark(ax.xaxis, trial.end_d)
    style.outer_labels(axes, min(n, 2), trial.clock.label_from_dose, "free of progression (%)")
    style.legend_below(fig, [style.line_key(name, colour) for name, colour, _ in who])
    return fig


def seen(trial: Trial) -> str:
    """Return the medians."""
    return wording.sentence("; ".join(_told(trial, protocol) for protocol in trial.protocols[:4]))


def _draw(ax: Axes, trial: Trial, protocol: str, look: virtual.Look) -> None:
    _, colour, mass = look
    curve = kaplan_meier_of(*virtual.event_times(trial.outcomes(protocol), TIME), mass)
    last = max(float(trial.outcomes(protocol)["follow_up_d"].max()), float(curve.time[-1]))
    x = trial.clock.of([*curve.time, last])
    share, lo, hi = (100.0 * side[[*range(side.size), -1]] for side in (curve.share, curve.lo, curve.hi))
    ax.step(x, share, where="post", color=colour, linewidth=1.6)
    ax.fill_between(x, lo, hi, step="post", color=colour, alpha=0.14, linewidth=0)


def _told(trial: Trial, protocol: str) -> str:
    parts = []
    for name, _, mass in virtual.looks(trial):
        median = kaplan_meier_of(*virtual.event_times(trial.outcomes(protocol), TIME), mass).median
        parts.append(f"{trial.clock.words(median) if math.isfinite(median) else 'not reached'} ({name})")
    where = f" in {quoted(protocol)}" if len(trial.protocols) > 1 else ""
    return f"median time to progression {wording.listing(parts)}{where}"
