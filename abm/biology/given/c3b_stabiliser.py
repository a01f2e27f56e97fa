"""An antibody that keeps C3b from being broken down and lets more of it be laid, such as 3E7."""

from collections.abc import Mapping
from typing import Any, ClassVar

from abm.core.addition import WHAT_IS_GIVEN, Addition, above_the_whole
from abm.core.errors import Fault
from abm.core.par import par
from abm.core.world import World


class C3bStabiliser(Addition):
    """A stabiliser of C3b, by the share of its full effect."""

    kind: ClassVar[str] = "c3b_stabiliser"
    label: ClassVar[str] = "C3b stabilised"
    usual: ClassVar[Mapping[str, str]] = {"well": "100 %"}

    c3b_stabiliser: float = par(..., "1", WHAT_IS_GIVEN, "Share of the full effect", ge=0, le=1)

    @classmethod
    def faults(cls, given: Mapping[int, Any]) -> list[Fault]:
        """Refuse more than the full effect."""
        return above_the_whole(given)

    def enter(self, world: World, known: Mapping[str, Any]) -> None:
        """Stabilise."""
        world.pools.add("c3b_stabiliser", self.c3b_stabiliser)
