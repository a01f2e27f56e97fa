"""Answers which hypotheses the evidence needs, and which experiment would tell them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from abm.plot.page import style, wording
from abm.plot.page.html import Drawn, Section, render_page
from abm.results.study import StudyFolder

BARS = "Posterior probability of every combination"
BARS_CAPTION = (
    "From the acceptance rates with Jeffreys’ prior, equal weights before; lines: 95 % interval. "
    " Filled squares: hypothesis on."
)
PANEL = "Which experiment decides"
PANEL_CAPTION = (
    "Dots: mean survival (fraction of control) that each accepted combination predicts for an experiment of the "
    "control panel, size by posterior probability. The experiments are ordered by the expected difference between two "
    "combinations drawn from the posterior."
)
Found = Mapping[str, Any]


def bars(found: Found) -> Figure:
    """Draw the probabilities over a grid of what is on."""
    rows = sorted(found["combinations"], key=lambda c: (-c["n_accepted"], len(c["on"])))
    x = np.arange(len(rows))
    fig = style.new_figure(4.2)
    top, grid = fig.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
    share = np.array([row["probability"] or 0.0 for row in rows])
    top.bar(x, share, color=style.BLUE, width=0.7)
    top.vlines(x, [row["lo"] for row in rows], [row["hi"] for row in rows], color=style.INK, linewidth=1.1)
    style.dress(top, "", "posterior probability")
    words = _words(found)
    for y, name in enumerate(words):
        on = np.array([name in row["on"] for row in rows])
        grid.plot(x[on], np.full(on.sum(), y), "s", color=style.INK, markersize=7)
        grid.plot(x[~on], np.full((~on).sum(), y), "s", color=style.FAINT, markersize=7)
    style.dress(grid, "combination of hypotheses")
    grid.grid(visible=False)
    grid.set_yticks(range(len(words)), list(words.values()))
    grid.set_xticks([])
    grid.set_ylim(len(words) - 0.5, -0.5)
    return fig


def panel(found: Found) -> Figure:
    """Draw what the combinations predict for each experiment."""
    rows = found["experiments"][::-1]
    weight = {named(c["on"]): c["probability"] or 0.0 for c in found["combinations"]}
    fig = style.new_figure(0.9 + 0.3 * len(rows))
    ax = fig.subplots()
    for y, row in enumerate(rows):
        values = row["by_combination"]
        ax.hlines(y, min(values.values()), max(values.values()), color=style.FAINT, linewidth=3)
        for name, value in values.items():
            ax.plot(value, y, "o", color=style.BLUE, alpha=0.7, markersize=3 + 12 * np.sqrt(weight.get(name, 0.0)))
    labels = [f"{r['arm'].replace('_', ' ')}  ({wording.decimal(r['expected_difference'], 3)})" for r in rows]
    style.dress(ax, "survival predicted (fraction of control); in brackets the expected difference")
    ax.set_yticks(range(len(rows)), labels)
    ax.grid(visible=False)
    return fig


def named(on: Sequence[str]) -> str:
    """Return what a combination is called in the data."""
    return " + ".join(on) or "none"


def in_words(found: Found, on: Sequence[str]) -> str:
    """Return what a combination is called in figures."""
    return " + ".join(_words(found)[name] for name in on) or "none"


def write_comparison_report(folder: StudyFolder) -> Path:
    """Write both figures and ``report.html`` from ``comparison.json`` and return the report's path.

    Raises
    ------
    ReadError
        There is no comparison.
    WriteError
        The folder cannot be written to.
    """
    found = folder.read_json("comparison.json")
    drawn = [_drawn(folder, "hypotheses", BARS, BARS_CAPTION, bars(found), _best(found))]
    if found["experiments"]:
        drawn.append(_drawn(folder, "experiments", PANEL, PANEL_CAPTION, panel(found), _decides(found)))
    claims = found["claims"]
    rows = [
        [
            in_words(found, c["on"]),
            f"{c['n_accepted']} of {c['n_draws']}",
            _share(c),
            *(wording.number(c["means"][i]) for i in claims),
        ]
        for c in sorted(found["combinations"], key=lambda c: -c["n_accepted"])
    ]
    said = [
        f"Strengths were drawn {found['n_draws']} times from their ranges for each combination, everything else at the "
        f"calibrated point; a draw is accepted when {wording.listing(claims)} hold.",
        wording.sentence("Probability that a hypothesis is on: " + wording.listing(_marginal(found))),
    ]
    header = ["Hypotheses on", "Accepted", "Probability (95 %)", *(f"{name}, mean (%)" for name in claims)]
    sections = [
        Section("What was compared", said),
        Section("Figures", figures=drawn),
        Section("Combinations", header=header, rows=rows, caption="Means of the claims are over all draws."),
    ]
    folder.write_text("report.html", render_page(found["title"] or found["name"], found["question"], sections))
    return folder.path / "report.html"


def _drawn(folder: StudyFolder, name: str, title: str, caption: str, fig: Figure, seen: str) -> Drawn:
    content = style.png(fig, title)
    folder.write_figure(f"{name}.png", content)
    return Drawn(name, title, seen, caption, content)


def _share(c: Found) -> str:
    return f"{wording.decimal(c['probability'] or 0.0)} ({wording.decimal(c['lo'])}–{wording.decimal(c['hi'])})"


def _marginal(found: Found) -> list[str]:
    words = _words(found)
    return [f"{words[name]} {wording.decimal(share)}" for name, share in found["hypotheses"].items()]


def _words(found: Found) -> dict[str, str]:
    """Return what figures call each hypothesis; a comparison made before it said so shows its names."""
    return found.get("words") or {name: name for name in found["hypotheses"]}


def _best(found: Found) -> str:
    best = sorted(found["combinations"], key=lambda c: -c["n_accepted"])[:3]
    parts = [f"{in_words(found, c['on'])} ({_share(c)})" for c in best if c["n_accepted"]]
    return wording.sentence(f"Most probable: {wording.listing(parts)}" if parts else "No combination was accepted")


def _decides(found: Found) -> str:
    first = found["experiments"][0]
    return wording.sentence(
        f"The combinations differ most on {first['arm'].replace('_', ' ')}: by "
        f"{wording.percent(first['expected_difference'])} of survival on average"
    )
