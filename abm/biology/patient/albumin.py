"""Serum albumin falls with the burden of the clone and with IL-6.

*Model*: ``dA/dt = (A0 (1 - a1 B / B0 - a2 L) - A) / tau``, exact with B and L held over the step, A0 = ``healthy``, a1
= ``per_burden``, a2 = ``per_il6``, L IL-6; it begins at balance and that balance is never below 5 g/L. B0 is the burden
at the start, and that a patient with much disease has less albumin is the cohort's correlation of A0 with the burden;
or B0 = ``reference_cells``, and the burden itself makes it so.

*Reads*: numbers of B cells, pools.il6. *Writes*: pools.albumin_g_per_L.

*References*: assumed: median 36 g/L at the start (25-43).
"""

from typing import Any, ClassVar, Literal

import numpy as np

from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World

LOWEST_G_PER_L = 5.0


class Albumin(Process):
    """Serum albumin."""

    kind: Literal["albumin"] = "albumin"
    phase: ClassVar = Phase.ACT
    scale: ClassVar = "body"
    reads: ClassVar = ("b_cells.accessible_cells", "b_cells.niche_cells", "pools.il6")
    writes: ClassVar = ("pools.albumin_g_per_L",)

    healthy: float = par("42 g/L", "g/L", "assumed: usual adult", "Set point without disease", gt=0, le=60)
    per_burden: float = par(0.143, "1", "assumed: median 36 g/L at the start", "Fall at the burden B0", ge=0, le=1)
    reference_cells: float | None = par(
        None, "1", "design: none is the burden at the start", "Burden of that fall", gt=0, le=1e15
    )
    per_il6: float = par(0.05, "1", "assumed: acute phase", "Fall at full IL-6", ge=0, le=1)
    tau: float = par("27 d", "h", "assumed: half-life of albumin 19 d", "Time constant", gt=0, le=1e5)

    def aim(self, world: World) -> Any:
        """Return the level at balance, g/L."""
        b, clone = world.populations["b_cells"], world.cell_types["b_cells"]
        total = b.sums(b.accessible_cells) + b.sums(b.niche_cells)
        reference = clone.cells if self.reference_cells is None else self.reference_cells
        burden = total / np.where(reference > 0.0, reference, np.inf)
        left = 1.0 - self.per_burden * burden - self.per_il6 * world.pools["il6"]
        return np.maximum(LOWEST_G_PER_L, self.healthy * left)

    def begin(self, world: World) -> None:
        """Start at balance."""
        world.pools["albumin_g_per_L"] = self.aim(world)

    def step(self, world: World, key: Key) -> None:
        """Relax for one step."""
        aim = self.aim(world)
        now = world.pools["albumin_g_per_L"]
        world.pools["albumin_g_per_L"] = aim + (now - aim) * np.exp(-world.dt_h / self.tau)
