"""Living B cells secrete IgM into the medium; what a cell has stored is released when it lyses.

*Model*: the pool gains ``igm_per_s 3600 dt`` (dt in h) from every cell that is not committed to die; stored IgM spills
at lysis.

*Reads*: igm_per_s, is_dying. *Writes*: pools.igm_secreted (and, at lysis, pools.igm_released).

*References*: fitted rate 100 molecules/s (30-400), derived from serum IgM over tumour burden.
"""

from typing import ClassVar, Literal

import numpy as np

from abm.core.jit import serial
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@serial
def secreted_per_s(total, igm_per_s, is_dying, first):
    """Write what all living cells of each subject secrete."""
    for s in range(total.size):
        total[s] = 0.0
        for i in range(first[s], first[s + 1]):
            total[s] += 0.0 if is_dying[i] else igm_per_s[i]


class IgmSecretion(Process):
    """IgM of the cells in the medium."""

    kind: Literal["igm_secretion"] = "igm_secretion"
    phase: ClassVar = Phase.FIELDS
    stacks: ClassVar = True
    reads: ClassVar = ("b_cells.igm_per_s", "b_cells.is_dying")
    writes: ClassVar = ("pools.igm_secreted",)

    def step(self, world: World, key: Key) -> None:
        """Secrete for one step."""
        b, per_s = world.populations["b_cells"], np.empty(world.n_subjects)
        secreted_per_s(per_s, b.igm_per_s, b.is_dying, b.first)
        world.pools.add("igm_secreted", per_s * (world.dt_h * 3600.0))
