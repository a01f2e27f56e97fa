"""Effector cells in contact strip bound antibody together with its CD20 (trogocytosis).

*Model*: while at least one effector is engaged, bound antibody and its CD20 fall at ``rate_per_h``; exact.

*Reads*: n_engaged. *Writes*: bound_*_per_cell, bound_per_cell, cd20_per_cell, pools.antibody_*_shaved.

*References*: assumed rate for NK cells; monocytes strip 1.8-3 /h.
"""

import math
from typing import ClassVar, Literal

import numpy as np

from abm.biology.antibody.places import (
    BOUND_OF_EACH,
    POOLS_OF_EACH,
    add_up,
    antibodies,
    column_of,
    declare_each,
    pool_of,
)
from abm.biology.columns import BOUND, N_ENGAGED
from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@kernel
def shave(bound, cd20, lost, n_engaged, sites_per_cd20, lost_frac):
    """Strip a share of bound antibody from every engaged cell."""
    for i in prange(bound.size):
        lost[i] = bound[i] * lost_frac if n_engaged[i] > 0 else 0.0
        bound[i] -= lost[i]
        cd20[i] = max(0.0, cd20[i] - lost[i] / sites_per_cd20)


class Shaving(Process):
    """Loss of antibody and CD20 to engaged effectors."""

    kind: Literal["shaving"] = "shaving"
    phase: ClassVar = Phase.ACT
    columns: ClassVar = (BOUND, N_ENGAGED)
    reads: ClassVar = ("b_cells.n_engaged", "properties.antibodies")
    writes: ClassVar = ("b_cells.bound_per_cell", BOUND_OF_EACH, "b_cells.cd20_per_cell", POOLS_OF_EACH)

    rate_per_h: float = par(0.1, "1/h", "assumed: NK cells; monocytes 1.8-3", "Shaving rate", ge=0, le=5)

    def prepare(self, world: World) -> None:
        """Give every antibody its place on the cells."""
        declare_each(world)

    def step(self, world: World, key: Key) -> None:
        """Shave for one step."""
        b, drugs = world.populations["b_cells"], antibodies(world)
        lost, lost_frac = np.empty(b.n), -math.expm1(-self.rate_per_h * world.dt_h)
        for drug in drugs:
            shave(b[column_of(drug)], b.cd20_per_cell, lost, b.n_engaged, drug.sites_per_cd20, lost_frac)
            world.pools.add(pool_of(drug, "shaved"), lost.sum())
        add_up(b, drugs)
