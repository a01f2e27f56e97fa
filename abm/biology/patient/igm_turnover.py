"""Serum IgM is what the clone and its plasma cells secrete, less what is catabolised.

*Model*: ``dI/dt = (sB B + sP P)(1 + S L) - kI I``, exact with cells held over the step; I is kept apart by who secreted
it. It begins at balance. In serum: the intravascular share over the plasma volume.

*Reads*: numbers of cells, pools.rel_secretion. *Writes*: pools.igm_*_g, pools.igm_g, pools.igm_nadir_g.

*References*: Barth1964 (half-life 5.1 d at any level, 82 % intravascular); assumed secretion per cell.
"""

import math
from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.columns import IGM_PARTS
from abm.core.linear import one_pool
from abm.core.par import par
from abm.core.population import Population
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World

G_PER_PG = 1e-12


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
    )
    writes: ClassVar = (*(f"pools.{name}" for name in IGM_PARTS), "pools.igm_g_per_L", "pools.igm_nadir_g_per_L")

    b_cell: float = par("3 pg/d", "pg/h", "assumed: below plasma cells", "Secreted by a B cell", ge=0, le=1e3)
    plasma_cell: float = par(
        "130 pg/d", "pg/h", "assumed: balances 30-36 g/L", "Secreted by a plasma cell", ge=0, le=1e4
    )
    half_life: float = par("5.1 d", "h", "Barth1964", "Half-life of IgM", gt=0, le=1e4)
    intravascular_frac: float = par(0.82, "1", "Barth1964", "Share of IgM in the plasma", gt=0, le=1)

    def secreted(self, b: Population) -> dict[str, Any]:
        """Return grams per hour by who secretes."""
        pg_per_h = (
            self.b_cell * (b.sums(b.accessible_cells) + b.sums(b.niche_cells)),
            self.plasma_cell * b.sums(b.plasma_cells),
            self.plasma_cell * b.sums(b.long_lived_cells),
        )
        return {name: pg * G_PER_PG for name, pg in zip(IGM_PARTS, pg_per_h, strict=True)}

    def begin(self, world: World) -> None:
        """Start at balance."""
        pools, loss_per_h = world.pools, math.log(2.0) / self.half_life
        for name, g_per_h in self.secreted(world.populations["b_cells"]).items():
            pools[name] = g_per_h / loss_per_h
        pools["igm_nadir_g_per_L"] = self.set_level(world)

    def step(self, world: World, key: Key) -> None:
        """Secrete and catabolise for one step."""
        pools, loss_per_h = world.pools, math.log(2.0) / self.half_life
        rel_secretion = pools.amounts.get("rel_secretion", 1.0)  # as usual where nothing raises it
        for name, g_per_h in self.secreted(world.populations["b_cells"]).items():
            pools[name] = one_pool(pools[name], g_per_h * rel_secretion, loss_per_h, world.dt_h)
        pools["igm_nadir_g_per_L"] = np.minimum(pools["igm_nadir_g_per_L"], self.set_level(world))

    def set_level(self, world: World) -> Any:
        """Write the level in serum, g/L, and return it."""
        pools = world.pools
        litres = pools.volume_uL * 1e-6
        pools["igm_g_per_L"] = self.intravascular_frac * sum(pools[name] for name in IGM_PARTS) / litres
        return pools["igm_g_per_L"]
