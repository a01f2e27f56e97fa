"""How strongly the drug acts in the marrow: an effect law, not receptor occupancy, which saturates far below.

*Model*: ``phi = k C / (k C + ec50_ug_per_mL)`` with C in plasma and k = ``marrow_frac`` its share that reaches the
marrow.

*Reads*: pools.drug_ug_per_mL. *Writes*: pools.drug_effect.

*References*: assumed: half effect near 50 ug/mL in plasma.
"""

from typing import ClassVar, Literal

from abm.biology.antibody.places import antibodies
from abm.core.par import par
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World


class MarrowEffect(Process):
    """Saturating effect of the concentration."""

    kind: Literal["marrow_effect"] = "marrow_effect"
    phase: ClassVar = Phase.SENSE
    scale: ClassVar = "body"
    reads: ClassVar = ("pools.drug_ug_per_mL", "properties.antibodies")
    writes: ClassVar = ("pools.drug_effect",)
    sets: ClassVar = writes

    marrow_frac: float = par(0.3, "1", "assumed: 0.1-0.5", "Concentration in the marrow over plasma", gt=0, le=1)
    ec50_ug_per_mL: float = par(15.0, "ug/mL", "assumed: 10-25", "Half effect, in the marrow", gt=0, le=1e4)

    def is_idle(self, world: World) -> bool:
        """Without an antibody."""
        return not antibodies(world)

    def step(self, world: World, key: Key) -> None:
        """Set the effect of this step."""
        in_marrow = self.marrow_frac * world.pools["drug_ug_per_mL"]
        world.pools["drug_effect"] = in_marrow / (in_marrow + self.ec50_ug_per_mL)
