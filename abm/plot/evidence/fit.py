"""Answers which parameter values the evidence allows, and which of them go together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from abm.plot.page import style, wording
from abm.plot.page.html import Drawn, Section, render_page
from abm.results.study import StudyFolder

CORNER = "Posterior"
CORNER_CAPTION = (
    "Diagonal: weighted histogram over the whole range that was allowed. Below: particles, size by weight. Axes run "
    "over the range of each parameter, logarithmic ones over its logarithm."
)
TRACE = "Misfit of the points tried"
TRACE_CAPTION = "Sum of squared distances in published standard deviations; the line is the best so far."
N_BINS = 12
Found = Mapping[str, Any]


def corner(found: Found) -> Figure:
    """Draw every pair of parameters of the posterior."""
    shares, weights = found["shares"], np.array(found["weights"])
    paths = list(shares)
    fig = style.new_figure(1.1 + 0.9 * len(paths))
    axes = fig.subplots(len(paths), len(paths), squeeze=False)
    for (row, column), ax in np.ndenumerate(axes):
        if column > row:
            ax.remove()
            continue
        if row == column:
            ax.hist(shares[paths[row]], bins=N_BINS, range=(0, 1), weights=weights, color=style.BLUE)
        else:
            size = 40 * np.sqrt(weights / weights.max())
            ax.scatter(shares[paths[column]], shares[paths[row]], s=size, color=style.BLUE, alpha=0.35, linewidth=0)
            ax.set_ylim(0, 1)
        ax.set_xlim(0, 1)
        _ends(ax, found, paths, row, column)
    return fig


def trace(found: Found) -> Figure:
    """Draw the misfit of the points tried."""
    fig = style.new_figure(2.6)
    ax = fig.subplots()
    values = np.array(found["trials"])
    x = np.arange(1, values.size + 1)
    ax.plot(x, values, ".", color=style.SKY, markersize=5)
    ax.plot(x, np.minimum.accumulate(values), color=style.BLUE, linewidth=1.4)
    style.log_axis(ax.yaxis)
    style.dress(ax, "point tried", "misfit")
    return fig


def write_fit_report(folder: StudyFolder) -> Path:
    """Write the figures and ``report.html`` from ``fit.json`` and return the report's path.

    Raises
    ------
    ReadError
        There is no fit.
    WriteError
        The folder cannot be written to.
    """
    found = folder.read_json("fit.json")
    drawn = []
    if found["trials"]:
        seen = f"The best of {len(found['trials'])} points has a misfit of {wording.number(found['misfit'])}."
        drawn.append(_drawn(folder, "misfit", TRACE, TRACE_CAPTION, trace(found), seen))
    if found["weights"]:
        n, effective = len(found["weights"]), 1.0 / sum(weight**2 for weight in found["weights"])
        last = wording.number(found["epsilons"][-1])
        seen = (
            f"{n} particles worth {effective:.0f} independent ones; last accepted distance {last} standard deviations."
        )
        drawn.append(_drawn(folder, "posterior", CORNER, CORNER_CAPTION, corner(found), seen))
    told = [f"Calibrated on {wording.listing(found['claims'])}; seed {found['seed']}."]
    if any(row["median"] is not None and row["lo"] is None for row in found["estimates"]):
        told.append("Too few independent particles for 95 % intervals: a larger population gives them.")
    header = ("Parameter", "Allowed range", "Best point", "Median (95 %)", "Unit")
    sections = [
        Section("What was calibrated", told, header, [_row(row) for row in found["estimates"]]),
        Section("Figures", figures=drawn),
        Section("Parameter set", code=(folder.path / "parameters.yaml").read_text(encoding="utf-8")),
    ]
    folder.write_text("report.html", render_page(found["title"] or found["name"], found["question"], sections))
    return folder.path / "report.html"


def _ends(ax: Any, found: Found, paths: list[str], row: int, column: int) -> None:
    """Write the ends of the ranges on the outer axes, and mark the best point."""
    own = {e["path"]: e for e in found["estimates"]}
    last = row == len(paths) - 1
    across, up = own[paths[column]], own[paths[row]]
    ax.set_xticks([0, 1], [wording.number(across[k], 2) for k in ("lo_prior", "hi_prior")] if last else ["", ""])
    shows_up = column == 0 and row > 0
    ax.set_yticks(
        [0, 1] if row != column else [],
        [wording.number(up[k], 2) for k in ("lo_prior", "hi_prior")] if shows_up else [],
    )
    ax.tick_params(labelsize=6, color=style.GREY)
    ax.set_xlabel(_short(paths[column]) if last else "", fontsize=6.5)
    ax.set_ylabel(_short(paths[row]) if column == 0 else "", fontsize=6.5)


def _short(path: str) -> str:
    return "\n".join(path.split(".")[-2:]).replace("_per_", "/").replace("_", " ")


def _row(row: Found) -> list[str]:
    spread = wording.number(row["median"])
    if row["lo"] is not None:
        spread += f" ({wording.number(row['lo'])}–{wording.number(row['hi'])})"
    allowed = f"{wording.number(row['lo_prior'])}–{wording.number(row['hi_prior'])}"
    return [row["path"], allowed, wording.number(row["point"]), spread, row["unit"]]


def _drawn(folder: StudyFolder, name: str, title: str, caption: str, fig: Figure, seen: str) -> Drawn:
    content = style.png(fig, title)
    folder.write_figure(f"{name}.png", content)
    return Drawn(name, title, seen, caption, content)
