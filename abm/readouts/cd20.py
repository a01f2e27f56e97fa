"""Survival by CD20: how many B cells of each CD20 there ever were, and how many live."""

from typing import ClassVar, Literal

import numpy as np

from abm.readouts.readout import EndPoint, Found, Readout, Seen

BINS_PER_DECADE = 8  # design: of CD20, three bins per doubling
FIRST_BIN, LAST_BIN = 24, 48  # design: 10^3 to 10^6 molecules per cell
CD20_BINS = [round(10 ** (bin_ / BINS_PER_DECADE)) for bin_ in range(FIRST_BIN, LAST_BIN + 1)]


class Cd20Curves(Readout):
    """Cells, and those not committed to die, by CD20 at the start."""

    kind: Literal["cd20_curves"] = "cd20_curves"
    scale: ClassVar = "well"
    declared: ClassVar = (
        EndPoint("n_cd20_*", "cells", "B cells of * CD20 per cell", where="study"),
        EndPoint("alive_cd20_*", "cells", "B cells alive of * CD20 per cell", where="study"),
    )

    def of_subject(self, seen: Seen) -> Found:
        """Return both counts in every bin that holds a cell."""
        world = seen.simulated
        b, dead = world.populations[world.target], world.deaths.get(world.target)
        alive = _binned(b.cd20_start_per_cell[~b.is_dying])
        gone = _binned(dead.cd20_start_per_cell) if dead is not None else np.zeros_like(alive)
        found = {}
        for edge, n_alive, n_gone in zip(CD20_BINS, alive.tolist(), gone.tolist(), strict=True):
            if n_alive + n_gone:
                found[f"n_cd20_{edge}"], found[f"alive_cd20_{edge}"] = float(n_alive + n_gone), float(n_alive)
        return found


def _binned(cd20: np.ndarray) -> np.ndarray:
    bins = np.round(np.log10(np.maximum(cd20, 1.0)) * BINS_PER_DECADE).astype(int)
    return np.bincount(np.clip(bins, FIRST_BIN, LAST_BIN) - FIRST_BIN, minlength=len(CD20_BINS))
