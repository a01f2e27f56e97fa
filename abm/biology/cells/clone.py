"""The malignant clone of a patient as subclones: one agent stands for many cells that share their CD20.

*Model*: ``cells / cells_per_agent`` agents, rounded, at least one, each a subclone with its own CD20, ``median
exp(sigma z)`` with a standard normal z, and its own numbers of cells, at first the same of all: B cells, ``niche_frac``
of them in the protected niche and the others in the accessible marrow, plasma cells that it feeds, and long-lived
plasma cells. Numbers of cells are continuous: of 1e8 cells the play of chance between single cells is 1 in 10 000,
while agents that lived or died as a whole would overstate it ten-thousand-fold. What differs between agents, CD20, is
what treatment selects on. With ``growth_sigma`` they also differ in growth, about a mean of 1 and evenly on a
logarithmic scale: of a log-normal the quickest of the agents would decide, the more of them the sooner. CD20 relative
to the reference burden is the sum of cells times CD20, as it is at the moment, over ``reference_cells
reference_cd20_per_cell``.

*References*: Ginaldi1998 (CD20 per cell); assumed burden.
"""

import math
from typing import Any, ClassVar, Literal, Self

import numpy as np

from abm.biology.cells.b_cells import Targets, draw_cd20
from abm.biology.cells.lognormal import LogNormal, draw_lognormal
from abm.biology.cells.measured import Cd20, MeasuredCd20, draw_measured, faults_of
from abm.biology.columns import GROWTH_REL
from abm.core.cell_type import KeyOf
from abm.core.errors import Fault
from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.population import Population, sum_rows
from abm.core.rng import fill_first
from abm.core.table import Column

WIDEST_SD = math.sqrt(3.0)  # design: of an even distribution


@kernel
def sum_cd20(sums, accessible_cells, niche_cells, cd20, first):
    """Write the CD20 of all cells of each patient."""
    for s in prange(sums.size):
        rows = slice(first[s], first[s + 1])
        sums[s] = sum_rows((accessible_cells[rows] + niche_cells[rows]) * cd20[rows], 0, rows.stop - rows.start)


class Clone(Targets):
    """The B-cell clone at the start."""

    scale: ClassVar = "body"
    word: ClassVar = "subclone"
    words: ClassVar = "subclones"
    kind: Literal["clone"] = "clone"
    columns: ClassVar[tuple[Column, ...]] = (
        Column("cd20_per_cell", unit="1/cell", doc="CD20 sites"),
        Column("cd20_start_per_cell", unit="1/cell", doc="the subclone's own set point of CD20"),
        Column("accessible_cells", unit="cells", doc="B cells in the accessible marrow; of CLL, in blood"),
        Column("niche_cells", unit="cells", doc="B cells in the protected niche"),
        Column("plasma_cells", unit="cells", doc="plasma cells fed by the subclone"),
        Column("long_lived_cells", unit="cells", doc="long-lived plasma cells"),
        Column("cohort", "i8", doc="0: there at the start"),
        GROWTH_REL[1],
    )

    cells: float = par(4.3e11, "1", "assumed: balances 30-36 g/L of serum IgM", "B cells of the clone", ge=0, le=1e14)
    cells_per_agent: float = par(1e8, "1", "design: 4 300 agents at the usual burden", "Cells per agent", ge=1, le=1e13)
    reference_cells: float = par(4.3e11, "1", "design: the usual burden", "Burden that effects refer to", gt=0, le=1e14)
    reference_cd20_per_cell: float = par(
        152_000.0, "1/cell", "design: the usual median", "CD20 that effects refer to", gt=0, le=1e7
    )
    niche_frac: float = par(0.12, "1", "assumed: 0.05-0.3", "Share of B cells in the niche", ge=0, le=0.95)
    cd20: Cd20 = LogNormal(median=152_000.0, sigma=0.4)
    low_fraction: float = par(0.0, "1", "assumed: not needed for the response", "CD20-low fraction", ge=0, le=1)
    low_max_per_cell: float = par(
        4_000.0, "1/cell", "assumed: 0-4 000 sites", "Most CD20 of a CD20-low cell", ge=0, le=1e5
    )
    growth_sigma: float = par(0.0, "1", "design: alike; assumed", "Log-SD of growth between subclones", ge=0, le=3)

    def count(self, counts: dict[str, int]) -> int:
        """Return the number of agents."""
        return max(1, round(self.cells / self.cells_per_agent)) if self.cells > 0 else 0

    @property
    def start_cells(self) -> float:
        """Cells at the start."""
        return self.cells

    def fewer(self, n: int) -> Self:
        """Return the same cells as ``n`` agents."""
        return self.model_copy(update={"cells_per_agent": max(1.0, self.cells / n)})

    def faults(self) -> list[Fault]:
        """Refuse a clone without cells, and what measured cells bring themselves."""
        none = [] if self.start_cells > 0.0 else [Fault("a clone without cells", "cells", allowed="> 0")]
        return none + faults_of(self.cd20, self.low_fraction, self.columns)

    def draw(self, population: Population, rows: slice, key_of: KeyOf) -> None:
        """Give new subclones their CD20 and their cells."""
        key, uid = key_of("b_cells"), population.uid[rows]
        cd20 = population.cd20_start_per_cell[rows]
        if isinstance(self.cd20, MeasuredCd20):
            draw_measured(population, rows, self.cd20, key)
        else:
            draw_lognormal(cd20, uid, self.cd20.median, self.cd20.sigma, 1, key)
        draw_cd20(cd20, uid, self.low_fraction, self.low_max_per_cell, key)
        population.cd20_per_cell[rows] = cd20
        own = self.cells / max(1, uid.size)
        population.accessible_cells[rows] = own * (1.0 - self.niche_frac)
        population.niche_cells[rows] = own * self.niche_frac
        if self.growth_sigma > 0.0:
            luck = np.empty(uid.size)
            fill_first(luck, uid, 1, key_of("growth"))
            place = (np.argsort(np.argsort(luck)) + 0.5) / uid.size
            growth = np.exp(WIDEST_SD * self.growth_sigma * (2.0 * place - 1.0))
            population.growth_rel[rows] = growth / growth.mean()

    def cd20_mass(self, b: Population, of_all: bool = False) -> Any:
        """Return the CD20 of the accessible cells, or of all, relative to the reference burden, for each patient."""
        if of_all:
            sums = np.empty(b.n_subjects)
            sum_cd20(sums, b.accessible_cells, b.niche_cells, b.cd20_per_cell, b.first)
        else:
            sums = b.sums(b.accessible_cells, b.cd20_per_cell)
        return sums / (self.reference_cells * self.reference_cd20_per_cell)
