"""Answers whether ibrutinib inhibits less where the signal is strong, and who of these progresses."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot import style, wording
from abm.plot.patient.trial import Trial

ORDER = 66
TITLE = "Inhibition against signal"
CAPTION = (
    "One point per patient: how far ibrutinib inhibits signalling through surface IgM at the first look on the drug, "
    "against calcium mobilisation before it. Of more than one protocol the first."
)
GROUPS = ((False, "did not progress", style.BLUE), (True, "progressed", style.VERMILION))
X, Y = "calcium_percent", "inhibition_frac"


def applies(trial: Trial) -> bool:
    """Return whether there are patients to compare."""
    return trial.n_patients > 2 and X in trial.end_points and Y in trial.end_points


def figure(trial: Trial) -> Figure:
    """Draw a point per patient, those who progressed filled."""
    fig = style.new_figure(3.4)
    ax = fig.subplots()
    rows = trial.outcomes(trial.protocols[0])
    for has_progressed, _, colour in GROUPS:
        own = rows.loc[(rows["progressed"] > 0) == has_progressed]
        ax.scatter(own[X], 100 * own[Y], s=24, color=colour, alpha=0.8, linewidths=0)
    style.dress(ax, "calcium mobilisation before treatment (%)", "inhibition on ibrutinib (%)")
    style.legend_below(fig, [style.line_key(words, colour, "o", "") for _, words, colour in GROUPS])
    return fig


def seen(trial: Trial) -> str:
    """Return the correlation."""
    rows = trial.outcomes(trial.protocols[0])
    r = float(np.corrcoef(rows[X], rows[Y])[0, 1]) if rows[Y].std() > 0 else float("nan")
    return wording.sentence(f"correlation r = {wording.decimal(r, 2)} over {len(rows)} patients")
