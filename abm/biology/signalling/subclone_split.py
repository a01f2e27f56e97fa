"""A subclone that has grown splits into two, whose surface IgM differs a little: what is selected goes on to vary.

*Model*: at twice its cells at the start, or twice those of a usual agent if that is more, half of all its cells become
an agent of their own; the normal score of surface IgM of the new one shifts by a normal number.

*Reads / Writes*: every column of the clone; rows are added, none lost.

*References*: assumed: drift of surface IgM between sisters.
"""

from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import IGM_SCORE, SPLITS_AT, SURFACE_IGM, SURFACE_IGM_START
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key, normal
from abm.core.world import World

OWN = ("surface_igm", "surface_igm_start", "igm_score", "splits_at_cells")
PARTS = ("accessible_cells", "niche_cells", "plasma_cells", "long_lived_cells")


class SubcloneSplit(Process):
    """Splitting of agents that have grown."""

    kind: Literal["subclone_split"] = "subclone_split"
    phase: ClassVar = Phase.FATE
    scale: ClassVar = "body"
    columns: ClassVar = (SURFACE_IGM, SURFACE_IGM_START, IGM_SCORE, SPLITS_AT)
    reads: ClassVar = ()
    writes: ClassVar = tuple(f"b_cells.{name}" for name in (*PARTS, *OWN))

    rel_size: float = par(2.0, "1", "design: agents stay about as large", "Growth that splits an agent", gt=1.5, le=100)
    drift: float = par(0.1, "1", "assumed: small", "SD of the score between sisters", gt=0, le=1)

    def step(self, world: World, key: Key) -> None:
        """Split all that are large enough."""
        b, clone = world.populations["b_cells"], world.cell_types["b_cells"]
        cells, new = b.accessible_cells + b.niche_cells, b.splits_at_cells == 0.0
        b.splits_at_cells[new] = self.rel_size * np.maximum(cells[new], clone.cells_per_agent)
        large = np.flatnonzero(cells >= b.splits_at_cells)
        if not large.size:
            return
        for name in filter(b.__contains__, PARTS):
            b[name][large] *= 0.5
        sisters = {name: b[name][large].copy() for name in b.columns if name != "uid"}
        rows = b.add(large.size, sisters)
        shift = self.drift * np.array([normal((key[0], np.uint32(0)), uid, 1) for uid in b.uid[rows]])
        b.igm_score[rows] += shift
