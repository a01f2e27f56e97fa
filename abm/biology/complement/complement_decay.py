"""Complement components lose activity at 37 degrees.

*Model*: each pool falls exponentially at the rate of its own that bears its name; exact.

*Reads / Writes*: pools of components.

*References*: assumed rates; C2 is the most labile component.
"""

from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.serum import COMPLEMENT
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


class ComplementDecay(Process):
    """Slow loss of complement activity."""

    kind: Literal["complement_decay"] = "complement_decay"
    phase: ClassVar = Phase.FIELDS
    stacks: ClassVar = True
    reads: ClassVar = tuple(f"pools.{name}" for name in COMPLEMENT)
    writes: ClassVar = tuple(f"pools.{name}{fate}" for name in COMPLEMENT for fate in ("", "_decayed"))

    c1q_per_h: float = par(0.02, "1/h", "assumed: loss at 37 degrees", "Loss of C1q", ge=0, le=10)
    c2c4_per_h: float = par(0.30, "1/h", "assumed: C2 is labile", "Loss of C2/C4", ge=0, le=10)
    c3_per_h: float = par(0.03, "1/h", "assumed: loss at 37 degrees", "Loss of C3", ge=0, le=10)
    c5c9_per_h: float = par(0.05, "1/h", "assumed: loss at 37 degrees", "Loss of C5-C9", ge=0, le=10)

    def step(self, world: World, key: Key) -> None:
        """Decay for one step."""
        for name, lost_frac in zip(COMPLEMENT, world.law(self, self._law), strict=True):
            if name in world.pools:
                world.pools.move(name, f"{name}_decayed", world.pools[name] * lost_frac)

    def _law(self, world: World) -> list[Any]:
        """Return the share of each that a step takes."""
        return [-np.expm1(-getattr(self, f"{name}_per_h") * world.dt_h) for name in COMPLEMENT]
