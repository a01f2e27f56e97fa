"""Answers how much IgM the cells put into the medium, next to what the serum brings."""

from __future__ import annotations

from matplotlib.figure import Figure

from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.page.panel import Panel
from abm.plot.well import timecourse
from abm.results.run import Run

ORDER = 100
TITLE = "IgM in the medium"
CAPTION = (
    "Left: IgM from the B cells, secreted by the living and released at lysis. "
    "Right, in another unit: IgM that the human serum brought. An assay of total IgM would see the two together."
)
CELLS = Panel("igm_ng_per_mL", "IgM from the cells")
SERUM = Panel("igm_serum_ug_per_mL", "IgM brought by the serum")


def applies(run: Run) -> bool:
    """Return whether the cells make IgM in any arm."""
    return bool(timecourse.having(run, [CELLS.column]))


def figure(run: Run) -> Figure:
    """Draw the cells' own IgM and, on its own panel, the serum's."""
    names, with_serum = timecourse.having(run, [CELLS.column]), timecourse.having(run, [SERUM.column])
    fig = style.new_figure(3.4)
    axes = style.panels(fig, 2 if with_serum else 1, 2, share=False)
    timecourse.draw_panel(axes[0], run, CELLS, names)
    if with_serum:
        timecourse.draw_panel(axes[1], run, SERUM, with_serum)
    style.legend_below(fig, timecourse.keys(run, names))
    return fig


def seen(run: Run) -> str:
    """Return the highest and the lowest of the cells' IgM at the end, and the serum's."""
    ends = {name: timecourse.mean_at(run, name, CELLS.column) for name in timecourse.having(run, [CELLS.column])}
    parts = [f"{wording.number(value)} ng/mL in {quoted(name)}" for name, value in list(ends.items())[:4]]
    text = f"At the end the cells have put out {wording.listing(parts)}"
    serum = [timecourse.mean_at(run, name, SERUM.column) for name in timecourse.having(run, [SERUM.column])]
    brought = f"; the serum brings up to {wording.number(max(serum))} µg/mL" if serum else ""
    return wording.sentence(text + brought)
