"""Answers how long responses last: Kaplan and Meier's estimate of the time to progression."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from abm.plot import draws, published
from abm.plot.arms import label
from abm.plot.page import style, wording
from abm.plot.trial.trial import IGM, NOT_OBSERVED, Trial
from abm.statistics.draws import middle
from abm.statistics.survival import at_risk, kaplan_meier, log_rank

ORDER = 60
TITLE = "Time to progression"
CAPTION = (
    "Kaplan and Meier’s estimate with its 95 % band; ticks: patients last seen without progression. Below: patients at "
    "risk. Time runs from the first infusion or dose. p: log-rank test; where the same virtual patients are in both "
    "protocols it is conservative."
)
CUT_G_PER_L, ALBUMIN_G_PER_L = 40.0, 35.0
FACTORS = ("neither factor", "IgM above 40 g/L or albumin below 35 g/L", "both factors")


@dataclass(frozen=True)
class Event:
    """What patients are followed for: its end points, what it is called, and of whom it came.

    After treatment time runs from the first dose, and one protocol is split by the factors at the start.
    """

    time: str
    flag: str
    noun: str
    came: str
    is_after_treatment: bool = True


PROGRESSION = Event("time_to_progression_d", "progressed", "progression", "progressed")


@dataclass(frozen=True)
class Group:
    """Patients followed together: `time_d` and `has_event`, both (n,), and in how many it could be seen."""

    words: str
    colour: str
    time_d: NDArray[np.float64]
    has_event: NDArray[np.bool_]
    n_seen: int


def applies(trial: Trial) -> bool:
    """Return whether there are patients to compare."""
    return is_seen(trial, PROGRESSION)


def figure(trial: Trial) -> Figure:
    """Draw the curves above the numbers at risk."""
    return curves(trial, PROGRESSION)


def seen(trial: Trial) -> str:
    """Return each group's median and, for two groups, the log-rank p."""
    return medians(trial, PROGRESSION)


def is_seen(trial: Trial, event: Event) -> bool:
    """Return whether an event could come to any of several patients."""
    return not trial.is_single and (trial.is_observed(event.flag) or trial.is_observed(event.time))


def curves(trial: Trial, event: Event) -> Figure:
    """Draw how many are free of an event, above the numbers at risk."""
    found = groups(trial, event)
    height = 0.2 + 0.19 * len(found)
    fig = style.new_figure(3.5 + height)
    ax, table = fig.subplots(2, 1, sharex=True, height_ratios=[2.8, height])
    for group in found:
        draws.shade(ax, _band(trial, group, event), group.colour, "post")
        _draw(ax, trial, group)
    for name in trial.protocols:
        free = [one.times(-100.0).plus(100.0) for one in published.course(trial.run, event.flag, name)]
        colour = trial.looks[name].colour if len(trial.protocols) > 1 else style.INK
        published.draw_course(ax, free, trial.clock.at, colour)
    style.dress(ax, "", f"free of {event.noun} (%)")
    ax.set_ylim(0, 102)
    ax.tick_params(labelbottom=True)
    ax.set_xlim(0, 1.02 * trial.end_d / trial.clock.days)
    trial.clock.mark(ax.xaxis, trial.end_d)
    _write_at_risk(table, trial, found)
    since = trial.clock.label_from_dose if event.is_after_treatment else trial.clock.label_from_visit
    table.set_xlabel(since, fontsize=style.FONT_PT, color=style.INK)
    style.legend_below(fig, [style.line_key(group.words, group.colour) for group in found] + draws.keys(trial.run))
    return fig


def medians(trial: Trial, event: Event) -> str:
    """Return each group's median time to an event and, for two groups, the log-rank p."""
    found = groups(trial, event)
    text = "; ".join(_told(trial, group, event) for group in found)
    p = compared(found)
    return wording.sentence(text + (f"; log-rank p = {wording.number(p, 2)}" if math.isfinite(p) else ""))


def groups(trial: Trial, event: Event = PROGRESSION) -> list[Group]:
    """Return the patients by protocol or, where there is one protocol, by the factors they have at the start."""
    return _groups(trial, {name: trial.outcomes(name) for name in trial.protocols}, event)


def _groups(trial: Trial, outcomes: Mapping[str, pd.DataFrame], event: Event = PROGRESSION) -> list[Group]:
    """Return the groups of patients with these end points by protocol."""
    parts = (_parts if event.is_after_treatment else _protocols)(trial, outcomes)
    return [_group(rows, words, colour, event) for rows, words, colour in parts if len(rows)]


def _parts(trial: Trial, outcomes: Mapping[str, pd.DataFrame]) -> list[tuple[pd.DataFrame, str, str]]:
    """Return the end points of each group, its words and its colour."""
    if len(outcomes) > 1:
        return _protocols(trial, outcomes)
    (rows,) = outcomes.values()
    if "surface_igm_MFI" in rows:
        cut = trial.rule("surface_igm_cut_mfi")
        is_high = (rows["surface_igm_MFI"] > cut).to_numpy()
        words = (f"surface IgM above {cut:g} MFI", f"surface IgM up to {cut:g} MFI")
        names = zip(words, (style.VERMILION, style.BLUE), (is_high, ~is_high), strict=True)
        return [(rows.loc[chosen], words, colour) for words, colour, chosen in names]
    if rows["baseline_albumin_g_per_L"].isna().any():
        return _protocols(trial, outcomes)
    n_factors = (rows[f"baseline_{IGM}"] > CUT_G_PER_L).to_numpy().astype(int)
    n_factors += (rows["baseline_albumin_g_per_L"] < ALBUMIN_G_PER_L).to_numpy()
    looks = zip(FACTORS, (style.BLUE, style.ORANGE, style.VERMILION), strict=True)
    return [(rows.loc[n_factors == n], words, colour) for n, (words, colour) in enumerate(looks)]


def _protocols(trial: Trial, outcomes: Mapping[str, pd.DataFrame]) -> list[tuple[pd.DataFrame, str, str]]:
    return [(rows, label(name), trial.looks[name].colour) for name, rows in outcomes.items()]


def compared(found: list[Group]) -> float:
    """Return the p of the log-rank test between two groups, NaN for any other number of them."""
    if len(found) != 2:
        return math.nan
    a, b = found
    return log_rank(a.time_d, a.has_event.tolist(), b.time_d, b.has_event.tolist())


def _band(trial: Trial, group: Group, event: Event = PROGRESSION) -> draws.Band | None:
    """Return between which ends the curves of the same group under draws lie, in the clock's unit."""
    each = [_groups(trial, outcomes, event) for outcomes in trial.outcomes_of_draws()]
    own = [kaplan_meier(one.time_d, one.has_event) for found in each for one in found if one.words == group.words]
    if not own:
        return None
    t_d = np.unique(np.concatenate([*(one.time for one in own), [trial.end_d]]))
    shares = [100 * one.share[np.searchsorted(one.time, t_d, side="right") - 1] for one in own]
    return draws.Band(trial.clock.of(t_d), *middle(shares, axis=0))


def _group(rows: pd.DataFrame, words: str, colour: str, event: Event) -> Group:
    time_d = rows[event.time].fillna(rows["follow_up_d"]).to_numpy(dtype=float)
    n_seen = int(rows.get(event.flag, rows["follow_up_d"]).count())
    return Group(words, colour, time_d, rows[event.time].notna().to_numpy(), n_seen)


def _draw(ax: Axes, trial: Trial, group: Group) -> None:
    found, last = kaplan_meier(group.time_d, group.has_event), group.time_d.max()
    x = trial.clock.of(np.append(found.time, max(last, found.time[-1])))
    share, lo, hi = (100 * np.append(side, side[-1]) for side in (found.share, found.lo, found.hi))
    ax.step(x, share, where="post", color=group.colour, linewidth=1.6, label=group.words)
    ax.fill_between(x, lo, hi, step="post", color=group.colour, alpha=0.14, linewidth=0)
    seen_last = np.unique(group.time_d[~group.has_event])
    height = 100 * found.share[np.searchsorted(found.time, seen_last, side="right") - 1]
    ax.plot(trial.clock.of(seen_last), height, "|", color=group.colour, markersize=5, markeredgewidth=1)


def _write_at_risk(ax: Axes, trial: Trial, found: list[Group]) -> None:
    ticks = trial.clock.ticks(trial.end_d)
    ax.set_ylim(len(found) - 0.4, -0.6)
    last_visit_d = trial.end_points["follow_up_d"].max()  # the last tick may lie a little beyond it
    moments = np.minimum(ticks * trial.clock.days, last_visit_d)
    for row, group in enumerate(found):
        for x, n in zip(ticks, at_risk(group.time_d, moments), strict=True):
            text = ax.text(x, row, f"{n}", ha="center", va="center", fontsize=style.SMALL_PT, color=group.colour)
            text.set_in_layout(False)
    names = [textwrap.shorten(group.words, 26, placeholder="…") for group in found]
    ax.set_yticks(range(len(found)), names, fontsize=style.SMALL_PT, color=style.INK)
    ax.set_title("at risk", fontsize=style.SMALL_PT, color=style.INK, loc="left", y=1.0)
    ax.spines[:].set_visible(False)
    ax.tick_params(bottom=False, left=False, labelbottom=False, pad=14)


def _told(trial: Trial, group: Group, event: Event) -> str:
    if not group.n_seen:
        return f"{group.words}: {event.noun} {NOT_OBSERVED}, follow-up is too short"
    median = kaplan_meier(group.time_d, group.has_event).median
    reached = trial.clock.words(median) if math.isfinite(median) else "not reached"
    n = int(group.has_event.sum())
    return f"{group.words}: {n} of {group.n_seen} {event.came}, median time to {event.noun} {reached}"
