"""How many B cells the effector cells of a culture well killed: the mean of each kind, and those that never did."""

from collections.abc import Collection
from typing import ClassVar, Literal, Self

import numpy as np

from abm.biology.populations import CELL_TYPES, EFFECTORS
from abm.core.cell_type import CellType
from abm.readouts.readout import EndPoint, Found, Readout, Seen

KILLS = "n_kills"
USUAL = {name: CELL_TYPES[name][name] for name in EFFECTORS}


def name_of(kind: type[CellType]) -> str:
    """Return the name of the mean of a kind of cell, such as ``kills_per_nk``."""
    return f"kills_per_{kind.short.removesuffix('s')}"


NAMES = {name_of(kind): kind for kind in USUAL.values()}


class Killers(Readout):
    """Kills per effector cell."""

    kind: Literal["killers"] = "killers"
    scale: ClassVar = "well"
    declared: ClassVar = (
        *(EndPoint(name, "kills", f"kills per {kind.word}", where="study") for name, kind in NAMES.items()),
        EndPoint("never_killed_frac", "1", "effector cells that never killed", "share", where="study"),
        EndPoint("few_kills_frac", "1", "killers that killed one or two", "share", where="study"),
    )

    populations: tuple[str, ...] = tuple(USUAL)

    @classmethod
    def among(cls, populations: Collection[str]) -> Self:
        """Return it for the effector cells among these."""
        return cls(populations=tuple(name for name in USUAL if name in populations))

    @property
    def measures(self) -> tuple[EndPoint, ...]:
        """Return the mean of each kind of cell that there is, and those that never killed."""
        here = {name_of(USUAL[name]) for name in self.populations}
        return tuple(one for one in super().measures if one.name in here or (here and one.name not in NAMES))

    def of_subject(self, seen: Seen) -> Found:
        """Return nothing of a well in which nothing kills."""
        world = seen.simulated
        cells = {name: own for name, own in world.populations.items() if name in USUAL and own.n and KILLS in own}
        if not cells:
            return {}
        kills = np.concatenate([own[KILLS] for own in cells.values()])
        means = {name_of(USUAL[name]): float(own[KILLS].mean()) for name, own in cells.items()}
        found = means | {"never_killed_frac": float((kills == 0).mean())}
        return found | ({"few_kills_frac": float((kills[kills > 0] <= 2).mean())} if kills.any() else {})
