"""Effector cells in contact strip bound antibody together with its CD20 (trogocytosis).

*Model*: while at least one effector is engaged, bound antibody and its CD20 fall at ``rate_per_h``; exact.

*Reads*: n_engaged. *Writes*: bound_per_cell, cd20_per_cell, pools.antibody_shaved.

*References*: assumed rate for NK cells; monocytes strip 1.8-3 /h.
"""

import math
from typing import ClassVar, Literal

import numpy as np

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
    reads: ClassVar = ("b_cells.n_engaged", "b_cells.bound_per_cell", "b_cells.cd20_per_cell", "properties.antibody")
    writes: ClassVar = ("b_cells.bound_per_cell", "b_cells.cd20_per_cell", "pools.antibody_shaved")

    rate_per_h: float = par(0.1, "1/h", "assumed: NK cells; monocytes 1.8-3", "Shaving rate", ge=0, le=5)

    def step(self, world: World, key: Key) -> None:
        """Shave for one step."""
        b = world.populations["b_cells"]
        lost = np.empty(b.n)
        shave(
            b.bound_per_cell,
            b.cd20_per_cell,
            lost,
            b.n_engaged,
            world.properties["antibody"].sites_per_cd20,
            -math.expm1(-self.rate_per_h * world.dt_h),
        )
        world.pools.add("antibody_shaved", lost.sum())
