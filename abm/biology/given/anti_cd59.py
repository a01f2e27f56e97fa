"""An antibody that blocks CD59, so that complement is held back less."""

from collections.abc import Mapping
from typing import Any, ClassVar

from abm.core.addition import WHAT_IS_GIVEN, Addition, above_the_whole
from abm.core.errors import Fault
from abm.core.par import par
from abm.core.world import World


class AntiCd59(Addition):
    """A blocker of CD59, by the share of CD59 that it blocks."""

    kind: ClassVar[str] = "anti_cd59"
    label: ClassVar[str] = "CD59 blocked"
    usual: ClassVar[Mapping[str, str]] = {"well": "100 %"}

    anti_cd59: float = par(..., "1", WHAT_IS_GIVEN, "Fraction of CD59 blocked", ge=0, le=1)

    @classmethod
    def faults(cls, given: Mapping[int, Any]) -> list[Fault]:
        """Refuse to block more than all."""
        return above_the_whole(given)

    def enter(self, world: World, known: Mapping[str, Any]) -> None:
        """Block."""
        world.pools.add("anti_cd59", self.anti_cd59)
