"""Answers whether IgM and albumin at the start tell when patients progress."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.evidence.patients import LOOKS, are_there, judged, patients, scored
from abm.plot.page import style, wording
from abm.statistics.survival import hazard_ratio, kaplan_meier

ORDER = 5
TITLE = "IgM and albumin at the start as prognostic factors"
CAPTION = (
    "Kaplan and Meier’s estimate after two courses, by how many of two factors a patient has: IgM above 40 g/L and "
    "albumin below 35 g/L. Open diamonds: published medians (Dimopoulos 2005), the one without factors a lower bound."
)
NAMES = {"P7-none": "neither", "P7-one": "one", "P7-both": "both"}
DAYS_PER_MONTH = 30.4375


def applies(found: Found) -> bool:
    """Return whether there are patients."""
    return are_there(found)


def figure(found: Found) -> Figure:
    """Draw a curve for each number of factors."""
    table = patients(found)
    n_factors = sum(factor.astype(int) for factor in _factors(table).values())
    fig = style.new_figure(3.4)
    ax = fig.subplots()
    for place, ((claim, _), (colour, _)) in enumerate(zip(NAMES.items(), LOOKS, strict=True)):
        time, came = _progression(table[n_factors == place])
        if time.size:
            curve = kaplan_meier(time, came)
            x = np.append(curve.time, max(time.max(), curve.time[-1])) / DAYS_PER_MONTH
            ax.step(x, 100 * np.append(curve.share, curve.share[-1]), where="post", color=colour, linewidth=1.5)
        for score in scored(found, claim):
            ax.plot(score["observed"], 50, "D", markerfacecolor="none", color=colour, markersize=6)
    style.dress(ax, "time from the first dose (months)", "free of progression (%)")
    ax.set_xlim(0, 60)
    ax.set_ylim(0, 102)
    keys = [style.line_key(f"{name} of them", colour) for name, (colour, _) in zip(NAMES.values(), LOOKS, strict=True)]
    style.legend_below(fig, [*keys, style.line_key("published median", style.INK, "D", "")])
    return fig


def seen(found: Found) -> str:
    """Return the hazard ratio of each factor, and which medians came out."""
    table, parts = patients(found), []
    for name, has_it in _factors(table).items():
        ratio, lo, hi = hazard_ratio(*_progression(table[has_it]), *_progression(table[~has_it]))
        if math.isfinite(ratio):
            parts.append(f"{name} {wording.decimal(ratio)} ({wording.decimal(lo)}–{wording.decimal(hi)})")
    told = f"Hazard ratio of progression with {wording.listing(parts)}. " if parts else ""
    return told + judged(found, ("P7-", "P14-"))


def _factors(table: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        "IgM above 40 g/L": table["single.baseline_igm_g_per_L"] > 40.0,
        "albumin below 35 g/L": table["single.baseline_albumin_g_per_L"] < 35.0,
    }


def _progression(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return days to progression or the end of follow-up, and whether it came."""
    came = (table["double.progressed"] > 0.0).to_numpy()
    return np.where(came, table["double.time_to_progression_d"], table["double.follow_up_d"]), came
