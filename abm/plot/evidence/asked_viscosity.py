"""Answers how viscosity of serum goes with IgM, and what a smaller fall of IgM does to it."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.evidence.patients import are_there, judged, patients
from abm.plot.page import style, wording

ORDER = 6
TITLE = "Serum viscosity by IgM"
CAPTION = (
    "Each dot is a patient before treatment; patients differ in how steeply viscosity rises with IgM. The scale ends "
    "at 1,000 cP; triangles at its end are patients above it."
)
IGM, VISCOSITY = "single.baseline_igm_g_per_L", "single.baseline_viscosity_cP"
THICK_CP = 4.0  # assumed: below it hyperviscosity gives no symptoms
MOST_CP = 1000.0  # design: one patient of 1e20 cP would flatten all others


def applies(found: Found) -> bool:
    """Return whether there are patients."""
    return are_there(found)


def figure(found: Found) -> Figure:
    """Draw viscosity over IgM."""
    table = patients(found)
    beyond = table[VISCOSITY] > MOST_CP
    fig = style.new_figure(3.2)
    ax = fig.subplots()
    for rows, marker in ((table.loc[~beyond], "o"), (table.loc[beyond], "^")):
        ax.plot(rows[IGM], rows[VISCOSITY].clip(upper=MOST_CP), marker, color=style.BLUE, markersize=3.5, alpha=0.7)
    ax.axhline(THICK_CP, color=style.GREY, linewidth=0.9, linestyle=style.DASH)
    style.dress(ax, "IgM at the start (g/L)", "serum viscosity (cP)")
    style.log_axis(ax.yaxis)
    style.legend_below(fig, [style.line_key("no symptoms below", style.GREY, "", style.DASH)])
    return fig


def seen(found: Found) -> str:
    """Return how many have thick serum, and what a fall of IgM does to the excess over normal."""
    share = float(np.mean(patients(found)[VISCOSITY] > THICK_CP))
    return wording.sentence(f"{wording.percent(share)} begin above {THICK_CP:g} cP. {judged(found, 'P8')}".strip())
