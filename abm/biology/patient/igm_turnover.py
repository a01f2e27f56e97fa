"""Serum IgM is what the clone and its plasma cells secrete, less what is catabolised.

*Model*: ``dI/dt = f (sB B + sP P) (1 + S L) - kI I``, exact with cells held over the step: sB = ``b_cell``, sP =
``plasma_cell`` of fed and long-lived alike, f = ``rel_own``, ``1 + S L`` what IL-6 makes of secretion
(``rel_secretion``), ``kI = ln 2 / half_life``; I, in the whole body, is kept apart by who secreted it. It begins at ``I
= S / (kI + r)`` with S what is secreted and r the growth of the clone at the start, 0 at balance. In serum:
``intravascular_frac`` of I over the plasma volume.

*Reads*: numbers of cells, pools.rel_secretion, pools.start_growth_per_h. *Writes*: pools.igm_*_g, pools.igm_g,
pools.igm_nadir_g.

*References*: Barth1964 (half-life 5.1 d at any level, 82 % intravascular); assumed secretion per cell.
"""

import math
from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.columns import IGM_PARTS
from abm.core.jit import kernel, prange
from abm.core.linear import integral
from abm.core.par import par
from abm.core.population import sum_rows
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World

G_PER_PG = 1e-12


@kernel
def turn_over(clone_g, plasma_g, long_lived_g, g_per_L, nadir, accessible, niche, plasma, long_lived, rel, first, laws):
    """Secrete and catabolise the IgM of each patient, and write its level in serum and the lowest so far."""
    for s in prange(rel.size):
        law, begin, end = laws[s], first[s], first[s + 1]
        per_b, per_plasma = law[0] * rel[s] * law[3], law[1] * rel[s] * law[3]
        b_cells = sum_rows(accessible, begin, end) + sum_rows(niche, begin, end)
        clone_g[s] = clone_g[s] * law[2] + per_b * b_cells
        plasma_g[s] = plasma_g[s] * law[2] + per_plasma * sum_rows(plasma, begin, end)
        long_lived_g[s] = long_lived_g[s] * law[2] + per_plasma * sum_rows(long_lived, begin, end)
        g_per_L[s] = (clone_g[s] + plasma_g[s] + long_lived_g[s]) * law[4]
        nadir[s] = min(nadir[s], g_per_L[s])


class IgmTurnover(Process):
    """Secretion and catabolism of serum IgM."""

    kind: Literal["igm_turnover"] = "igm_turnover"
    phase: ClassVar = Phase.ACT
    scale: ClassVar = "body"
    reads: ClassVar = (
        "b_cells.accessible_cells",
        "b_cells.niche_cells",
        "b_cells.plasma_cells",
        "b_cells.long_lived_cells",
        "pools.rel_secretion",
        "pools.start_growth_per_h",
    )
    writes: ClassVar = (*(f"pools.{name}" for name in IGM_PARTS), "pools.igm_g_per_L", "pools.igm_nadir_g_per_L")

    b_cell: float = par("3 pg/d", "pg/h", "assumed: below plasma cells", "Secreted by a B cell", ge=0, le=1e3)
    plasma_cell: float = par(
        "130 pg/d", "pg/h", "assumed: balances 30-36 g/L", "Secreted by a plasma cell", ge=0, le=1e4
    )
    rel_own: float = par(
        1.0, "1", "design: as usual; assumed log-SD 0.5", "A patient's own secretion by all cells", gt=0, le=100
    )
    half_life: float = par("5.1 d", "h", "Barth1964", "Half-life of IgM", gt=0, le=1e4)
    intravascular_frac: float = par(0.82, "1", "Barth1964", "Share of IgM in the plasma", gt=0, le=1)

    def begin(self, world: World) -> None:
        """Start at balance, or in growth."""
        for name in (*IGM_PARTS, "igm_g_per_L"):
            world.pools[name] = 0.0
        world.pools["igm_nadir_g_per_L"] = np.inf
        self._turn_over(world, self._law(world, np.inf, world.pools["start_growth_per_h"]))

    def step(self, world: World, key: Key) -> None:
        """Secrete and catabolise for one step."""
        self._turn_over(world, world.law(self, lambda world: self._law(world, world.dt_h)))

    def _turn_over(self, world: World, laws: np.ndarray) -> None:
        pools, b = world.pools, world.populations["b_cells"]
        rel_secretion = world.each(pools.amounts.get("rel_secretion", 1.0))  # as usual where nothing raises it
        cells = b.accessible_cells, b.niche_cells, b.plasma_cells, b.long_lived_cells
        levels = [world.each(pools[name]) for name in (*IGM_PARTS, "igm_g_per_L", "igm_nadir_g_per_L")]
        turn_over(*levels, *cells, rel_secretion, b.first, laws)
        for name, level in zip((*IGM_PARTS, "igm_g_per_L", "igm_nadir_g_per_L"), levels, strict=True):
            pools.amounts[name] = level

    def _law(self, world: World, span_h: float, growth_per_h: Any = 0.0) -> np.ndarray:
        """Return grams per hour of a B cell and a plasma cell, what is kept, for how long is made, serum per gram."""
        loss_per_h, litres = math.log(2.0) / self.half_life + growth_per_h, world.pools.volume_uL * 1e-6
        course = np.exp(-loss_per_h * span_h), integral(loss_per_h, span_h)
        secreted = self.b_cell * G_PER_PG * self.rel_own, self.plasma_cell * G_PER_PG * self.rel_own
        return world.laws(*secreted, *course, self.intravascular_frac / litres)
