"""Free antibody disappears from the medium with a half-life.

*Model*: ``dC/dt = -ln 2 / half_life C``; exact.

*Reads / Writes*: pools.antibody_*.

*References*: assumed half-life; therapeutic IgG keeps for weeks in medium.
"""

import math
from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.antibody.places import POOLS_OF_EACH, antibodies, declare_each, pool_of
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


class AntibodyDecay(Process):
    """Exponential loss of free drug."""

    kind: Literal["antibody_decay"] = "antibody_decay"
    phase: ClassVar = Phase.FIELDS
    stacks: ClassVar = True
    reads: ClassVar = ("properties.antibodies",)
    writes: ClassVar = (POOLS_OF_EACH,)

    half_life: float = par(480.0, "h", "assumed: weeks in medium, 20 d", "Half-life of free drug", gt=0, le=1e6)

    def prepare(self, world: World) -> None:
        """Make the pools."""
        declare_each(world)

    def step(self, world: World, key: Key) -> None:
        """Decay for one step."""
        for drug in antibodies(world):
            decayed = world.pools[pool_of(drug)] * world.law(self, self._law)
            world.pools.move(pool_of(drug), pool_of(drug, "decayed"), decayed)

    def _law(self, world: World) -> Any:
        """Return the share that a step takes."""
        return -np.expm1(-math.log(2.0) * world.dt_h / self.half_life)
