"""B cells can have the CD20 of cells that were measured, an event of a flow cytometer each.

*Model*: the events that the gates keep are sorted by CD20; a cell takes the one at the quantile of its own uniform
number, so the same cell is dim or bright alike under any scale. CD55 and CD59, where they were stained too, are taken
from the same event, relative to their median, so that they vary together as they do in the sample; what was not
measured is log-normal as ever. CD20 in molecules comes from beads, or from a stated median.

*Assumes*: noise of staining and of the instrument is part of the spread; an event without CD20, that is not above 0
after compensation, is a cell with 0 molecules; CD55 and CD59, which others are divided by, are at least 1 % of their
median.

*References*: Spidlen2010 (the files).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Discriminator, Field, Tag, model_validator

from abm.biology.cells.lognormal import LogNormal
from abm.core.errors import Fault, InputError
from abm.core.par import Model, par, refusal
from abm.core.population import Population
from abm.core.rng import OneKey, fill_first
from abm.core.table import Column
from abm.core.user_file import UserFile
from abm.cytometry.beads import Beads
from abm.cytometry.events import Events
from abm.cytometry.gates import Gate, kept_by_each
from abm.cytometry.read import read_events

FEWEST_REL = 0.01  # assumed: no cell lacks a regulator altogether
OWN_LUCK = 8  # the decision that a cell's event is drawn with


@dataclass(frozen=True)
class Taken:
    """What is taken of a file: channel values of the events that are kept, sorted by the first channel.

    Attributes
    ----------
    values : tuple of array, shape (n,)
        CD20 and, where they are named, CD55 and CD59.
    n_events : int
        Events of the file.
    left : tuple of int
        Events left after each gate.
    """

    values: tuple[np.ndarray, ...]
    n_events: int
    left: tuple[int, ...]


class MeasuredCd20(Model):
    """CD20 of cells from a file of events."""

    kind: ClassVar = "from"

    from_: UserFile = Field(alias="from", description="File of events: .fcs, .csv or .parquet")
    channel: str = "CD20"
    cd55_channel: str | None = None
    cd59_channel: str | None = None
    gates: tuple[Gate, ...] = ()
    compensation: Literal["file", "none"] = "file"
    scale: Beads | None = None
    median: float | None = par(
        None, "1", "design: of the user's own count", "CD20 sites of the median event, without beads", gt=0, le=1e7
    )

    @model_validator(mode="before")
    @classmethod
    def _replaces_the_log_normal(cls, data: Any) -> Any:
        """Leave out the spread, and with beads the median, of a log-normal of which events take the place."""
        if not isinstance(data, dict):
            return data
        gone = {"sigma", "median"} if data.get("scale") is not None else {"sigma"}
        return {key: value for key, value in data.items() if key not in gone}

    @model_validator(mode="after")
    def _has_a_scale(self) -> Self:
        if self.scale is None and self.median is None:
            text = "no scale from channel values to molecules"
            raise refusal(Fault(text, allowed="scale: {beads: [[value, molecules], ...]}, or median: sites per cell"))
        return self

    @property
    def channels(self) -> dict[str, str]:
        """Channels that are taken, by the column of a cell that they fill."""
        known = {
            "cd20_start_per_cell": self.channel,
            "cd55": self.cd55_channel,
            "cd59": self.cd59_channel,
        }
        return {column: name for column, name in known.items() if name}

    @property
    def file(self) -> str:
        """Name of the file without its folder."""
        return self.from_.name

    @property
    def taken(self) -> Taken:
        """Channel values of the events that the gates keep.

        Raises
        ------
        InputError
            See :func:`abm.cytometry.read.read_events`; or channels and gates do not fit the file.
        """
        names = (self.channel, self.cd55_channel, self.cd59_channel)
        return _taken(self.from_, names, self.gates, self.compensation == "file")

    def drawn(self) -> dict[str, np.ndarray]:
        """Return by column what cells are drawn from, each of shape (n events,), row for row of one event.

        Raises
        ------
        InputError
            See `taken`; or a median event is not above 0, so that nothing can be scaled by it.
        """
        columns = dict(zip(self.channels, self.taken.values, strict=True))
        found = {name: np.maximum(self._relative(name, values), FEWEST_REL)
                 for name, values in columns.items() if name != "cd20_start_per_cell"}  # fmt: skip
        return {"cd20_start_per_cell": self.molecules(columns["cd20_start_per_cell"])} | found

    def molecules(self, values: np.ndarray) -> np.ndarray:
        """Return CD20 sites per cell of channel values, none below 0."""
        if self.scale is not None:
            return self.scale.molecules(values)
        return np.maximum((self.median or 0.0) * self._relative("cd20_start_per_cell", values), 0.0)

    def _relative(self, column: str, values: np.ndarray) -> np.ndarray:
        median = float(np.median(self.taken.values[list(self.channels).index(column)]))
        if not median > 0.0:
            text = f"{self.file}: the median event of channel '{self.channels[column]}' has {median:.4g}"
            raise InputError(Fault(text, allowed="> 0, to be scaled by; gates that keep stained cells, or beads"))
        return values / median

    def warnings(self) -> list[str]:
        """Return what is doubtful of the scale."""
        said = self.scale.warnings(self.taken.values[0]) if self.scale is not None else []
        return [f"{self.file}: {text}" for text in said]


if TYPE_CHECKING:
    Cd20 = MeasuredCd20 | LogNormal
else:
    Cd20 = Annotated[
        Annotated[MeasuredCd20, Tag("measured()")] | Annotated[LogNormal, Tag("log_normal()")],
        Discriminator(lambda value: "measured()" if _is_measured(value) else "log_normal()"),
    ]


def _is_measured(value: Any) -> bool:
    return isinstance(value, MeasuredCd20) or (isinstance(value, dict) and value.get("from") is not None)


def faults_of(cd20: Cd20, low_fraction: float, columns: Iterable[Column]) -> list[Fault]:
    """Return what of a kind of cell does not go together with measured CD20; paths are relative to the kind."""
    if not isinstance(cd20, MeasuredCd20):
        return []
    there = {column.name for column in columns}
    faults = [Fault("such cells have none", f"cd20.{name}_channel", allowed="no such key")
              for name in ("cd55", "cd59") if name in cd20.channels and name not in there]  # fmt: skip
    if low_fraction:
        text = f"found {low_fraction:g}: the events of {cd20.file} hold their own CD20-low cells"
        faults.append(Fault(text, "low_fraction", allowed="0"))
    return faults


def draw_measured(population: Population, rows: slice, cd20: MeasuredCd20, key: OneKey) -> None:
    """Give new cells what was measured of an event each, a function of their identity alone."""
    luck = np.empty(population.uid[rows].size)
    fill_first(luck, population.uid[rows], OWN_LUCK, key)
    for column, values in cd20.drawn().items():
        population[column][rows] = values[(luck * values.size).astype(np.int64)]


@lru_cache(maxsize=32)
def _taken(file: UserFile, names: tuple[str | None, ...], gates: tuple[Gate, ...], is_compensated: bool) -> Taken:
    events = read_events(file)
    named = zip(names, ("channel", "cd55_channel", "cd59_channel"), strict=True)
    values = [_channel(events, name or "", path, is_compensated) for name, path in named if name or path == "channel"]
    kept, left = kept_by_each(events, gates, is_compensated)
    values = [own[kept] for own in values]
    order = np.lexsort(values[::-1])
    return Taken(tuple(own[order] for own in values), events.n, tuple(left))


def _channel(events: Events, name: str, path: str, is_compensated: bool) -> np.ndarray:
    try:
        if events.channels[events.place(name)].kind == "time":
            others = ", ".join(channel.label for channel in events.channels if channel.kind != "time")
            raise InputError(Fault(f"{events.name}: channel '{name}' counts time", allowed=others))
        return events.values(name, is_compensated)
    except InputError as error:
        found = [Fault(f.message, path, allowed=f.allowed, nearest=f.nearest) for f in error.faults]
        raise InputError(*found) from None
