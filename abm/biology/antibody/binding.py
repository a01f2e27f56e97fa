"""Antibodies compete for CD20 and the free drug falls by what binds.

*Model*: ``dR/dt = kon C (s N - R) - koff R`` per cell, exact over the step for the step's mean free concentration,
which is itself the exact solution for the whole well with unbound sites held. Free drug changes by the sum over
cells. Several antibodies bind in turn; N is the CD20 that the others leave, each molecule of them covering 1/s.

*Assumes*: the medium is well mixed; what C1q and CD16 see of several antibodies is the mean over what is bound.

*Reads*: cd20_per_cell. *Writes*: bound_*_per_cell, bound_per_cell, rel_c1q, rel_cd16, pools.antibody_*.

*References*: Bondza2017.
"""

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from abm.biology.antibody.antibody import Antibody
from abm.biology.antibody.places import (
    BOUND_OF_EACH,
    POOLS_OF_EACH,
    add_up,
    antibodies,
    column_of,
    declare_each,
    mean_over_bound,
    pool_of,
)
from abm.biology.columns import BOUND, REL_C1Q, REL_CD16
from abm.core.jit import kernel, prange
from abm.core.pools import Pools
from abm.core.population import Population
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
    """Reversible binding of the arm's antibodies."""

    kind: Literal["binding"] = "binding"
    phase: ClassVar = Phase.SENSE
    scale: ClassVar = "both"
    columns: ClassVar = (BOUND, REL_C1Q, REL_CD16)
    reads: ClassVar = ("b_cells.cd20_per_cell", "properties.antibodies")
    writes: ClassVar = ("b_cells.bound_per_cell", BOUND_OF_EACH, "b_cells.rel_c1q", "b_cells.rel_cd16", POOLS_OF_EACH)

    def prepare(self, world: World) -> None:
        """Give every antibody its place on the cells."""
        declare_each(world)

    def step(self, world: World, key: Key) -> None:
        """Bind for one step, one antibody after the other."""
        b, drugs = world.populations["b_cells"], antibodies(world)
        for drug in drugs:
            bind_one(world, b, drug, left_by_others(b, drug, drugs))
        add_up(b, drugs)
        if any(drug.rel_c1q != 1.0 or drug.rel_cd16 != 1.0 for drug in drugs):
            b.rel_c1q[:] *= mean_over_bound(b, drugs, [drug.rel_c1q for drug in drugs])
            b.rel_cd16[:] *= mean_over_bound(b, drugs, [drug.rel_cd16 for drug in drugs])


def left_by_others(b: Population, drug: Antibody, drugs: Sequence[Antibody]) -> np.ndarray:
    """Return the CD20 of each cell that no other antibody covers, shape (n,)."""
    if len(drugs) == 1:
        return b.cd20_per_cell
    covered = sum(b[column_of(other)] / other.sites_per_cd20 for other in drugs if other is not drug)
    return np.maximum(b.cd20_per_cell - covered, 0.0)


def bind_one(world: World, b: Population, drug: Antibody, cd20: np.ndarray) -> None:
    """Bind one antibody to the CD20 that it finds, for one step."""
    pools, free, own = world.pools, pool_of(drug), b[column_of(drug)]
    kon_per_nM_per_h = drug.kon_per_M_per_s * PER_M_PER_S_IN_PER_NM_PER_H
    koff_per_h = kon_per_nM_per_h * drug.kd_nM
    bound = own.sum()
    if pools[free] <= 0.0 and bound == 0.0:
        return
    unbound = max(0.0, drug.sites_per_cd20 * cd20.sum() - bound)
    rates = kon_per_nM_per_h * unbound, koff_per_h * bound
    free_nM = mean_free_nM(pools, free, *rates, world.dt_h)
    kept = math.exp(-(kon_per_nM_per_h * free_nM + koff_per_h) * world.dt_h)
    gain = np.empty(b.n)
    bind(own, gain, cd20, drug.sites_per_cd20, free_nM / (free_nM + drug.kd_nM), kept)
    # no more binds than is there: kon F U dt, F the mean free concentration, is at most what the solution loses
    pools[free] = max(0.0, pools[free] - gain.sum())


def mean_free_nM(pools: Pools, free: str, binding: float, leaving: float, dt_h: float) -> float:
    """Return the free concentration averaged over the step, with the well's unbound and bound sites held.

    ``binding`` is kon times the unbound sites, 1/(nM h) molecules; ``leaving`` is koff times the bound ones.
    """
    per_nM = pools.molecules(1.0)
    rate, start = binding / per_nM, pools[free] / per_nM
    if rate * dt_h < 1e-12:
        return start
    end = leaving / per_nM / rate
    return end + (start - end) * -math.expm1(-rate * dt_h) / (rate * dt_h)
