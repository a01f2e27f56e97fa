"""A subclone that has grown splits into two, whose surface IgM differs a little: what is selected goes on to vary.

*Model*: at twice its cells at the start, or twice those of a usual agent if that is more, half of all its cells become
an agent of their own; the normal score of surface IgM of the new one shifts by a normal number. The new one takes the
row of one that has died out, if there is one.

*Reads / Writes*: every column of the clone; rows are added, none lost.

*References*: assumed: drift of surface IgM between sisters.
"""

from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import IGM_SCORE, SPLITS_AT, SURFACE_IGM, SURFACE_IGM_START
from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.population import join
from abm.core.process import Phase, Process
from abm.core.rng import Key, normal
from abm.core.world import World

OWN = ("surface_igm", "surface_igm_start", "igm_score", "splits_at_cells")
PARTS = ("accessible_cells", "niche_cells", "plasma_cells", "long_lived_cells")


@kernel
def find_large(splits_at, is_large, is_empty, accessible_cells, niche_cells, first, rel_size, usual):
    """Say which subclones are large enough, or empty, and of new ones when they split; ``usual`` is an agent's size."""
    for s in prange(usual.size):
        rows, rel, least = slice(first[s], first[s + 1]), rel_size[s], usual[s]
        limit, found, accessible, niche = splits_at[rows], is_large[rows], accessible_cells[rows], niche_cells[rows]
        empty = is_empty[rows]
        for i in range(found.size):
            cells = accessible[i] + niche[i]
            limit[i] = rel * max(cells, least) if limit[i] == 0.0 else limit[i]
            found[i], empty[i] = cells >= limit[i], cells == 0.0


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
    may_wait_h: ClassVar = 336.0  # design: two weeks; twice as long moves no level by 1 in 1000
    columns: ClassVar = (SURFACE_IGM, SURFACE_IGM_START, IGM_SCORE, SPLITS_AT)
    reads: ClassVar = ()
    writes: ClassVar = tuple(f"b_cells.{name}" for name in (*PARTS, *OWN))

    rel_size: float = par(2.0, "1", "design: agents stay about as large", "Growth that splits an agent", gt=1.5, le=100)
    drift: float = par(0.1, "1", "assumed: small", "SD of the score between sisters", gt=0, le=1)

    def step(self, world: World, key: Key) -> None:
        """Split all that are large enough."""
        b, clone = world.populations["b_cells"], world.cell_types["b_cells"]
        is_large, is_empty = np.empty(b.n, bool), np.empty(b.n, bool)
        law = world.each(self.rel_size), world.each(clone.cells_per_agent)
        find_large(b.splits_at_cells, is_large, is_empty, b.accessible_cells, b.niche_cells, b.first, *law)
        large, free = np.flatnonzero(is_large), np.flatnonzero(is_empty)
        if not large.size:
            return
        for name in filter(b.__contains__, PARTS):
            b[name][large] *= 0.5
            free = free[b[name][free] == 0.0]
        sisters = {name: b[name][large].copy() for name in b.columns if name != "uid"}
        subject = np.searchsorted(b.first, large, side="right") - 1
        rows = join(b, subject, sisters, free)
        score = b.igm_score[rows]
        drift_apart(score, b.uid[rows], subject, world.each(self.drift), key)
        b.igm_score[rows] = score
