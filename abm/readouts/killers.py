"""How many B cells the effector cells of a well killed, how long each kill took, and how much CD16 they have shed."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from abm.biology.columns import CD16
from abm.biology.populations import CELL_TYPES, EFFECTORS
from abm.core.cell_type import CellType
from abm.core.population import Population
from abm.readouts.readout import EndPoint, Found, Readout, Seen
from abm.statistics.intervals import of_share

if TYPE_CHECKING:
    import pandas as pd

    from abm.results.run import Run

KILLS = "n_kills"
SERIAL = 4  # design: kills of a serial killer: a first, a second and two later ones
KILL_TIMES = ("first", "second", "later")
NK = CELL_TYPES[CD16[0]][CD16[0]]
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
        EndPoint("first_kill_h", "h", "time to the first kill, of those with four or more", where="study"),
        EndPoint("second_kill_h", "h", "time from the first to the second kill, of the same", where="study"),
        EndPoint("later_kill_h", "h", "mean time between their later kills", where="study"),
        EndPoint("cd16_lost_frac", "1", "CD16 that NK cells have shed", "share"),
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
        if CD16[1].name in (nk := cells.get(CD16[0], {})):
            found["cd16_lost_frac"] = 1.0 - float(nk[CD16[1].name].mean())
        killed = kills[kills > 0]
        found["few_kills_frac"] = float((killed <= 2).mean()) if killed.size else math.nan
        return found | _times(world.deaths[world.target])

    def summary(self, run: Run, table: pd.DataFrame) -> dict[str, Any]:
        """Return the CD16 that NK cells have shed by arm, with its interval over replicates, where there are any."""
        series, arms = run.series(), run.arms()
        mean = NK.means[CD16[1].name].name
        if mean not in series:
            return {}
        left = series.groupby(["arm", "replicate"], sort=False)[mean].last()
        shed = {arm: 1.0 - left[arm].dropna() for arm in arms.loc[~arms["is_control"], "arm"]}
        told = {arm: of_share(own).as_numbers() for arm, own in shed.items() if len(own)}
        return {"arms": {arm: {"cd16_lost_frac": own} for arm, own in told.items()}} if told else {}


def _times(deaths: Population) -> Found:
    """Return the mean time of first, second and later kills; undefined where nobody killed four or more."""
    killed = deaths.killer_uid >= 0
    uid, time_h = deaths.killer_uid[killed], deaths.time_h[killed]
    order = np.lexsort((time_h, uid))
    _, start, n = np.unique(uid[order], return_index=True, return_counts=True)
    serial = [time_h[order][first : first + many] for first, many in zip(start, n, strict=True) if many >= SERIAL]
    if not serial:
        return dict.fromkeys((f"{name}_kill_h" for name in KILL_TIMES), math.nan)
    first = [times[0] for times in serial]
    second = [times[1] - times[0] for times in serial]
    later = [(times[-1] - times[1]) / (times.size - 2) for times in serial]
    return {f"{name}_kill_h": float(np.mean(own)) for name, own in zip(KILL_TIMES, (first, second, later), strict=True)}
