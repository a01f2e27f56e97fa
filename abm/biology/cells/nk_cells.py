"""Effector cells: resting or IL-2-activated NK cells, alone or inside blood mononuclear cells.

*Model*: an NK cell can kill with chance ``il2_killer_frac`` or ``resting_killer_frac``, for life; resting ones hit and
engage less readily than activated ones (``resting_rel_hit``, ``resting_rel_engagement``; activated 1), and cells of one
state differ log-normally in both. In PBMC the effector:target ratio counts all mononuclear cells, of which 12 % are NK
cells, resting; PBMC kept in IL-2 hold 10 %, activated. The others do nothing but take room.

*References*: Vanherberghen2013, BhatWatzl2007 (half of IL-2-activated NK cells never kill), Golay2003 (NK cells among
mononuclear cells, fresh and kept in IL-2).
"""

from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.cells.lognormal import draw_lognormal
from abm.core.cell_type import CellType, KeyOf, Shown
from abm.core.jit import kernel, prange
from abm.core.measure import Measure
from abm.core.par import par
from abm.core.population import Population
from abm.core.rng import uniform
from abm.core.table import Column


@kernel
def draw_killers(is_killer, uid, fraction, key):
    """Decide for life which NK cells can kill."""
    for i in prange(is_killer.size):
        is_killer[i] = uniform(key, uid[i], 1) < fraction


class NKCells(CellType):
    """The effector cells at the start, and any added later."""

    population: ClassVar = "nk_cells"
    role: ClassVar = "effector"
    scale: ClassVar = "both"
    word: ClassVar = "NK cell"
    words: ClassVar = "NK cells"
    short: ClassVar = "nk"
    kept: ClassVar = ("potency", "n_kills", "is_killer", "granules", "cd16", "cohort")
    shown: ClassVar = (
        Shown("potency", "potency", "relative", (0.9, 1.6)),
        Shown("granules", "granules", "of full", (0.0, 1.0)),
        Shown("cd16", "CD16", "of full"),
        Shown("n_kills", "kills"),
    )
    means: ClassVar = {
        "potency": Measure("potency_mean", "1", "potency of NK cells", shown="relative to no DHEAS"),
        "granules": Measure("granules_mean", "1", "granules of NK cells", shown="of full"),
        "cd16": Measure("cd16_mean", "1", "CD16 of NK cells", shown="of full"),
    }
    is_always_counted: ClassVar = True
    rel_size: ClassVar = 0.7
    kind: Literal["nk_cells"] = "nk_cells"
    columns: ClassVar = (
        Column("is_killer", "b1", doc="can kill at all"),
        Column("rel_hit", default=1.0, doc="hit rate relative to an IL-2-activated NK cell"),
        Column("rel_engagement", default=1.0, doc="engagement relative to an IL-2-activated NK cell"),
        Column("potency", default=1.0, doc="cytotoxic potency"),
        Column("cohort", "i8", doc="0 at the start, then numbered by addition"),
    )

    per_b_cell: float = par(
        5.0, "1", "design: effector:target ratio", "Effector cells per B cell at the start", ge=0, le=1000
    )
    state: Literal["il2", "resting", "pbmc", "il2_pbmc"] = "il2"
    il2_killer_frac: float = par(0.5, "1", "Vanherberghen2013; BhatWatzl2007", "IL-2 NK that can kill", ge=0, le=1)
    resting_killer_frac: float = par(0.5, "1", "assumed: as many as of IL-2 NK", "Resting NK that can kill", ge=0, le=1)
    resting_rel_hit: float = par(
        0.35, "1", "fitted: on V8 (Golay2003)", "Hit rate of resting against IL-2 NK", ge=0, le=1
    )
    resting_rel_engagement: float = par(
        0.5, "1", "fitted: on V8 (Golay2003)", "Engagement of resting against IL-2", ge=0, le=1
    )
    pbmc_nk_frac: float = par(0.12, "1", "assumed: usual share, 10-15 %", "NK among mononuclear cells", ge=0, le=1)
    il2_pbmc_nk_frac: float = par(0.10, "1", "Golay2003", "NK among mononuclear cells kept in IL-2", ge=0, le=1)
    hit_sigma: float = par(0.0, "1", "design: as at first", "Log-SD of the hit rate between NK cells", ge=0, le=3)
    engagement_sigma: float = par(0.0, "1", "design: as at first", "Log-SD of engagement between NK cells", ge=0, le=3)
    bystanders_per_b_cell: float = par(
        0.0,
        "1",
        "design: as at first",
        "Inert cells per B cell, beside those of mononuclear cells",
        ge=0,
        le=1000,
    )

    @property
    def is_activated(self) -> Any:
        """Whether they come from a culture in IL-2; of several subjects, of each."""
        return np.isin(self.state, ("il2", "il2_pbmc"))

    @property
    def others_per_b_cell(self) -> Any:
        """Inert cells per B cell at the start: what is no NK cell among mononuclear cells, and bystanders."""
        return self.per_b_cell * (1.0 - self._nk_frac) + self.bystanders_per_b_cell

    @property
    def _nk_frac(self) -> Any:
        return np.where(
            np.equal(self.state, "pbmc"),
            self.pbmc_nk_frac,
            np.where(np.equal(self.state, "il2_pbmc"), self.il2_pbmc_nk_frac, 1.0),
        )

    def count(self, counts: dict[str, int]) -> int:
        """Return how many NK cells start the assay beside ``counts['b_cells']`` targets."""
        asked = float(self.per_b_cell * self._nk_frac * counts.get("b_cells", 0))
        return max(1, round(asked)) if asked > 0.0 else 0

    def draw(self, population: Population, rows: slice, key_of: KeyOf) -> None:
        """Give new cells their attributes."""
        key, uid = key_of("nk_cells"), population.uid[rows]
        killer_frac = self.il2_killer_frac if self.is_activated else self.resting_killer_frac
        draw_killers(population.is_killer[rows], uid, killer_frac, key)
        usual = (1.0, 1.0) if self.is_activated else (self.resting_rel_hit, self.resting_rel_engagement)
        spreads = ("rel_hit", self.hit_sigma), ("rel_engagement", self.engagement_sigma)
        for decision, ((column, sigma), median) in enumerate(zip(spreads, usual, strict=True), start=2):
            population[column][rows] = median
            if sigma > 0.0 and median > 0.0:
                draw_lognormal(population[column][rows], uid, median, sigma, decision, key)
