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
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@kernel
def turn_over(plasma_cells, died, accessible_cells, niche_cells, fed_per_cell, kept, fed_kept):
    """Feed and age the plasma cells of each subclone; ``fed_kept`` cells per B cell are left of ``fed_per_cell``."""
    for i in prange(died.size):
        b = accessible_cells[i] + niche_cells[i]
        now = plasma_cells[i] * kept + b * fed_kept
        died[i] = plasma_cells[i] + b * fed_per_cell - now
        plasma_cells[i] = now


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
        per_cell = self.differentiation * self.half_life / math.log(2.0)
        b.plasma_cells[:] = per_cell * (b.accessible_cells + b.niche_cells)
        b.long_lived_cells[:] = self.rel_long_lived * b.plasma_cells
        world.pools["plasma_born"] = float(b.plasma_cells.sum())

    def step(self, world: World, key: Key) -> None:
        """Feed and age for one step."""
        b, ageing = world.populations["b_cells"], math.log(2.0) / self.half_life
        died, fed = np.empty(b.n), self.differentiation * world.dt_h
        kept, fed_kept = math.exp(-ageing * world.dt_h), self.differentiation * integral(ageing, world.dt_h)
        turn_over(b.plasma_cells, died, b.accessible_cells, b.niche_cells, fed, kept, fed_kept)
        world.pools.add("plasma_born", fed * float(b.accessible_cells.sum() + b.niche_cells.sum()))
        world.pools.add("plasma_died", float(died.sum()))
