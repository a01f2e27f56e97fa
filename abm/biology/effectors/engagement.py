"""An NK cell engages a B cell it touches when it sees enough Fc.

*Model*: a target shows ``v = n + (1 - n) c F^h / (F^h + F50^h)``: F is ``bound_per_cell rel_fc rel_cd16``, F50 that of
the subject's FCGR3A (V/F: geometric mean of V/V and F/F) times rel_fc50, h the ``steepness``, c ``rel_signal``, and n
what an NK cell sees without antibody. In a step engaged NK cells first part with chance ``1 - exp(-r dt)``, r
``unbinding_per_h``, or ``unbinding_dying_per_h`` from a target committed to die; when it lyses they are free. Then each
free one engages with chance ``1 - exp(-rate_per_h cd16 rel_engagement W dt)``, W the sum of v over the targets with
room whose centre is within ``contact_um``; which of them is drawn in proportion to v. At most ``max_per_target`` hold
one target; where more ask at once, an order drawn from their identities decides, and who comes too late goes without.
Each engagement takes ``cd16_shed_frac`` of the NK cell's CD16. Inert cells, at random places on the floor, take the NK
cell's place with chance ``1 - exp(-density place_um2)``.

*Assumes*: dying targets can still be engaged until they lyse; inert cells come with the first cells and stay.

*Reads*: bound_per_cell, rel_fc, rel_fc50, rel_cd16, rel_signal, cd16. *Writes*: fc_signal, n_engaged, partner, cd16.

*References*: DallOzzo2004 (half-saturation V/V and F/F), BhatWatzl2007 (CD16 is shed), Golay2003 (mononuclear cells).
"""

import math
from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.columns import BOUND, CD16, FC_SIGNAL, N_ENGAGED, PARTNER, REL_CD16, REL_FC, REL_FC50, REL_SIGNAL
from abm.biology.covariates import Genotype
from abm.core.jit import kernel, prange, serial
from abm.core.par import par
from abm.core.population import Population, whose
from abm.core.process import Phase, Process
from abm.core.rng import Key, fill_both, fill_first
from abm.core.world import World


@kernel
def see(signal, bound, rel_fc, rel_fc50, rel_cd16, rel_signal, blocks, laws):
    """Write the share of full signal that each target shows."""
    for k in prange(blocks.shape[0]):
        fc50, steepness, natural = laws[blocks[k, 0], 0], laws[blocks[k, 0], 1], laws[blocks[k, 0], 2]
        for i in range(blocks[k, 1], blocks[k, 2]):
            visible = bound[i] * rel_fc[i] * rel_cd16[i] / (fc50 * rel_fc50[i])
            signal[i] = visible / (1.0 + visible)
        if steepness != 1.0:
            for i in range(blocks[k, 1], blocks[k, 2]):
                visible = (signal[i] / (1.0 - signal[i])) ** steepness
                signal[i] = visible / (1.0 + visible)
        for i in range(blocks[k, 1], blocks[k, 2]):
            signal[i] = natural + (1.0 - natural) * rel_signal[i] * signal[i]


@serial
def part(partner, is_free, n_engaged, weight, engaged, is_dying, uid, first, laws, max_per_target, key):
    """Part conjugates at random, sooner where the target is dying; count those that last, and hide full targets."""
    for s in range(first.size - 1):
        own = engaged[np.searchsorted(engaged, first[s]) : np.searchsorted(engaged, first[s + 1])]
        u = np.empty(own.size)
        fill_first(u, uid[own], 0, (key[0][s], key[1]))
        for k in range(own.size):
            i, j = own[k], partner[own[k]]
            if u[k] < laws[s, 1 if is_dying[j] else 0]:
                partner[i] = -1
            else:
                is_free[i] = False
                n_engaged[j] += 1
                weight[j] = 0.0 if n_engaged[j] >= max_per_target else weight[j]


@serial
def ask(order, rows, total, cd16, rel_engagement, uid, first, rate_dt, key):
    """Draw the place in the queue of each NK cell in contact; it is infinite for those that do not engage."""
    for s in range(first.size - 1):
        begin, end = np.searchsorted(rows, first[s]), np.searchsorted(rows, first[s + 1])
        own, place, u = rows[begin:end], order[begin:end], np.empty(end - begin)
        fill_both(u, place, uid[own], 1, (key[0][s], key[1]))
        for k in range(own.size):
            mean = rate_dt[s] * cd16[own[k]] * rel_engagement[own[k]] * total[begin + k]
            is_asking = u[k] < mean and u[k] < -math.expm1(-mean)  # more than the mean is more than the chance
            place[k] = place[k] if is_asking else math.inf


@serial
def grant(granted, partner, n_engaged, cd16, queue, chosen, first, max_per_target, cd16_kept):
    """Grant engagements in the order of the queue, and count those of each subject."""
    granted[:] = 0
    for k in range(queue.size):
        i, j, s = queue[k], chosen[k], whose(first, queue[k])
        if n_engaged[j] < max_per_target:
            partner[i] = j
            n_engaged[j] += 1
            cd16[i] *= cd16_kept[s]
            granted[s] += 1


class Engagement(Process):
    """Formation and parting of conjugates."""

    kind: Literal["engagement"] = "engagement"
    phase: ClassVar = Phase.ACT
    stacks: ClassVar = True
    columns: ClassVar = (BOUND, REL_FC, REL_FC50, REL_CD16, REL_SIGNAL, FC_SIGNAL, N_ENGAGED, PARTNER, CD16)
    reads: ClassVar = (
        "b_cells.bound_per_cell",
        "b_cells.rel_fc",
        "b_cells.rel_fc50",
        "b_cells.rel_cd16",
        "b_cells.rel_signal",
        "b_cells.is_dying",
        "b_cells.x_um",
        "b_cells.y_um",
        "nk_cells.x_um",
        "nk_cells.y_um",
        "nk_cells.rel_engagement",
        "properties.covariates",
    )
    writes: ClassVar = ("b_cells.fc_signal", "b_cells.n_engaged", "nk_cells.partner", "nk_cells.cd16")
    longest_step_h: ClassVar = 0.25  # design: contacts are looked for once a step

    rate_per_h: float = par(
        102.0, "1/h", "fitted: 1.7 /min", "Engagement per touched target at full signal", ge=0, le=1e4
    )
    unbinding_per_h: float = par(
        0.642, "1/h", "fitted: 0.0107 /min, conjugates last 93 min (30-100)", "Parting rate", ge=0, le=60
    )
    unbinding_dying_per_h: float = par(
        3.0,
        "1/h",
        "assumed: NK cells let go of targets that die (Jenkins2015)",
        "Parting rate, dying target",
        ge=0,
        le=60,
    )
    contact_um: float = par(10.0, "um", "design: sum of the two radii", "Contact distance", gt=0, le=100)
    max_per_target: int = par(2, "1", "assumed: 2-3 engaged at once", "NK cells on one target", ge=1, le=20)
    fc50_vv_per_cell: float = par(
        1550.0, "1/cell", "fitted: on V7 (DallOzzo2004); 800 at equilibrium", "Half-saturation, V/V", gt=0, le=1e6
    )
    fc50_ff_per_cell: float = par(
        6500.0, "1/cell", "fitted: V/V times 4.2 (DallOzzo2004)", "Half-saturation, F/F", gt=0, le=1e6
    )
    steepness: float = par(1.0, "1", "assumed: no cooperativity", "Exponent h", ge=0.5, le=4)
    cd16_shed_frac: float = par(0.30, "1", "BhatWatzl2007", "CD16 lost per engagement", ge=0, le=1)
    natural_il2_frac: float = par(
        0.0, "1", "design: as at first", "Signal without antibody, IL-2 NK, of a line; 1 is full", ge=0, le=1
    )
    natural_resting_frac: float = par(
        0.0, "1", "design: as at first", "Signal without antibody, resting NK, of a line", ge=0, le=1
    )
    place_um2: float = par(
        0.0,
        "um2",
        "design: inert cells take no room; one of 10 um covers 79",
        "Floor an inert cell covers",
        ge=0,
        le=1e4,
    )

    @property
    def reach_um(self) -> float:
        """The contact distance."""
        return self.contact_um

    def fc50_per_cell(self, genotype: Genotype | np.ndarray) -> Any:
        """Half-saturation of a genotype, or of each; V/F is the geometric mean of V/V and F/F."""
        vv, ff = self.fc50_vv_per_cell, self.fc50_ff_per_cell
        of = {"VV": vv, "FF": ff, "VF": np.sqrt(vv * ff)}
        if isinstance(genotype, np.ndarray):
            return np.select([genotype == name for name in of], list(of.values()))
        return of[genotype]

    def step(self, world: World, key: Key) -> None:
        """Part, then engage, for one step."""
        b, nk = world.populations["b_cells"], world.populations.get("nk_cells")
        signal, parting, contact_um, rate_dt, cd16_kept = world.law(self, self._law)
        see(b.fc_signal, b.bound_per_cell, b.rel_fc, b.rel_fc50, b.rel_cd16, b.rel_signal, b.blocks, signal)
        if nk is None or nk.n == 0:
            return
        is_free, weight = self._part(parting, nk, b, key)
        rows, total, choose = world.space.touch(nk, is_free, b, weight, contact_um, key)
        order, granted = np.empty(rows.size), np.empty(world.n_subjects, np.int64)
        ask(order, rows, total, nk.cd16, nk.rel_engagement, nk.uid, nk.first, rate_dt, key)
        asking = np.flatnonzero(order < math.inf)
        if asking.size:
            queue = rows[asking[np.argsort(order[asking])]]
            asked = queue, choose(queue), nk.first
            grant(granted, nk.partner, b.n_engaged, nk.cd16, *asked, self.max_per_target, cd16_kept)
            world.tally("engagements", granted)

    def _law(self, world: World) -> tuple[np.ndarray, ...]:
        """Return what a target shows, chances to part, contact distance, rate times a step, CD16 kept."""
        rates_per_h = self.unbinding_per_h, self.unbinding_dying_per_h
        fc50_per_cell = self.fc50_per_cell(world.properties["covariates"].fcgr3a)
        return (
            world.laws(fc50_per_cell, self.steepness, self._natural_frac(world)),
            world.laws(*(-np.expm1(-rate * world.dt_h) for rate in rates_per_h)),
            world.each(self.contact_um),
            world.each(self.rate_per_h * self._room_frac(world) * world.dt_h),
            world.each(1.0 - self.cd16_shed_frac),
        )

    def _natural_frac(self, world: World) -> Any:
        """Return the signal of a target without antibody."""
        b, nk = world.cell_types["b_cells"], world.cell_types.get("nk_cells")
        own = 0.0 if nk is None else np.where(nk.is_activated, self.natural_il2_frac, self.natural_resting_frac)
        return own * b.rel_natural

    def _room_frac(self, world: World) -> Any:
        """Return the chance that no inert cell is where an NK cell would touch its target."""
        b, nk = world.cell_types["b_cells"], world.cell_types.get("nk_cells")
        others = 0.0 if nk is None else nk.others_per_b_cell * b.n
        return np.exp(-others * self.place_um2 / world.space.side**2)

    def _part(self, laws: np.ndarray, nk: Population, b: Population, key: Key) -> tuple[np.ndarray, np.ndarray]:
        """Let conjugates part; return which NK cells are free, and the signal of all targets that are not full."""
        engaged, is_free, weight = nk.referring("partner"), np.ones(nk.n, bool), b.fc_signal.copy()
        held = nk.partner, is_free, b.n_engaged, weight, engaged, b.is_dying, nk.uid, nk.first
        part(*held, laws, self.max_per_target, key)
        return is_free, weight
