"""Plasma cells carry no CD20: the clone feeds them, they live on for weeks; others are long-lived.

*Model*: ``dP/dt = d B - m P`` for each subclone with its B cells held over the step, exact, d = ``differentiation``,
``m = ln 2 / half_life``. It begins at ``P = d B / (m + r)`` with r the growth of the clone at the start, 0 at balance,
and the long-lived pool at ``rel_long_lived`` times that. With ``per_b_cell`` the two begin at so many in all, and d is
what keeps that, so that how long they live says nothing of the IgM at the start. The long-lived pool stays as it is, or
with ``long_lived_half_life`` dies and is fed so that beside an untreated clone, at balance or growing at r, it keeps
its ratio to it: ``dL/dt = (m' + r) (L0 / B0) B - m' L``.

*Reads*: accessible_cells, niche_cells, pools.start_growth_per_h. *Writes*: plasma_cells, long_lived_cells,
pools.plasma_born, pools.plasma_died, pools.long_lived_born, pools.long_lived_died.

*References*: assumed rates; plasma cells lack CD20 and are not killed by rituximab.
"""

import math
from typing import Any, ClassVar, Literal

import numpy as np

from abm.core.jit import kernel, prange
from abm.core.linear import integral
from abm.core.par import par
from abm.core.population import sum_rows
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@kernel
def turn_over(plasma_cells, born, died, accessible_cells, niche_cells, first, fed_per_cell, kept, fed_kept):
    """Feed and age the plasma cells of each subclone; ``fed_kept`` cells per B cell are left of ``fed_per_cell``."""
    for s in prange(died.size):
        rows, feeding, left, fed_left = slice(first[s], first[s + 1]), fed_per_cell[s], kept[s], fed_kept[s]
        plasma, accessible, niche = plasma_cells[rows], accessible_cells[rows], niche_cells[rows]
        fed, gone = np.empty(plasma.size), np.empty(plasma.size)
        for i in range(plasma.size):
            b = accessible[i] + niche[i]
            fed[i] = b * feeding
            now = plasma[i] * left + b * fed_left
            gone[i] = plasma[i] + fed[i] - now
            plasma[i] = now
        born[s], died[s] = sum_rows(fed, 0, fed.size), sum_rows(gone, 0, gone.size)


class PlasmaCells(Process):
    """Turnover of the plasma cells."""

    kind: Literal["plasma_cells"] = "plasma_cells"
    phase: ClassVar = Phase.ACT
    scale: ClassVar = "body"
    reads: ClassVar = ("b_cells.accessible_cells", "b_cells.niche_cells", "pools.start_growth_per_h")
    writes: ClassVar = (
        "b_cells.plasma_cells",
        "b_cells.long_lived_cells",
        *(f"pools.{who}_{what}" for who in ("plasma", "long_lived") for what in ("born", "died")),
    )

    differentiation: float = par("0.002 /d", "1/h", "assumed: sets their share", "Fed per B cell", ge=0, le=10)
    half_life: float = par("50 d", "h", "assumed: 35-90 d", "Half-life of fed plasma cells", gt=0, le=1e6)
    rel_long_lived: float = par(0.6, "1", "assumed: CV 100 % between patients", "Long-lived over fed", ge=0, le=100)
    long_lived_half_life: float | None = par(
        None, "h", "design: they stay unless given; assumed 500 d", "Half-life of long-lived plasma cells", gt=0, le=1e6
    )

    per_b_cell: float | None = par(
        None, "1", "design: as many as are fed unless given; assumed 0.125", "All plasma cells per B cell", gt=0, le=100
    )

    def _fed_per_cell(self, world: World) -> Any:
        """Return the plasma cells of the start for each B cell, of each patient."""
        if self.per_b_cell is not None:
            return self.per_b_cell / (1.0 + self.rel_long_lived)
        growing = 1.0 + world.pools["start_growth_per_h"] * self.half_life / math.log(2.0)
        return self.differentiation * self.half_life / math.log(2.0) / growing

    def begin(self, world: World) -> None:
        """Start at balance, or in growth."""
        b = world.populations["b_cells"]
        n = np.diff(b.first)
        b.plasma_cells[:] = np.repeat(self._fed_per_cell(world), n) * (b.accessible_cells + b.niche_cells)
        b.long_lived_cells[:] = np.repeat(world.each(self.rel_long_lived), n) * b.plasma_cells
        world.pools["plasma_born"] = b.sums(b.plasma_cells)
        if self.long_lived_half_life is not None:
            world.pools["long_lived_born"] = b.sums(b.long_lived_cells)

    def step(self, world: World, key: Key) -> None:
        """Feed and age for one step."""
        b, ageing = world.populations["b_cells"], math.log(2.0) / self.half_life
        self._turn_over(world, "plasma", b.plasma_cells, self._differentiation(world, ageing), ageing)
        if self.long_lived_half_life is not None:
            ageing = math.log(2.0) / self.long_lived_half_life
            per_cell = self.rel_long_lived * self._fed_per_cell(world)
            feeding = (ageing + world.pools["start_growth_per_h"]) * per_cell
            self._turn_over(world, "long_lived", b.long_lived_cells, feeding, ageing)

    def _differentiation(self, world: World, ageing: Any) -> Any:
        if self.per_b_cell is None:
            return self.differentiation
        return (ageing + world.pools["start_growth_per_h"]) * self._fed_per_cell(world)

    def _turn_over(self, world: World, name: str, cells: np.ndarray, feeding: Any, ageing: Any) -> None:
        b, dt_h = world.populations["b_cells"], world.dt_h
        law = feeding * dt_h, np.exp(-ageing * dt_h), feeding * integral(ageing, dt_h)
        born, died = np.empty(world.n_subjects), np.empty(world.n_subjects)
        turn_over(cells, born, died, b.accessible_cells, b.niche_cells, b.first, *map(world.each, law))
        world.pools.add(f"{name}_born", born)
        world.pools.add(f"{name}_died", died)
