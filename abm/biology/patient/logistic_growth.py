"""The clone grows logistically.

*Model*: ``dB/dt = g B (1 - B / K)`` for every subclone, B all cells of the clone, held over the step; K is given as a
multiple of the burden at the start.

*Reads / Writes*: accessible_cells, niche_cells, pools.cells_born.

*References*: assumed rate, CV 70 % between patients.
"""

import math
from typing import ClassVar, Literal

import numpy as np

from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.population import sum_rows
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@kernel
def grow(accessible_cells, niche_cells, born, crowded, first, laws):
    """Multiply the subclones of each patient by what is gained; a law is the growth of few, and the capacity."""
    for s in prange(born.size):
        rows = slice(first[s], first[s + 1])
        total = sum_rows(accessible_cells, rows.start, rows.stop) + sum_rows(niche_cells, rows.start, rows.stop)
        gain = math.expm1(laws[s, 0] * (1.0 - total / laws[s, 1]))
        for cells in (accessible_cells[rows], niche_cells[rows]):
            for i in range(cells.size):
                cells[i] *= 1.0 + gain
        born[s], crowded[s] = max(gain, 0.0) * total, max(-gain, 0.0) * total


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
        b, born, crowded = world.populations["b_cells"], np.empty(world.n_subjects), np.empty(world.n_subjects)
        grow(b.accessible_cells, b.niche_cells, born, crowded, b.first, world.law(self, self._law))
        world.pools.add("cells_born", born)
        world.pools.add("cells_crowded", crowded)

    def _law(self, world: World) -> np.ndarray:
        """Return the growth of few cells in a step, and the capacity, of each patient."""
        cells = world.cell_types["b_cells"].cells
        growth = np.where(cells > 0.0, self.rate * world.dt_h, 0.0)
        return world.laws(growth, np.where(cells > 0.0, self.rel_capacity * cells, np.inf))
