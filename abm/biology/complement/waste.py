"""Complement is spent where it kills nobody: on lysed cells, and on antibody that is free in the medium.

*Model*: events ~ ``(w_lysed L + w_free F) c / (c + K) dt`` with L the antibody that lysed cells carried, F the free
antibody, c the C1q relative to neat serum; each takes C1q, C2/C4 and C3 as a docking event does, as far as they last.

*Assumes*: what is left of a lysed cell keeps its antibody; no C3b of these events finds a living cell.

*Reads*: pools.antibody_*, pools of components. *Writes*: pools of components.

*References*: Beurskens2012 (much antibody wastes complement that later cells need).
"""

from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.antibody.places import POOLS_OF_EACH, antibodies, pool_of
from abm.core.par import par
from abm.core.pools import is_any
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World

SPENT = ("c1q", "c2c4", "c3")
LEAST = 1e-300  # design: by which can be divided


class ComplementWaste(Process):
    """Complement that debris and free antibody take."""

    kind: Literal["complement_waste"] = "complement_waste"
    phase: ClassVar = Phase.FIELDS
    stacks: ClassVar = True
    reads: ClassVar = (POOLS_OF_EACH, *(f"pools.{name}" for name in SPENT), "properties.serum", "properties.antibodies")
    writes: ClassVar = tuple(f"pools.{name}{fate}" for name in SPENT for fate in ("", "_used"))

    per_lysed_igg_per_h: float = par(
        0.0, "1/h", "design: none; 0.1 as on living cells", "Events per antibody of a lysed cell", ge=0, le=10
    )
    per_free_igg_per_h: float = par(0.0, "1/h", "design: as at first", "Events per free antibody", ge=0, le=10)
    half_c1q_frac: float = par(0.05, "1", "assumed: fraction of neat serum", "Half-saturation in C1q", gt=0, le=1)
    c2c4_per_event: float = par(10.0, "1", "assumed: convertases per docked C1", "C2/C4 used per event", ge=0)
    c3_per_event: float = par(5600.0, "1", "fitted: 560 C3b by V5, ten C3 each", "C3 used per event", ge=0)

    def step(self, world: World, key: Key) -> None:
        """Spend for one step."""
        pools, drugs = world.pools, antibodies(world)
        half = world.law(self, self._law)
        seen = sum(
            drug.rel_c1q * (self.per_lysed_igg_per_h * pools[pool_of(drug, "lysed")] + self.per_free_igg_per_h * free)
            for drug, free in ((drug, pools[pool_of(drug)]) for drug in drugs)
        )
        events = seen * world.dt_h * (pools["c1q"] / (pools["c1q"] + half))
        if not is_any(events > 0.0):
            return
        uses = {"c1q": 1.0, "c2c4": self.c2c4_per_event, "c3": self.c3_per_event}
        for name, per_event in uses.items():
            events = np.minimum(events, pools[name] / np.maximum(per_event, LEAST))
        for name, per_event in uses.items():
            pools.move(name, f"{name}_used", np.minimum(events * per_event, pools[name]))

    def _law(self, world: World) -> Any:
        """Return the molecules of C1q at half-saturation."""
        neat = world.pools.molecules(world.properties["serum"].nM_of("c1q"))
        return np.maximum(self.half_c1q_frac * neat, LEAST)
