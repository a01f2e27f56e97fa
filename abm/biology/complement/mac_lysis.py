"""Membrane attack complexes lyse a cell together, not one by one.

*Model*: hazard ``max_per_h M^h / (mac50_per_cell^h + M^h)`` with M the MACs of the cell and h the ``steepness``; a cell
that it commits lyses at that moment.

*Reads*: mac_per_cell. *Writes*: hazard_cdc_per_h.

*References*: fitted; lysis is multi-hit.
"""

from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import MAC
from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.table import Column
from abm.core.world import World


@kernel
def set_hazard(hazard_per_h, mac, blocks, laws):
    """Add the lysis hazard of each cell."""
    for k in prange(blocks.shape[0]):
        s = blocks[k, 0]
        max_per_h, mac50, steepness = laws[s, 0], laws[s, 1], laws[s, 2]
        for i in range(blocks[k, 1], blocks[k, 2]):
            if mac[i] > 0:
                ratio = (mac[i] / mac50) ** steepness
                hazard_per_h[i] += max_per_h * ratio / (1.0 + ratio)


class MacLysis(Process):
    """Complement-dependent cytotoxicity as a hazard."""

    kind: Literal["mac_lysis"] = "mac_lysis"
    phase: ClassVar = Phase.ACT
    stacks: ClassVar = True
    columns: ClassVar = (MAC, ("b_cells", Column("hazard_cdc_per_h", unit="1/h", resets=True, doc="hazard of CDC")))
    reads: ClassVar = ("b_cells.mac_per_cell",)
    writes: ClassVar = ("b_cells.hazard_cdc_per_h",)

    max_per_h: float = par(17.4, "1/h", "fitted: 0.29 /min", "Hazard with many MACs", ge=0, le=1e3)
    mac50_per_cell: float = par(
        90.0, "1/cell", "fitted: with the MACs per event", "MACs at half the hazard", gt=0, le=1e5
    )
    steepness: float = par(10.0, "1", "fitted: multi-hit lysis", "Exponent h", ge=1, le=20)

    def step(self, world: World, key: Key) -> None:
        """Set the hazard for this step."""
        b = world.populations["b_cells"]
        set_hazard(b.hazard_cdc_per_h, b.mac_per_cell, b.blocks, world.law(self, self._law))

    def _law(self, world: World) -> np.ndarray:
        """Return highest hazard, half-saturation and exponent."""
        return world.laws(self.max_per_h, self.mac50_per_cell, self.steepness)
