"""Hypothesis H-C3b: C3 fragments around the antibody hide its Fc from NK cells.

*Model*: ``rel_fc *= 1 - max_frac B / (B + c3b50_per_cell)`` with B all C3 fragments on the cell: so much of the Fc is
hidden, and what is left signals as well as ever. The variant `c3b_cover` lessens the signal itself by the same law:
fragments are in the way, which a surplus of antibody does not make good.

*Reads*: c3b_per_cell. *Writes*: rel_fc; the variant rel_signal.

*References*: assumed strength (0.5-1) and half-shield (1e4-2e5); C3b blocks NK activation by rituximab (Wang2008).
"""

from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import C3B, REL_FC, REL_SIGNAL
from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.population import Population
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@kernel
def shield(left, c3b, blocks, laws):
    """Lessen what is left of Fc, or of its signal, by C3 fragments."""
    for k in prange(blocks.shape[0]):
        max_frac, c3b50 = laws[blocks[k, 0], 0], laws[blocks[k, 0], 1]
        for i in range(blocks[k, 1], blocks[k, 2]):
            left[i] *= 1.0 - max_frac * c3b[i] / (c3b[i] + c3b50)


class C3bShield(Process):
    """Interaction hypothesis: opsonisation shields the Fc."""

    kind: Literal["c3b_shield"] = "c3b_shield"
    phase: ClassVar = Phase.SENSE
    stacks: ClassVar = True
    columns: ClassVar = (REL_FC, C3B)
    reads: ClassVar = ("b_cells.c3b_per_cell",)
    writes: ClassVar = ("b_cells.rel_fc",)

    max_frac: float = par(0.95, "1", "fitted: on A3, range 0.5-1", "Share of Fc hidden at most", ge=0, le=1)
    c3b50_per_cell: float = par(3e4, "1/cell", "assumed: 1e4-2e5", "C3 fragments at half shield", gt=0, le=1e7)

    def step(self, world: World, key: Key) -> None:
        """Shield for one step."""
        b = world.populations["b_cells"]
        shield(self.shielded(b), b.c3b_per_cell, b.blocks, world.law(self, self._law))

    def shielded(self, b: Population) -> np.ndarray:
        """Return what the fragments lessen, shape (n B cells,)."""
        return b.rel_fc

    def _law(self, world: World) -> np.ndarray:
        """Return what is hidden at most, and half-saturation."""
        return world.laws(self.max_frac, self.c3b50_per_cell)


class C3bCover(C3bShield):
    """Variant: fragments are in the way of the signal, however much Fc there is."""

    kind: Literal["c3b_cover"] = "c3b_cover"
    columns: ClassVar = (REL_SIGNAL, C3B)
    writes: ClassVar = ("b_cells.rel_signal",)

    def shielded(self, b: Population) -> np.ndarray:
        """Return the signal that gets through."""
        return b.rel_signal
