"""Bound antibody is taken into the cell together with its CD20, and CD20 grows back to the cell's own set point.

*Model*: ``dR/dt = -k R``, k = ``rate_per_h`` times the antibody's ``rel_internalisation``; CD20 falls by the molecules
lost over ``sites_per_cd20``, not below 0, and then relaxes to the cell's ``cd20_start_per_cell`` at ``recovery_per_h``;
each exact. Cells that are committed to die do so too until they lyse.

*Reads*: cd20_start_per_cell. *Writes*: bound_*_per_cell, bound_per_cell, cd20_per_cell, pools.antibody_*_internalised.

*References*: Beum2011 (about 40 % at 2 h), Jilani2003 (recovery within about 24 h).
"""

from typing import ClassVar, Literal

import numpy as np

from abm.biology.antibody.places import (
    BOUND_OF_EACH,
    POOLS_OF_EACH,
    add_up,
    antibodies,
    declare_each,
    in_pools,
    on_cells,
    to_pools,
)
from abm.biology.columns import BOUND
from abm.core.jit import device, serial
from abm.core.par import par
from abm.core.population import sum_rows
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@serial
def internalise(bound, total, cd20, inside, set_point, first, lost_frac, sites_per_cd20, recovered_frac):
    """Take in a share of each antibody with its CD20, then let CD20 recover; count what is inside of each subject."""
    for s in range(first.size - 1):
        rows = slice(first[s], first[s + 1])
        on = 0.0
        for a in range(bound.shape[0]):
            on += sum_rows(bound[a], first[s], first[s + 1])
        for a in range(bound.shape[0] if on > 0.0 else 0):
            inside[a, s] += take_in(bound[a][rows], cd20[rows], lost_frac[s, a], sites_per_cd20[s, a])
        if on > 0.0:
            add_up(total[rows], bound[:, rows])
        recover(cd20[rows], set_point[rows], recovered_frac[s])


@device
def recover(cd20, set_point, recovered_frac):
    """Move CD20 towards the set point."""
    for i in range(cd20.size):
        cd20[i] += (set_point[i] - cd20[i]) * recovered_frac


@device
def take_in(bound, cd20, lost_frac, sites_per_cd20):
    """Remove a share of bound antibody with its CD20 and return how much."""
    lost = np.empty(bound.size)
    for i in range(bound.size):
        lost[i] = bound[i] * lost_frac
        bound[i] -= lost[i]
        cd20[i] = max(0.0, cd20[i] - lost[i] / sites_per_cd20)
    return sum_rows(lost, 0, lost.size)


class Internalisation(Process):
    """Loss of bound antibody into the cell, with recovery of CD20."""

    kind: Literal["internalisation"] = "internalisation"
    phase: ClassVar = Phase.SENSE
    stacks: ClassVar = True
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

    def is_idle(self, world: World) -> bool:
        """Without an antibody, and where all CD20 is at its set point."""
        b = world.populations["b_cells"]
        return not antibodies(world) and bool((b.cd20_per_cell == b.cd20_start_per_cell).all())

    def step(self, world: World, key: Key) -> None:
        """Internalise and recover for one step."""
        b, drugs, pools = world.populations["b_cells"], antibodies(world), world.pools
        inside = in_pools(pools, drugs, "internalised")
        cells = on_cells(b, drugs), b.bound_per_cell, b.cd20_per_cell
        internalise(*cells, inside, b.cd20_start_per_cell, b.first, *world.law(self, self._law))
        to_pools(pools, drugs, inside, "internalised")

    def _law(self, world: World) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the share of each antibody that goes in, its molecules per CD20, the share of CD20 that returns."""
        drugs, lived_h = antibodies(world), world.cell_types["b_cells"].lives * world.dt_h
        lost_frac = [-np.expm1(-self.rate_per_h * drug.rel_internalisation * lived_h) for drug in drugs]
        recovered_frac = world.each(-np.expm1(-self.recovery_per_h * lived_h))
        return world.laws(*lost_frac), world.laws(*(drug.sites_per_cd20 for drug in drugs)), recovered_frac
