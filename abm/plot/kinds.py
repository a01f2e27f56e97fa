"""The kinds of cell of a run, as the run itself names them, and how each is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from abm.plot import arms
from abm.plot.page import style
from abm.results.run import Run


@dataclass(frozen=True)
class Kind:
    """One kind of cell.

    Attributes
    ----------
    population : str
        Its name in tables of cells.
    word, words : str
        One cell and several.
    short : str
        In the names of totals, ``n_<short>``.
    rel_size : float
        Diameter relative to a B cell.
    colours : tuple of str
        Of a cell alive and free; of one that is committed to die, or engaged.
    """

    population: str
    word: str
    words: str
    short: str
    rel_size: float
    colours: tuple[str, str]


def targets(run: Run) -> list[Kind]:
    """Return what the drug is for."""
    return [_kind(name, told, (style.BLUE, style.VERMILION)) for name, told in _told(run, "target")]


def effectors(run: Run) -> list[Kind]:
    """Return what acts on it, in the order of their colours."""
    return [
        _kind(name, told, style.effector_colours(place)) for place, (name, told) in enumerate(_told(run, "effector"))
    ]


def of(cells: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """Return the cells of a kind."""
    return cells.loc[cells["population"] == kind.population]


def _told(run: Run, role: str) -> list[tuple[str, dict]]:
    return [(name, told) for name, told in (run.populations() or _seen(run)).items() if told.get("role") == role]


def _kind(name: str, told: dict, colours: tuple[str, str]) -> Kind:
    words = str(told.get("words") or name.replace("_", " "))
    word, short = told.get("word") or words.removesuffix("s"), told.get("short") or name.removesuffix("_cells")
    return Kind(name, str(word), words, str(short), float(told.get("rel_size") or 1.0), colours)


def _seen(run: Run) -> dict[str, dict]:
    """Return the populations of a folder that does not name them: those that die are targets."""
    steps, start = run.cell_steps(), arms.start(run)
    names = sorted(set(run.cells(steps[0])["population"])) if steps else []
    dying = set(start["population"]) if "population" in start else set()
    return {name: {"role": "target" if name in dying else "effector"} for name in names}
