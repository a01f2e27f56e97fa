"""The clone of a patient with chronic lymphocytic leukaemia: subclones in blood and tissue, weighted by surface IgM.

*Model*: as :mod:`abm.biology.cells.clone`; the accessible cells are those in blood, the protected ones those in lymph
nodes and marrow. Agents lie evenly over the normal score of surface IgM, from -4.5 to 4.5, and their numbers of cells
follow its density: so the rare cells with much surface IgM, which ibrutinib spares, have agents however large the
others are. A few subclones turn over slowly, and one, of few cells, carries the BTK mutation C481S; it may turn over
faster than the others.

*References*: Ginaldi1998 (CD20 per cell in CLL 65 000 +- 11 000); assumed burden, persisting part and mutated cells.
"""

from typing import ClassVar, Literal

import numpy as np

from abm.biology.cells.clone import Clone
from abm.biology.cells.lognormal import LogNormal
from abm.biology.cells.measured import Cd20
from abm.biology.columns import C481S, IGM_SCORE, TURNOVER_REL
from abm.core.cell_type import KeyOf
from abm.core.par import par
from abm.core.pools import Pools
from abm.core.population import Population
from abm.core.rng import fill_first
from abm.core.table import Column

WIDEST = 4.5  # design: one cell in 300 000 lies beyond
BLOOD_OVER_PLASMA = 5.0 / 3.0  # assumed: usual adult
NL_PER_L = 1e9


class CllClone(Clone):
    """The clone of a patient with chronic lymphocytic leukaemia at the start."""

    brings: ClassVar = ()
    kind: Literal["cll_clone"] = "cll_clone"
    columns: ClassVar[tuple[Column, ...]] = (*Clone.columns, C481S[1], IGM_SCORE[1], TURNOVER_REL[1])

    cells: float = par(3.3e12, "1", "assumed: 60 per nL of blood, ten times that in tissue", "Cells", ge=0, le=1e14)
    cells_per_agent: float = par(1e9, "1", "design: 3 300 agents", "Cells per agent", ge=1, le=1e13)
    reference_cells: float = par(3.3e12, "1", "design: the usual burden", "Burden that effects refer to", gt=0, le=1e14)
    reference_cd20_per_cell: float = par(65_000.0, "1/cell", "Ginaldi1998", "CD20 that effects refer to", gt=0, le=1e7)
    niche_frac: float = par(10 / 11, "1", "assumed: tissue over blood 10, 5-20", "Share in tissue", ge=0, le=0.99)
    cd20: Cd20 = LogNormal(median=65_000.0, sigma=0.17)
    persisting_frac: float = par(0.02, "1", "assumed: remissions stay incomplete", "Slow subclones", ge=0, le=1)
    rel_persisting: float = par(0.05, "1", "assumed: quiescent", "Their turnover", ge=0, le=1)
    c481s_cells: float = par(
        400.0, "1", "fitted: on L2, in 1e2-1e5", "Cells with BTK C481S at the start", ge=0, le=1e12
    )
    c481s_fold: float = par(1.0, "1", "assumed: as the others", "Turnover of cells with BTK C481S", gt=0, le=20)

    def count(self, counts: dict[str, int]) -> int:
        """Return the number of agents, that of the mutated cells included."""
        return super().count(counts) + (self.c481s_cells > 0.0)

    def draw(self, population: Population, rows: slice, key_of: KeyOf) -> None:
        """Give new subclones their CD20, score and cells."""
        super().draw(population, rows, key_of)
        uid, key = population.uid[rows], key_of("cll_clone")
        n = uid.size - (self.c481s_cells > 0.0)
        place, luck = np.empty(uid.size), np.empty(uid.size)
        fill_first(place, uid, 1, key)
        fill_first(luck, uid, 2, key)
        score = np.zeros(uid.size)
        score[:n] = WIDEST * (2.0 * (np.arange(n) + place[:n]) / max(n, 1) - 1.0)
        weight = np.exp(-0.5 * score**2)
        cells = self.cells * weight / weight[:n].sum() if n else weight
        if n < uid.size:
            cells[n:] = self.c481s_cells
            population.c481s[rows][n:] = 1.0
        slow = luck < self.persisting_frac
        slow[n:] = False
        population.turnover_rel[rows] = np.where(slow, self.rel_persisting, 1.0)
        population.turnover_rel[rows][n:] = self.c481s_fold
        population.igm_score[rows] = score
        population.accessible_cells[rows] = np.where(np.arange(uid.size) < n, cells * (1.0 - self.niche_frac), 0.0)
        population.niche_cells[rows] = cells - population.accessible_cells[rows]

    def totals(self, population: Population, pools: Pools) -> dict[str, np.ndarray]:
        """Return each patient's lymphocytes in blood, cells in tissue and those with the mutation."""
        b, litres = population, pools.volume_uL * 1e-6 * BLOOD_OVER_PLASMA
        in_blood, in_tissue = b.sums(b.accessible_cells), b.sums(b.niche_cells)
        return {
            "lymphocytes_per_nL": in_blood / (litres * NL_PER_L),
            "n_accessible": in_blood,
            "n_tissue": in_tissue,
            "n_c481s": b.sums(b.accessible_cells, b.c481s) + b.sums(b.niche_cells, b.c481s),
        }

    @property
    def start_cells(self) -> float:
        """Cells at the start, the mutated ones included."""
        return self.cells + self.c481s_cells
