"""Effector cells: resting or IL-2-activated NK cells, alone or inside blood mononuclear cells.

*Model*: only some NK cells ever kill; resting ones kill less often and engage less readily than activated ones. In PBMC
the effector:target ratio counts all mononuclear cells, of which 12 % are NK cells, resting.

*References*: Vanherberghen2013, BhatWatzl2007 (half of IL-2-activated NK cells never kill).
"""

from typing import ClassVar, Literal, NamedTuple

import numpy as np

from abm.core.jit import kernel, prange
from abm.core.par import Model, par
from abm.core.population import Column, Population
from abm.core.rng import uniform
from abm.core.world import World


class State(NamedTuple):
    """How one preparation differs from IL-2-activated NK cells."""

    nk_frac: float
    killer_frac: float
    rel_hit: float
    rel_engagement: float


# fitted: resting values give the 27 and 70 % lysis of Golay2003 with the default hit and engagement rates
STATES = {
    "il2": State(1.0, 0.5, 1.0, 1.0),
    "resting": State(1.0, 0.25, 0.96, 0.365),
    "pbmc": State(0.12, 0.25, 0.96, 0.365),
}


@kernel
def draw_killers(is_killer, uid, fraction, key):
    """Decide for life which NK cells can kill."""
    for i in prange(is_killer.size):
        is_killer[i] = uniform(key, uid[i], 1) < fraction


class NKCells(Model):
    """The effector cells put into the well at the start, and any added later."""

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

    def count(self, counts: dict[str, int]) -> int:
        """Return how many NK cells start the assay beside ``counts['b_cells']`` targets."""
        return round(self.per_b_cell * STATES[self.state].nk_frac * counts.get("b_cells", 0))

    def draw(self, world: World, population: Population, rows: slice) -> None:
        """Give new cells their attributes, functions of seed and identity alone."""
        key = (world.key("cells.nk_cells")[0], np.uint32(0))
        state = STATES[self.state]
        draw_killers(population.is_killer[rows], population.uid[rows], state.killer_frac, key)
        population.rel_hit[rows] = state.rel_hit
        population.rel_engagement[rows] = state.rel_engagement
