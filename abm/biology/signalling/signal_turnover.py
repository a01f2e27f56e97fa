"""Cells in tissue divide while they are signalled to; without signal they die, and leave for the blood.

*Model*: with x the signal relative to that without drug, births in tissue ``[b0 + (b1 - b0) x] room``, deaths
``d1 (1 - x) + d x`` in tissue and likewise in blood, egress ``e1 (1 - x) + e x``; ``room = 1 + (r - 1)(1 - T / T0)``,
never negative, grows as tissue empties. When x falls further than ever before, a part of the tissue moves into the
blood at once. Each over the step at rates held: egress, then births and deaths. A subclone of fewer than 10 000 cells
has whole cells and the exact law of the linear birth-and-death process; of more, chance is below 1 in 100 and left out.

*Reads*: signal_rel, turnover_rel. *Writes*: accessible_cells (blood), niche_cells (tissue), most_inhibited,
pools.cells_born, pools.cells_killed.

*References*: Burger2017 (births), Wodarz2014 (deaths, 23 % of the tissue moves); assumed: room, release.
"""

import math
from typing import ClassVar, Literal

import numpy as np

from abm.biology.columns import MOST_INHIBITED, SIGNAL_REL, TURNOVER_REL
from abm.core.jit import device, kernel, prange
from abm.core.par import par
from abm.core.population import sum_rows
from abm.core.process import Phase, Process
from abm.core.rng import Key, binomial, negative_binomial, of_each, uniform
from abm.core.series import expm1
from abm.core.world import World

FEW_CELLS = 1e4  # design: chance below 1 in 100 above


@device
def whole(amount, key, uid, decision):
    """Round to whole cells, the rest by chance."""
    return math.floor(amount + uniform(key, uid, decision))


@device
def families(n, birth, death, dt, key, uid, decision):
    """Return how many of n cells and their daughters live after dt: the linear birth-and-death process, exactly."""
    grown = math.exp((birth - death) * dt)
    if birth == death:
        q = birth * dt / (1.0 + birth * dt)
        p = q
    else:
        q = (grown - 1.0) / (birth * grown - death)
        p, q = birth * q, death * q
    left = binomial(n, 1.0 - q, key, uid, decision)
    return left + negative_binomial(left, p, key, uid, decision + 1)


@device
def rates_of(x, own, births, deaths, deaths_in_blood):
    """Return the rates of a subclone with this signal, from those without and with all of it."""
    return (
        own * (births[0] + (births[1] - births[0]) * x),
        own * (deaths[0] + (deaths[1] - deaths[0]) * x),
        own * (deaths_in_blood[0] + (deaths_in_blood[1] - deaths_in_blood[0]) * x),
    )


@device
def release(leaves, most, signal_rel, own, egress, release_frac, dt):
    """Write the share of each subclone's tissue that leaves it, and the highest inhibition so far."""
    for i in range(leaves.size):
        newly = max(0.0, 1.0 - signal_rel[i] - most[i])
        most[i] += newly
        leaving = own[i] * (egress[0] + (egress[1] - egress[0]) * signal_rel[i])
        leaves[i] = min(1.0, release_frac * newly - expm1(-leaving * dt))


@device
def turn_over_few(blood, tissue, leaves, signal_rel, own, uid, births, deaths, deaths_in_blood, dt, key):
    """Turn over the subclones of few cells; mark them in ``leaves`` with -1 and return the born and the dead."""
    born = died = 0.0
    for i in range(leaves.size):
        before = blood[i] + tissue[i]
        if before >= FEW_CELLS:
            continue
        if before > 0.0:
            birth, die_t, die_b = rates_of(signal_rel[i], own[i], births, deaths, deaths_in_blood)
            n_t, n_b = whole(tissue[i], key, uid[i], 1), whole(blood[i], key, uid[i], 2)
            moved = binomial(n_t, leaves[i], key, uid[i], 3)
            n_b = binomial(n_b + moved, math.exp(-die_b * dt), key, uid[i], 4)
            n_t = families(n_t - moved, birth, die_t, dt, key, uid[i], 5)
            tissue[i], blood[i] = n_t, n_b
            born, died = born + max(0.0, n_t + n_b - before), died + max(0.0, before - n_t - n_b)
        leaves[i] = -1.0
    return born, died


@device
def move(blood, tissue, leaves):
    """Let tissue of the subclones of many cells leave for the blood."""
    for i in range(leaves.size):
        moved = max(0.0, leaves[i]) * tissue[i]
        blood[i], tissue[i] = blood[i] + moved, tissue[i] - moved


@device
def turn_over_tissue(tissue, born, died, leaves, dt):
    """Let tissue divide and die at the rates that stand in ``born`` and ``died``; leave there how many cells did."""
    for i in range(leaves.size):
        net = born[i] - died[i]
        span = expm1(net * dt) / net if abs(net) * dt > 1e-12 else dt
        cells = tissue[i] * span if leaves[i] >= 0.0 else 0.0
        born[i], died[i] = born[i] * cells, died[i] * cells
        tissue[i] += net * cells


@device
def die_in_blood(blood, died, rate, leaves, dt):
    """Let blood die, and add those cells to the dead."""
    for i in range(leaves.size):
        lost = -blood[i] * expm1(-rate[i] * dt) if leaves[i] >= 0.0 else 0.0
        blood[i], died[i] = blood[i] - lost, died[i] + lost


@kernel
def turn_over(blood, tissue, most, born, died, signal_rel, own, uid, first, rates, key):
    """Move, divide and kill, and count the born and the dead of each patient.

    ``rates`` of a patient are births, deaths in tissue, in blood and egress, each without and with signal, then the
    part released and the time, 0 for one whose clone stands still; ``own`` is the turnover of each subclone relative
    to the others.
    """
    for s in prange(born.size):
        born[s] = died[s] = 0.0
        dt = rates[s, 9]
        if dt <= 0.0:
            continue
        rows, n = slice(first[s], first[s + 1]), first[s + 1] - first[s]
        in_blood, in_tissue, x, rel = blood[rows], tissue[rows], signal_rel[rows], own[rows]
        law = (rates[s, 0], rates[s, 1]), (rates[s, 2], rates[s, 3]), (rates[s, 4], rates[s, 5])
        leaves, birth, death, in_blood_death = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
        release(leaves, most[rows], x, rel, (rates[s, 6], rates[s, 7]), rates[s, 8], dt)
        few = turn_over_few(in_blood, in_tissue, leaves, x, rel, uid[rows], *law, dt, (key[0][s], key[1]))
        for i in range(n):
            birth[i], death[i], in_blood_death[i] = rates_of(x[i], rel[i], *law)
        move(in_blood, in_tissue, leaves)
        turn_over_tissue(in_tissue, birth, death, leaves, dt)
        die_in_blood(in_blood, death, in_blood_death, leaves, dt)
        born[s], died[s] = few[0] + sum_rows(birth, 0, n), few[1] + sum_rows(death, 0, n)


class SignalTurnover(Process):
    """Births, deaths and egress of a clone under its signal."""

    kind: Literal["signal_turnover"] = "signal_turnover"
    phase: ClassVar = Phase.ACT
    scale: ClassVar = "body"
    columns: ClassVar = (SIGNAL_REL, TURNOVER_REL, MOST_INHIBITED)
    reads: ClassVar = ("b_cells.signal_rel", "b_cells.turnover_rel")
    writes: ClassVar = (
        "b_cells.accessible_cells",
        "b_cells.niche_cells",
        "b_cells.most_inhibited",
        "pools.cells_born",
        "pools.cells_killed",
    )

    birth: float = par("0.39 %/d", "1/h", "Burger2017", "Births in tissue with full signal", ge=0, le=1)
    birth_inhibited: float = par("0.05 %/d", "1/h", "Burger2017", "Births in tissue without signal", ge=0, le=1)
    death: float = par("0.3 %/d", "1/h", "Burger2017; assumed: 0.2-0.4", "Deaths with full signal", ge=0, le=1)
    death_in_tissue: float = par("2.7 %/d", "1/h", "Wodarz2014", "Deaths in tissue without signal", ge=0, le=1)
    death_in_blood: float = par("1.7 %/d", "1/h", "Wodarz2014", "Deaths in blood without signal", ge=0, le=1)
    egress: float = par(
        "0.82 %/d", "1/h", "Wodarz2014; assumed: from 23 %", "Leaving tissue without signal", ge=0, le=1
    )
    egress_at_rest: float = par("0.03 %/d", "1/h", "assumed: balances deaths in blood", "with full signal", ge=0, le=1)
    release_frac: float = par(0.05, "1", "assumed: the first days", "Tissue that full inhibition frees", ge=0, le=1)
    room: float = par(2.8, "1", "fitted: on L2", "Births in empty tissue over those at the start", ge=0, le=20)

    def step(self, world: World, key: Key) -> None:
        """Turn over for one step."""
        b, clone = world.populations["b_cells"], world.cell_types["b_cells"]
        start = clone.cells * clone.niche_frac
        filled = b.sums(b.niche_cells) / np.where(start > 0.0, start, np.inf)
        room = np.maximum(0.0, 1.0 + (self.room - 1.0) * (1.0 - filled))
        births, deaths = (self.birth_inhibited * room, self.birth * room), (self.death_in_tissue, self.death)
        out = (self.death_in_blood, self.death, self.egress, self.egress_at_rest, self.release_frac)
        rates = np.empty((world.n_subjects, 10))
        for place, value in enumerate((*births, *deaths, *out, np.where(start > 0.0, world.dt_h, 0.0))):
            rates[:, place] = value
        born, died = np.empty(world.n_subjects), np.empty(world.n_subjects)
        cells, of_clone = (b.accessible_cells, b.niche_cells), (b.signal_rel, b.turnover_rel, b.uid, b.first)
        turn_over(*cells, b.most_inhibited, born, died, *of_clone, rates, of_each(key))
        world.pools.add("cells_born", born)
        world.pools.add("cells_killed", died)
