"""A plasma exchange."""

from collections.abc import Mapping
from typing import ClassVar

from abm.core.addition import WHAT_IS_GIVEN, Addition
from abm.core.par import par


class PlasmaExchange(Addition):
    """A share of the plasma replaced at one moment."""

    kind: ClassVar[str] = "plasmapheresis"
    scale: ClassVar = "body"
    needs: ClassVar[tuple[str, ...]] = ("pools.drug_*_removed_mg",)
    usual: ClassVar[Mapping[str, str]] = {"body": "50 %"}
    label: ClassVar[str] = "plasma exchange of"

    plasmapheresis: float = par(..., "1", WHAT_IS_GIVEN, "Fraction of the plasma replaced", ge=0, lt=1)
