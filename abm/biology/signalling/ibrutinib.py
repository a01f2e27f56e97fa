"""Ibrutinib binds BTK for good; cells make new BTK.

*Model*: an oral dose D of the day is absorbed at once and leaves with its half-life; amount A, ``A' = -k A``. Free BTK
``f' = r (1 - f) - k A / D50 f``: a dose of D50 leaves 37 % of what was free. Doses are at the hour of the first, each
missed with its probability, by day. Within sub-steps of an hour the binding rate is held at its mean, else exact.

*Reads*: nothing. *Writes*: pools.btk_free, pools.ibrutinib_*.

*References*: Sun2020 (resynthesis of BTK 13.4 %/d, measured under acalabrutinib); assumed: half-life 4-9 h and a dose
of 420 mg that leaves less than 1 %.
"""

import math
from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.given.ibrutinib import taken
from abm.core.jit import kernel, prange
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.series import exp, expm1
from abm.core.world import World

LONGEST_H = 1.0  # design: the mean binding rate of an hour instead of its course moves free BTK by less than 1e-3


@kernel
def bind(free, amount, k, d50, resynthesis, span_h, n_parts):
    """Advance free BTK and the amount of each patient by ``n_parts`` equal parts of a span."""
    dt_h = span_h / n_parts
    kept, mean = np.empty(free.size), np.empty(free.size)
    for s in prange(free.size):
        kept[s], mean[s] = exp(-k[s] * dt_h), -expm1(-k[s] * dt_h) / dt_h / d50[s]
    for _ in range(n_parts):
        for s in prange(free.size):
            loss = resynthesis[s] + amount[s] * mean[s]
            balance = resynthesis[s] / loss
            free[s] = balance + (free[s] - balance) * exp(-loss * dt_h)
            amount[s] *= kept[s]


class Ibrutinib(Process):
    """Occupancy of BTK under daily oral ibrutinib."""

    kind: Literal["ibrutinib"] = "ibrutinib"
    phase: ClassVar = Phase.DOSE
    scale: ClassVar = "body"
    reads: ClassVar = ("given.ibrutinib",)
    writes: ClassVar = (
        "pools.btk_free",
        "pools.ibrutinib_mg",
        "pools.ibrutinib_dosed_mg",
        "pools.ibrutinib_eliminated_mg",
    )
    sets: ClassVar = ("pools.btk_free",)

    half_life: float = par("6 h", "h", "assumed: 4-9 h", "Half-life of ibrutinib", gt=0, le=1e3)
    d50: float = par("80 mg", "mg", "assumed: 420 mg leaves below 1 %", "Dose that leaves 37 % of BTK", gt=0, le=1e5)
    resynthesis: float = par("13.4 %/d", "1/h", "Sun2020", "New BTK", gt=0, le=10)

    def begin(self, world: World) -> None:
        """Start with all BTK free."""
        world.pools["btk_free"] = 1.0
        for name in ("ibrutinib_mg", "ibrutinib_dosed_mg", "ibrutinib_eliminated_mg"):
            world.pools.declare(name)

    def step(self, world: World, key: Key) -> None:
        """Take the doses of this step, bind, eliminate and make new BTK."""
        pools, now_h, end_h = world.pools, world.t_h, world.t_h + world.dt_h
        for dose_h, mg in [*self.doses(world, key), (end_h, 0.0)]:
            self._advance(world, dose_h - now_h)
            pools.add("ibrutinib_mg", mg)
            pools.add("ibrutinib_dosed_mg", mg)
            now_h = dose_h

    def doses(self, world: World, key: Key) -> list[tuple[float, Any]]:
        """Return the moments, h, and amounts, mg, that are taken in this step; half open at its end."""
        return taken(list(world.given_of("ibrutinib").values()), key[0], world.t_h, world.t_h + world.dt_h)

    def _advance(self, world: World, span_h: float) -> None:
        if span_h <= 0.0:
            return
        pools, before = world.pools, world.pools["ibrutinib_mg"]
        free, amount = world.each(pools["btk_free"]), world.each(before)
        law = map(world.each, (math.log(2.0) / self.half_life, self.d50, self.resynthesis))
        bind(free, amount, *law, span_h, math.ceil(span_h / LONGEST_H))
        pools["ibrutinib_mg"], pools["btk_free"] = amount, free
        pools.add("ibrutinib_eliminated_mg", before - amount)
