"""Growth of the clone towards a capacity: what its laws share.

A law is a rate, what its time becomes over a span, and the room that a burden leaves; what the whole clone is
multiplied by is ``exp(rate span room)``. A subclone with a growth of its own is multiplied by a power of it.
The clone grows from the start on, also where ``is_balanced_at_start``: then plasma cells and IgM begin as if it had
stood still (r = 0), else as those of a clone that grew at the rate r of the start, not below 0.
"""

import math
from typing import Any, ClassVar

import numpy as np

from abm.biology.columns import GROWTH_REL
from abm.core.errors import RunFailed
from abm.core.jit import device, kernel, prange
from abm.core.par import par
from abm.core.population import sum_rows
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.series import expm1
from abm.core.world import World

SMALLEST = 1e-300  # design: a burden that has a logarithm


@device
def room(burden, is_logarithmic):
    """Return growth relative to the rate at a burden, of which the capacity is 1."""
    return -np.log(np.maximum(burden, SMALLEST)) if is_logarithmic else 1.0 - burden


@kernel
def grow(accessible_cells, niche_cells, born, crowded, growth_rel, first, laws, is_logarithmic):
    """Multiply the subclones of each patient by what is gained, each by a power of it where they differ.

    The law of a patient are the rate times its time, the capacity, and how much subclones differ.
    """
    for s in prange(born.size):
        rows, law = slice(first[s], first[s + 1]), laws[s]
        accessible, niche, own = accessible_cells[rows], niche_cells[rows], growth_rel[rows]
        total = sum_rows(accessible, 0, own.size) + sum_rows(niche, 0, own.size)
        exponent = law[0] * room(total / law[1], is_logarithmic)
        if law[2] > 0.0:
            gained = np.empty(own.size)
            for i in range(own.size):
                gain = expm1(own[i] * exponent)
                gained[i] = gain * (accessible[i] + niche[i])
                accessible[i] *= 1.0 + gain
                niche[i] *= 1.0 + gain
            more = sum_rows(gained, 0, gained.size)
        else:
            gain = math.expm1(exponent)
            for cells in (accessible, niche):
                for i in range(cells.size):
                    cells[i] *= 1.0 + gain
            more = gain * total
        born[s], crowded[s] = max(more, 0.0), max(-more, 0.0)


class Growth(Process):
    """Growth of the clone; ``is_balanced_at_start``: what it feeds begins as if it had stood still."""

    phase: ClassVar = Phase.ACT
    scale: ClassVar = "body"
    columns: ClassVar = (GROWTH_REL,)
    reads: ClassVar = ("b_cells.growth_rel",)
    is_logarithmic: ClassVar[bool] = False  # the room that a burden leaves
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

    def time(self, span_h: Any) -> Any:
        """Return the rate times a span over which the burden at its start leaves the same room."""
        raise RunFailed(f"{type(self).__name__} defines no time of growth")

    def net_per_h(self, cells: Any) -> Any:
        """Return the net growth of an untreated clone, 1/h.

        Parameters
        ----------
        cells : float or array
            Its burden; at the start, where the capacity is relative to that.
        """
        return self.rate * room(cells / self.capacity(cells), self.is_logarithmic)

    def grown(self, cells: Any, span_h: Any) -> Any:
        """Return the burden of an untreated clone whose subclones grow alike after a span, in closed form.

        Parameters
        ----------
        cells : float or array
            Its burden before; at the start, where the capacity is relative to that.
        span_h : float or array
            How long it grows, h; negative: how large it was.
        """
        raise RunFailed(f"{type(self).__name__} defines no course of growth")

    def begin(self, world: World) -> None:
        """Tell how fast the clone grows, where what it feeds begins as that of a growing clone."""
        cells = world.cell_types["b_cells"].cells
        if not self.is_balanced_at_start:
            world.pools["start_growth_per_h"] = np.maximum(0.0, self.net_per_h(cells))

    def step(self, world: World, key: Key) -> None:
        """Grow for one step."""
        b, law = world.populations["b_cells"], world.law(self, self._law)
        born, crowded = np.empty(world.n_subjects), np.empty(world.n_subjects)
        cells = b.accessible_cells, b.niche_cells, born, crowded, b.growth_rel
        grow(*cells, b.first, law, self.is_logarithmic)
        world.pools.add("cells_born", born)
        world.pools.add("cells_crowded", crowded)

    def _law(self, world: World) -> np.ndarray:
        """Return the growth of few cells in a step, the capacity, and how subclones differ, of each patient."""
        clone = world.cell_types["b_cells"]
        growth = np.where(clone.cells > 0.0, self.time(world.dt_h), 0.0)
        return world.laws(growth, self.capacity(clone.cells), clone.growth_sigma)
