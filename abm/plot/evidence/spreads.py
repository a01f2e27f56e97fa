"""Answers what makes predictions uncertain: parameters, luck, emulators, or what laboratories see otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.page import style, wording
from abm.plot.page.html import Table

ORDER = 36
TITLE = "Parameters and luck apart"
CAPTION = (
    "Shares of the variance of what another laboratory would publish, on the scale of each claim's likelihood; right: "
    "its standard deviation there. Parameters: the model over the posterior; more papers would narrow it. Luck: an "
    "experiment as large as the published one about its true value; more patients or wells would. Emulator: the model "
    "about its emulator; more runs would. Discrepancy: what a laboratory sees otherwise than the model, for all its "
    "claims alike."
)
PARTS = {"parameters": style.BLUE, "luck": style.ORANGE, "emulator": style.GREEN, "discrepancy": style.GREY}
SCALES = {"log": "natural log", "logit": "logit", "fisher": "Fisher's z"}
HEADER = ("Claim", "Scale", "Standard deviation", *(f"{name.capitalize()} %" for name in PARTS), "One run by its seeds")
OF_THE_TABLE = (
    "Standard deviations on the scale; the last that of one run of the model as it is simulated here, which the "
    "emulators average out and which is no part of the others."
)


def applies(found: Found) -> bool:
    """Return whether the spread of predictions was split."""
    return bool(found.get("spreads"))


def figure(found: Found) -> Figure:
    """Draw a bar for each claim."""
    rows = list(reversed(found["spreads"]))
    fig = style.new_figure(1.2 + 0.27 * len(rows))
    ax = fig.subplots()
    left = np.zeros(len(rows))
    for part, colour in PARTS.items():
        width = np.array([100.0 * one[part] / _total(one) for one in rows])
        ax.barh(range(len(rows)), width, left=left, color=colour, height=0.7)
        left += width
    style.dress(ax, "share of the predictive variance (%)")
    ax.set_xlim(0, 100)
    ax.set_yticks(
        range(len(rows)), [f"{one['id']}  {one['paper']}" if one["paper"] != one["id"] else one["id"] for one in rows]
    )
    ax.grid(visible=False)
    right = ax.secondary_yaxis("right")
    right.set_yticks(range(len(rows)), [f"{wording.number(_total(one) ** 0.5, 2)} {scale(one)}" for one in rows])
    right.tick_params(labelsize=style.SMALL_PT, length=0, labelcolor=style.INK)
    right.spines["right"].set_visible(False)
    style.legend_below(fig, [style.area_key(part, colour) for part, colour in PARTS.items()])
    return fig


def seen(found: Found) -> str:
    """Return where each part is the largest."""
    of: dict[str, list[str]] = {}
    for one in found["spreads"]:
        of.setdefault(max(PARTS, key=lambda part, one=one: one[part]), []).append(one["id"])
    parts = [f"{part} for {wording.listing(of[part])}" for part in PARTS if part in of]
    return wording.sentence(f"The largest part of what is uncertain is {'; '.join(parts)}")


def table(found: Found) -> Table:
    """Return the shares of every claim."""
    return Table([_row(one) for one in found["spreads"]], HEADER, OF_THE_TABLE)


def scale(one: Mapping[str, Any]) -> str:
    """Return the scale of a claim: that of its link, or its unit where it has none."""
    return SCALES.get(one["scale"], one["unit"])


def _row(one: Mapping[str, Any]) -> list[str]:
    shares = [f"{100 * one[part] / _total(one):.0f}" for part in PARTS]
    return [one["id"], scale(one), wording.number(_total(one) ** 0.5), *shares, wording.number(one["seeds"] ** 0.5)]


def _total(one: Mapping[str, Any]) -> float:
    return sum(one[part] for part in PARTS)
