"""An antibody that blocks CD55, so that complement is held back less."""

from collections.abc import Mapping
from typing import Any, ClassVar

from abm.core.addition import WHAT_IS_GIVEN, Addition, above_the_whole
from abm.core.errors import Fault
from abm.core.par import par
from abm.core.world import World


class AntiCd55(Addition):
    """A blocker of CD55, by the share of CD55 that it blocks."""

    kind: ClassVar[str] = "anti_cd55"
    label: ClassVar[str] = "CD55 blocked"
    usual: ClassVar[Mapping[str, str]] = {"well": "100 %"}

    anti_cd55: float = par(..., "1", WHAT_IS_GIVEN, "Fraction of CD55 blocked", ge=0, le=1)

    @classmethod
    def faults(cls, given: Mapping[int, Any]) -> list[Fault]:
        """Refuse to block more than all."""
        return above_the_whole(given)

    def enter(self, world: World, known: Mapping[str, Any]) -> None:
        """Block."""
        world.pools.add("anti_cd55", self.anti_cd55)
