"""Answers which parameter values the evidence allows, and which of them go together."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

ORDER = 20
TITLE = "Posterior"
CAPTION = (
    "Diagonal: weighted histogram over the whole range that was allowed. Below: particles, size by weight. Axes run "
    "over the range of each parameter, logarithmic ones over its logarithm."
)
N_BINS = 12


def applies(found: Found) -> bool:
    """Return whether there is a posterior."""
    return found.kind == "fit" and bool(found["weights"])


def figure(found: Found) -> Figure:
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


def seen(found: Found) -> str:
    """Return how many particles there are, and how closely they agree with what was published."""
    effective = 1.0 / sum(weight**2 for weight in found["weights"])
    last = wording.number(found["epsilons"][-1])
    return (
        f"{len(found['weights'])} particles worth {effective:.0f} independent ones; "
        f"last accepted distance {last} standard deviations."
    )


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
