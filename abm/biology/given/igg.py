"""Human IgG dissolved in the medium, which takes CD16 from the antibody."""

from collections.abc import Mapping
from typing import Any, ClassVar

from abm.core.addition import WHAT_IS_GIVEN, Addition, dissolve
from abm.core.par import par
from abm.core.world import World


class IggGiven(Addition):
    """IgG beside that of serum."""

    kind: ClassVar[str] = "igg"
    label: ClassVar[str] = "IgG"
    usual: ClassVar[Mapping[str, str]] = {"well": "10 uM"}

    igg: float = par(..., "uM", WHAT_IS_GIVEN, "IgG in the well", ge=0, le=1e4)

    def enter(self, world: World, known: Mapping[str, Any]) -> None:
        """Dissolve it."""
        dissolve(world, "igg", self.igg * 1e3)
