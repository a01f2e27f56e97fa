"""A local source of DHEAS, such as a slow-release bead, makes the field uneven.

*Model*: a constant number of molecules per hour enters the voxel at (x, y); without a field, the mixed well.

*Writes*: fields.dheas.

*References*: design: an experiment, not a property of cells.
"""

from typing import ClassVar, Literal

from abm.core.errors import Fault
from abm.core.fields import Field
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.space import Space
from abm.core.world import World


class DheasSource(Process):
    """Constant release at one place."""

    kind: Literal["dheas_source"] = "dheas_source"
    phase: ClassVar = Phase.FIELDS
    reads: ClassVar = ()
    writes: ClassVar = ("fields.dheas", "pools.dheas", "pools.dheas_released")

    pmol_per_h: float = par(10.0, "pmol/h", "design: chosen per experiment", "Release", ge=0, le=1e6)
    x_um: float | None = par(None, "um", "design: the middle of the floor unless given", "Place", ge=0)
    y_um: float | None = par(None, "um", "design: the middle of the floor unless given", "Place", ge=0)

    @property
    def alone_on(self) -> tuple[str, ...]:
        """Nothing: several sources add up."""
        return ()

    def faults(self, space: Space) -> list[Fault]:
        """Refuse a place off the floor."""
        places_um = {"x_um": self.x_um or 0.0, "y_um": self.y_um or 0.0}
        return [
            Fault(f"{um:g} um is off the floor", axis, allowed=f"0 to {space.side:g} um", beside=("space.side",))
            for axis, um in places_um.items()
            if um > space.side
        ]

    def step(self, world: World, key: Key) -> None:
        """Release for one step; 1 pmol is 1e6 nM pL, so amounts are turned into the voxel's concentration."""
        molecules = self.pmol_per_h * world.dt_h * 6.02214076e11
        world.pools.add("dheas_released", molecules)
        field = world.fields.get("dheas")
        if field is None:
            world.pools.add("dheas", molecules)
        elif molecules > 0.0:  # what is even stays so without it
            self._release(world, field)

    def _release(self, world: World, field: Field) -> None:
        values = field.divide()
        last = values.shape[0] - 1
        middle_um = 0.5 * world.space.side
        places_um = (middle_um if place is None else place for place in (self.y_um, self.x_um))
        row, column = (min(int(place / field.voxel_um), last) for place in places_um)
        voxel_uL = world.pools.volume_uL / values.size
        values[row, column] += self.pmol_per_h * world.dt_h * 1e3 / voxel_uL
