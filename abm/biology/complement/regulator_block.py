"""Blocking antibodies take CD55 or CD59 out of play.

*Model*: ``rel_cd55`` and ``rel_cd59`` are multiplied by 1 - ``efficacy_frac`` times the blocked fraction; the added
pools ``anti_cd55`` and ``anti_cd59`` hold the fraction blocked (0-1).

*Reads*: pools.anti_cd55, pools.anti_cd59. *Writes*: rel_cd55, rel_cd59.

*References*: assumed efficacy; blocking both regulators is the usual control of such assays (Golay2001).
"""

from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import REL_CD55, REL_CD59
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


class RegulatorBlock(Process):
    """Inhibition of the complement regulators."""

    kind: Literal["regulator_block"] = "regulator_block"
    phase: ClassVar = Phase.SENSE
    stacks: ClassVar = True
    columns: ClassVar = (REL_CD55, REL_CD59)
    reads: ClassVar = ("pools.anti_cd55", "pools.anti_cd59")
    writes: ClassVar = ("b_cells.rel_cd55", "b_cells.rel_cd59")

    efficacy_frac: float = par(
        0.9, "1", "assumed: a tenth of the regulator stays active", "Share inhibited when blocked", ge=0, le=0.99
    )

    def step(self, world: World, key: Key) -> None:
        """Block for one step."""
        b = world.populations["b_cells"]
        for name in ("cd55", "cd59"):
            if f"anti_{name}" in world.pools:
                rel, blocked_frac = b[f"rel_{name}"], np.minimum(1.0, world.pools[f"anti_{name}"])
                rel *= b.spread(1.0 - self.efficacy_frac * blocked_frac)
