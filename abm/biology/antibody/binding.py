"""Antibody binds CD20 and the free drug falls by what binds.

*Model*: ``dR/dt = kon C (s N - R) - koff R`` per cell, exact over the step for the step's mean free concentration,
which is itself the exact solution for the whole well with unbound sites held. Free drug changes by the sum over
cells.

*Assumes*: the medium is well mixed; one antibody at a time.

*Reads*: cd20_per_cell, pools.antibody. *Writes*: bound_per_cell, pools.antibody.

*References*: Bondza2017.
"""

import math
from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import BOUND
from abm.core.jit import kernel, prange
from abm.core.pools import Pools
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World

PER_M_PER_S_IN_PER_NM_PER_H = 3600e-9


@kernel
def bind(bound, gain, cd20, sites_per_cd20, occupancy, kept):
    """Relax every cell towards its equilibrium; ``kept`` is the share of the distance left after the step."""
    for i in prange(bound.size):
        equilibrium = sites_per_cd20 * cd20[i] * occupancy
        gain[i] = (equilibrium - bound[i]) * (1.0 - kept)
        bound[i] += gain[i]


class Binding(Process):
    """Reversible binding of the arm's antibody."""

    kind: Literal["binding"] = "binding"
    phase: ClassVar = Phase.SENSE
    scale: ClassVar = "both"
    columns: ClassVar = (BOUND,)
    reads: ClassVar = ("b_cells.cd20_per_cell", "pools.antibody", "properties.antibody")
    writes: ClassVar = ("b_cells.bound_per_cell", "pools.antibody")

    def step(self, world: World, key: Key) -> None:
        """Bind for one step."""
        b, pools, drug = world.populations["b_cells"], world.pools, world.properties["antibody"]
        kon_per_nM_per_h = drug.kon_per_M_per_s * PER_M_PER_S_IN_PER_NM_PER_H
        koff_per_h = kon_per_nM_per_h * drug.kd_nM
        bound = b.bound_per_cell.sum()
        if pools["antibody"] <= 0.0 and bound == 0.0:
            return
        unbound = max(0.0, drug.sites_per_cd20 * b.cd20_per_cell.sum() - bound)
        free_nM = mean_free_nM(pools, unbound, bound, kon_per_nM_per_h, koff_per_h, world.dt_h)
        kept = math.exp(-(kon_per_nM_per_h * free_nM + koff_per_h) * world.dt_h)
        gain = np.empty(b.n)
        bind(b.bound_per_cell, gain, b.cd20_per_cell, drug.sites_per_cd20, free_nM / (free_nM + drug.kd_nM), kept)
        # no more binds than is there: kon F U dt, F the mean free concentration, is at most what the solution loses
        pools["antibody"] = max(0.0, pools["antibody"] - gain.sum())


def mean_free_nM(pools: Pools, unbound: float, bound: float, kon: float, koff: float, dt_h: float) -> float:
    """Return the free concentration averaged over the step, with the well's unbound and bound sites held."""
    per_nM = pools.molecules(1.0)
    rate, start = kon * unbound / per_nM, pools["antibody"] / per_nM
    if rate * dt_h < 1e-12:
        return start
    end = koff * bound / per_nM / rate
    return end + (start - end) * -math.expm1(-rate * dt_h) / (rate * dt_h)
