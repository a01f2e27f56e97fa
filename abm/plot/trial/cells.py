"""Answers what the cells behind IgM do: the clone and its niche, plasma cells, effectors, CD20 and IL-6."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot import draws
from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.page.panel import DASHED, SOLID, Panel
from abm.plot.trial import curves
from abm.plot.trial.trial import Trial

ORDER = 110
TITLE = "Cells, CD20 and IL-6"
CAPTION = (
    "Median over patients (or the one patient). CD20 per cell is relative to the start; effectors are the reserve that "
    "killing uses up; IL-6 is relative to its highest possible level. Axes of widely spread numbers are logarithmic."
)
CELLS = 1e11
CLONE = Panel("n_clone", "Clone")
PLASMA = Panel("n_plasma", "Plasma cells", dash=DASHED)
LASTING = Panel("n_long_lived", "long-lived plasma cells", dash=DASHED)
IL6 = Panel("il6", "IL-6")
COUNTS = (CLONE, Panel("n_niche", "Clone in the niche"), PLASMA)
LEVELS = (Panel("effectors", "Effectors"), Panel("rel_cd20", "CD20 per cell"), IL6)
PANELS = (*COUNTS, *LEVELS)


def applies(trial: Trial) -> bool:
    """Return whether the trial counted cells."""
    return not trial.has("n_c481s") and any(trial.has(panel.column) for panel in PANELS)


def figure(trial: Trial) -> Figure:
    """Draw small multiples."""
    shown = [panel for panel in PANELS if trial.has(panel.column)]
    fig = style.new_figure(0.9 + 1.75 * -(-len(shown) // 3))
    axes = style.panels(fig, len(shown), 3, share=False)
    for ax, panel in zip(axes, shown, strict=True):
        _draw(ax, trial, panel)
    keys = curves.keys(trial, has_band=False)
    if trial.has("n_plasma", "n_long_lived"):
        keys.append(LASTING.line_key())
    style.legend_below(fig, keys)
    return fig


def seen(trial: Trial) -> str:
    """Return the lowest clone, the lowest CD20 and the highest IL-6 of the first protocol."""
    first, kind = trial.protocols[0], "" if trial.is_single else "median "
    parts = []
    if trial.has("n_clone"):
        clone = medians(trial, first, "n_clone") / CELLS
        ends = [f"{wording.number(value)} × 10¹¹" for value in (clone.iloc[0], clone.min())]
        when = trial.clock.words(clone.idxmin())
        parts.append(f"the {kind}clone starts at {ends[0]} cells and is smallest, {ends[1]}, at {when}")
    for panel in LEVELS:
        if trial.has(panel.column):
            curve = medians(trial, first, panel.column)
            extreme, value = ("at most", curve.max()) if panel == IL6 else ("at least", curve.min())
            name = panel.title if panel.title.isupper() or panel.title[:2].isupper() else panel.title.lower()
            parts.append(f"{name} {extreme} {wording.number(value, 2)}")
    return wording.sentence(f"in {quoted(first)}, {', '.join(parts)}" if len(trial.protocols) > 1 else ", ".join(parts))


def medians(trial: Trial, protocol: str, column: str) -> pd.Series:
    """Return the median over patients by day."""
    return trial.table(protocol, column).median(axis=1).dropna()


def _draw(ax: Axes, trial: Trial, panel: Panel) -> None:
    said, shown = trial.run.measures().of(panel.column), []
    for one, dash in ((panel, SOLID), *([(LASTING, LASTING.dash)] if panel == PLASMA else [])):
        for name in trial.protocols if trial.has(one.column) else ():
            curve = medians(trial, name, one.column) * said.factor
            ax.plot(trial.clock.of(curve.index), curve, color=trial.looks[name].colour, linewidth=1.4, linestyle=dash)
            shown.append(curve)
            if over := trial.band(name, one.column):
                draws.shade(ax, over.times(said.factor)._replace(x=trial.clock.of(over.x)), trial.looks[name].colour)
                shown.append(pd.Series(said.factor * over.hi))
    found = pd.concat(shown)
    if panel in COUNTS and style.is_wide(found):
        style.log_axis(ax.yaxis)
    else:
        ax.set_ylim(0, max(1.08 * float(found.max()), 1e-6))
    curves.finish(ax, trial, [], said.shown or "number", f"time ({trial.clock.unit})")
    ax.set_title(panel.title, fontsize=style.FONT_PT, color=style.INK, loc="left", y=1.0, fontweight="bold")
