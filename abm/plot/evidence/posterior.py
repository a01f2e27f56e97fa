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
    "Diagonal: how often each value was drawn, over the whole range that was allowed. Below: draws of two parameters. "
    "Axes run over the range of each parameter, on its own scale; strengths of hypotheses begin at none."
)
N_BINS = 20
N_SHOWN = 300  # design: more hide one another
MANY = 6  # design: of more parameters names and ends have no room side by side, and are turned


def applies(found: Found) -> bool:
    """Return whether there is a posterior."""
    return found.kind == "fit"


def figure(found: Found) -> Figure:
    """Draw every pair of parameters of the posterior."""
    shares = found["shares"]
    paths = list(shares)
    fig = style.new_figure(1.1 + min(0.9, 6.5 / len(paths)) * len(paths))
    if len(paths) > MANY:
        fig.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.0, hspace=0.0)
    axes = fig.subplots(len(paths), len(paths), squeeze=False)
    for (row, column), ax in np.ndenumerate(axes):
        if column > row:
            ax.remove()
            continue
        if row == column:
            ax.hist(shares[paths[row]], bins=N_BINS, range=(0, 1), color=style.BLUE)
        else:
            x, y = (shares[paths[k]][:N_SHOWN] for k in (column, row))
            ax.scatter(x, y, s=2, color=style.BLUE, alpha=0.35, linewidth=0)
            ax.set_ylim(0, 1)
        ax.set_xlim(0, 1)
        _ends(ax, found, paths, row, column)
    return fig


def seen(found: Found) -> str:
    """Return how many draws there are, and whether the model itself agrees with them."""
    k_hat = "unknown" if found["k_hat"] is None else wording.number(found["k_hat"])
    agrees = f"the model itself {'agrees' if found['is_good'] else 'does not yet agree'} with them"
    text = f"{len(found['weights'])} draws of a sample worth {found['n_effective']:.0f}; {agrees}"
    return wording.sentence(
        f"{text} (shape of the tail of their weights, k-hat: {k_hat}; the fewer draws, the lower it must be)"
    )


def _ends(ax: Any, found: Found, paths: list[str], row: int, column: int) -> None:
    """Write the names and the ends of the ranges on the outer axes."""
    own = {e["path"]: [wording.number(e[end], 2) for end in ("lo_prior", "hi_prior")] for e in found["estimates"]}
    is_many, is_last = len(paths) > MANY, row == len(paths) - 1
    turned = {"rotation": 90} if is_many else {}
    ax.set_xticks([0, 1], own[paths[column]] if is_last else ["", ""], **turned)
    shows_up = column == 0 and row > 0
    ax.set_yticks([0, 1] if row != column else [], own[paths[row]] if shows_up else [])
    ax.tick_params(labelsize=6, color=style.GREY, length=1.5 if is_many else 3.5)
    ax.set_xlabel(_short(paths[column]) if is_last else "", fontsize=6.5, **turned)
    flat = {"rotation": 0, "ha": "right", "va": "center"} if is_many else {}
    ax.set_ylabel(_short(paths[row]) if column == 0 else "", fontsize=6.5, **flat)


def _short(path: str) -> str:
    return "\n".join(path.split(".")[-2:]).replace("_per_", "/").replace("_", " ")
