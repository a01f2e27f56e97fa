"""Answers whether patients whose cells carry much surface IgM, or answer it with much calcium, fail earlier."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot.page import style, wording
from abm.plot.trial.trial import Trial
from abm.statistics.survival import hazard_ratio, kaplan_meier, log_rank

ORDER = 64
TITLE = "Progression and next treatment by surface IgM and by calcium"
CAPTION = (
    "Kaplan and Meier’s estimate; above or up to the cut of surface IgM, and above or up to a centile of calcium "
    "mobilisation (both among the scenario's end points). "
    "HR: hazard of those above over those below (Cox, ties by Efron) with its 95 % interval; p: log-rank test. Of "
    "more than one protocol the first."
)
EVENTS = (("progression", "progressed", "time_to_progression_d"),
          ("next treatment", "treated_next", "time_to_next_treatment_d"))  # fmt: skip
MARKS = (("surface_igm_MFI", "surface IgM"), ("calcium_percent", "calcium"))
CUTS = ("surface_igm_cut_mfi", "calcium_cut_centile")
HIGH, LOW = style.VERMILION, style.BLUE


def applies(trial: Trial) -> bool:
    """Return whether there are patients to compare."""
    needed = (*(mark for mark, _ in MARKS), *(came for _, came, _ in EVENTS))
    is_known = all(math.isfinite(trial.rule(name)) for name in CUTS)
    return is_known and not trial.is_single and all(trial.is_observed(name, trial.protocols[0]) for name in needed)


def figure(trial: Trial) -> Figure:
    """Draw a row per event and a column per mark."""
    fig = style.new_figure(5.6)
    axes = style.panels(fig, 4, 2)
    cases = [(event, mark) for event in EVENTS for mark in MARKS]
    for ax, (event, mark) in zip(axes, cases, strict=True):
        _draw(ax, trial, event, mark)
    style.outer_labels(axes, 2, trial.clock.label_from_dose, "free of it (%)")
    style.legend_below(fig, [style.line_key("above the cut", HIGH), style.line_key("up to it", LOW)])
    return fig


def seen(trial: Trial) -> str:
    """Return how many progressed above and below each cut."""
    parts = []
    for mark in MARKS:
        high, low = split(trial, EVENTS[0], mark)
        (above, n_above), (below, n_below) = ((int(came.sum()), came.size) for _, came in (high, low))
        parts.append(f"{above} of {n_above} with much {mark[1]} progressed, {below} of {n_below} with little")
    return wording.sentence("; ".join(parts))


def split(trial: Trial, event: tuple[str, str, str], mark: tuple[str, str]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return times and events of those above and of those up to the cut, in whom the event could be seen."""
    rows, (_, came, time) = trial.outcomes(trial.protocols[0]), event
    values, has_come = rows[mark[0]].to_numpy(), rows[came].to_numpy() > 0
    centile = trial.rule("calcium_cut_centile")
    cut = trial.rule("surface_igm_cut_mfi") if mark[0] == "surface_igm_MFI" else np.quantile(values, centile)
    times = np.where(has_come, rows[time], rows["follow_up_d"]).astype(float)
    is_seen = rows[came].notna().to_numpy()
    return [(times[group], has_come[group]) for group in (is_seen & (values > cut), is_seen & (values <= cut))]


def _draw(ax: Axes, trial: Trial, event: tuple[str, str, str], mark: tuple[str, str]) -> None:
    groups = split(trial, event, mark)
    for (time, came), colour in zip(groups, (HIGH, LOW), strict=True):
        if time.size:
            found = kaplan_meier(time, came)
            x = trial.clock.of(np.append(found.time, max(time.max(), found.time[-1])))
            ax.step(x, 100 * np.append(found.share, found.share[-1]), where="post", color=colour, linewidth=1.5)
    style.dress(ax, "", "", f"{event[0]} by {mark[1]}")
    ax.set_ylim(0, 102)
    trial.clock.mark(ax.xaxis, trial.end_d)
    (a, came_a), (b, came_b) = groups
    ratio, lo, hi = hazard_ratio(a, came_a, b, came_b)
    p = log_rank(a, came_a, b, came_b)
    words = [f"HR {ratio:.1f} ({lo:.1f}–{hi:.1f})"] if np.isfinite(ratio) else []
    words += [f"p = {wording.number(p, 2)}"] if np.isfinite(p) else []
    ax.text(0.03, 0.06, "\n".join(words), transform=ax.transAxes, fontsize=style.SMALL_PT, color=style.INK)
