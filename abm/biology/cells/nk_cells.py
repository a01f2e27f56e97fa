"""Effector cells: resting or IL-2-activated NK cells, alone or inside blood mononuclear cells.

*Model*: only some NK cells ever kill; resting ones kill less often and engage less readily than activated ones. In PBMC
the effector:target ratio counts all mononuclear cells, of which 12 % are NK cells, resting.

*References*: Vanherberghen2013, BhatWatzl2007 (half of IL-2-activated NK cells never kill).
"""

from typing import ClassVar, Literal

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
    """The effector cells put into the well at the start, and any added later."""

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
    state: Literal["il2", "resting", "pbmc"] = "il2"
    il2_killer_frac: float = par(0.5, "1", "Vanherberghen2013; BhatWatzl2007", "IL-2 NK that can kill", ge=0, le=1)
    resting_killer_frac: float = par(0.5, "1", "assumed: as many as of IL-2 NK", "Resting NK that can kill", ge=0, le=1)
    resting_rel_hit: float = par(
        0.35, "1", "fitted: on V8 (Golay2003)", "Hit rate of resting against IL-2 NK", ge=0, le=1
    )
    resting_rel_engagement: float = par(
        0.5, "1", "fitted: on V8 (Golay2003)", "Engagement of resting against IL-2", ge=0, le=1
    )
    pbmc_nk_frac: float = par(0.12, "1", "assumed: usual share, 10-15 %", "NK among mononuclear cells", ge=0, le=1)

    def count(self, counts: dict[str, int]) -> int:
        """Return how many NK cells start the assay beside ``counts['b_cells']`` targets."""
        nk_frac = self.pbmc_nk_frac if self.state == "pbmc" else 1.0
        asked = self.per_b_cell * nk_frac * counts.get("b_cells", 0)
        return max(1, round(asked)) if asked > 0.0 else 0

    def draw(self, population: Population, rows: slice, key_of: KeyOf) -> None:
        """Give new cells their attributes."""
        key, is_fresh = key_of("nk_cells"), self.state == "il2"
        killer_frac = self.il2_killer_frac if is_fresh else self.resting_killer_frac
        draw_killers(population.is_killer[rows], population.uid[rows], killer_frac, key)
        population.rel_hit[rows] = 1.0 if is_fresh else self.resting_rel_hit
        population.rel_engagement[rows] = 1.0 if is_fresh else self.resting_rel_engagement
