"""Answers whether complement runs out, and how much C3b it leaves on the cells."""

from __future__ import annotations

from matplotlib.figure import Figure

from abm.plot import arms
from abm.plot.page import style, wording
from abm.plot.page.panel import DASH_DOT, DASHED, DOTTED, Panel
from abm.plot.well import timecourse
from abm.results.run import Run

ORDER = 60
TITLE = "Complement over time"
CAPTION = (
    "Complement components left in the well, relative to what was supplied (used and lost at 37 °C), "
    "and C3b per living B cell, mean over cells. Arms without complement are left out; "
    "where curves coincide, their markers alternate. Dashed: the most C3b that a cell has room for, where the scenario "
    "says so."
)
POOLS = (
    Panel("c1q_frac", "C1q"),
    Panel("c2c4_frac", "C2/C4", dash=DASHED),
    Panel("c3_frac", "C3", dash=DASH_DOT),
    Panel("c5c9_frac", "C5–C9", dash=DOTTED),
)
C3B = Panel("c3b_mean_per_cell", "C3b on living cells")
CEILING = r"processes\.[^.]+\.most_per_cell"
LAYOUT = [["c1q_frac", "c2c4_frac", "c3b"], ["c3_frac", "c5c9_frac", "c3b"]]


def applies(run: Run) -> bool:
    """Return whether any arm has complement."""
    return bool(_names(run))


def figure(run: Run) -> Figure:
    """Draw four pools and, beside them, C3b."""
    names = _names(run)
    fig = style.new_figure(4.2)
    axes = fig.subplot_mosaic(LAYOUT, width_ratios=(1, 1, 1.35))
    for pool in POOLS:
        ax = axes[pool.column]
        timecourse.draw_panel(ax, run, pool, names)
        ax.set_yscale("linear")
        style.dress(ax, timecourse.TIME_LABEL, "left (% of supply)", pool.title)
        ax.set_ylim(0, 103)
    timecourse.draw_panel(axes["c3b"], run, C3B, names)
    most = _most_per_cell(run)
    for c3b in most:
        axes["c3b"].axhline(c3b, color=style.INK, linestyle=style.DASH, linewidth=1.0)
        axes["c3b"].set_ylim(top=max(1.08 * c3b, axes["c3b"].get_ylim()[1]))
    ceiling = [style.line_key("room for C3b on a cell", style.INK, style=style.DASH)] * bool(most)
    style.legend_below(fig, [*timecourse.keys(run, names), *ceiling])
    return fig


def seen(run: Run) -> str:
    """Return the scarcest component at the end and the highest C3b."""
    names = _names(run)
    left = {(name, pool): timecourse.mean_at(run, name, pool.column) for name in names for pool in POOLS}
    arm, pool = min(left, key=lambda key: left[key])
    top = max(names, key=lambda name: timecourse.peak(run, name, C3B.column)[0])
    c3b, t_h = timecourse.peak(run, top, C3B.column)
    laid = f"C3b peaks at {wording.number(c3b)} per living cell at {wording.number(t_h)} h in {arms.quoted(top)}"
    room = "".join(f", of {wording.number(most)} that have room" for most in _most_per_cell(run))
    return wording.sentence(
        f"{pool.title} is scarcest, {wording.percent(left[arm, pool])} left in {arms.quoted(arm)} at the end; "
        f"{laid + room if c3b > 0 else 'no C3b is laid'}"
    )


def _most_per_cell(run: Run) -> list[float]:
    """Return the most C3b that a cell has room for; nothing where the scenario sets no ceiling."""
    table = run.parameters()
    names = table["name"].astype(str)
    return [float(c3b) for c3b in table.loc[names.str.fullmatch(CEILING), "value"]]


def _names(run: Run) -> list[str]:
    return timecourse.having(run, [pool.column for pool in POOLS])
