"""Answers with which of the traits that donors differ in their survival goes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from abm.plot import arms
from abm.plot.page import style, wording
from abm.plot.well.donors import by_donor
from abm.results.run import Run
from abm.statistics.correlation import spearman

ORDER = 13
TITLE = "Survival against what donors are"
CAPTION = (
    "A point per donor and arm, against each trait in which donors differ. Traits vary together: a slope is no proof "
    "that the trait makes it. ρ: Spearman’s rank correlation."
)
N_COLS = 2
FEWEST = 5  # design: of four donors any order is likely enough
NOTABLE = 0.5
WIDTH = 40  # design: letters of a label that a panel has room for
ASIDE = 0.6  # design: of the distance between two words, over which arms are set apart


def applies(run: Run) -> bool:
    """Return whether several donors differ in something."""
    return run.has("donors.csv") and len(by_donor(run)) > 1 and bool(len(traits(run).columns))


def figure(run: Run) -> Figure:
    """Draw a panel per trait, a colour per arm."""
    table, known, look = by_donor(run), traits(run), arms.looks(run)
    fig = style.new_figure(0.6 + 2.3 * -(-len(known.columns) // N_COLS))
    for ax, path in zip(style.panels(fig, len(known.columns), N_COLS, share=False), known, strict=True):
        style.dress(ax, _label(run, known[path]), f"survival (% of {arms.share_of(run, list(table))})")
        ax.xaxis.set_major_locator(MaxNLocator(5))
        _draw_trait(ax, run, known[path], table)
        ax.set_ylim(0, max(103, 1.03 * ax.get_ylim()[1]))
    style.legend_below(fig, [style.line_key(own.label, own.colour, own.marker, "") for own in look.values()])
    return fig


def seen(run: Run) -> str:
    """Return with which traits survival goes closely."""
    table = by_donor(run)
    if len(table) < FEWEST:
        return f"{len(table)} donors are too few to tell with what survival goes."
    found = sorted(_correlations(run), key=lambda one: -abs(one[2]))
    told = [
        f"with {path} in {arms.quoted(arm)} (ρ = {wording.decimal(r)})" for path, arm, r in found if abs(r) >= NOTABLE
    ][:3]
    text = f"goes most closely {wording.listing(told)}" if told else "goes closely with none of the numbers"
    return wording.sentence(f"over {len(table)} donors survival {text}")


def traits(run: Run) -> pd.DataFrame:
    """Return what each donor, the index, is: a column per dotted path that differs at all."""
    table = run.donors().set_index("replicate")
    return table[[path for path in table if table[path].nunique() > 1]]


def _correlations(run: Run) -> Iterator[tuple[str, str, float]]:
    table, known = by_donor(run), traits(run)
    for path in known.select_dtypes("number"):
        for arm in table:
            r = spearman(known[path].reindex(table.index), table[arm]) if table[arm].nunique() > 1 else np.nan
            if np.isfinite(r):
                yield path, str(arm), r


def _label(run: Run, trait: pd.Series) -> str:
    """Return a trait in words with its unit."""
    if not pd.api.types.is_numeric_dtype(trait):
        return f"{trait.name} (word)"
    found = run.measures("donors").of(str(trait.name))
    return textwrap.fill(f"{found.words} ({found.shown or 'number'})", WIDTH)


def _draw_trait(ax: Axes, run: Run, trait: pd.Series, table: pd.DataFrame) -> None:
    look, is_words = arms.looks(run), not pd.api.types.is_numeric_dtype(trait)
    words = sorted(trait.astype(str).unique(), reverse=True)
    x = trait.astype(str).map(words.index) if is_words else trait
    apart = np.linspace(-0.5, 0.5, len(table.columns)) * ASIDE if is_words else np.zeros(len(table.columns))
    for (arm, survival), aside in zip(table.items(), apart, strict=True):
        own = look[str(arm)]
        places = x.reindex(table.index) + aside
        ax.plot(places, 100 * survival, own.marker, color=own.colour, markersize=4.5, alpha=0.85)
    if is_words:
        ax.set_xticks(range(len(words)), words)
        ax.set_xlim(-0.7, len(words) - 0.3)
