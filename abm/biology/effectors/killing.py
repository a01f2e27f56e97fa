"""Engaged NK cells deliver lytic hits; a B cell commits to die when its own number of hits has added up.

*Model*: hits of an engaged NK cell that can kill ~ Poisson(``rate_per_h granules potency v rel_hit dt``) with v the
signal of its target, times ``primed_fold`` for one that has killed before; each takes ``granules_per_hit_frac`` of its
granules. Damage falls by ``exp(-repair_per_h dt)`` and gains the hits of all; where there were some and ``damage >=
hits_needed`` the cell commits, at a moment even over the step, and lyses after ``lag``. Of several hitters one is the
killer: that of the highest identity.

*Reads*: partner, fc_signal, potency, hits_needed. *Writes*: granules, damage, mark_adcc_h, mark_adcc_by.

*References*: Vanherberghen2013, Golay2003 (plateaus of 70 and 27 % lysis need a wide spread of hits needed),
ChoiMitchison2013 (a first kill speeds the next).
"""

import math
from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import FC_SIGNAL, GRANULES, PARTNER
from abm.core.jit import kernel, prange, serial
from abm.core.par import par
from abm.core.population import Population, whose
from abm.core.process import Phase, Process
from abm.core.rng import Key, poisson_of_each, uniform
from abm.core.table import Column
from abm.core.world import World


@kernel
def expect(mean, engaged, partner, is_killer, n_kills, granules, potency, rel_hit, signal, first, laws):
    """Write the mean number of hits that each engaged NK cell delivers in this step."""
    for k in prange(mean.size):
        i, s = engaged[k], whose(first, engaged[k])
        rate_dt = laws[s, 0] * laws[s, 3] if n_kills[i] > 0 else laws[s, 0]
        own = rate_dt * granules[i] * potency[i] * rel_hit[i] * signal[partner[i]]
        mean[k] = own if is_killer[i] else 0.0  # whether it is takes longer to foresee than to multiply


@serial
def deliver(total, granules, hits_taken, hit_by, engaged, mean, partner, uid, first, laws, key):
    """Draw hits, take granules for each and sum the hits on each target; count those of each subject.

    Of several hitters the highest uid counts as the killer.
    """
    hits = np.empty(mean.size, np.int64)
    for s in range(total.size):
        own = slice(np.searchsorted(engaged, first[s]), np.searchsorted(engaged, first[s + 1]))
        total[s] = poisson_of_each(hits[own], mean[own], uid[engaged[own]], 0, (key[0][s], key[1]))
        for k in range(own.start, own.stop):
            if hits[k] > 0:
                i, j = engaged[k], partner[engaged[k]]
                granules[i] *= laws[s, 1] ** hits[k]
                hits_taken[j] += hits[k]
                if hit_by[j] < 0 or uid[i] > uid[hit_by[j]]:
                    hit_by[j] = i


@kernel
def mark(mark_h, damage, hits_taken, hits_needed, is_dying, uid, blocks, laws, dt_h, key):
    """Repair damage, add hits, and commit cells whose damage reaches the hits they can endure."""
    for k in prange(blocks.shape[0]):
        s = blocks[k, 0]
        for i in range(blocks[k, 1], blocks[k, 2]):
            damage[i] = damage[i] * laws[s, 2] + hits_taken[i]
            if hits_taken[i] > 0 and not is_dying[i] and damage[i] >= hits_needed[i]:
                mark_h[i] = uniform((key[0][s], key[1]), uid[i], 50_000) * dt_h


class Killing(Process):
    """Antibody-dependent cellular cytotoxicity by additive hits."""

    kind: Literal["killing"] = "killing"
    phase: ClassVar = Phase.ACT
    stacks: ClassVar = True
    columns: ClassVar = (
        FC_SIGNAL,
        PARTNER,
        GRANULES,
        ("b_cells", Column("damage", doc="lytic hits not yet repaired", splits=True)),
        ("b_cells", Column("mark_adcc_h", default=math.inf, unit="h", resets=True, doc="moment of commitment")),
        ("b_cells", Column("mark_adcc_by", "i8", default=-1, resets=True, refers="nk_cells", doc="the killer's row")),
    )
    reads: ClassVar = (
        "b_cells.fc_signal",
        "b_cells.hits_needed",
        "b_cells.is_dying",
        "nk_cells.partner",
        "nk_cells.potency",
        "nk_cells.rel_hit",
        "nk_cells.is_killer",
        "nk_cells.n_kills",
    )
    writes: ClassVar = (
        "b_cells.damage",
        "b_cells.mark_adcc_h",
        "b_cells.mark_adcc_by",
        "nk_cells.granules",
    )

    rate_per_h: float = par(
        3.0, "1/h", "fitted: on V8, V11 and A2; one hit in 20 min (10-40)", "Hit rate at full signal", ge=0, le=60
    )
    primed_fold: float = par(
        1.0, "1", "design: none; faster by ChoiMitchison2013", "Speed-up of hits after a first kill", ge=1, le=20
    )
    granules_per_hit_frac: float = par(0.046, "1", "assumed: 4-17 % per hit", "Granules spent per hit", ge=0, le=1)
    repair_per_h: float = par(
        0.33, "1/h", "fitted: on V8, V11 and A2; half-time 2.1 h (1-8)", "Repair of damage", ge=0, le=10
    )
    lag: float = par(1.0, "h", "assumed: 0.5-2 h from commitment to lysis", "Lag to lysis", ge=0, le=48)

    def prepare(self, world: World) -> None:
        """Declare how long a killed cell stays before it lyses."""
        world.lags_h["adcc"] = self.lag

    def signal(self, b: Population) -> np.ndarray:
        """Return the Fc term of the hit rate, shape (n B cells,)."""
        return b.fc_signal

    def _law(self, world: World) -> np.ndarray:
        """Return the rate times a step, what a hit leaves of granules and repair of damage, and what priming does."""
        kept_frac = np.exp(-self.repair_per_h * world.dt_h)
        return world.laws(self.rate_per_h * world.dt_h, 1.0 - self.granules_per_hit_frac, kept_frac, self.primed_fold)

    def step(self, world: World, key: Key) -> None:
        """Hit and mark for one step."""
        b, nk = world.populations["b_cells"], world.populations.get("nk_cells")
        hits_taken, laws = np.zeros(b.n, np.int64), world.law(self, self._law)
        if nk is not None and nk.n:
            engaged, total = nk.referring("partner"), np.empty(world.n_subjects)
            mean = np.empty(engaged.size)
            killers = nk.partner, nk.is_killer, nk.n_kills, nk.granules, nk.potency, nk.rel_hit
            expect(mean, engaged, *killers, self.signal(b), nk.first, laws)
            taken = hits_taken, b.mark_adcc_by, engaged, mean, nk.partner, nk.uid
            deliver(total, nk.granules, *taken, nk.first, laws, key)
            world.tally("hits", total)
        cells = hits_taken, b.hits_needed, b.is_dying, b.uid, b.blocks
        mark(b.mark_adcc_h, b.damage, *cells, laws, world.dt_h, key)


class KillingWithoutFc(Killing):
    """Variant: once engaged, hits do not depend on the Fc still visible."""

    kind: Literal["killing_without_fc"] = "killing_without_fc"

    def signal(self, b: Population) -> np.ndarray:
        """Return ones: a full signal whatever is visible."""
        return np.ones(b.n)
