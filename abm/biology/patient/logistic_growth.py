"""The clone grows logistically.

*Model*: ``dB/dt = g B (1 - B / K)`` for every subclone, B all cells of the clone, held over the step; K is given as a
multiple of the burden at the start.

*Reads / Writes*: accessible_cells, niche_cells, pools.cells_born.

*References*: assumed rate, CV 70 % between patients.
"""

from typing import ClassVar, Literal

import numpy as np

from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@kernel
def grow(accessible_cells, niche_cells, first, factor):
    """Multiply the subclones of each patient."""
    for s in prange(factor.size):
        rows, own = slice(first[s], first[s + 1]), factor[s]
        for cells in (accessible_cells[rows], niche_cells[rows]):
            for i in range(cells.size):
                cells[i] *= own


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
        total, has_room = b.sums(b.accessible_cells) + b.sums(b.niche_cells), clone.cells > 0.0
        capacity = np.where(has_room, self.rel_capacity * clone.cells, np.inf)
        gain = np.expm1(np.where(has_room, self.rate, 0.0) * (1.0 - total / capacity) * world.dt_h)
        grow(b.accessible_cells, b.niche_cells, b.first, world.each(1.0 + gain))
        world.pools.add("cells_born", np.maximum(gain, 0.0) * total)
        world.pools.add("cells_crowded", np.maximum(-gain, 0.0) * total)
