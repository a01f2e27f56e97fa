"""Cells of one population divide at a constant rate.

*Model*: with Death, a linear birth-death process, exact in FATE for any step. Daughters share bound antibody, CD20,
C3b, MACs, stored IgM and damage in halves and inherit everything else.

*Writes*: the constant part of division_per_h.

*References*: assumed: off unless a scenario asks for it.
"""

from typing import ClassVar, Literal

from abm.biology.populations import PopulationName
from abm.core.fate import MORTAL
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


class Division(Process):
    """Division at a constant rate."""

    kind: Literal["division"] = "division"
    phase: ClassVar = Phase.ACT
    reads: ClassVar = ()
    writes: ClassVar = ()

    population: PopulationName = "b_cells"
    rate_per_h: float = par(0.01, "1/h", "assumed: chosen per scenario", "Division rate", ge=0, le=100)

    @property
    def about(self) -> frozenset[str]:
        """The population."""
        return frozenset({self.population})

    @property
    def alone_on(self) -> tuple[str, ...]:
        """The rate: of two processes the later would overwrite the earlier."""
        return (f"{self.population}.division_per_h",)

    def prepare(self, world: World) -> None:
        """Make the rate the default of the division column."""
        for column in MORTAL:
            world.declare(self.population, column)
        if self.population in world.populations:
            world.populations[self.population].set_default("division_per_h", self.rate_per_h)

    def step(self, world: World, key: Key) -> None:
        """Do nothing: RESET writes the constant rate."""
