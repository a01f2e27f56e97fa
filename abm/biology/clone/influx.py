"""New cells arrive at a constant rate, each at its own moment.

*Model*: Poisson(``rate dt``) arrivals, evenly spread over the step; from its moment on a newcomer meets the constant
hazards.

*Writes*: arrivals of the population.

*References*: assumed: off unless a scenario asks for it.
"""

from typing import ClassVar, Literal

import numpy as np

from abm.biology.populations import PopulationName
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key, poisson, uniform
from abm.core.world import World

NOBODY = 0


class Influx(Process):
    """Arrival at a constant rate."""

    kind: Literal["influx"] = "influx"
    phase: ClassVar = Phase.ACT
    reads: ClassVar = ()
    writes: ClassVar = ()

    population: PopulationName = "b_cells"
    rate_per_h: float = par(10.0, "1/h", "assumed: chosen per scenario", "Arrivals", ge=0, le=1e9)

    @property
    def about(self) -> frozenset[str]:
        """The population."""
        return frozenset({self.population})

    def step(self, world: World, key: Key) -> None:
        """Draw the arrivals of one step."""
        if self.population not in world.populations:
            return
        own = key[0][0], key[1]
        n = poisson(self.rate_per_h * world.dt_h, own, NOBODY, 0)
        moments = np.array([uniform(own, k, 1) for k in range(n)]) * world.dt_h
        world.arrive(self.population, moments, cohort=0)
