"""NK cells refill their granules and regrow CD16.

*Model*: ``dG/dt = (1 - G) / tau`` with ``granules_time_constant``; the same for CD16 with ``cd16_time_constant``;
exact.

*Reads / Writes*: granules, cd16.

*References*: BhatWatzl2007 (serial killers tire and recover); assumed time constants.
"""

from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import CD16, GRANULES
from abm.core.jit import serial
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@serial
def recover(granules, cd16, first, granules_share, cd16_share):
    """Move each level towards 1 by its subject's share of the distance."""
    for s in range(first.size - 1):
        for level, share in ((granules, granules_share[s]), (cd16, cd16_share[s])):
            for i in range(first[s], first[s + 1]):
                level[i] += (1.0 - level[i]) * share


class Recovery(Process):
    """Recovery of effector cells."""

    kind: Literal["effector_recovery"] = "effector_recovery"
    phase: ClassVar = Phase.FIELDS
    stacks: ClassVar = True
    scale: ClassVar = "both"
    columns: ClassVar = (GRANULES, CD16)
    reads: ClassVar = ("nk_cells.granules", "nk_cells.cd16")
    writes: ClassVar = ("nk_cells.granules", "nk_cells.cd16")

    granules_time_constant: float = par(
        2.8, "h", "assumed: refill in hours", "Time constant of refilling", gt=0, le=1e3
    )
    cd16_time_constant: float = par(8.0, "h", "assumed: slow recovery", "Time constant of CD16", gt=0, le=1e3)

    def step(self, world: World, key: Key) -> None:
        """Recover for one step."""
        nk = world.populations.get("nk_cells")
        if nk is None:
            return
        recover(nk.granules, nk.cd16, nk.first, *world.law(self, self._law))

    def _law(self, world: World) -> tuple[np.ndarray, ...]:
        """Return the shares of the distance to 1 that are made good."""
        taus_h = self.granules_time_constant, self.cd16_time_constant
        return tuple(world.each(-np.expm1(-world.dt_h / tau_h)) for tau_h in taus_h)
