"""A plasma exchange."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from abm.core.addition import WHAT_IS_GIVEN, Addition, Dose
from abm.core.par import par


class PlasmaExchange(Addition):
    """A share of the plasma replaced at one moment."""

    kind: ClassVar[str] = "plasmapheresis"
    scale: ClassVar = "body"
    needs: ClassVar[tuple[str, ...]] = ("pools.drug_*_removed_mg",)
    usual: ClassVar[Mapping[str, str]] = {"body": "50 %"}
    label: ClassVar[str] = "plasma exchange of"

    plasmapheresis: float = par(..., "1", WHAT_IS_GIVEN, "Fraction of the plasma replaced", ge=0, lt=1)

    @classmethod
    def doses(
        cls, given: Mapping[int, Any], patient_at: Callable[[float], Any], stream: np.uint64, end_h: float
    ) -> list[Dose]:
        """Return what each exchange takes away."""
        return [Dose(one.at, removed_frac=one.plasmapheresis) for one in given.values()]
