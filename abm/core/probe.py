"""A probe reads the World and keeps what it saw; it never writes to the World."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from abm.core.errors import RunFailed
from abm.core.measure import Measure
from abm.core.par import Model, par
from abm.core.world import World

Row = dict[str, float]
Table = dict[str, np.ndarray | float]
Look = Row | Table | dict[str, Table]


class Probe(Model):
    """When to look, and what one look yields.

    Attributes
    ----------
    table : {"series", "cells", "fields", "events"}
        What a look yields: ``series`` one row, ``events`` the columns of a table, ``cells`` such columns for each
        population, ``fields`` named arrays.
    scale : {"well", "body", "both"}
        Whether there is something to see for it in a culture well, in a patient, or in both.
    stacks : bool
        Whether it looks at many wells side by side, and yields arrays of shape ``(n_subjects,)``; else it sees one
        after the other.
    measures : tuple of Measure
        What the columns of its series are.
    """

    table: ClassVar[Literal["series", "cells", "fields", "events"]]
    scale: ClassVar[Literal["well", "body", "both"]] = "well"
    stacks: ClassVar[bool] = False
    measures: ClassVar[tuple[Measure, ...]] = ()
    every: float | None = par(None, "h", "design: chosen per scenario", "Time between looks", gt=0)
    at: tuple[float, ...] = par((), "h", "design: chosen per scenario", "Moments of looking", ge=0)

    def times_h(self, duration_h: float) -> list[float]:
        """Return all moments of looking; start and end are among them but for snapshots at moments of their own."""
        times = [t for t in self.at if t <= duration_h]
        if self.every is not None:
            times += [k * self.every for k in range(int(duration_h / self.every * (1 + 1e-12)) + 1)]
        ends = [0.0, duration_h] if not self.at or self.table == "series" else []
        return np.unique(np.round([*times, *ends], 9)).tolist()

    def observe(self, world: World) -> Look:
        """Read the world once."""
        raise RunFailed(f"{type(self).__name__} defines no observation")


def own(row: Mapping[str, Any], subject: int) -> dict[str, Any]:
    """Return what a row of a stack says of one subject."""
    return {name: value[subject].item() if isinstance(value, np.ndarray) else value for name, value in row.items()}


def look_at(world: World, probe: Probe) -> Any:
    """Look at a World; at wells side by side at one after the other, unless a probe looks at all of them."""
    if probe.stacks or not world.members:
        return probe.observe(world)
    looks: list[Any] = [probe.observe(world.of(subject)) for subject in range(world.n_subjects)]
    if probe.table != "series":
        return looks
    return {column: np.array([look[column] for look in looks]) for column in looks[0]}


def seen(
    probes: Mapping[str, Probe], records: Mapping[str, Mapping[int, Any]], subject: int | None, tables: Collection[str]
) -> dict[str, Mapping[int, Any]]:
    """Return by step what probes of such tables have seen, of one of several wells side by side, or of all there is."""
    found: dict[str, Mapping[int, Any]] = {name: records[name] for name, one in probes.items() if one.table in tables}
    if subject is None:
        return found
    of = {name: own if probes[name].table == "series" else list.__getitem__ for name in found}
    return {name: {step: of[name](row, subject) for step, row in rows.items()} for name, rows in found.items()}
