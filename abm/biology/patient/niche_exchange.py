"""B cells move between the accessible marrow and a niche in which they are protected.

*Model*: ``dN/dt = k f/(1 - f) A - k N`` and the reverse, exact; at rest a fraction f is in the niche.

*Reads / Writes*: accessible_cells, niche_cells.

*References*: assumed rate; protection by stroma keeps a plateau after treatment.
"""

import math
from typing import ClassVar, Literal

from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@kernel
def exchange(accessible_cells, niche_cells, niche_frac, kept):
    """Relax the share in the niche of each subclone; ``kept`` is the part of the distance left after the step."""
    for i in prange(niche_cells.size):
        total = accessible_cells[i] + niche_cells[i]
        niche_cells[i] = niche_frac * total + (niche_cells[i] - niche_frac * total) * kept
        accessible_cells[i] = total - niche_cells[i]


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
        if self.rate <= 0.0:
            return
        b, niche_frac = world.populations["b_cells"], world.cell_types["b_cells"].niche_frac
        kept = math.exp(-self.rate / (1.0 - niche_frac) * world.dt_h)
        exchange(b.accessible_cells, b.niche_cells, niche_frac, kept)
