"""A wash: a share of the medium is exchanged for fresh, and what is dissolved in it goes with it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from abm.biology.antibody.places import antibodies, pool_of
from abm.biology.serum import COMPLEMENT
from abm.core.addition import WHAT_IS_GIVEN, Addition
from abm.core.par import par
from abm.core.world import World

DISSOLVED = (*COMPLEMENT, "igg", "igm_serum", "igm_secreted", "igm_released", "dheas")


class Wash(Addition):
    """An exchange of medium; cells stay, with all that they have bound."""

    kind: ClassVar[str] = "wash"
    usual: ClassVar[Mapping[str, str]] = {"well": "95 %"}

    wash: float = par(..., "1", WHAT_IS_GIVEN, "Share of the medium that is exchanged", ge=0, le=1)

    def enter(self, world: World, known: Mapping[str, Any]) -> None:
        """Exchange it."""
        pools, field = world.pools, world.fields.get("dheas")
        free = [pool_of(drug) for drug in antibodies(world)]
        others = [name for one in world.given for name in one.conserved]
        for name in dict.fromkeys((*free, *DISSOLVED, *others)):
            if name in pools:
                pools.move(name, f"{name}_washed", self.wash * pools[name])
        if field:
            pools.add("dheas_washed", pools.molecules(1.0) * field.take(self.wash))
