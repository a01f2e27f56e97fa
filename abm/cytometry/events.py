"""Events with named channels, whatever file they come from: FCS 2.0 to 3.1, CSV or Parquet.

Values are linear: those of a logarithmic amplifier are taken back to its linear scale, a gain is divided out, and what
spills from one dye into another's channel is taken off by the file's own matrix. Negative values are kept.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from abm.core.errors import Fault, InputError, nearest
from abm.core.user_file import UserFile

MAX_BYTES = 2_000_000_000  # design: 10 million events of 50 channels
FEWEST = 100  # design: below, no median and no spread are worth drawing from


@dataclass(frozen=True)
class Channel:
    """One column of the events.

    Attributes
    ----------
    name : str
        Of the detector, such as ``APC-A``.
    marker : str
        What is stained, such as ``CD20``; empty where the file does not say.
    kind : {"linear", "log", "time"}
        How the file holds its values.
    """

    name: str
    marker: str = ""
    kind: Literal["linear", "log", "time"] = "linear"

    @property
    def label(self) -> str:
        """Detector and marker."""
        return f"{self.name} ({self.marker})" if self.marker else self.name


@dataclass(frozen=True)
class Events:
    """Events of one file.

    Attributes
    ----------
    name : str
        Of the file, without its folder.
    form : str
        Such as ``FCS3.1``.
    n : int
        How many there are.
    channels : tuple of Channel
        Columns.
    read : callable
        Returns the linear values of a channel by its place, shape (n,).
    spill : callable
        Returns for each channel that others spill into, by its place, what is added of each of them to take that off.
    """

    name: str
    form: str
    n: int
    channels: tuple[Channel, ...]
    read: Callable[[int], np.ndarray]
    spill: Callable[[], dict[int, dict[int, float]]] = dict

    def place(self, name: str) -> int:
        """Return the place of a channel by its name or its marker.

        Raises
        ------
        InputError
            There is none, or there are several.
        """
        for key in ("name", "marker"):
            found = [i for i, channel in enumerate(self.channels) if name and getattr(channel, key) == name]
            if len(found) > 1:
                several = ", ".join(self.channels[i].label for i in found)
                raise InputError(Fault(f"{self.name}: '{name}' is the {key} of several channels", allowed=several))
            if found:
                return found[0]
        words = [word for channel in self.channels for word in (channel.name, channel.marker) if word]
        allowed = ", ".join(channel.label for channel in self.channels)
        raise InputError(Fault(f"{self.name}: no channel '{name}'", allowed=allowed, nearest=nearest(name, words)))

    def values(self, name: str, is_compensated: bool = True) -> np.ndarray:
        """Return the values of a channel, shape (n,).

        Raises
        ------
        InputError
            There is no such channel, or it holds what is no finite number.
        """
        place = self.place(name)
        shares = self.spill() if is_compensated else {}
        found = np.zeros(self.n)
        for other, share in shares.get(place, {place: 1.0}).items():
            found += share * self.read(other)
        if wrong := int(np.count_nonzero(~np.isfinite(found))):
            first = int(np.flatnonzero(~np.isfinite(found))[0]) + 1
            text = f"{self.name}: channel '{name}' holds no finite number in {wrong} events, first in event {first}"
            raise InputError(Fault(text, allowed="a number in every event"))
        return found


def content_of(file: UserFile) -> bytes:
    """Return the bytes of a file of events.

    Raises
    ------
    InputError
        Its content is not known or is another, is nothing or too large.
    """
    if not file.sha256:
        text = f"'{file.name}' is named where no file is read"
        raise InputError(Fault(text, allowed="files that the scenario itself names"))
    file.known()
    if (size := os.path.getsize(file.file)) > MAX_BYTES:
        raise InputError(Fault(f"{file.name}: too large, {size} bytes", allowed=f"at most {MAX_BYTES} bytes"))
    with open(file.file, "rb") as stream:
        content = stream.read()
    if not content.strip():
        raise InputError(Fault(f"{file.name}: the file is empty", allowed="events"))
    return content


def at_least(n: int, allowed: str, what: str) -> None:
    """Refuse fewer events than a distribution can be taken from."""
    if n < FEWEST:
        raise InputError(Fault(what, allowed=f"at least {FEWEST} {allowed}"))
