"""Antibodies compete for CD20 and the free drug falls by what binds.

*Model*: ``dR/dt = kon C (s (N - sum of R'/s' over the other antibodies) - R) - koff R`` for each antibody of a cell,
exact over the step for the step's mean free concentrations. Each of these is itself the exact solution for the whole
well with unbound sites held. Free drug changes by the sum over cells.

*Assumes*: the medium is well mixed; a molecule covers 1/s CD20; what C1q and CD16 see of several antibodies is the mean
over what is bound.

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
from abm.core.linear import exponential
from abm.core.population import Population
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World

PER_M_PER_S_IN_PER_NM_PER_H = 3600e-9


@kernel
def bind(gain, bound, cd20, sites, occupancy, moved):
    """Write what each cell gains of each antibody, shape (antibodies, cells), on its way to equilibrium.

    ``moved[a, c]`` is what a gains where c is one below its equilibrium.
    """
    if sites.size == 1:  # the usual well, in a loop that is compiled to fewer instructions
        one, share, left = sites[0], occupancy[0], moved[0, 0]
        for i in prange(cd20.size):
            gain[0, i] = (one * cd20[i] * share - bound[0, i]) * left
        return
    for i in prange(cd20.size):
        for a in range(sites.size):
            own = 0.0
            for c in range(sites.size):
                own += (sites[c] * cd20[i] * occupancy[c] - bound[c, i]) * moved[a, c]
            gain[a, i] = max(own, -bound[a, i])


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
        """Bind for one step."""
        b, drugs = world.populations["b_cells"], antibodies(world)
        bound = [b[column_of(drug)] for drug in drugs]
        totals = np.array([own.sum() for own in bound])
        if not totals.any() and all(world.pools[pool_of(drug)] <= 0.0 for drug in drugs):
            return
        law = Law(drugs, mean_free_nM(world, b, drugs, totals), world.dt_h)
        gain = np.empty((len(drugs), b.n))
        on_cells = np.stack(bound) if len(drugs) > 1 else bound[0].reshape(1, -1)
        bind(gain, on_cells, b.cd20_per_cell, law.sites, law.occupancy, law.moved)
        for drug, own in zip(drugs, gain, strict=True):
            take_up(world, b, drug, own)
        add_up(b, drugs)
        if any(drug.rel_c1q != 1.0 or drug.rel_cd16 != 1.0 for drug in drugs):
            b.rel_c1q[:] *= mean_over_bound(b, drugs, [drug.rel_c1q for drug in drugs])
            b.rel_cd16[:] *= mean_over_bound(b, drugs, [drug.rel_cd16 for drug in drugs])


class Law:
    """Equilibrium and relaxation of antibodies at constant free concentrations; one row and column for each.

    Attributes
    ----------
    sites : array
        Molecules for each CD20 at saturation.
    occupancy : array
        Share of all CD20 that each covers in the end.
    moved : array
        What each gains in a step where another is one molecule below its equilibrium.
    """

    def __init__(self, drugs: Sequence[Antibody], free_nM: np.ndarray, dt_h: float):
        kon, kd_nM = rates_of(drugs)
        over_kd = free_nM / kd_nM
        others = over_kd.sum() - over_kd
        self.sites = np.array([drug.sites_per_cd20 for drug in drugs])
        self.occupancy = free_nM / (free_nM + kd_nM * (1.0 + others))
        kept = exponential(-((kon * free_nM)[:, None] + np.diag(kon * kd_nM)) * dt_h)
        self.moved = (np.eye(len(drugs)) - kept) * (self.sites[:, None] / self.sites)


def rates_of(drugs: Sequence[Antibody]) -> tuple[np.ndarray, np.ndarray]:
    """Return the association rates, 1/(nM h), and dissociation constants, nM."""
    kon = np.array([drug.kon_per_M_per_s * PER_M_PER_S_IN_PER_NM_PER_H for drug in drugs])
    return kon, np.array([drug.kd_nM for drug in drugs])


def mean_free_nM(world: World, b: Population, drugs: Sequence[Antibody], bound: np.ndarray) -> np.ndarray:
    """Return the free concentrations averaged over the step, with the well's unbound and bound sites held."""
    (kon, kd_nM), per_nM = rates_of(drugs), world.pools.molecules(1.0)
    covered = [own / drug.sites_per_cd20 for own, drug in zip(bound, drugs, strict=True)]
    cd20, found = b.cd20_per_cell.sum(), np.empty(len(drugs))
    for a, drug in enumerate(drugs):
        left = cd20 - sum(covered[:a] + covered[a + 1 :])
        unbound = max(0.0, drug.sites_per_cd20 * left - bound[a])
        rate, start = kon[a] * unbound / per_nM, world.pools[pool_of(drug)] / per_nM
        if rate * world.dt_h < 1e-12:
            found[a] = start
            continue
        end = kon[a] * kd_nM[a] * bound[a] / per_nM / rate
        found[a] = end + (start - end) * -math.expm1(-rate * world.dt_h) / (rate * world.dt_h)
    return found


def take_up(world: World, b: Population, drug: Antibody, gain: np.ndarray) -> None:
    """Move what binds from the medium to the cells.

    No more binds than is there: kon F U dt, F the mean free concentration, is at most what the solution loses; but
    where another antibody leaves in the same step, U grows, and what binds is cut.
    """
    pools, free = world.pools, pool_of(drug)
    taken = gain.sum()
    if taken > pools[free] and len(antibodies(world)) > 1:
        binds = gain > 0.0
        gain[binds] *= max(0.0, pools[free] - gain[~binds].sum()) / gain[binds].sum()
        taken = gain.sum()
    own = b[column_of(drug)]
    own += gain
    pools[free] = max(0.0, pools[free] - taken)
