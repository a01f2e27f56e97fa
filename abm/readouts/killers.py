"""How many B cells the effector cells of a culture well killed: the mean of each kind, and those that never did."""

from typing import ClassVar, Literal

import numpy as np

from abm.readouts.readout import EndPoint, Found, Readout, Seen

KILLS = "n_kills"


class Killers(Readout):
    """Kills per effector cell."""

    kind: Literal["killers"] = "killers"
    scale: ClassVar = "well"
    declared: ClassVar = (
        EndPoint("kills_per_*", "kills", "kills per * cell", where="study"),
        EndPoint("never_killed_frac", "1", "effector cells that never killed", "share", where="study"),
    )

    def of_subject(self, seen: Seen) -> Found:
        """Return nothing of a well in which nothing kills."""
        world = seen.simulated
        cells = {world.cell_types[name].short: own for name, own in world.populations.items() if own.n and KILLS in own}
        if not cells:
            return {}
        kills = np.concatenate([own[KILLS] for own in cells.values()])
        means = {f"kills_per_{short}": float(own[KILLS].mean()) for short, own in cells.items()}
        return means | {"never_killed_frac": float((kills == 0).mean())}
