"""The clone grows logistically.

*Model*: ``dB/dt = rate B (1 - B / K)`` for every subclone, B all cells of the clone, held over the step: cells in both
places are multiplied by ``exp(rate (1 - B / K) dt)``; K is given in cells, or as a multiple of the burden at the start.
Subclones differ in rate where the clone's ``growth_sigma`` says so.

*Reads*: growth_rel. *Writes*: accessible_cells, niche_cells, pools.cells_born, pools.cells_crowded,
pools.start_growth_per_h.

*References*: assumed rate, CV 70 % between patients.
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from abm.biology.patient.growth import Growth
from abm.core.errors import Fault
from abm.core.par import par
from abm.core.space import Space


class LogisticGrowth(Growth):
    """Growth of the clone that slows in proportion to the burden."""

    kind: Literal["logistic_growth"] = "logistic_growth"

    rel_capacity: float | None = par(
        1.25, "1", "assumed: 1-1.5", "Capacity over the burden at the start, unless it is in cells", gt=0, le=100
    )

    @model_validator(mode="before")
    @classmethod
    def _in_cells(cls, data: Any) -> Any:
        """Take no usual capacity where it is given in cells."""
        is_given = isinstance(data, Mapping) and data.get("capacity_cells") is not None
        return {"rel_capacity": None, **data} if is_given else data

    def faults(self, space: Space) -> list[Fault]:
        """Refuse two capacities, and none."""
        if (self.capacity_cells is None) is not (self.rel_capacity is None):
            return []
        found = "no capacity" if self.capacity_cells is None else "two capacities"
        return [Fault(found, "capacity_cells", allowed="capacity_cells or rel_capacity, the other null")]

    def capacity(self, start_cells: Any) -> Any:
        """Return the cells at which growth ends."""
        if self.rel_capacity is None:
            return self.capacity_cells
        return np.where(start_cells > 0.0, self.rel_capacity * start_cells, np.inf)

    def time(self, span_h: Any) -> Any:
        """Return the rate times the span, the burden held."""
        return self.rate * span_h

    def grown(self, cells: Any, span_h: Any) -> Any:
        """Return the burden after a span."""
        burden = cells / self.capacity(cells)
        return cells / (burden + (1.0 - burden) * np.exp(-self.rate * span_h))
