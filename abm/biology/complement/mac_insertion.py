"""Each docking event inserts membrane attack complexes, reduced by CD59 and, through the convertases, by CD55.

*Model*: first every MAC is repaired with chance ``1 - exp(-repair_per_h dt)`` (binomial); then MACs gained ~
Poisson(``per_event n_docked s / ((cd55 rel_cd55)^0.5 cd59 rel_cd59)``), ``s = c / (c + K)`` with c the molecules of
C5-C9 left and K = ``half_c5c9_frac`` of those in as much neat serum. A MAC takes one C5-C9; where they do not last,
cells are served in an order drawn anew in each step.

*Reads*: n_docked, cd55, cd59, pools.c5c9. *Writes*: mac_per_cell, pools.c5c9.

*References*: fitted; lysis needs several effective hits.
"""

import math
from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.columns import MAC, N_DOCKED, REL_CD55, REL_CD59
from abm.biology.complement.supply import trim
from abm.core.jit import device, kernel, prange
from abm.core.par import par
from abm.core.pools import is_any
from abm.core.population import total
from abm.core.process import Phase, Process
from abm.core.rng import Key, binomial_of_each, poisson_of_each
from abm.core.table import Column
from abm.core.world import World


@kernel
def insert(mac, inserted, gain, n_docked, cd55, rel_cd55, cd59, rel_cd59, uid, blocks, laws, key):
    """Repair, then add this step's MACs; count those of each block."""
    for k in prange(blocks.shape[0]):
        s, rows = blocks[k, 0], slice(blocks[k, 1], blocks[k, 2])
        repair(mac[rows], uid[rows], laws[s, 1], (key[0][s], key[1]))
        inserted[k], gain[rows] = 0, 0
        if n_docked[rows].any():
            mean = expected(n_docked[rows], cd55[rows], rel_cd55[rows], cd59[rows], rel_cd59[rows], laws[s, 0])
            inserted[k] = poisson_of_each(gain[rows], mean, uid[rows], 0, (key[0][s], key[1]))
            mac[rows] += gain[rows]


@device
def repair(mac, uid, repaired_frac, key):
    """Remove each MAC with the same chance."""
    repaired = np.empty(mac.size, np.int64)
    binomial_of_each(repaired, mac, repaired_frac, uid, 1, key)
    mac -= repaired


@device
def expected(n_docked, cd55, rel_cd55, cd59, rel_cd59, per_event):
    """Return the mean number of MACs that each cell gains in this step."""
    mean = np.empty(n_docked.size)
    for i in range(mean.size):
        mean[i] = per_event * n_docked[i] / (math.sqrt(cd55[i] * rel_cd55[i]) * cd59[i] * rel_cd59[i])
    return mean


class MacInsertion(Process):
    """Terminal pathway as discrete pores."""

    kind: Literal["mac_insertion"] = "mac_insertion"
    phase: ClassVar = Phase.ACT
    stacks: ClassVar = True
    columns: ClassVar = (
        N_DOCKED,
        MAC,
        ("b_cells", Column("mac_gain_per_cell", "i8", unit="1/cell", resets=True, doc="MACs inserted in this step")),
        REL_CD55,
        REL_CD59,
    )
    reads: ClassVar = (
        "b_cells.n_docked",
        "b_cells.cd55",
        "b_cells.cd59",
        "b_cells.rel_cd55",
        "b_cells.rel_cd59",
        "pools.c5c9",
        "properties.serum",
    )
    writes: ClassVar = ("b_cells.mac_per_cell", "b_cells.mac_gain_per_cell", "pools.c5c9", "pools.c5c9_used")

    per_event: float = par(
        0.167, "1", "fitted: only its product with the docking rate is identified", "MACs per event", ge=0, le=100
    )
    half_c5c9_frac: float = par(0.10, "1", "assumed: fraction of neat serum", "Half-saturation in C5-C9", gt=0, le=1)
    repair_per_h: float = par(1.524, "1/h", "fitted: 0.0254 /min", "Repair of one MAC", ge=0, le=100)

    def _law(self, world: World) -> tuple[Any, Any]:
        """Return the molecules of C5-C9 at half-saturation, and the share of MACs that a step repairs."""
        neat = world.pools.molecules(world.properties["serum"].nM_of("c5c9"))
        return np.maximum(self.half_c5c9_frac * neat, 1e-300), -np.expm1(-self.repair_per_h * world.dt_h)

    def step(self, world: World, key: Key) -> None:
        """Repair, then insert, for one step."""
        b, pools = world.populations["b_cells"], world.pools
        half, repaired_frac = world.law(self, self._law)
        rates = self.per_event * pools["c5c9"] / (pools["c5c9"] + half), repaired_frac
        mac, gain, of_blocks = b.mac_per_cell, b.mac_gain_per_cell, np.empty(len(b.blocks))
        cells = b.n_docked, b.cd55, b.rel_cd55, b.cd59, b.rel_cd59, b.uid, b.blocks
        insert(mac, of_blocks, gain, *cells, world.laws(*rates), key)
        inserted = total(b, of_blocks)
        if is_any(inserted > pools["c5c9"]):
            mac -= gain
            inserted = trim(gain, inserted, pools["c5c9"], (b.uid, b.first), 2, key)
            mac += gain
        pools.move("c5c9", "c5c9_used", inserted)
