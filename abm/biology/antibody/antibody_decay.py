"""Free antibody disappears from the medium with a half-life.

*Model*: ``dC/dt = -ln 2 / half_life C``; exact.

*Reads / Writes*: pools.antibody, pools.antibody_decayed.

*References*: assumed half-life; therapeutic IgG keeps for weeks in medium.
"""

from typing import ClassVar, Literal

from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


class AntibodyDecay(Process):
    """Exponential loss of free drug."""

    kind: Literal["antibody_decay"] = "antibody_decay"
    phase: ClassVar = Phase.FIELDS
    reads: ClassVar = ("pools.antibody",)
    writes: ClassVar = ("pools.antibody", "pools.antibody_decayed")

    half_life: float = par(480.0, "h", "assumed: weeks in medium, 20 d", "Half-life of free drug", gt=0, le=1e6)

    def step(self, world: World, key: Key) -> None:
        """Decay for one step."""
        free = world.pools["antibody"]
        world.pools.move("antibody", "antibody_decayed", free * (1.0 - 0.5 ** (world.dt_h / self.half_life)))
