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
from abm.core.process import Phase, Process
from abm.core.rng import Key, binomial, negative_binomial, uniform
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


@kernel
def turn_over(blood, tissue, most, born, died, signal_rel, own, rates, uid, key):
    """Move, divide and kill.

    ``rates`` is the time, then births, deaths in tissue, in blood and egress, each without and with signal, then the
    part released; ``own`` is the turnover of each subclone relative to the others.
    """
    dt = rates[0]
    for i in prange(blood.size):
        before, x = blood[i] + tissue[i], signal_rel[i]
        if before <= 0.0:
            born[i] = died[i] = 0.0
            continue
        birth = own[i] * (rates[1] + (rates[2] - rates[1]) * x)
        die_t = own[i] * (rates[3] + (rates[4] - rates[3]) * x)
        die_b = own[i] * (rates[5] + (rates[6] - rates[5]) * x)
        leaves = 1.0 - math.exp(-own[i] * (rates[7] + (rates[8] - rates[7]) * x) * dt)
        newly = max(0.0, 1.0 - x - most[i])
        most[i] += newly
        leaves = min(1.0, leaves + rates[9] * newly)
        if before >= FEW_CELLS:
            moved = leaves * tissue[i]
            stay, out = tissue[i] - moved, blood[i] + moved
            net = birth - die_t
            span = (math.exp(net * dt) - 1.0) / net if abs(net) * dt > 1e-12 else dt
            lost = -out * math.expm1(-die_b * dt)
            born[i], died[i] = birth * stay * span, die_t * stay * span + lost
            tissue[i], blood[i] = stay + (birth - die_t) * stay * span, out - lost
        else:
            n_t, n_b = whole(tissue[i], key, uid[i], 1), whole(blood[i], key, uid[i], 2)
            moved = binomial(n_t, leaves, key, uid[i], 3)
            n_b = binomial(n_b + moved, math.exp(-die_b * dt), key, uid[i], 4)
            n_t = families(n_t - moved, birth, die_t, dt, key, uid[i], 5)
            tissue[i], blood[i] = n_t, n_b
            born[i], died[i] = max(0.0, n_t + n_b - before), max(0.0, before - n_t - n_b)


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
        tissue_start = clone.cells * clone.niche_frac
        if tissue_start <= 0.0 or not b.n:
            return
        room = max(0.0, 1.0 + (self.room - 1.0) * (1.0 - float(b.niche_cells.sum()) / tissue_start))
        births, deaths = (self.birth_inhibited * room, self.birth * room), (self.death_in_tissue, self.death)
        out = (self.death_in_blood, self.death, self.egress, self.egress_at_rest)
        rates = np.array([world.dt_h, *births, *deaths, *out, self.release_frac])
        born, died = np.empty(b.n), np.empty(b.n)
        cells = b.accessible_cells, b.niche_cells
        turn_over(*cells, b.most_inhibited, born, died, b.signal_rel, b.turnover_rel, rates, b.uid, key)
        world.pools.add("cells_born", float(born.sum()))
        world.pools.add("cells_killed", float(died.sum()))
