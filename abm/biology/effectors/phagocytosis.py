"""A macrophage takes up a whole B cell that it touches and on which it sees enough Fc.

*Model*: hazard ``k v`` per touched target, ``v = F / (F + F50)`` with F the visible Fc on it; of several macrophages
that reach for one cell the first has it. The cell is dead at that moment, with what it holds. A macrophage is busy with
each cell for ``busy``, and eats at most ``most_per_day`` in the 24 h that begin with its first, and so on.

*Assumes*: serum IgG does not compete, as for CD16; cells already committed to die are left alone.

*Reads*: bound_per_cell, rel_fc, is_dying, is_phagocyte. *Writes*: mark_phagocytosis_h, mark_phagocytosis_by, busy_h,
n_eaten, igm_stored_per_cell.

*References*: Montalvao2013 and Grandjean2021 (macrophages of liver and marrow engulf B cells under anti-CD20);
Pinney2020 (a burst of less than an hour, then hardly any for days).
"""

import math
from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import BOUND, BUSY, REL_FC
from abm.core.jit import kernel, prange, serial
from abm.core.par import par
from abm.core.population import Population
from abm.core.process import Phase, Process
from abm.core.rng import Key, uniform
from abm.core.table import Column
from abm.core.world import World

DAY_H = 24.0


@kernel
def see(weight, bound, rel_fc, is_dying, fc50):
    """Write the share of full Fc signal that each living target shows."""
    for i in prange(weight.size):
        visible = bound[i] * rel_fc[i]
        weight[i] = 0.0 if is_dying[i] else visible / (fc50 + visible)


@kernel
def go_on(is_free, busy_h, n_today, day_ends_h, is_phagocyte, most, t_h, dt_h):
    """Let a step of being busy pass, begin a new day, and find who can eat."""
    for i in prange(is_free.size):
        n_today[i] = 0 if t_h >= day_ends_h[i] else n_today[i]
        is_free[i] = is_phagocyte[i] and busy_h[i] <= 0.0 and n_today[i] < most
        busy_h[i] = max(0.0, busy_h[i] - dt_h)


@kernel
def wait(moment_h, rows, total, uid, rate_per_h, key):
    """Draw after what time each macrophage in contact would eat."""
    for k in prange(moment_h.size):
        moment_h[k] = -math.log1p(-uniform(key, uid[rows[k]], 0)) / (rate_per_h * total[k])


@serial
def take_up(mark_h, mark_by, igm_stored, queue, moment_h, rows, chosen, dt_h):
    """Give each target to the first that reaches for it in this step; return which of those in contact have one."""
    has_one = np.zeros(queue.size, np.bool_)
    for k in queue:
        j = chosen[k]
        if moment_h[k] >= dt_h:
            break
        if mark_by[j] < 0:
            mark_h[j], mark_by[j], igm_stored[j], has_one[k] = moment_h[k], rows[k], 0.0, True
    return has_one


class Phagocytosis(Process):
    """Antibody-dependent cellular phagocytosis by macrophages."""

    kind: Literal["phagocytosis"] = "phagocytosis"
    phase: ClassVar = Phase.ACT
    columns: ClassVar = (
        BOUND,
        REL_FC,
        BUSY,
        ("b_cells", Column("mark_phagocytosis_h", default=math.inf, unit="h", resets=True, doc="moment of uptake")),
        (
            "b_cells",
            Column("mark_phagocytosis_by", "i8", default=-1, resets=True, refers="macrophages", doc="who eats it"),
        ),
        ("macrophages", Column("n_eaten", "i8", doc="cells eaten so far")),
        ("macrophages", Column("n_eaten_today", "i8", doc="cells eaten in the 24 h that began with the first of them")),
        ("macrophages", Column("day_ends_h", unit="h", doc="end of those 24 h")),
    )
    reads: ClassVar = (
        "b_cells.bound_per_cell",
        "b_cells.rel_fc",
        "b_cells.is_dying",
        "b_cells.x_um",
        "b_cells.y_um",
        "macrophages.is_phagocyte",
        "macrophages.x_um",
        "macrophages.y_um",
    )
    writes: ClassVar = (
        "b_cells.mark_phagocytosis_h",
        "b_cells.mark_phagocytosis_by",
        "b_cells.igm_stored_per_cell",
        "macrophages.busy_h",
        "macrophages.n_eaten",
        "macrophages.n_eaten_today",
        "macrophages.day_ends_h",
    )

    rate_per_h: float = par(
        1.0, "1/h", "assumed: 0.3-10; within minutes to an hour (Grandjean2021)", "Uptake per target", ge=0, le=60
    )
    fc50_per_cell: float = par(
        1550.0, "1/cell", "assumed: as of NK cells, V/V", "Half-saturation by bound antibody", gt=0, le=1e6
    )
    busy: float = par("30 min", "h", "assumed: 10-60 min", "Time for which a cell keeps it busy", ge=0, le=24)
    most_per_day: int = par(4, "1", "assumed: a burst, then hardly any (Pinney2020)", "Cells a day", ge=0, le=1000)
    contact_um: float = par(15.0, "um", "design: sum of the two radii, 5 and 10", "Contact distance", gt=0, le=100)

    def step(self, world: World, key: Key) -> None:
        """Reach and take up for one step."""
        b, eaters = world.populations["b_cells"], world.populations.get("macrophages")
        if eaters is None or eaters.n == 0:
            return
        rows, chosen, moment_h = self._reach(world, b, eaters, key)
        marks = b.mark_phagocytosis_h, b.mark_phagocytosis_by, b.igm_stored_per_cell
        has_one = take_up(*marks, np.argsort(moment_h), moment_h, rows, chosen, world.dt_h)
        self._have(eaters, rows[has_one], moment_h[has_one], world)

    def _reach(self, world: World, b: Population, eaters: Population, key: Key) -> tuple[np.ndarray, ...]:
        """Return which macrophages would eat, which cells, and after what time."""
        is_free, weight = np.empty(eaters.n, bool), np.empty(b.n)
        counts = (eaters.n_eaten_today, eaters.day_ends_h, eaters.is_phagocyte, self.most_per_day)
        go_on(is_free, eaters.busy_h, *counts, world.t_h, world.dt_h)
        see(weight, b.bound_per_cell, b.rel_fc, b.is_dying, self.fc50_per_cell)
        rows, total, choose = world.space.touch(eaters, is_free, b, weight, world.each(self.contact_um), key)
        moment_h = np.empty(rows.size)
        wait(moment_h, rows, total, eaters.uid, self.rate_per_h, (key[0][0], key[1]))
        return rows, choose(rows), moment_h

    def _have(self, eaters: Population, rows: np.ndarray, moment_h: np.ndarray, world: World) -> None:
        """Count what was eaten, and keep the eaters busy."""
        is_first = eaters.n_eaten_today[rows] == 0
        eaters.day_ends_h[rows[is_first]] = world.t_h + moment_h[is_first] + DAY_H
        eaters.n_eaten[rows] += 1
        eaters.n_eaten_today[rows] += 1
        eaters.busy_h[rows] = np.maximum(0.0, self.busy - (world.dt_h - moment_h))
        world.tally("uptakes", rows.size)
