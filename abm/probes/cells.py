"""A snapshot of every cell."""

from typing import ClassVar, Literal

from abm.core.probe import Probe, Table
from abm.core.world import World

COLUMNS = {
    "b_cells": (
        "cd20_per_cell",
        "cd20_start_per_cell",
        "bound_per_cell",
        "c3b_per_cell",
        "mac_per_cell",
        "damage",
        "is_dying",
        "cohort",
    ),
    "nk_cells": ("potency", "n_kills", "is_killer", "granules", "cd16", "cohort"),
}


class Cells(Probe):
    """Place and state of every cell."""

    kind: Literal["cells"] = "cells"
    table: ClassVar = "cells"
    scale: ClassVar = "both"

    def observe(self, world: World) -> dict[str, Table]:
        """Read all cells, one table per population."""
        frames = {}
        for name, columns in COLUMNS.items():
            population = world.populations.get(name)
            if population is None:
                continue
            frames[name] = {c: population[c].copy() for c in ("uid", "x_um", "y_um", *columns) if c in population}
            if "partner" in population:
                frames[name]["is_engaged"] = population.partner >= 0
        return frames
