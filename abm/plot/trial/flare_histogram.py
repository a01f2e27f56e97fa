"""Answers how many patients flare: the highest IgM of the first weeks, against baseline."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.trial import responses
from abm.plot.trial.trial import IGM, NOT_OBSERVED, Trial

ORDER = 70
TITLE = "IgM flare"
CAPTION = (
    "Patients by their highest serum IgM while a rise from the first infusion on counts as a flare, as change from "
    "baseline. Lines: a rise (more than that, counted in weeks 1 to 8) and a flare (that or more)."
)
LINES = (("any_rise_frac", "a rise", "-"), ("flare_frac", "a flare", style.DASH))
RULES = ("flare_until", *(name for name, _, _ in LINES))
WIDTHS = (5.0, 25.0, 50.0, 100.0)
MOST_BINS = 50
HOURS_PER_WEEK = 168.0


def applies(trial: Trial) -> bool:
    """Return whether there are patients to count, by rules that are known."""
    is_known = all(math.isfinite(trial.rule(name)) for name in RULES)
    return is_known and not trial.is_single and trial.has(IGM) and trial.is_observed("peak_rel")


def figure(trial: Trial) -> Figure:
    """Draw a histogram per protocol, one under the other."""
    n = len(trial.protocols)
    fig = style.new_figure(3.2 if n == 1 else 0.8 + 1.6 * n)
    edges = bins(trial)
    axes = style.panels(fig, n, 1)
    for ax, protocol in zip(axes, trial.protocols, strict=True):
        ax.hist(
            peaks(trial, protocol), edges.tolist(), color=trial.looks[protocol].colour, edgecolor="white", linewidth=0.5
        )
        for name, _, dash in LINES:
            ax.axvline(100 * trial.rule(name), color=style.INK, linewidth=1.0, linestyle=dash)
        style.dress(ax, "", "", trial.looks[protocol].label if n > 1 else "")
        responses.write_minus(ax.xaxis)
        ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    highest = f"highest IgM within {trial.rule('flare_until') / HOURS_PER_WEEK:g} weeks, change from baseline (%)"
    style.outer_labels(axes, 1, highest, "patients")
    keys = [style.line_key(f"+{100 * trial.rule(name):g} %: {what}", style.INK, "", dash) for name, what, dash in LINES]
    style.legend_below(fig, keys)
    return fig


def seen(trial: Trial) -> str:
    """Return how many rose and how many flared."""
    return wording.sentence("; ".join(_told(trial, protocol) for protocol in trial.protocols[:4]))


def peaks(trial: Trial, protocol: str) -> NDArray[np.float64]:
    """Return the highest IgM of each patient as percent change from baseline."""
    return 100 * (trial.outcomes(protocol)["peak_rel"].dropna().to_numpy(dtype=float) - 1)


def bins(trial: Trial) -> NDArray[np.float64]:
    """Return edges that hold all patients of all protocols and fall on the lines."""
    every = np.concatenate([peaks(trial, protocol) for protocol in trial.protocols])
    low, high = min(0.0, every.min(initial=0.0)), max(30.0, every.max(initial=0.0))
    width = next((width for width in WIDTHS if (high - low) / width <= MOST_BINS), (high - low) / MOST_BINS)
    return np.arange(np.floor(low / width), np.floor(high / width) + 2) * width


def _told(trial: Trial, protocol: str) -> str:
    rows = trial.outcomes(protocol)
    where = f" in {quoted(protocol)}" if len(trial.protocols) > 1 else ""
    if not trial.is_observed("peak_rel", protocol):
        return f"flares were {NOT_OBSERVED}{where}"
    (rose, n), (flared, n_flare) = ((int(rows[name].sum()), rows[name].count()) for name in ("any_rise", "flare"))
    median = wording.decimal(float(np.median(peaks(trial, protocol))), 0)
    flares = f"{flared}" if n == n_flare else f"{flared} of {n_flare}"
    how = f"IgM rose by more than {100 * trial.rule('any_rise_frac'):g} %"
    return f"{how} in {rose} of {n} patients and flared in {flares}; median peak {median} %{where}"
