"""Cells of one population die at a constant rate.

*Model*: a constant hazard ``rate_per_h``, competing with all others in FATE.

*Writes*: the constant part of hazard_<cause>_per_h.

*References*: assumed rate for primary B cells in culture.
"""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field

from abm.biology.populations import PopulationName
from abm.core.names import refuse_missing
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.table import Column
from abm.core.world import World


class Death(Process):
    """Background death."""

    kind: Literal["death"] = "death"
    phase: ClassVar = Phase.ACT
    stacks: ClassVar = True
    reads: ClassVar = ()
    writes: ClassVar = ()

    population: PopulationName = "b_cells"
    cause: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$"), AfterValidator(refuse_missing)] = "background"
    rate_per_h: float = par(
        0.003, "1/h", "assumed: over 90 % of untreated cells live at 24 h", "Death rate", ge=0, le=100
    )

    @property
    def about(self) -> frozenset[str]:
        """The population."""
        return frozenset({self.population})

    @property
    def alone_on(self) -> tuple[str, ...]:
        """The hazard of one cause: of two processes the later would overwrite the earlier."""
        return (f"{self.population}.hazard_{self.cause}_per_h",)

    def prepare(self, world: World) -> None:
        """Make the rate the default of the hazard, which new cells have too."""
        name = f"hazard_{self.cause}_per_h"
        world.declare(self.population, Column(name, unit="1/h", resets=True, doc=f"hazard of {self.cause} death"))
        if self.population in world.populations:
            one_rate = 0.0 if isinstance(self.rate_per_h, np.ndarray) else self.rate_per_h
            world.populations[self.population].set_default(name, one_rate)

    def step(self, world: World, key: Key) -> None:
        """Do nothing, since RESET writes the constant hazard, but where subjects have hazards of their own."""
        if isinstance(self.rate_per_h, np.ndarray) and self.population in world.populations:
            cells = world.populations[self.population]
            cells[f"hazard_{self.cause}_per_h"][:] += cells.spread(self.rate_per_h)
