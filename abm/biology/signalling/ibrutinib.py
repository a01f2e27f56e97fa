"""Ibrutinib binds BTK for good; cells make new BTK.

*Model*: an oral dose D of the day is absorbed at once and leaves with its half-life; amount A, ``A' = -k A``. Free BTK
``f' = r (1 - f) - k A / D50 f``: a dose of D50 leaves 37 % of what was free. Doses are at the hour of the first, each
missed with its probability, by day. Within sub-steps of an hour the binding rate is held at its mean, else exact.

*Reads*: nothing. *Writes*: pools.btk_free, pools.ibrutinib_*.

*References*: Sun2020 (resynthesis of BTK 13.4 %/d, measured under acalabrutinib); assumed: half-life 4-9 h and a dose
of 420 mg that leaves less than 1 %.
"""

import math
from typing import ClassVar, Literal

from abm.biology.given.ibrutinib import taken
from abm.core.linear import integral, one_pool
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World

LONGEST_H = 1.0  # design: the mean binding rate of an hour instead of its course moves free BTK by less than 1e-3


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

    def doses(self, world: World, key: Key) -> list[tuple[float, float]]:
        """Return the moments, h, and amounts, mg, that are taken in this step; half open at its end."""
        return taken(list(world.given_of("ibrutinib").values()), key[0], world.t_h, world.t_h + world.dt_h)

    def _advance(self, world: World, span_h: float) -> None:
        pools, k = world.pools, math.log(2.0) / self.half_life
        if span_h <= 0.0:
            return
        n = max(1, math.ceil(span_h / LONGEST_H)) if pools["ibrutinib_mg"] > 0.0 else 1
        dt_h, free, amount = span_h / n, pools["btk_free"], pools["ibrutinib_mg"]
        kept = math.exp(-k * dt_h)
        for _ in range(n):
            binding = k / self.d50 * amount * integral(k, dt_h) / dt_h
            free = one_pool(free, self.resynthesis, self.resynthesis + binding, dt_h)
            amount *= kept
        pools.move("ibrutinib_mg", "ibrutinib_eliminated_mg", pools["ibrutinib_mg"] - amount)
        pools["btk_free"] = free
