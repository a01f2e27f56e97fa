"""Monocytes that meet coated B cells release IL-6, which makes the clone's cells secrete more IgM: the flare.

*Model*: ``dL/dt = (o / (o + half_coated) - L) / tau``, exact with o held; ``o`` is the drug effect times the CD20 of
the accessible clone relative to the reference burden. Secretion is multiplied by ``1 + strength L``; L begins at 0.

*Reads*: CD20 of the accessible clone, pools.drug_effect. *Writes*: pools.il6, pools.rel_secretion.

*References*: Ghobrial2004 (the flare); assumed: monocytes as the source of IL-6, and its strength.
"""

from typing import ClassVar, Literal

import numpy as np

from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


class Il6(Process):
    """Secretion of IgM rises with IL-6."""

    kind: Literal["il6"] = "il6"
    phase: ClassVar = Phase.ACT
    scale: ClassVar = "body"
    reads: ClassVar = ("b_cells.accessible_cells", "b_cells.cd20_per_cell", "pools.drug_effect")
    writes: ClassVar = ("pools.il6", "pools.rel_secretion")
    sets: ClassVar = writes

    strength: float = par(
        0.21, "1", "assumed: CV 140 % between patients", "Gain of secretion at full IL-6", ge=0, le=20
    )
    tau: float = par("3.3 d", "h", "assumed: a few days", "Time constant of IL-6", gt=0, le=1e4)
    half_coated: float = par(
        0.054, "1", "assumed: a small part of the burden", "Coated burden of half effect", gt=0, le=10
    )

    def begin(self, world: World) -> None:
        """Start without IL-6 beyond the usual."""
        world.pools["rel_secretion"] = 1.0

    def step(self, world: World, key: Key) -> None:
        """Relax for one step."""
        pools = world.pools
        coated = pools["drug_effect"] * world.cell_types["b_cells"].cd20_mass(world.populations["b_cells"])
        aim = coated / (coated + self.half_coated)
        pools["il6"] = aim + (pools["il6"] - aim) * np.exp(-world.dt_h / self.tau)
        pools["rel_secretion"] = 1.0 + self.strength * pools["il6"]
