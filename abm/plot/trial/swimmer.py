"""Answers what happened to each patient and when: follow-up, response, progression."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.trial import responses
from abm.plot.trial.trial import IGM, NOT_OBSERVED, Trial

ORDER = 50
TITLE = "Swimmer plot"
CAPTION = (
    "One bar per patient from the first infusion to progression or, with an arrow, to the last visit; colour: best "
    "response. Marks: the visit of the response, up to progression and not before the last infusion of the first "
    "course, from which responses are dated. Of more than 40 patients the first 40."
)
MOST_PATIENTS = 40
MARKS = {
    "minor_d": ("minor reached", "o", "white"),
    "partial_d": ("partial reached", "D", style.INK),
    "progression_d": ("progression", "X", style.INK),
}
UNERRING = (
    ("progression without the assay’s error", "x", style.INK),
    ("progression by that error alone", "X", "white"),
)
ARROW = ("in follow-up", ">", style.INK)
CROSSES = "bars and marks are what the assay showed, a cross where progression would have been seen without its error"
TRUE = "true_time_to_progression_d"


def applies(trial: Trial) -> bool:
    """Return whether there are patients to compare."""
    return not trial.is_single and trial.has(IGM)


def figure(trial: Trial) -> Figure:
    """Draw a panel per protocol."""
    n = len(trial.protocols)
    lanes = min(MOST_PATIENTS, trial.n_patients)
    fig = style.new_figure(1.2 + (0.6 + 0.125 * lanes) * -(-n // 2))
    axes = style.panels(fig, n, 2, share=False)
    for ax, protocol in zip(axes, trial.protocols, strict=True):
        _draw(ax, trial, courses(trial, protocol))
        style.dress(ax, trial.clock.label_from_dose, "patients" if ax in axes[::2] else "", trial.looks[protocol].label)
        trial.clock.mark(ax.xaxis, trial.end_d)
        ax.set_xlim(0, 1.03 * trial.end_d / trial.clock.days)
        ax.grid(visible=False)
    unerring = UNERRING if TRUE in trial.end_points else ()
    marks = [_key(*mark) for mark in (*MARKS.values(), *unerring, ARROW)]
    style.legend_below(fig, [*responses.keys(trial.end_points["response"]), *marks])
    return fig


def seen(trial: Trial) -> str:
    """Return how many progressed and how many were still followed without."""
    parts = [_told(trial, protocol) for protocol in trial.protocols[:4]]
    return wording.sentence("; ".join(parts + [CROSSES] * (TRUE in trial.end_points)))


def courses(trial: Trial, protocol: str) -> pd.DataFrame:
    """Return when each patient first responded, progressed and was last seen, in days from the start, longest first."""
    rows, end_d = trial.outcomes(protocol), trial.first_course_end_d(protocol)
    length = rows["time_to_progression_d"].fillna(rows["follow_up_d"])
    minor, partial = (rows[f"time_to_{grade}_d"] + end_d for grade in ("minor", "partial"))
    rows = rows.assign(
        minor_d=minor.where(minor <= length),
        partial_d=partial.where(partial <= length),
        progression_d=rows["time_to_progression_d"],
        length_d=length,
    )
    return rows.iloc[:MOST_PATIENTS].sort_values("length_d", ascending=False, kind="stable")


def _draw(ax: Axes, trial: Trial, rows: pd.DataFrame) -> None:
    lane = np.arange(len(rows))
    colours = [responses.grade(name).colour for name in rows["response"]]
    ax.barh(lane, trial.clock.of(rows["length_d"]), height=0.72, color=colours, linewidth=0, alpha=0.75)
    for column, (_, marker, face) in MARKS.items():
        ax.plot(trial.clock.of(rows[column]), lane, marker, color=style.INK, markerfacecolor=face, markersize=3.6,
                markeredgewidth=0.7)  # fmt: skip
    if TRUE in rows:
        shown = (rows[TRUE].where(rows[TRUE] != rows["progression_d"]), rows["progression_d"].where(rows[TRUE].isna()))
        for days, (_, marker, face) in zip(shown, UNERRING, strict=True):
            ax.plot(trial.clock.of(days), lane, marker, color=style.INK, markerfacecolor=face, markersize=3.9,
                    markeredgewidth=0.8)  # fmt: skip
    on = rows["progression_d"].isna().to_numpy()
    ax.plot(trial.clock.of(rows["length_d"])[on], lane[on], ARROW[1], color=style.INK, markersize=3.6)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_yticks([])


def _key(words: str, marker: str, face: str) -> Line2D:
    key = style.line_key(words, style.INK, marker, "")
    key.set_markerfacecolor(face)
    return key


def _told(trial: Trial, protocol: str) -> str:
    rows = courses(trial, protocol)
    n_progressed = int(rows["progression_d"].notna().sum())
    partial = int(rows["partial_d"].notna().sum())
    n_unseen = len(rows) - int(rows.get("progressed", rows["follow_up_d"]).count())
    n_free = len(rows) - n_progressed - n_unseen
    where = f" in {quoted(protocol)}" if len(trial.protocols) > 1 else ""
    unseen = f", in {n_unseen} progression was {NOT_OBSERVED}" if n_unseen else ""
    return (
        f"of the {len(rows)} patients shown {partial} reached a partial response before any progression, "
        f"{n_progressed} progressed and {n_free} had not by their last visit{unseen}{where}"
    )
