"""The clone grows logistically.

*Model*: ``dB/dt = g B (1 - B / K)`` for every subclone, B all cells of the clone, held over the step; K is given as a
multiple of the burden at the start.

*Reads / Writes*: accessible_cells, niche_cells, pools.cells_born.

*References*: assumed rate, CV 70 % between patients.
"""

import math
from typing import ClassVar, Literal

from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


class LogisticGrowth(Process):
    """Growth of the clone."""

    kind: Literal["logistic_growth"] = "logistic_growth"
    phase: ClassVar = Phase.ACT
    scale: ClassVar = "body"
    reads: ClassVar = ()
    writes: ClassVar = ("b_cells.accessible_cells", "b_cells.niche_cells", "pools.cells_born", "pools.cells_crowded")

    rate: float = par("0.0035 /d", "1/h", "assumed: CV 70 % between patients", "Net growth", ge=0, le=1)
    rel_capacity: float = par(1.25, "1", "assumed: 1-1.5", "Capacity over the burden at the start", gt=0, le=100)

    def step(self, world: World, key: Key) -> None:
        """Grow for one step."""
        b, clone = world.populations["b_cells"], world.cell_types["b_cells"]
        total = float(b.accessible_cells.sum() + b.niche_cells.sum())
        if self.rate <= 0.0 or clone.cells <= 0.0:
            return
        factor = math.exp(self.rate * (1.0 - total / (self.rel_capacity * clone.cells)) * world.dt_h)
        b.accessible_cells[:] *= factor
        b.niche_cells[:] *= factor
        world.pools.add("cells_born" if factor >= 1.0 else "cells_crowded", abs(factor - 1.0) * total)
