"""A plasma exchange takes the share of IgM and drug that is in the plasma it replaces.

*Model*: at its moment the drug in plasma falls by the replaced fraction ``f`` and IgM by ``f`` times what of it is in
the plasma; the rest of IgM redistributes within the step.

*Reads*: pools.igm_g_per_L. *Writes*: pools.drug_*_mg, pools.igm_*_g.

*References*: Barth1964 (IgM is mostly intravascular).
"""

import math
from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.antibody.places import CENTRAL_OF_EACH, REMOVED_OF_EACH, antibodies, dose_pool_of
from abm.biology.columns import IGM_PARTS
from abm.core.clock import SAME_MOMENT_H
from abm.core.pools import is_any
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


class Plasmapheresis(Process):
    """Removal by plasma exchange."""

    kind: Literal["plasmapheresis"] = "plasmapheresis"
    phase: ClassVar = Phase.DOSE
    scale: ClassVar = "body"
    reads: ClassVar = ("pools.igm_g_per_L", "properties.antibodies", "given.plasmapheresis")
    writes: ClassVar = (CENTRAL_OF_EACH, REMOVED_OF_EACH, *(f"pools.{name}" for name in IGM_PARTS))

    def step(self, world: World, key: Key) -> None:
        """Exchange plasma if it is time."""
        exchanges = world.given_of("plasmapheresis").values()
        kept = math.prod(1.0 - one.plasmapheresis for one in exchanges if abs(one.at - world.t_h) < SAME_MOMENT_H)
        if is_any(kept < 1.0):
            self.exchange(world, 1.0 - kept)

    def exchange(self, world: World, frac: Any) -> None:
        """Replace a fraction of the plasma."""
        pools = world.pools
        for drug in antibodies(world):
            central = dose_pool_of(drug, "central_mg")
            pools.move(central, dose_pool_of(drug, "removed_mg"), frac * pools[central])
        in_plasma_g, total_g = pools["igm_g_per_L"] * pools.volume_uL * 1e-6, sum(pools[name] for name in IGM_PARTS)
        of_total = in_plasma_g / np.where(total_g > 0.0, total_g, np.inf)
        for name in IGM_PARTS:
            pools[name] *= 1.0 - frac * of_total
