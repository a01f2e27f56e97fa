"""Effector cells in contact strip bound antibody together with its CD20 (trogocytosis).

*Model*: while at least one NK cell is engaged, bound antibody and its CD20 fall at ``rate_per_h``; macrophages strip
what they touch, each of them at its own rate. Exact.

*Reads*: n_engaged, places. *Writes*: bound_*_per_cell, bound_per_cell, cd20_per_cell, pools.antibody_*_shaved.

*References*: assumed rate for NK cells; Beum2011 (monocytes strip 75-90 % within an hour, 1.8-3 /h).
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
def shave(bound, cd20, lost, lost_frac, sites_per_cd20):
    """Strip its share of bound antibody from every cell."""
    for i in prange(bound.size):
        lost[i] = bound[i] * lost_frac[i]
        bound[i] -= lost[i]
        cd20[i] = max(0.0, cd20[i] - lost[i] / sites_per_cd20)


class Shaving(Process):
    """Loss of antibody and CD20 to engaged NK cells."""

    kind: Literal["shaving"] = "shaving"
    phase: ClassVar = Phase.ACT
    columns: ClassVar = (BOUND, N_ENGAGED)
    reads: ClassVar = ("b_cells.n_engaged", "properties.antibodies")
    writes: ClassVar = ("b_cells.bound_per_cell", BOUND_OF_EACH, "b_cells.cd20_per_cell", POOLS_OF_EACH)

    rate_per_h: float = par(0.1, "1/h", "assumed: NK cells; monocytes 1.8-3 (Beum2011)", "Shaving rate", ge=0, le=5)

    def prepare(self, world: World) -> None:
        """Give every antibody its place on the cells."""
        declare_each(world)

    def step(self, world: World, key: Key) -> None:
        """Shave for one step."""
        b, drugs = world.populations["b_cells"], antibodies(world)
        lost, lost_frac = np.empty(b.n), self.lost_frac(world, key)
        for drug in drugs:
            shave(b[column_of(drug)], b.cd20_per_cell, lost, lost_frac, drug.sites_per_cd20)
            world.pools.add(pool_of(drug, "shaved"), lost.sum())
        add_up(b, drugs)

    def lost_frac(self, world: World, key: Key) -> np.ndarray:
        """Return the share that every B cell loses in this step."""
        frac = -math.expm1(-self.rate_per_h * world.dt_h)
        return np.where(world.populations["b_cells"].n_engaged > 0, frac, 0.0)


class Trogocytosis(Shaving):
    """Loss of antibody and CD20 to macrophages in touch."""

    kind: Literal["trogocytosis"] = "trogocytosis"
    columns: ClassVar = (BOUND,)
    reads: ClassVar = (
        "b_cells.x_um",
        "b_cells.y_um",
        "macrophages.x_um",
        "macrophages.y_um",
        "properties.antibodies",
    )

    rate_per_h: float = par(2.4, "1/h", "Beum2011; assumed: middle of 1.8-3", "Rate of one macrophage", ge=0, le=60)
    contact_um: float = par(15.0, "um", "design: sum of the two radii, 5 and 10", "Contact distance", gt=0, le=100)

    @property
    def alone_on(self) -> tuple[str, ...]:
        """Itself: what it strips adds to what others do."""
        return ("macrophages.trogocytosis",)

    def lost_frac(self, world: World, key: Key) -> np.ndarray:
        """Return the share that every B cell loses in this step to all macrophages that it touches."""
        b, eaters = world.populations["b_cells"], world.populations.get("macrophages")
        if eaters is None or eaters.n == 0:
            return np.zeros(b.n)
        everyone, weight = np.ones(b.n, bool), np.ones(eaters.n)
        n_touching = np.zeros(b.n)
        rows, _, total = world.space.touch(b, everyone, eaters, weight, self.contact_um, key)
        n_touching[rows] = total
        return -np.expm1(-self.rate_per_h * world.dt_h * n_touching)
