"""Ibrutinib in the medium binds BTK for good; cells make new BTK.

*Model*: free BTK ``f' = r (1 - f) - k C f`` with the concentration C, which falls with its half-life; the binding rate
is held at its mean over the step, else exact.

*Assumes*: what binds is little beside what is dissolved.

*Reads*: pools.ibrutinib. *Writes*: pools.btk_free, pools.ibrutinib, pools.ibrutinib_decayed.

*References*: Sun2020 (resynthesis of BTK 13.4 %/d, measured under acalabrutinib); assumed: rate and half-life.
"""

import math
from typing import ClassVar, Literal

from abm.core.linear import integral, one_pool
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


class BtkOccupancy(Process):
    """Occupancy of BTK by ibrutinib in a culture."""

    kind: Literal["btk_occupancy"] = "btk_occupancy"
    phase: ClassVar = Phase.DOSE
    reads: ClassVar = ("pools.ibrutinib",)
    writes: ClassVar = ("pools.btk_free", "pools.ibrutinib", "pools.ibrutinib_decayed")
    sets: ClassVar = ("pools.btk_free",)

    inactivation_per_uM_per_h: float = par(
        3.0, "1/uM/h", "assumed: an hour in 1 uM leaves 5 % of BTK free", "Binding of BTK", ge=0, le=1e5
    )
    half_life: float = par("24 h", "h", "assumed: a day in medium", "Half-life of ibrutinib", gt=0, le=1e6)
    resynthesis: float = par("13.4 %/d", "1/h", "Sun2020", "New BTK", ge=0, le=10)

    def begin(self, world: World) -> None:
        """Start with all BTK free."""
        world.pools["btk_free"] = 1.0

    def step(self, world: World, key: Key) -> None:
        """Bind, lose and make new BTK for one step."""
        pools, k, dt_h = world.pools, math.log(2.0) / self.half_life, world.dt_h
        binding = self.inactivation_per_uM_per_h * 1e-3 * pools.nM("ibrutinib") * integral(k, dt_h) / dt_h
        pools["btk_free"] = one_pool(pools["btk_free"], self.resynthesis, self.resynthesis + binding, dt_h)
        pools.move("ibrutinib", "ibrutinib_decayed", pools["ibrutinib"] * -math.expm1(-k * dt_h))
