"""Gates: which events are taken, by ranges of channels and by polygons over two of them, on compensated values."""

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Discriminator, Tag, model_validator

from abm.core.errors import Fault, InputError
from abm.core.par import Model, kind_of, par, refusal
from abm.cytometry.events import Events, at_least

SOURCE = "design: of the user's own gate"


class Range(Model):
    """Events with a channel between two values, both included."""

    kind: Literal["range"] = "range"
    channel: str
    lo: float | None = par(None, "1", SOURCE, "Least value that is kept")
    hi: float | None = par(None, "1", SOURCE, "Greatest value that is kept")

    @model_validator(mode="after")
    def _has_ends(self) -> "Range":
        if self.lo is None and self.hi is None:
            raise refusal(Fault("a gate without an end", allowed="lo, hi or both"))
        if self.lo is not None and self.hi is not None and not self.lo < self.hi:
            raise refusal(Fault(f"found lo {self.lo:g} and hi {self.hi:g}", allowed="lo below hi"))
        return self

    def keeps(self, events: Events, is_compensated: bool) -> np.ndarray:
        """Return which events lie inside, shape (n,)."""
        values = events.values(self.channel, is_compensated)
        lo, hi = (-np.inf if self.lo is None else self.lo), (np.inf if self.hi is None else self.hi)
        return (values >= lo) & (values <= hi)

    @property
    def words(self) -> str:
        """What it says."""
        ends = [f"{sign} {end:g}" for sign, end in (("from", self.lo), ("to", self.hi)) if end is not None]
        return f"{self.channel} {' '.join(ends)}"


class Polygon(Model):
    """Events inside a polygon over two channels; its sides are straight on linear axes."""

    kind: Literal["polygon"] = "polygon"
    channels: tuple[str, str]
    corners: tuple[tuple[float, float], ...] = par(..., "1", SOURCE, "Corners in turn, at least three")

    @model_validator(mode="after")
    def _has_corners(self) -> "Polygon":
        if len(self.corners) < 3:
            raise refusal(Fault(f"found {len(self.corners)} corners", "corners", allowed="at least 3"))
        return self

    def keeps(self, events: Events, is_compensated: bool) -> np.ndarray:
        """Return which events lie inside, shape (n,): a ray from such crosses the sides an odd number of times."""
        x, y = (events.values(name, is_compensated) for name in self.channels)
        found = np.zeros(events.n, bool)
        for (x0, y0), (x1, y1) in zip(self.corners, (*self.corners[1:], self.corners[0]), strict=True):
            if y0 != y1:
                found ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
        return found

    @property
    def words(self) -> str:
        """What it says."""
        return f"{' and '.join(self.channels)} in a polygon of {len(self.corners)} corners"


if TYPE_CHECKING:
    Gate = Range | Polygon
else:
    Gate = Annotated[
        Annotated[Range, Tag("range")] | Annotated[Polygon, Tag("polygon")],
        Discriminator(lambda value: kind_of(value, "range")),
    ]


def kept_by_each(events: Events, gates: tuple[Gate, ...], is_compensated: bool) -> tuple[np.ndarray, list[int]]:
    """Return which events all gates keep, shape (n,), and how many are left after each in turn.

    Raises
    ------
    InputError
        One names no channel, or too few events are left; its path is that of the gate.
    """
    kept, left = np.ones(events.n, bool), []
    at_least(events.n, "events", f"{events.name}: holds {events.n} events")
    for i, gate in enumerate(gates):
        try:
            kept &= gate.keeps(events, is_compensated)
            left.append(int(kept.sum()))
            at_least(left[-1], "events", f"{events.name}: gate {i + 1} ({gate.words}) keeps {left[-1]} of {events.n}")
        except InputError as error:
            found = [Fault(f.message, f"gates.{i}", allowed=f.allowed, nearest=f.nearest) for f in error.faults]
            raise InputError(*found) from None
    return kept, left
