"""Cells in tissue divide while they are signalled to; without signal they die, and leave for the blood.

*Model*: with x the signal relative to that without drug, births in tissue ``[b0 + (b1 - b0) x] room``, deaths ``d1 (1 -
x) + d x`` in tissue and likewise in blood, egress ``e1 (1 - x) + e x``; ``room = 1 + (r - 1)(1 - T / T0)``, never
negative, grows as tissue empties. Births are faster by a factor in patients who were treated before, and by another
where these have lost TP53, which in first line changes little. When x falls further than ever before, a part of the
tissue moves into the blood at once. In a step of the clock cells leave first, then are born and die, at rates held;
many steps are taken at once in closed form, with the mean signal and the mean of the room at the start of each. A
subclone of fewer than 10 000 cells in tissue has whole ones there, by the law of the linear birth-and-death process; of
more, chance is below 1 in 100 and left out, as it is in blood, from where no cell returns.

*Reads*: signal_rel, turnover_rel, properties.covariates. *Writes*: accessible_cells (blood), niche_cells (tissue),
most_inhibited, to_blood_per_h, pools.cells_born, pools.cells_killed.

*References*: Burger2017 (births), Wodarz2014 (deaths, 23 % of the tissue moves), Kendall1948 (the linear
birth-and-death process), Ahn2018 (TP53 by line); assumed: room, release, factors of patients.
"""

import math
from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.columns import MOST_INHIBITED, SIGNAL_REL, TO_BLOOD, TURNOVER_REL
from abm.core.jit import device, kernel, prange
from abm.core.par import par
from abm.core.population import sum_rows
from abm.core.process import Phase, Process
from abm.core.rng import Key, binomial_at, direction, fill_both, negative_binomial_at, uniform
from abm.core.series import exp, expm1, log
from abm.core.world import World

FEW_CELLS = 1e4  # design: chance below 1 in 100 above
NORMAL_CELLS, NORMAL_VARIANCE = 100, 30.0  # design: of whole cells, above which their law is normal but for 1 in 100
EVEN = 1e-7  # design: what differs by less is equal


@device
def set_rates(birth, loss, blood_loss, leave, x, own, law):
    """Write the rates of each subclone from those without and with all of the signal; births are at a room of 1."""
    b0, b1, d0, d1, k0, k1, e0, e1 = law[0], law[1], law[2], law[3], law[4], law[5], law[6], law[7]
    for i in range(x.size):
        birth[i] = own[i] * (b0 + (b1 - b0) * x[i])
        blood_loss[i] = own[i] * (k0 + (k1 - k0) * x[i])
        leave[i] = own[i] * (e0 + (e1 - e0) * x[i])
        loss[i] = own[i] * (d0 + (d1 - d0) * x[i]) + leave[i]


@device
def room_of(cells, most, start):
    """Return births in tissue of so many cells relative to those at the start."""
    return max(0.0, 1.0 + (most - 1.0) * (1.0 - cells / start))


@device
def mean_room(tissue, birth, loss, most, start, span_h, n):
    """Return the mean room at the starts of n steps, in which all of the tissue goes on as its subclones do.

    The logarithm of all their cells is that of the mean and the variance of their growth: its next term is the third
    cumulant, below 1 in 1000 in two weeks.
    """
    cells = sum_rows(tissue, 0, tissue.size)
    now = room_of(cells, most, start)
    if n == 1 or cells <= 0.0:
        return now
    growth, square, births = np.empty(tissue.size), np.empty(tissue.size), np.empty(tissue.size)
    for i in range(tissue.size):
        births[i] = tissue[i] * birth[i] * span_h
        net = (birth[i] * now - loss[i]) * span_h
        growth[i] = tissue[i] * net
        square[i] = growth[i] * net
    mean, per_room = sum_rows(growth, 0, growth.size) / cells, sum_rows(births, 0, births.size) / cells
    half_spread = 0.5 * (sum_rows(square, 0, square.size) / cells - mean * mean)
    room = now
    for _ in range(3):
        grown = mean + half_spread + per_room * (room - now)
        of_start = math.expm1(grown) / (n * math.expm1(grown / n)) if abs(grown) > EVEN else 1.0
        room = room_of(cells * of_start, most, start)
    return room


@device
def release(blood, tissue, most, x, release_frac):
    """Move what is freed of the tissue into the blood, and note the highest inhibition so far."""
    for i in range(tissue.size):
        newly = max(0.0, 1.0 - x[i] - most[i])
        most[i] += newly
        freed = min(1.0, release_frac * newly) * tissue[i]
        blood[i], tissue[i] = blood[i] + freed, tissue[i] - freed


@device
def power(values, n):
    """Raise each to a whole power."""
    base = values.copy()
    values[:] = 1.0
    while n > 0:
        if n % 2:
            for i in range(base.size):
                values[i] *= base[i]
        for i in range(base.size):
            base[i] *= base[i]
        n //= 2


@device
def turn_over_many(blood, tissue, born, birth, loss, blood_loss, leave, dt_h, n):
    """Let cells leave, divide and die for n steps, and write how many were born."""
    kept, kept_in_blood = np.empty(tissue.size), np.empty(tissue.size)
    for i in range(tissue.size):
        kept[i], kept_in_blood[i] = exp((birth[i] - loss[i]) * dt_h), exp(-blood_loss[i] * dt_h)
    left, left_in_blood = kept.copy(), kept_in_blood.copy()
    power(left, n)
    power(left_in_blood, n)
    for i in range(tissue.size):
        apart = kept[i] - kept_in_blood[i]
        of_all = (left[i] - left_in_blood[i]) / apart if abs(apart) > EVEN else n * left[i] / kept[i]
        arrived = -expm1(-leave[i] * dt_h) * tissue[i] * kept_in_blood[i] * of_all
        net = (birth[i] - loss[i]) * dt_h * n
        mean = (left[i] - 1.0) / net if abs(net) > EVEN else 1.0
        born[i] = birth[i] * dt_h * n * tissue[i] * mean
        blood[i] = blood[i] * left_in_blood[i] + arrived
        tissue[i] *= left[i]


@device
def family(birth, loss, span_h):
    """Return the chance that nobody of a cell's family is left, and of one more where there is one (Kendall1948)."""
    net = (birth - loss) * span_h
    if abs(net) < EVEN:
        share = birth * span_h / (1.0 + birth * span_h)
        return share, share
    share = math.expm1(net) / (birth * math.exp(net) - loss)
    return loss * share, birth * share


@device
def few_after(cells, gone, more, u, v, normal):
    """Return how many of few cells and their daughters are left, from two uniform numbers or a normal one of these."""
    kept, variance = 1.0 - gone, cells * (1.0 - gone) * (gone + more) / (1.0 - more) ** 2
    if cells > NORMAL_CELLS and variance > NORMAL_VARIANCE:
        return max(0.0, math.floor(cells * kept / (1.0 - more) + math.sqrt(variance) * normal + 0.5))
    families = cells - binomial_at(cells, gone, u) if gone < 0.5 else binomial_at(cells, kept, u)
    return families + negative_binomial_at(families, more, v)


@device
def turn_over_few(tissue, birth, loss, uid, span_h, key):
    """Return the subclones that have few cells in tissue, and how many these have after the span."""
    few, n = np.empty(tissue.size, np.int64), 0
    for i in range(tissue.size):
        few[n] = i
        n += (tissue[i] > 0.0) & (tissue[i] < FEW_CELLS)
    few = few[:n]
    after, uids, u, v = np.empty(n), uid[few], np.empty(n), np.empty(n)
    fill_both(u, v, uids, 1, key)
    for k in range(n):
        after[k] = math.sqrt(-2.0 * log(u[k])) * direction(v[k])[0]
    for k in range(n):
        i = few[k]
        gone, more = family(birth[i], loss[i], span_h)
        cells = math.floor(tissue[i])
        if cells < tissue[i]:  # to whole cells, the rest by chance
            cells += uniform(key, uids[k], 2) < tissue[i] - cells
        after[k] = few_after(cells, gone, more, u[k], v[k], after[k])
    return few, after


@device
def write_shares(share, blood, tissue):
    """Write the share of each subclone that is in blood; 0 of those of few cells, in which chance moves it."""
    for i in range(share.size):
        share[i] = blood[i] / (blood[i] + tissue[i]) if tissue[i] >= FEW_CELLS else 0.0


@device
def turn_over_one(blood, tissue, most, to_blood, x, own, uid, law, key):
    """Turn over the clone of a patient; return how many cells were born and died."""
    n, span_h, n_steps = tissue.size, law[11], int(law[12])
    birth, loss, blood_loss, leave = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    born, change, share = np.empty(n), blood + tissue, np.empty(n)
    write_shares(to_blood, blood, tissue)
    set_rates(birth, loss, blood_loss, leave, x, own, law)
    birth *= mean_room(tissue, birth, loss, law[9], law[10], span_h, n_steps)
    release(blood, tissue, most, x, law[8])
    few, after = turn_over_few(tissue, birth, loss, uid, span_h, key)
    before = tissue[few]
    turn_over_many(blood, tissue, born, birth, loss, blood_loss, leave, span_h / n_steps, n_steps)
    tissue[few], born[few] = after, np.maximum(0.0, after - before)
    write_shares(share, blood, tissue)
    for i in range(n):
        blood[i] = blood[i] if tissue[i] > 0.0 or blood[i] >= 0.5 else 0.0
        change[i] = blood[i] + tissue[i] - change[i]
        to_blood[i] = (share[i] - to_blood[i]) / span_h
    n_born = sum_rows(born, 0, n)
    return n_born, n_born - sum_rows(change, 0, n)


@kernel
def turn_over(blood, tissue, most, to_blood, born, died, signal_rel, own, uid, first, laws, key):
    """Move, divide and kill, and count the born and the dead of each patient.

    The law of a patient are births, deaths in tissue, in blood and egress, each without and with signal, the part
    released, the room of empty tissue, tissue at the start, the span and its number of steps, 0 where all stands still;
    ``own`` is the turnover of each subclone relative to the others.
    """
    for s in prange(born.size):
        rows, law = slice(first[s], first[s + 1]), laws[s]
        clone = blood[rows], tissue[rows], most[rows], to_blood[rows], signal_rel[rows], own[rows], uid[rows]
        born[s], died[s] = turn_over_one(*clone, law, (key[0][s], key[1])) if law[12] > 0.0 else (0.0, 0.0)


class SignalTurnover(Process):
    """Births, deaths and egress of a clone under its signal."""

    kind: Literal["signal_turnover"] = "signal_turnover"
    phase: ClassVar = Phase.ACT
    scale: ClassVar = "body"
    may_wait_h: ClassVar = 336.0  # design: two weeks; twice as long moves no level by 1 in 1000
    columns: ClassVar = (SIGNAL_REL, TURNOVER_REL, MOST_INHIBITED, TO_BLOOD)
    reads: ClassVar = ("b_cells.signal_rel", "b_cells.turnover_rel", "properties.covariates")
    writes: ClassVar = (
        "b_cells.accessible_cells",
        "b_cells.niche_cells",
        "b_cells.most_inhibited",
        "b_cells.to_blood_per_h",
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
    later_line_fold: float = par(1.0, "1", "assumed: as in first line", "Births in those treated before", gt=0, le=10)
    tp53_lost_fold: float = par(1.0, "1", "assumed: as with TP53", "and in these without TP53", gt=0, le=10)

    def step(self, world: World, key: Key) -> None:
        """Turn over for one span."""
        b, clone = world.populations["b_cells"], world.cell_types["b_cells"]
        start = clone.cells * clone.niche_frac
        fold = self._fold(world)
        births, deaths = (self.birth_inhibited * fold, self.birth * fold), (self.death_in_tissue, self.death)
        out = (self.death_in_blood, self.death, self.egress, self.egress_at_rest, self.release_frac)
        n_steps = np.where(start > 0.0, world.n_steps, 0)
        laws = world.laws(*births, *deaths, *out, self.room, start, world.dt_h, n_steps)
        born, died = np.empty(world.n_subjects), np.empty(world.n_subjects)
        cells = b.accessible_cells, b.niche_cells, b.most_inhibited, b.to_blood_per_h
        turn_over(*cells, born, died, b.signal_rel, b.turnover_rel, b.uid, b.first, laws, key)
        world.pools.add("cells_born", born)
        world.pools.add("cells_killed", died)

    def _fold(self, world: World) -> Any:
        """Return births of each patient relative to those in first line."""
        who = world.properties["covariates"]
        lost = np.where(who.tp53 == "lost", self.tp53_lost_fold, 1.0)
        return np.where(who.line == "later", self.later_line_fold * lost, 1.0)
