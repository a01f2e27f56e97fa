"""Bound antibody is taken into the cell together with its CD20, and CD20 grows back to the cell's own set point.

*Model*: ``dR/dt = -k R``; CD20 falls by the same sites and relaxes to its set point with ``recovery_per_h``; exact.

*Reads*: cd20_start_per_cell. *Writes*: bound_*_per_cell, bound_per_cell, cd20_per_cell, pools.antibody_*_internalised.

*References*: Beum2011 (about 40 % at 2 h), Jilani2003 (recovery within about 24 h).
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
from abm.biology.columns import BOUND
from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@kernel
def internalise(bound, cd20, lost, sites_per_cd20, lost_frac):
    """Remove a share of bound antibody with its CD20."""
    for i in prange(bound.size):
        lost[i] = bound[i] * lost_frac
        bound[i] -= lost[i]
        cd20[i] = max(0.0, cd20[i] - lost[i] / sites_per_cd20)


@kernel
def recover(cd20, set_point, recovered_frac):
    """Move CD20 towards the set point."""
    for i in prange(cd20.size):
        cd20[i] += (set_point[i] - cd20[i]) * recovered_frac


class Internalisation(Process):
    """Loss of bound antibody into the cell, with recovery of CD20."""

    kind: Literal["internalisation"] = "internalisation"
    phase: ClassVar = Phase.SENSE
    scale: ClassVar = "both"
    columns: ClassVar = (BOUND,)
    reads: ClassVar = ("b_cells.cd20_start_per_cell", "properties.antibodies")
    writes: ClassVar = ("b_cells.bound_per_cell", BOUND_OF_EACH, "b_cells.cd20_per_cell", POOLS_OF_EACH)

    rate_per_h: float = par(
        0.15, "1/h", "assumed: Waldenstroem cells; 0.26 in Beum2011 (V13)", "Internalisation rate", ge=0, le=2
    )
    recovery_per_h: float = par(
        0.1, "1/h", "Jilani2003; assumed: 90 % within 24 h", "Recovery rate of CD20", ge=0, le=2
    )

    def prepare(self, world: World) -> None:
        """Give every antibody its place on the cells."""
        declare_each(world)

    def step(self, world: World, key: Key) -> None:
        """Internalise and recover for one step."""
        b, drugs = world.populations["b_cells"], antibodies(world)
        lost = np.empty(b.n)
        for drug in drugs:
            lost_frac = -math.expm1(-self.rate_per_h * drug.rel_internalisation * world.dt_h)
            internalise(b[column_of(drug)], b.cd20_per_cell, lost, drug.sites_per_cd20, lost_frac)
            world.pools.add(pool_of(drug, "internalised"), lost.sum())
        add_up(b, drugs)
        recover(b.cd20_per_cell, b.cd20_start_per_cell, -math.expm1(-self.recovery_per_h * world.dt_h))
