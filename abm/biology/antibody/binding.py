"""Antibodies compete for CD20 and the free drug falls by what binds.

*Model*: R molecules of an antibody are bound to a cell, C is its free concentration in nM, N the cell's
``cd20_per_cell`` and s the antibody's ``sites_per_cd20``: ``dR/dt = kon C (s (N - sum of R'/s' over the other
antibodies) - R) - koff R``, with kon = ``kon_per_M_per_s`` times 3.6e-6 (1/nM/h) and ``koff = kon kd_nM``. A step takes
two exact solutions. First the mean of C over the step, from ``V dC/dt = koff B - kon U C`` with B the sum of R and U
that of unbound sites over all cells, both held at the step's start, V the molecules of 1 nM in the volume. Then each
cell with C held at that mean; of a single antibody R goes to ``R_end + (R - R_end) exp(-kon (C + kd_nM) dt)``, ``R_end
= s N C / (C + kd_nM)``. Free drug changes by the sum over cells; where less is free than would bind, all gains are cut
by one share.

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
    declare_each,
    in_pools,
    mean_over_bound,
    on_cells,
    to_pools,
)
from abm.biology.columns import BOUND, REL_C1Q, REL_CD16
from abm.core.jit import device, serial
from abm.core.linear import exponential
from abm.core.pools import is_any
from abm.core.population import sum_rows
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World

PER_M_PER_S_IN_PER_NM_PER_H = 3600e-9
FEWEST_PER_CELL, MOST_CD20 = 1e-3, 1e7  # design: fewer molecules are on nobody; the bound of CD20 of a cell


@serial
def bind(bound, total, free, cd20, first, laws, per_nM, dt_h):
    """Let antibodies and the cells of each subject bind for one step.

    Parameters
    ----------
    bound, total : arrays, shapes (antibodies, cells) and (cells,)
        Molecules of each on each cell, and of all.
    free : array, shape (antibodies, subjects)
        Molecules in the medium.
    cd20, first : arrays, shapes (cells,) and (subjects + 1,)
        CD20 of each cell, and where the cells of each subject begin.
    laws : array, shape (subjects, 3, antibodies)
        From :func:`laws_of`.
    per_nM : array, shape (subjects,)
        Molecules of 1 nM.
    dt_h : float
        The step.
    """
    n = bound.shape[0]
    for s in range(first.size - 1):
        rows, on, law = slice(first[s], first[s + 1]), np.empty(n), laws[s]
        for a in range(n):
            on[a] = sum_rows(bound[a], first[s], first[s + 1])
        if is_gone(free[:, s] / per_nM[s], on, law, first[s + 1] - first[s]):
            leave(bound, total, free[:, s], on, rows)
            continue
        in_all = sum_rows(cd20, first[s], first[s + 1])
        per_cd20, moved = relaxation(mean_free_nM(free[:, s], on, in_all, law, per_nM[s], dt_h), law, dt_h)
        gain = np.zeros((n, first[s + 1] - first[s]))
        for a in range(n):
            for c in range(n):
                approach(gain[a], bound[c][rows], cd20[rows], per_cd20[c], moved[a, c])
        for a in range(n):
            free[a, s] = take_up(bound[a][rows], gain[a], free[a, s])
        add_up(total[rows], bound[:, rows])


@device
def is_gone(free_nM, on, law, n_cells):
    """Say whether of each antibody hardly a molecule is on a cell, nor will be on one with as much CD20 as can be."""
    found = True
    for a in range(on.size):
        will_be = law[2, a] * free_nM[a] / law[1, a] * MOST_CD20
        found &= (on[a] <= FEWEST_PER_CELL * n_cells) & (will_be < FEWEST_PER_CELL)
    return found


@device
def leave(bound, total, free, on, rows):
    """Let the last molecules leave the cells, if there are any."""
    if on.sum() > 0.0:
        free += on
        total[rows] = 0.0
        for a in range(on.size):
            bound[a][rows] = 0.0


@device
def mean_free_nM(free, on, cd20, law, per_nM, dt_h):
    """Return the free concentrations averaged over the step, with the medium's unbound and bound sites held."""
    kon, kd_nM, sites = law[0], law[1], law[2]
    found, covered = np.empty(free.size), 0.0
    for a in range(free.size):
        covered += on[a] / sites[a]
    for a in range(free.size):
        found[a] = free[a] / per_nM
        unbound = max(0.0, sites[a] * (cd20 - (covered - on[a] / sites[a])) - on[a])
        rate = kon[a] * unbound / per_nM
        if rate * dt_h >= 1e-12:
            end = kd_nM[a] * on[a] / unbound
            found[a] = end + (found[a] - end) * -math.expm1(-rate * dt_h) / (rate * dt_h)
    return found


@device
def relaxation(free_nM, law, dt_h):
    """Return the law of cells at constant free concentrations; in loops, which compile five times as fast as arrays.

    Returns
    -------
    per_cd20, moved : arrays, shapes (antibodies,) and (antibodies, antibodies)
        What is bound for each CD20 in the end; what one gains in a step where another is one molecule below its end.
    """
    kon, kd_nM, sites = law[0], law[1], law[2]
    n, over_kd = sites.size, 0.0
    per_cd20, rates, moved = np.empty(n), np.empty((n, n)), np.empty((n, n))
    for a in range(n):
        over_kd += free_nM[a] / kd_nM[a]
    for a in range(n):
        others = over_kd - free_nM[a] / kd_nM[a]
        per_cd20[a] = sites[a] * (free_nM[a] / (free_nM[a] + kd_nM[a] * (1.0 + others)))
        for c in range(n):
            rates[a, c] = kon[a] * free_nM[a] + (kon[a] * kd_nM[a] if a == c else 0.0)
            rates[a, c] *= -dt_h
    kept = exponential(rates)
    for a in range(n):
        for c in range(n):
            moved[a, c] = ((1.0 if a == c else 0.0) - kept[a, c]) * (sites[a] / sites[c])
    return per_cd20, moved


@device
def approach(gain, bound, cd20, per_cd20, moved):
    """Add what each cell gains as an antibody moves towards its equilibrium."""
    for i in range(gain.size):
        gain[i] += (per_cd20 * cd20[i] - bound[i]) * moved


@device
def take_up(bound, gain, free):
    """Move what binds from the medium to the cells and return what is left in it.

    No more binds than is there: kon F U dt, F the mean free concentration, is at most what the solution loses; but
    where another antibody leaves in the same step, U grows, and what binds is cut.
    """
    up = np.empty(gain.size)
    for i in range(gain.size):
        gain[i] = max(gain[i], -bound[i])
        up[i] = max(gain[i], 0.0)
    binds = sum_rows(up, 0, up.size)
    leaves = min(0.0, sum_rows(gain, 0, up.size) - binds)
    share = min(1.0, (free - leaves) / binds) if binds > 0.0 else 1.0
    for i in range(gain.size):
        bound[i] += up[i] * share + (gain[i] - up[i])
    return max(0.0, free - (binds * share + leaves))


class Binding(Process):
    """Reversible binding of the arm's antibodies."""

    kind: Literal["binding"] = "binding"
    phase: ClassVar = Phase.SENSE
    stacks: ClassVar = True
    scale: ClassVar = "both"
    columns: ClassVar = (BOUND, REL_C1Q, REL_CD16)
    reads: ClassVar = ("b_cells.cd20_per_cell", "properties.antibodies")
    writes: ClassVar = ("b_cells.bound_per_cell", BOUND_OF_EACH, "b_cells.rel_c1q", "b_cells.rel_cd16", POOLS_OF_EACH)

    def prepare(self, world: World) -> None:
        """Give every antibody its place on the cells."""
        declare_each(world)

    def is_idle(self, world: World) -> bool:
        """Without an antibody."""
        return not antibodies(world)

    def step(self, world: World, key: Key) -> None:
        """Bind for one step."""
        b, drugs, pools = world.populations["b_cells"], antibodies(world), world.pools
        free, (laws, molecules, is_plain) = in_pools(pools, drugs), world.law(self, _law)
        bind(on_cells(b, drugs), b.bound_per_cell, free, b.cd20_per_cell, b.first, laws, molecules, world.dt_h)
        to_pools(pools, drugs, free)
        if not is_plain:
            b.rel_c1q[:] *= mean_over_bound(b, drugs, [drug.rel_c1q for drug in drugs])
            b.rel_cd16[:] *= mean_over_bound(b, drugs, [drug.rel_cd16 for drug in drugs])


def _law(world: World) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return laws and molecules of 1 nM of each subject, and whether all bind C1q and CD16 as the reference does."""
    drugs, molecules = antibodies(world), world.each(world.pools.molecules(1.0))
    is_plain = not any(is_any(drug.rel_c1q != 1.0) or is_any(drug.rel_cd16 != 1.0) for drug in drugs)
    return laws_of(world, drugs), molecules, is_plain


def laws_of(world: World, drugs: Sequence[Antibody]) -> np.ndarray:
    """Return association rates, 1/(nM h), dissociation constants, nM, and molecules per CD20 of antibodies."""
    laws = [(d.kon_per_M_per_s * PER_M_PER_S_IN_PER_NM_PER_H, d.kd_nM, d.sites_per_cd20) for d in drugs]
    return np.array([[world.each(value) for value in law] for law in laws]).T.copy()
