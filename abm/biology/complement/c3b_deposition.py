"""Each docking event lays a burst of C3b on its cell, reduced by CD55.

*Model*: C3b gained in a step ~ Poisson(``burst n_docked / (cd55 rel_cd55)``), or where a cell has room for M =
``most_per_cell`` fragments with mean ``(M - B) (1 - exp(-burst n_docked / (cd55 rel_cd55 M)))``, which is ``dB = burst
(1 - B / M)`` of each event, exactly; the fragments B that were there (C3b and iC3b, both hide Fc) fall by
``exp(-loss_per_h dt)`` before. A fragment takes ``c3_per_c3b`` C3; where it does not last, all gains of the step are
cut by one share. A stabiliser, by its share s of the full effect, lessens the loss by 1 - s and makes the room 1 + s
(``stabilised_fold`` - 1) times as large.

*Reads*: n_docked, cd55, rel_cd55, pools.c3b_stabiliser. *Writes*: c3b_per_cell, pools.c3.

*References*: Kennedy2003 (about 5e5 C3b per Raji cell; over 1e6 with an antibody that stabilises it).
"""

import math
from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import C3B, N_DOCKED, REL_CD55
from abm.core.jit import device, kernel, prange
from abm.core.par import par
from abm.core.pools import is_any
from abm.core.population import total
from abm.core.process import Phase, Process
from abm.core.rng import Key, poisson_of_each
from abm.core.table import Column
from abm.core.world import World


@kernel
def lay(c3b, laid, gain, n_docked, cd55, rel_cd55, uid, blocks, laws, key):
    """Lose old fragments, then add this step's; count those of each block."""
    for k in prange(blocks.shape[0]):
        s, rows = blocks[k, 0], slice(blocks[k, 1], blocks[k, 2])
        laid[k], gain[rows] = 0, 0.0
        if n_docked[rows].any():
            mean = laws[s, 0] * n_docked[rows] / (cd55[rows] * rel_cd55[rows])
            if laws[s, 2] < math.inf:
                fit_in(mean, c3b[rows], laws[s, 1], laws[s, 2])
            laid[k] = poisson_of_each(gain[rows], mean, uid[rows], 0, (key[0][s], key[1]))
        for i in range(blocks[k, 1], blocks[k, 2]):
            c3b[i] = c3b[i] * laws[s, 1] + gain[i]


@device
def fit_in(mean, c3b, kept_frac, most):
    """Lessen what cells gain by what lies on them already."""
    for i in range(mean.size):
        mean[i] = max(most - c3b[i] * kept_frac, 0.0) * -math.expm1(-mean[i] / most)


class C3bDeposition(Process):
    """Opsonisation by C3b."""

    kind: Literal["c3b_deposition"] = "c3b_deposition"
    phase: ClassVar = Phase.ACT
    stacks: ClassVar = True
    columns: ClassVar = (
        N_DOCKED,
        C3B,
        ("b_cells", Column("c3b_gain_per_cell", unit="1/cell", doc="C3b laid in this step", resets=True)),
        REL_CD55,
    )
    reads: ClassVar = ("b_cells.n_docked", "b_cells.cd55", "b_cells.rel_cd55", "pools.c3", "pools.c3b_stabiliser")
    writes: ClassVar = ("b_cells.c3b_per_cell", "b_cells.c3b_gain_per_cell", "pools.c3", "pools.c3_used")

    burst: float = par(560.0, "1", "fitted: on V5 (Kennedy2003), 5e5 C3b per cell at 1 h", "C3b per event", ge=0)
    loss_per_h: float = par(0.05, "1/h", "assumed: slow shedding", "Loss of cell-bound fragments", ge=0, le=5)
    most_per_cell: float | None = par(
        None, "1/cell", "design: no limit; 6e5 to 1e6 by Kennedy2003", "C3b there is room for", gt=0, le=1e9
    )
    stabilised_fold: float = par(
        2.0, "1", "Kennedy2003", "Room for C3b under a stabiliser over that without", ge=1, le=10
    )
    c3_per_c3b: float = par(10.0, "1", "assumed: most activated C3 ends in the medium", "C3 used per C3b laid", ge=1)

    def _law(self, world: World) -> np.ndarray:
        """Return C3b per event, the share of old fragments that a step leaves, and how many there is room for."""
        stabilised = np.minimum(world.pools["c3b_stabiliser"], 1.0)
        most = math.inf if self.most_per_cell is None else self.most_per_cell
        most = most * (1.0 + stabilised * (self.stabilised_fold - 1.0))
        return world.laws(self.burst, np.exp(-self.loss_per_h * (1.0 - stabilised) * world.dt_h), most)

    def step(self, world: World, key: Key) -> None:
        """Lay C3b for one step."""
        b, pools = world.populations["b_cells"], world.pools
        laws = self._law(world) if "c3b_stabiliser" in pools else world.law(self, self._law)  # given at any moment
        laid = np.empty(len(b.blocks))
        gain = b.c3b_gain_per_cell
        lay(b.c3b_per_cell, laid, gain, b.n_docked, b.cd55, b.rel_cd55, b.uid, b.blocks, laws, key)
        needed = total(b, laid) * self.c3_per_c3b
        if is_any(needed > pools["c3"]):
            share = np.minimum(1.0, pools["c3"] / np.maximum(needed, 1e-300))
            b.c3b_per_cell[:] -= gain * (1.0 - b.spread(share))
            gain *= b.spread(share)
            needed = np.minimum(needed, pools["c3"])
        pools.move("c3", "c3_used", needed)
