"""A snapshot of every cell."""

from typing import ClassVar, Literal

from abm.core.probe import Probe, Table
from abm.core.world import World


class Cells(Probe):
    """Place and state of every cell."""

    kind: Literal["cells"] = "cells"
    table: ClassVar = "cells"
    scale: ClassVar = "both"

    def observe(self, world: World) -> dict[str, Table]:
        """Read all cells, one table per population."""
        frames = {}
        for name, population in world.populations.items():
            kind = world.cell_types[name]
            frames[name] = {c: population[c].copy() for c in ("uid", "x_um", "y_um", *kind.kept) if c in population}
            if kind.engaged_in in population:
                frames[name]["is_engaged"] = kind.is_engaged(population)
        return frames
