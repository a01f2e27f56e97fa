"""The clone grows by Gompertz's law: ever more slowly, long before it nears its capacity.

*Model*: ``dB/dt = g B ln(K / B)`` for every subclone, B all cells of the clone, exact for the whole clone:
``ln(B / K)`` shrinks by ``exp(-g dt)``. Subclones differ in g where the clone's ``growth_sigma`` says so.

*Reads*: growth_rel. *Writes*: accessible_cells, niche_cells, pools.cells_born, pools.cells_crowded,
pools.start_growth_per_h.

*References*: assumed rate and capacity.
"""

from typing import Any, ClassVar, Literal

import numpy as np

from abm.biology.patient.growth import Growth
from abm.core.par import par


class GompertzGrowth(Growth):
    """Growth of the clone that slows with the logarithm of the burden."""

    kind: Literal["gompertz_growth"] = "gompertz_growth"
    is_logarithmic: ClassVar = True

    rate: float = par("0.002 /d", "1/h", "assumed: 0.001-0.003 /d", "Net growth at 37 % of the capacity", ge=0, le=1)
    capacity_cells: float = par(1.2e12, "1", "assumed: three times the usual burden", "Cells at which growth ends",
                                gt=0, le=1e18)  # fmt: skip

    def time(self, span_h: Any) -> Any:
        """Return what makes the step exact."""
        return -np.expm1(-self.rate * span_h)

    def grown(self, cells: Any, span_h: Any) -> Any:
        """Return the burden after a span."""
        return self.capacity_cells * (cells / self.capacity_cells) ** np.exp(-self.rate * span_h)
