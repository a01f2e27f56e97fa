"""Answers whether a second course comes too early for patients who still have drug of the first."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.evidence.patients import LOOKS, are_there, patients, thirds
from abm.plot.page import style, wording

ORDER = 4
TITLE = "What a second course adds"
CAPTION = (
    "Share of patients by how many points the second course deepens the lowest IgM, for thirds of drug left from the "
    "first course at 120 d, about when the second begins."
)
LEFT, ONE, TWO = "single.drug_left_120d_frac", "single.best_change_frac", "double.best_change_frac"
NAMES = ("fast users of drug", "middle third", "slow users of drug")


def applies(found: Found) -> bool:
    """Return whether there are patients."""
    return are_there(found)


def figure(found: Found) -> Figure:
    """Draw the gains of each third in order."""
    fig = style.new_figure(3.2)
    ax = fig.subplots()
    for gains, (colour, _) in zip(_gains(found), LOOKS, strict=True):
        ax.step(np.sort(gains), 100 * np.arange(1, gains.size + 1) / gains.size, where="post", color=colour)
    style.dress(ax, "deeper with a second course (points of IgM at the start)", "patients (%)")
    ax.set_ylim(0, 102)
    style.legend_below(fig, [style.line_key(name, colour) for name, (colour, _) in zip(NAMES, LOOKS, strict=True)])
    return fig


def seen(found: Found) -> str:
    """Return the median gain of fast and of slow users."""
    fast, _, slow = (float(np.median(gains)) if gains.size else 0.0 for gains in _gains(found))
    text = f"{'Right' if slow < fast else 'Wrong'}: the second course is too early for slow users, in whom it adds "
    return wording.sentence(
        f"{text}{wording.decimal(slow, 1)} points (median), against {wording.decimal(fast, 1)} in fast users"
    )


def _gains(found: Found) -> list[np.ndarray]:
    """Return by how many points the fall is deeper in each third of drug left."""
    table = patients(found)
    gain = 100 * (table[ONE] - table[TWO])
    return [gain[third].dropna().to_numpy() for third in thirds(table[LEFT])]
