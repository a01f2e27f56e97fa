"""Hypothesis H-DHEAS: DHEAS raises the cytotoxic potency of NK cells, with a lag.

*Model*: the potency field is ``1 + max_effect D / (D + ec50_uM)``; each NK cell's potency begins at 1 and relaxes to
its local value with time constant ``lag`` (IGF-1 acts in between); exact. Of a patient, D is that of his plasma by age
and sex.

*Reads*: fields.dheas (or pools.dheas), nk positions. *Writes*: potency, properties.potency.

*References*: Solerte1999 (NK cytotoxicity rises from 1e-8 to 1e-5 M); assumed Emax and EC50.
"""

from typing import ClassVar, Literal

import numpy as np

from abm.core.jit import kernel, prange, serial
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


@serial
def relax(potency, first, steady, share):
    """Move each potency towards one value of its subject."""
    for s in range(first.size - 1):
        towards, own_share = steady[s], share[s]
        for i in range(first[s], first[s + 1]):
            potency[i] += (towards - potency[i]) * own_share


@kernel
def relax_each(potency, steady, share):
    """Move each potency towards the value of its own place."""
    for i in prange(potency.size):
        potency[i] += (steady[i] - potency[i]) * share


class DheasPotency(Process):
    """Interaction hypothesis: potency follows DHEAS."""

    kind: Literal["dheas_potency"] = "dheas_potency"
    phase: ClassVar = Phase.SENSE
    stacks: ClassVar = True
    scale: ClassVar = "both"
    reads: ClassVar = ("fields.dheas", "pools.dheas", "nk_cells.x_um", "nk_cells.y_um")
    writes: ClassVar = ("nk_cells.potency", "properties.potency")
    sets: ClassVar = ("nk_cells.potency",)

    max_effect: float = par(0.3, "1", "assumed: 0-0.6", "Emax, relative gain of potency", ge=0, le=0.6)
    ec50_uM: float = par(1.0, "uM", "assumed: active over 1e-8-1e-5 M", "DHEAS at half effect", gt=0, le=1e3)
    lag: float = par(4.0, "h", "assumed: hours, by way of IGF-1", "Time constant of the response", gt=0, le=1e3)

    def prepare(self, world: World) -> None:
        """Publish the law, for maps of the potency that a field gives."""
        world.properties["potency"] = self

    def potency(self, dheas_nM: np.ndarray) -> np.ndarray:
        """Return the steady potency at a concentration, same shape."""
        dheas_uM = np.maximum(dheas_nM, 0.0) * 1e-3
        return 1.0 + self.max_effect * dheas_uM / (dheas_uM + self.ec50_uM)

    def step(self, world: World, key: Key) -> None:
        """Relax for one step."""
        nk, field = world.populations.get("nk_cells"), world.fields.get("dheas")
        if nk is None or nk.n == 0:
            return
        share = world.law(self, self._law)
        if field is None or field.is_even:
            steady = self.potency(field.mean if field else world.pools.nM("dheas"))
            relax(nk.potency, nk.first, world.each(steady), share)
        else:
            relax_each(nk.potency, field.at(nk.x_um, nk.y_um, self.potency(field.values)), share[0])

    def _law(self, world: World) -> np.ndarray:
        """Return the share of the distance that is gone in a step."""
        return world.each(-np.expm1(-world.dt_h / self.lag))
