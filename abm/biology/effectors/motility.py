"""Cells crawl straight for a while, then turn: a persistent random walk.

*Model*: constant speed; a new direction, even over the circle, at rate ``1 / persistence``. Mean squared displacement
``2 v^2 tau (t - tau (1 - exp(-t / tau)))``. Reflecting walls mirror, periodic ones wrap. Engaged cells stand still.

*Reads*: which cells are engaged. *Writes*: x_um, y_um, direction.

*References*: Codling2008 (velocity-jump process).
"""

import math
from typing import ClassVar, Literal

import numpy as np

from abm.biology.populations import CELL_TYPES, PopulationName
from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.population import Column
from abm.core.process import Phase, Process
from abm.core.rng import Key, direction, fill_uniform2
from abm.core.world import World

HEADING = ("x_heading", "y_heading")


@kernel
def turn(x_heading, y_heading, u, v, p_turn):
    """Give new directions to cells that turn, and to new cells, which have none yet."""
    for i in prange(u.size):
        x, y = direction(v[i])
        turns = (u[i] < p_turn) | ((x_heading[i] == 0.0) & (y_heading[i] == 0.0))
        x_heading[i] = x if turns else x_heading[i]
        y_heading[i] = y if turns else y_heading[i]


@kernel
def walk(place, heading, is_free, length_um, side_um, is_periodic):
    """Move along one axis; a step is shorter than the side."""
    for i in prange(place.size):
        if is_free[i]:
            moved = place[i] + heading[i] * length_um
            if moved < 0.0:
                moved = moved + side_um if is_periodic else -moved
                heading[i] = heading[i] if is_periodic else -heading[i]
            elif moved >= side_um:
                moved = moved - side_um if is_periodic else 2.0 * side_um - moved
                heading[i] = heading[i] if is_periodic else -heading[i]
            place[i] = moved


class Motility(Process):
    """Persistent random walk of one population."""

    kind: Literal["motility"] = "motility"
    phase: ClassVar = Phase.MOVE

    population: PopulationName = "nk_cells"
    speed_um_per_min: float = par(3.5, "um/min", "assumed: 1-4 in two dimensions", "Speed", ge=0, le=100)
    persistence: float = par(5.0 / 60.0, "h", "assumed: minutes", "Mean time between turns", gt=0, le=100)

    @property
    def reads(self) -> tuple[str, ...]:
        """The column that says which cells are engaged."""
        return (f"{self.population}.{CELL_TYPES[self.population][self.population].engaged_in}",)

    @property
    def writes(self) -> tuple[str, ...]:
        """Places and directions."""
        return tuple(f"{self.population}.{name}" for name in ("x_um", "y_um", *HEADING))

    def prepare(self, world: World) -> None:
        """Make the directions."""
        for name in HEADING:
            world.declare(self.population, Column(name, doc="direction"))

    def step(self, world: World, key: Key) -> None:
        """Walk for one step."""
        cells = world.populations.get(self.population)
        if cells is None or world.space.kind == "mixed":
            return
        u, v = np.empty(cells.n), np.empty(cells.n)
        fill_uniform2(u, v, cells.uid, 0, key)
        turn(cells.x_heading, cells.y_heading, u, v, -math.expm1(-world.dt_h / self.persistence))
        length_um = min(self.speed_um_per_min * 60.0 * world.dt_h, world.space.side)
        is_free = ~world.cell_types[self.population].is_engaged(cells)
        for place, heading in ((cells.x_um, cells.x_heading), (cells.y_um, cells.y_heading)):
            walk(place, heading, is_free, length_um, world.space.side, world.space.is_periodic)
