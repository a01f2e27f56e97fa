"""DHEAS dissolved in the medium."""

from collections.abc import Mapping
from typing import Any, ClassVar

from abm.core.addition import WHAT_IS_GIVEN, Addition, dissolve
from abm.core.par import par
from abm.core.world import World


class DheasGiven(Addition):
    """DHEAS beside that of serum."""

    kind: ClassVar[str] = "dheas"
    label: ClassVar[str] = "DHEAS"
    usual: ClassVar[Mapping[str, str]] = {"well": "1 uM"}

    dheas: float = par(..., "uM", WHAT_IS_GIVEN, "DHEAS in the well", ge=0, le=1e4)

    def enter(self, world: World, known: Mapping[str, Any]) -> None:
        """Dissolve it."""
        dissolve(world, "dheas", self.dheas * 1e3)
