"""Serum viscosity rises steeply with IgM.

*Model*: ``eta = without_igm exp(steepness c / (1 - c / densest))`` with c the serum IgM, at most 0.95 of ``densest``.

*Reads*: pools.igm_g_per_L. *Writes*: pools.viscosity_cP.

*References*: assumed constants: Mooney's law for crowded solutions; normal serum 1.2-1.8 cP.
"""

from typing import Any, ClassVar, Literal

import numpy as np

from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World

THICKEST = 0.95  # design: of c_max, where the law has no more meaning


class Viscosity(Process):
    """Serum viscosity."""

    kind: Literal["viscosity"] = "viscosity"
    phase: ClassVar = Phase.ACT
    scale: ClassVar = "body"
    reads: ClassVar = ("pools.igm_g_per_L",)
    writes: ClassVar = ("pools.viscosity_cP",)

    without_igm: float = par("1.55 cP", "cP", "assumed: normal serum", "Viscosity without IgM", gt=0, le=10)
    steepness: float = par("0.16 dL/g", "L/g", "assumed: CV 25 % between patients", "Rise per IgM", ge=0, le=5)
    densest: float = par("27 g/dL", "g/L", "assumed: 25-30 g/dL", "Densest packing", gt=0, le=1000)

    def of(self, igm_g_per_L: Any) -> Any:
        """Return the viscosity in cP at an IgM in g/L."""
        c = np.minimum(igm_g_per_L, THICKEST * self.densest)
        return self.without_igm * np.exp(self.steepness * c / (1.0 - c / self.densest))

    def begin(self, world: World) -> None:
        """Set it before the first look."""
        world.pools["viscosity_cP"] = self.of(world.pools["igm_g_per_L"])

    def step(self, world: World, key: Key) -> None:
        """Set it."""
        self.begin(world)
