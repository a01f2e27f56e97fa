"""Growth of the clone towards a capacity: what its laws share.

A law is a rate, what its time becomes over a span, and the room that a burden leaves; what the whole clone is
multiplied by is ``exp(rate span room)``. A subclone with a growth of its own is multiplied by a power of it.
"""

import math
from typing import Any, ClassVar

import numpy as np

from abm.biology.columns import GROWTH_REL
from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.population import sum_rows
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.series import expm1
from abm.core.world import World


@kernel
def grow(accessible_cells, niche_cells, born, crowded, growth_rel, total, exponent, sigma, first):
    """Multiply the subclones of each patient by ``exp(exponent)``, each by a power of it where ``sigma`` says so."""
    for s in prange(born.size):
        rows = slice(first[s], first[s + 1])
        accessible, niche, own = accessible_cells[rows], niche_cells[rows], growth_rel[rows]
        if sigma[s] > 0.0:
            gained = np.empty(own.size)
            for i in range(own.size):
                gain = expm1(own[i] * exponent[s])
                gained[i] = gain * (accessible[i] + niche[i])
                accessible[i] *= 1.0 + gain
                niche[i] *= 1.0 + gain
            more = sum_rows(gained, 0, gained.size)
        else:
            gain = math.expm1(exponent[s])
            for cells in (accessible, niche):
                for i in range(cells.size):
                    cells[i] *= 1.0 + gain
            more = gain * total[s]
        born[s], crowded[s] = max(more, 0.0), max(-more, 0.0)


class Growth(Process):
    """Growth of the clone; ``is_balanced_at_start``: what it feeds begins as if it had stood still."""

    phase: ClassVar = Phase.ACT
    scale: ClassVar = "body"
    columns: ClassVar = (GROWTH_REL,)
    reads: ClassVar = ("b_cells.growth_rel",)
    writes: ClassVar = (
        "b_cells.accessible_cells",
        "b_cells.niche_cells",
        "pools.cells_born",
        "pools.cells_crowded",
        "pools.start_growth_per_h",
    )

    rate: float = par("0.0035 /d", "1/h", "assumed: CV 70 % between patients", "Net growth of few cells", ge=0, le=1)
    capacity_cells: float | None = par(
        None, "1", "design: none unless given; assumed 3e12", "Cells at which growth ends", gt=0, le=1e18
    )
    is_balanced_at_start: bool = True

    def capacity(self, start_cells: Any) -> Any:
        """Return the cells at which growth ends; in cells, shape of the patients or none."""
        return self.capacity_cells

    def room(self, burden: Any) -> Any:
        """Return growth relative to the rate at a burden, 1 of the capacity."""
        raise NotImplementedError

    def time(self, span_h: Any) -> Any:
        """Return the rate times a span over which the burden at its start leaves the same room."""
        raise NotImplementedError

    def net_per_h(self, cells: Any) -> Any:
        """Return the net growth of an untreated clone, 1/h.

        Parameters
        ----------
        cells : float or array
            Its burden; at the start, where the capacity is relative to that.
        """
        return self.rate * self.room(cells / self.capacity(cells))

    def grown(self, cells: Any, span_h: Any) -> Any:
        """Return the burden of an untreated clone whose subclones grow alike after a span, in closed form.

        Parameters
        ----------
        cells : float or array
            Its burden before; at the start, where the capacity is relative to that.
        span_h : float or array
            How long it grows, h; negative: how large it was.
        """
        raise NotImplementedError

    def begin(self, world: World) -> None:
        """Tell how fast the clone grows, where what it feeds begins as that of a growing clone."""
        cells = world.cell_types["b_cells"].cells
        if not self.is_balanced_at_start:
            world.pools["start_growth_per_h"] = np.maximum(0.0, self.net_per_h(cells))

    def step(self, world: World, key: Key) -> None:
        """Grow for one step."""
        b, law = world.populations["b_cells"], world.law(self, self._law)
        total = b.sums(b.accessible_cells) + b.sums(b.niche_cells)
        exponent = law[:, 0] * self.room(total / law[:, 1])
        born, crowded = np.empty(world.n_subjects), np.empty(world.n_subjects)
        own = b.growth_rel, total, exponent, world.each(world.cell_types["b_cells"].growth_sigma)
        grow(b.accessible_cells, b.niche_cells, born, crowded, *own, b.first)
        world.pools.add("cells_born", born)
        world.pools.add("cells_crowded", crowded)

    def _law(self, world: World) -> np.ndarray:
        """Return the growth of few cells in a step, and the capacity, of each patient."""
        cells = world.cell_types["b_cells"].cells
        growth = np.where(cells > 0.0, self.time(world.dt_h), 0.0)
        return world.laws(growth, self.capacity(cells))
