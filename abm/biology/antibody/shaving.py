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
    antibodies,
    declare_each,
    in_pools,
    on_cells,
    to_pools,
)
from abm.biology.columns import BOUND, N_ENGAGED
from abm.core.jit import serial
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@serial
def strip(bound, total, cd20, stripped, n_holding, first, sites_per_cd20, rate_in_step, most):
    """Strip every cell that is held, by as many as count; add up what is stripped of each antibody and subject."""
    for s in range(first.size - 1):
        for i in range(first[s], first[s + 1]):
            if n_holding[i] > 0:
                frac = -math.expm1(-rate_in_step[s] * min(n_holding[i], most))
                total[i] = 0.0
                for a in range(bound.shape[0]):
                    lost = bound[a, i] * frac
                    bound[a, i] -= lost
                    total[i] += bound[a, i]
                    cd20[i] = max(0.0, cd20[i] - lost / sites_per_cd20[s, a])
                    stripped[a, s] += lost


class Shaving(Process):
    """Loss of antibody and CD20 to engaged NK cells."""

    kind: Literal["shaving"] = "shaving"
    phase: ClassVar = Phase.ACT
    stacks: ClassVar = True
    columns: ClassVar = (BOUND, N_ENGAGED)
    reads: ClassVar = ("b_cells.n_engaged", "properties.antibodies")
    writes: ClassVar = ("b_cells.bound_per_cell", BOUND_OF_EACH, "b_cells.cd20_per_cell", POOLS_OF_EACH)

    most_at_once: ClassVar[float] = 1.0

    rate_per_h: float = par(0.1, "1/h", "assumed: NK cells; monocytes 1.8-3 (Beum2011)", "Shaving rate", ge=0, le=5)

    def prepare(self, world: World) -> None:
        """Give every antibody its place on the cells."""
        declare_each(world)

    def step(self, world: World, key: Key) -> None:
        """Shave for one step."""
        b, drugs, pools = world.populations["b_cells"], antibodies(world), world.pools
        if not drugs:
            return
        stripped, n_holding = in_pools(pools, drugs, "shaved"), self.n_holding(world, key)
        cells = on_cells(b, drugs), b.bound_per_cell, b.cd20_per_cell, stripped, n_holding, b.first
        strip(*cells, *world.law(self, self._law), self.most_at_once)
        to_pools(pools, drugs, stripped, "shaved")

    def _law(self, world: World) -> tuple[np.ndarray, np.ndarray]:
        """Return molecules per CD20 of each antibody, and the rate times a step."""
        sites_per_cd20 = world.laws(*(drug.sites_per_cd20 for drug in antibodies(world)))
        return sites_per_cd20, world.each(self.rate_per_h * world.dt_h)

    def n_holding(self, world: World, key: Key) -> np.ndarray:
        """Return how many effector cells hold each B cell."""
        return world.populations["b_cells"].n_engaged


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

    most_at_once: ClassVar[float] = math.inf

    rate_per_h: float = par(2.4, "1/h", "Beum2011; assumed: middle of 1.8-3", "Rate of one macrophage", ge=0, le=60)
    contact_um: float = par(15.0, "um", "design: sum of the two radii, 5 and 10", "Contact distance", gt=0, le=100)

    @property
    def alone_on(self) -> tuple[str, ...]:
        """Itself: what it strips adds to what others do."""
        return ("macrophages.trogocytosis",)

    def n_holding(self, world: World, key: Key) -> np.ndarray:
        """Return how many macrophages touch each B cell."""
        b, eaters = world.populations["b_cells"], world.populations.get("macrophages")
        if eaters is None or eaters.n == 0:
            return np.zeros(b.n)
        everyone, weight = np.ones(b.n, bool), np.ones(eaters.n)
        n_touching = np.zeros(b.n)
        touching = world.space.touch(b, everyone, eaters, weight, world.each(self.contact_um), key)
        n_touching[touching.rows] = touching.total
        return n_touching
