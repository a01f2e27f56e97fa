"""Answers how far donors differ in survival, and whether the same donors stand out in every arm."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from abm.plot import arms
from abm.plot.page import style, wording
from abm.results.run import Run

ORDER = 12
TITLE = "Survival by donor"
CAPTION = (
    "A row for each donor, numbered as in donors.csv, from the least to the most survival over all arms: survival in "
    "every arm, over that donor’s own control, or over the start where the arm has none."
)
MOST_NAMED = 40
ROW_IN = 0.19


def applies(run: Run) -> bool:
    """Return whether the wells are those of several donors."""
    return run.has("donors.csv") and len(by_donor(run)) > 1


def figure(run: Run) -> Figure:
    """Draw a row per donor, survival along the x axis."""
    table, look = by_donor(run), arms.looks(run)
    fig = style.new_figure(1.3 + ROW_IN * min(len(table), MOST_NAMED))
    ax = fig.subplots()
    for row, (_, own) in enumerate(table.iterrows()):
        ax.plot([100 * own.min(), 100 * own.max()], [row, row], color=style.FAINT, linewidth=2.5, zorder=1)
    for name in table:
        ax.plot(100 * table[name], range(len(table)), look[name].marker, color=look[name].colour, markersize=5.5)
    style.dress(ax, f"B cells surviving (% of {arms.share_of(run, list(table))})", "donor (number)")
    ax.set_xlim(left=0)
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_yticks(range(len(table)), map(str, table.index)) if len(table) <= MOST_NAMED else ax.set_yticks([])
    style.legend_below(fig, [style.line_key(own.label, own.colour, own.marker, "") for own in look.values()])
    return fig


def seen(run: Run) -> str:
    """Return between which ends donors lie in every arm."""
    table = by_donor(run)
    parts = [f"{arms.quoted(name)} from {ends(own)}" for name, own in table.items()][:4]
    return wording.sentence(f"survival of {len(table)} donors goes in {wording.listing(parts)}")


def ends(survival: pd.Series) -> str:
    """Return "12.0 to 45.1 %"."""
    return f"{wording.percent(survival.min()).removesuffix(' %')} to {wording.percent(survival.max())}"


def by_donor(run: Run) -> pd.DataFrame:
    """Return the survival of every donor, the index, in every arm, a column; those who survive least first."""
    table = pd.DataFrame({name: arms.survival(run, name) for name in arms.treated(run)}).dropna()
    return table.loc[table.mean(axis=1).sort_values(kind="stable").index]
