"""B cells move between the accessible marrow and a niche in which they are protected.

*Model*: ``dN/dt = k f/(1 - f) A - k N`` and the reverse, with k = ``rate`` and f the clone's ``niche_frac``: the cells
of a subclone in the niche relax to f of all as ``exp(-k / (1 - f) dt)``, exact; at rest a fraction f is in the niche.

*Reads / Writes*: accessible_cells, niche_cells.

*References*: assumed rate; protection by stroma keeps a plateau after treatment.
"""

from typing import ClassVar, Literal

import numpy as np

from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@kernel
def exchange(accessible_cells, niche_cells, first, niche_frac, kept):
    """Relax the share in the niche of each subclone; ``kept`` is the part of the distance left after the step."""
    for s in prange(kept.size):
        rows, frac, left = slice(first[s], first[s + 1]), niche_frac[s], kept[s]
        accessible, niche = accessible_cells[rows], niche_cells[rows]
        for i in range(niche.size if left < 1.0 else 0):
            total = accessible[i] + niche[i]
            in_niche = frac * total + (niche[i] - frac * total) * left
            accessible[i], niche[i] = total - in_niche, in_niche


class NicheExchange(Process):
    """Exchange with the niche."""

    kind: Literal["niche_exchange"] = "niche_exchange"
    phase: ClassVar = Phase.ACT
    scale: ClassVar = "body"
    reads: ClassVar = ()
    writes: ClassVar = ("b_cells.accessible_cells", "b_cells.niche_cells")

    rate: float = par("0.007 /d", "1/h", "assumed: weeks to months", "Leaving the niche", ge=0, le=10)

    def step(self, world: World, key: Key) -> None:
        """Exchange for one step."""
        b, niche_frac = world.populations["b_cells"], world.cell_types["b_cells"].niche_frac
        kept = np.exp(-self.rate / (1.0 - niche_frac) * world.dt_h)
        exchange(b.accessible_cells, b.niche_cells, b.first, world.each(niche_frac), world.each(kept))
