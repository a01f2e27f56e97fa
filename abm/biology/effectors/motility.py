"""Cells crawl straight for a while, then turn: a persistent random walk.

*Model*: constant speed; a new direction, even over the circle, at rate ``1 / persistence``: each is kept for an
exponential time, and turns are made between steps. Mean squared displacement
``2 v^2 tau (t - tau (1 - exp(-t / tau)))``. Reflecting walls mirror, periodic ones wrap. Engaged cells stand still.

*Reads*: which cells are engaged. *Writes*: x_um, y_um, direction and the time until the next.

*References*: Codling2008 (velocity-jump process).
"""

from typing import ClassVar, Literal

import numpy as np

from abm.biology.populations import CELL_TYPES, PopulationName
from abm.core.jit import device, kernel, prange
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key, direction, fill_both
from abm.core.series import log
from abm.core.table import Column
from abm.core.world import World

HEADING = ("x_heading", "y_heading")
WAIT = "wait_to_turn"


@device
def list_turning(rows, wait, elapsed):
    """Let time pass; list the cells that have gone straight long enough, and return how many."""
    n = 0
    for i in range(wait.size):
        wait[i] -= elapsed
    for i in range(wait.size):
        rows[n] = i
        n += wait[i] < 0.0
    return n


@device
def find_headings(x_heading, y_heading, u):
    """Write the directions of some turns."""
    for k in range(u.size):
        x_heading[k], y_heading[k] = direction(u[k])


@device
def turn(x_heading, y_heading, wait, uid, elapsed, key):
    """Give new directions to cells that have gone straight long enough, and draw for how long they keep them."""
    rows = np.empty(uid.size, np.int32)
    n = list_turning(rows, wait, elapsed)
    u, v, x, y = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    fill_both(u, v, uid[rows[:n]], 0, key)
    find_headings(x, y, v)
    for k in range(n):
        u[k] = -log(u[k])
    for k in range(n):
        wait[rows[k]], x_heading[rows[k]], y_heading[rows[k]] = u[k], x[k], y[k]


@device
def walk(place, heading, is_engaged, length_um, side_um):
    """Move all but the engaged along one axis; return how many have left the floor."""
    n = 0
    for i in range(place.size):
        moved_um = place[i] + heading[i] * (0.0 if is_engaged[i] else length_um)
        n += (moved_um < 0.0) | (moved_um >= side_um)
        place[i] = moved_um
    return n


@device
def bring_back(place, heading, side_um, is_periodic):
    """Let those that have left the floor come in on the other side, or mirror them at the wall."""
    for i in range(place.size):
        if place[i] < 0.0 or place[i] >= side_um:
            edge_um = 0.0 if place[i] < 0.0 else side_um
            beyond_um = place[i] - edge_um
            place[i] = side_um - edge_um + beyond_um if is_periodic else edge_um - beyond_um
            heading[i] = heading[i] if is_periodic else -heading[i]


@kernel
def crawl(x_um, y_um, x_heading, y_heading, wait, is_engaged, uid, blocks, laws, side_um, is_periodic, key):
    """Turn and walk, block by block; a step is shorter than the side."""
    for k in prange(blocks.shape[0]):
        s, own = blocks[k, 0], slice(blocks[k, 1], blocks[k, 2])
        xs, ys, are_engaged = x_heading[own], y_heading[own], is_engaged[own]
        turn(xs, ys, wait[own], uid[own], laws[s, 0], (key[0][s], key[1]))
        for places, headings in ((x_um[own], xs), (y_um[own], ys)):
            if walk(places, headings, are_engaged, laws[s, 1], side_um) > 0:
                bring_back(places, headings, side_um, is_periodic)


class Motility(Process):
    """Persistent random walk of one population."""

    kind: Literal["motility"] = "motility"
    phase: ClassVar = Phase.MOVE
    stacks: ClassVar = True

    population: PopulationName = "nk_cells"
    speed_um_per_min: float = par(3.5, "um/min", "assumed: 1-4 in two dimensions", "Speed", ge=0, le=100)
    persistence: float = par(5.0 / 60.0, "h", "assumed: minutes", "Mean time between turns", gt=0, le=100)

    @property
    def reads(self) -> tuple[str, ...]:
        """The column that says which cells are engaged."""
        return (f"{self.population}.{CELL_TYPES[self.population][self.population].engaged_in}",)

    @property
    def writes(self) -> tuple[str, ...]:
        """Places, directions and for how long they are kept."""
        return tuple(f"{self.population}.{name}" for name in ("x_um", "y_um", *HEADING, WAIT))

    def prepare(self, world: World) -> None:
        """Make the directions."""
        for name in HEADING:
            world.declare(self.population, Column(name, doc="direction"))
        world.declare(self.population, Column(WAIT, doc="time to the next turn, over the persistence"))

    def step(self, world: World, key: Key) -> None:
        """Walk for one step."""
        cells = world.populations.get(self.population)
        if cells is None or world.space.kind == "mixed":
            return
        moved = cells.x_um, cells.y_um, cells.x_heading, cells.y_heading, cells[WAIT]
        who = world.cell_types[self.population].is_engaged(cells), cells.uid, cells.blocks
        floor = world.space.side, world.space.is_periodic
        crawl(*moved, *who, world.law(self, self._law), *floor, key)

    def _law(self, world: World) -> np.ndarray:
        """Return the step over the persistence, and its length, um."""
        length_um = np.minimum(self.speed_um_per_min * 60.0 * world.dt_h, world.space.side)
        return world.laws(world.dt_h / self.persistence, length_um)
