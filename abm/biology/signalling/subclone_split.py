"""A subclone that has grown splits into two, whose surface IgM differs a little: what is selected goes on to vary.

*Model*: at twice its cells at the start, or twice those of a usual agent if that is more, half of all its cells become
an agent of their own; the normal score of surface IgM of the new one shifts by a normal number.

*Reads / Writes*: every column of the clone; rows are added, none lost.

*References*: assumed: drift of surface IgM between sisters.
"""

from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import IGM_SCORE, SPLITS_AT, SURFACE_IGM, SURFACE_IGM_START
from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key, normal, of_each
from abm.core.world import World

OWN = ("surface_igm", "surface_igm_start", "igm_score", "splits_at_cells")
PARTS = ("accessible_cells", "niche_cells", "plasma_cells", "long_lived_cells")


@kernel
def find_large(splits_at, is_large, accessible_cells, niche_cells, first, rel_size, usual):
    """Say which subclones are large enough, and of new ones when they will be; ``usual`` is the size of an agent."""
    for s in prange(usual.size):
        rows, rel, least = slice(first[s], first[s + 1]), rel_size[s], usual[s]
        limit, found, accessible, niche = splits_at[rows], is_large[rows], accessible_cells[rows], niche_cells[rows]
        for i in range(found.size):
            cells = accessible[i] + niche[i]
            limit[i] = rel * max(cells, least) if limit[i] == 0.0 else limit[i]
            found[i] = cells >= limit[i]


@kernel
def drift_apart(score, uid, subject, sd, key):
    """Shift the scores of new subclones."""
    for i in prange(score.size):
        score[i] += sd[subject[i]] * normal((key[0][subject[i]], np.uint32(0)), uid[i], 1)


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
        is_large, law = np.empty(b.n, bool), (world.each(self.rel_size), world.each(clone.cells_per_agent))
        find_large(b.splits_at_cells, is_large, b.accessible_cells, b.niche_cells, b.first, *law)
        large = np.flatnonzero(is_large)
        if not large.size:
            return
        for name in filter(b.__contains__, PARTS):
            b[name][large] *= 0.5
        sisters = {name: b[name][large].copy() for name in b.columns if name != "uid"}
        subject = np.searchsorted(b.first, large, side="right") - 1
        rows = b.add_each(subject, sisters)
        score = b.igm_score[rows]
        drift_apart(score, b.uid[rows], subject, world.each(self.drift), of_each(key))
        b.igm_score[rows] = score
