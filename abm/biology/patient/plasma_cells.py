"""Plasma cells carry no CD20: the clone feeds them, they live on for weeks; others are long-lived and not fed.

*Model*: ``dP/dt = d B - ln 2 / half_life P`` for each subclone with its B cells held over the step, exact; the
long-lived pool stays as it is. Both begin at balance: ``P = d B half_life / ln 2``, and ``rel_long_lived`` times that.

*Reads*: accessible_cells, niche_cells. *Writes*: plasma_cells, long_lived_cells, pools.plasma_born, pools.plasma_died.

*References*: assumed rates; plasma cells lack CD20 and are not killed by rituximab.
"""

import math
from typing import ClassVar, Literal

import numpy as np

from abm.core.jit import kernel, prange
from abm.core.linear import integral
from abm.core.par import par
from abm.core.population import sum_rows
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@kernel
def turn_over(plasma_cells, born, died, accessible_cells, niche_cells, first, fed_per_cell, kept, fed_kept):
    """Feed and age the plasma cells of each subclone; ``fed_kept`` cells per B cell are left of ``fed_per_cell``."""
    for s in prange(died.size):
        rows, feeding, left, fed_left = slice(first[s], first[s + 1]), fed_per_cell[s], kept[s], fed_kept[s]
        plasma, accessible, niche = plasma_cells[rows], accessible_cells[rows], niche_cells[rows]
        fed, gone = np.empty(plasma.size), np.empty(plasma.size)
        for i in range(plasma.size):
            b = accessible[i] + niche[i]
            fed[i] = b * feeding
            now = plasma[i] * left + b * fed_left
            gone[i] = plasma[i] + fed[i] - now
            plasma[i] = now
        born[s], died[s] = sum_rows(fed, 0, fed.size), sum_rows(gone, 0, gone.size)


class PlasmaCells(Process):
    """Turnover of the plasma cells."""

    kind: Literal["plasma_cells"] = "plasma_cells"
    phase: ClassVar = Phase.ACT
    scale: ClassVar = "body"
    reads: ClassVar = ("b_cells.accessible_cells", "b_cells.niche_cells")
    writes: ClassVar = ("b_cells.plasma_cells", "b_cells.long_lived_cells", "pools.plasma_born", "pools.plasma_died")

    differentiation: float = par("0.002 /d", "1/h", "assumed: sets their share", "Fed per B cell", ge=0, le=10)
    half_life: float = par("50 d", "h", "assumed: 35-90 d", "Half-life of fed plasma cells", gt=0, le=1e6)
    rel_long_lived: float = par(0.6, "1", "assumed: CV 100 % between patients", "Long-lived over fed", ge=0, le=100)

    def begin(self, world: World) -> None:
        """Start at balance."""
        b = world.populations["b_cells"]
        n, per_cell = np.diff(b.first), self.differentiation * self.half_life / math.log(2.0)
        b.plasma_cells[:] = np.repeat(world.each(per_cell), n) * (b.accessible_cells + b.niche_cells)
        b.long_lived_cells[:] = np.repeat(world.each(self.rel_long_lived), n) * b.plasma_cells
        world.pools["plasma_born"] = b.sums(b.plasma_cells)

    def step(self, world: World, key: Key) -> None:
        """Feed and age for one step."""
        b, ageing = world.populations["b_cells"], math.log(2.0) / self.half_life
        kept, fed_kept = np.exp(-ageing * world.dt_h), self.differentiation * integral(ageing, world.dt_h)
        law = (self.differentiation * world.dt_h, kept, fed_kept)
        born, died = np.empty(world.n_subjects), np.empty(world.n_subjects)
        turn_over(b.plasma_cells, born, died, b.accessible_cells, b.niche_cells, b.first, *map(world.each, law))
        world.pools.add("plasma_born", born)
        world.pools.add("plasma_died", died)
