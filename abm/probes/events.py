"""Every docking event: which cell, when, and what the event laid."""

from typing import ClassVar, Literal

import numpy as np

from abm.core.probe import Probe, Table
from abm.core.world import World


class Events(Probe):
    """Docking events of the step that has just ended, one row per cell that had any."""

    kind: Literal["complement_events"] = "complement_events"
    table: ClassVar = "events"

    def observe(self, world: World) -> Table:
        """Read the events of cells still in the well."""
        b = world.populations[world.target]
        if "n_docked" not in b:
            return {}
        hit = b.n_docked > 0
        columns = [c for c in ("uid", "n_docked", "c3b_gain_per_cell", "mac_gain_per_cell") if c in b]
        return {"time_h": np.full(hit.sum(), world.t_h)} | {c: b[c][hit] for c in columns}
