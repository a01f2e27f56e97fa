"""A kind of cell: what the cells of a population are like, and what of them is counted, kept, and shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np

from abm.core.errors import Fault, RunFailed
from abm.core.measure import Measure
from abm.core.par import Model
from abm.core.pools import Pools
from abm.core.population import Population
from abm.core.rng import OneKey
from abm.core.table import Column

KeyOf = Callable[[str], OneKey]


@dataclass(frozen=True)
class Shown:
    """A column of a cell that courses, and colours of a map, can show.

    Parameters
    ----------
    column : str
        Its name.
    words, unit : str
        As a reader calls it.
    ends : tuple of float
        Values of the first and the last colour; without them it is no colour of a map.
    is_log : bool
        Whether colours are even on a logarithmic scale.
    """

    column: str
    words: str
    unit: str = ""
    ends: tuple[float, float] | None = None
    is_log: bool = False

    @property
    def label(self) -> str:
        """Words with unit."""
        return f"{self.words}, {self.unit}" if self.unit else self.words


class CellType(Model):
    """Frozen parameters of a kind of cell; new cells are functions of seed and identity alone.

    Attributes
    ----------
    population : str
        Whose cells it describes. The kind of the same name is the usual one.
    role : {"target", "effector"}
        What the drug is for, or what acts on it; a scenario has all targets, and those effectors that it names.
    scale : {"well", "body", "both"}
        Where such cells live.
    word, words : str
        One cell, and several, as a reader calls them.
    short : str
        In the names of totals, ``n_<short>``.
    columns : tuple of Column
        What every such cell has; mechanisms add their own.
    engaged_in : str
        The column that is above its default in a cell that is busy with a target.
    kept : tuple of str
        Columns of a snapshot, as far as there are such.
    shown : tuple of Shown
        Columns for courses and colours.
    means : dict of str to Measure
        What is counted of the mean over the population, by column.
    is_always_counted : bool
        Whether there are totals, of nobody, also where a scenario has no such cells.
    rel_size : float
        Diameter in pictures, relative to a B cell.
    brings : tuple of str
        What a subject with such cells has whether or not a process keeps it, such as pools of what they secrete.
    """

    population: ClassVar[str]
    role: ClassVar[Literal["target", "effector"]]
    scale: ClassVar[Literal["well", "body", "both"]] = "well"
    word: ClassVar[str]
    words: ClassVar[str]
    short: ClassVar[str]
    columns: ClassVar[tuple[Column, ...]] = ()
    engaged_in: ClassVar[str] = "partner"
    kept: ClassVar[tuple[str, ...]] = ()
    shown: ClassVar[tuple[Shown, ...]] = ()
    means: ClassVar[dict[str, Measure]] = {}
    is_always_counted: ClassVar[bool] = False
    rel_size: ClassVar[float] = 1.0
    brings: ClassVar[tuple[str, ...]] = ()

    kind: str = ""

    def count(self, counts: dict[str, int]) -> int:
        """Return how many cells there are at the start, given the populations before it."""
        raise RunFailed(f"{type(self).__name__} counts no cells")

    def draw(self, population: Population, rows: slice, key_of: KeyOf) -> None:
        """Fill the columns of new rows; ``key_of`` gives the key of a stream, the same at any time."""

    @classmethod
    def described(cls) -> dict[str, str | float]:
        """Return what a run says of it, for those who draw it."""
        return {
            "role": cls.role,
            "word": cls.word,
            "words": cls.words,
            "short": cls.short,
            "rel_size": cls.rel_size,
        }

    @classmethod
    def measures(cls) -> tuple[Measure, ...]:
        """Return what is counted of effectors: how many there are, how many of them are engaged, and means."""
        n = f"n_{cls.short}"
        found = (Measure(n, "cells", cls.words), Measure(f"{n}_engaged", "cells", f"{cls.words} engaged"))
        return (*found, *cls.means.values())

    def counted(self, population: Population | None) -> dict[str, np.ndarray]:
        """Return those numbers of each subject; zeros and missing means where an arm has no such cells."""
        cells = population or Population(self.population)
        means = {measure.name: cells.mean(column) for column, measure in self.means.items()}
        n_engaged = cells.n_where(self.is_engaged(cells))
        return {f"n_{self.short}": cells.n_each, f"n_{self.short}_engaged": n_engaged} | means

    def totals(self, population: Population, pools: Pools) -> dict[str, np.ndarray]:
        """Return what a look at patients counts of such cells and no others."""
        return {}

    def fewer(self, n: int) -> Self:
        """Return the same kind with about ``n`` cells at the start, where it says how many there are."""
        return self

    @property
    def lives(self) -> bool | np.ndarray:
        """Whether such cells can die of hazards, and divide; of several subjects that of each, shape (n_subjects,)."""
        return True

    def faults(self) -> list[Fault]:
        """Return what is wrong with its parameters together, their paths relative to it."""
        return []

    def is_engaged(self, population: Population) -> np.ndarray:
        """Return which cells are busy with a target, shape (n,)."""
        if self.engaged_in not in population:
            return np.zeros(population.n, bool)
        return population[self.engaged_in] > population.columns[self.engaged_in].default
