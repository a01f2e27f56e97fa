"""C1 docks on clusters of bound antibody; each docking is one discrete event.

*Model*: events of a cell in a step ~ Poisson(``max_per_h rel_c1q g q dt``), ``g = rho^n / (rho50_per_cell^n + rho^n)``
with rho the antibody bound to it and n the ``steepness``; ``q`` is the product over C1q, C2/C4 and C3 of ``c / (c +
K)`` with c the molecules left in the medium and K = ``half_<component>_frac`` of those in as much neat serum. An event
takes ``c1q_per_event`` C1q and ``c2c4_per_event`` C2/C4; where they do not last, cells are served in an order drawn
anew in each step, whole events until none is left.

*Assumes*: C1 needs neighbouring antibodies, hence the steep n; events of one step do not see each other.

*Reads*: bound_per_cell, rel_c1q, pools of components. *Writes*: n_docked, pools.c1q, pools.c2c4.

*References*: Bellosillo2001, Ginaldi1998 (half lysis near 88 000 CD20, effective steepness 5).
"""

import functools
from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.columns import BOUND, N_DOCKED, REL_C1Q
from abm.biology.complement.supply import trim
from abm.core.jit import device, kernel, prange
from abm.core.par import par
from abm.core.pools import is_any
from abm.core.population import total
from abm.core.process import Phase, Process
from abm.core.rng import Key, poisson_of_each
from abm.core.series import exp, log
from abm.core.world import World

LIMITING = ("c1q", "c2c4", "c3")  # without C5-C9 C3b is laid and no pore forms
LEAST = 1e-9  # design: of which a logarithm can be taken, and by which can be divided


@kernel
def dock(n_docked, events, bound, rel_c1q, uid, blocks, laws, key):
    """Draw the docking events of each cell in this step, and count those of each block."""
    for k in prange(blocks.shape[0]):
        s, rows = blocks[k, 0], slice(blocks[k, 1], blocks[k, 2])
        n_docked[rows], events[k] = 0, 0
        if bound[rows].any():
            mean = expected(bound[rows], rel_c1q[rows], laws[s, 0], laws[s, 1], laws[s, 2])
            events[k] = poisson_of_each(n_docked[rows], mean, uid[rows], 0, (key[0][s], key[1]))


@device
def expected(bound, rel_c1q, max_in_step, rho50, steepness):
    """Return the mean number of docking events of each cell in this step."""
    mean, log_rho50 = np.empty(bound.size), log(rho50)
    for i in range(bound.size):
        mean[i] = exp(steepness * (log(max(bound[i], LEAST)) - log_rho50))
    for i in range(bound.size):
        mean[i] = max_in_step * rel_c1q[i] * mean[i] / (1.0 + mean[i]) if bound[i] > 0.0 else 0.0
    return mean


class Docking(Process):
    """Initiation of the classical pathway as Poisson events."""

    kind: Literal["complement_docking"] = "complement_docking"
    phase: ClassVar = Phase.ACT
    stacks: ClassVar = True
    columns: ClassVar = (BOUND, REL_C1Q, N_DOCKED)
    reads: ClassVar = (
        "b_cells.bound_per_cell",
        "b_cells.rel_c1q",
        *(f"pools.{name}" for name in LIMITING),
        "properties.serum",
    )
    writes: ClassVar = ("b_cells.n_docked", "pools.c1q", "pools.c1q_used", "pools.c2c4", "pools.c2c4_used")

    max_per_h: float = par(
        9000.0,
        "1/h",
        "fitted: 150 /min; only products with the bursts are identified",
        "Docking events per cell at saturation",
        ge=0,
        le=1e6,
    )
    rho50_per_cell: float = par(
        72_000.0,
        "1/cell",
        "fitted: with half lysis at 35-150 000 CD20 (Bellosillo2001)",
        "Bound antibody at half docking",
        gt=0,
        le=1e7,
    )
    steepness: float = par(3.8, "1", "fitted: 2-6, C1 needs clusters of antibody", "Exponent n", ge=1, le=8)
    half_c1q_frac: float = par(0.05, "1", "assumed: fraction of neat serum", "Half-saturation in C1q", gt=0, le=1)
    half_c2c4_frac: float = par(0.10, "1", "assumed: fraction of neat serum", "Half-saturation in C2/C4", gt=0, le=1)
    half_c3_frac: float = par(0.05, "1", "assumed: fraction of neat serum", "Half-saturation in C3", gt=0, le=1)
    c1q_per_event: float = par(1.0, "1", "design: one docking binds one C1", "C1q used per event", ge=0)
    c2c4_per_event: float = par(10.0, "1", "assumed: convertases per docked C1", "C2/C4 used per event", ge=0)

    def available_frac(self, world: World) -> Any:
        """Return the share of the highest rate that complement allows: the product of ``c / (c + K)``."""
        found, pools = 1.0, world.pools
        for name, half in zip(LIMITING, world.law(self, self._law), strict=True):
            found = found * (pools[name] / (pools[name] + half))
        return found

    def _law(self, world: World) -> list[Any]:
        """Return the molecules at half-saturation of each component that limits docking."""
        serum, molecules = world.properties["serum"], world.pools.molecules(1.0)
        half = [getattr(self, f"half_{name}_frac") * serum.nM_of(name) * molecules for name in LIMITING]
        return [np.maximum(one, LEAST) for one in half]

    def step(self, world: World, key: Key) -> None:
        """Dock for one step."""
        b, pools = world.populations["b_cells"], world.pools
        q = self.available_frac(world)
        if not is_any(q):
            return
        laws = world.laws(self.max_per_h * q * world.dt_h, self.rho50_per_cell, self.steepness)
        of_blocks = np.empty(len(b.blocks))
        dock(b.n_docked, of_blocks, b.bound_per_cell, b.rel_c1q, b.uid, b.blocks, laws, key)
        events, uses = total(b, of_blocks), {"c1q": self.c1q_per_event, "c2c4": self.c2c4_per_event}
        for decision, (name, per_event) in enumerate(uses.items(), start=1):
            if is_any(events * per_event > pools[name]):
                most = pools[name] / np.maximum(per_event, LEAST)
                events = trim(b.n_docked, events, most, (b.uid, b.first), decision, key)
        for name, per_event in uses.items():
            pools.move(name, f"{name}_used", events * per_event)
        world.tally("docking_events", events)


class LimitingDocking(Docking):
    """Variant: the scarcest component alone limits, as ``min c / (c + K)``."""

    kind: Literal["complement_docking_limiting"] = "complement_docking_limiting"

    def available_frac(self, world: World) -> Any:
        """Return the share of the highest rate that the scarcest component allows."""
        pools, halves = world.pools, world.law(self, self._law)
        of_each = (pools[name] / (pools[name] + half) for name, half in zip(LIMITING, halves, strict=True))
        return functools.reduce(np.minimum, of_each)
