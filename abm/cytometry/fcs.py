"""Flow Cytometry Standard, list mode, versions 2.0 to 3.1.

*Model*: the header says where the text lies, the text, pairs of keyword and value, how the data are laid out. A value
``x`` of a logarithmic channel (``$PnE`` f1, f2; whole numbers only) is ``f2 10^(f1 x / $PnR)``, that of a linear one
``x / $PnG``, time counts ``$TIMESTEP``. With the matrix S of ``$SPILLOVER``, a row for each dye and a column for each
channel, the true signals are the seen ones times the inverse of S.

*References*: Spidlen2010 (FCS 3.1).
"""

import math
import os
from functools import partial

import numpy as np

from abm.core.errors import Fault, InputError
from abm.cytometry.events import Channel, Events

VERSIONS = ("FCS2.0", "FCS3.0", "FCS3.1")
LARGEST = 99_999_999  # the header has eight digits; beyond, the text says where the data lie
SPILL = ("SPILLOVER", "SPILL")
WITHOUT = "compensation: none"
BITS = {"I": (8, 16, 32, 64), "F": (32,), "D": (64,)}


def read_fcs(file: str, content: bytes) -> Events:
    """Read the only data set of a file.

    Parameters
    ----------
    file : str
        Its name, for what is said of it.
    content : bytes
        Its content.

    Raises
    ------
    InputError
        It is no such file, is cut off, holds several data sets or no event, or is in a form that is not read.
    """
    return _Reader(os.path.basename(file), content).events()


class _Reader:
    """Reads one file."""

    def __init__(self, name: str, content: bytes):
        self.name, self.content = name, content
        self.version = content[:6].decode("latin-1")
        if self.version not in VERSIONS:
            raise self.refusal(f"begins with {self.version!r}, so it is no FCS file that is read", ", ".join(VERSIONS))
        self.text = self._pairs(self._offset(10), self._offset(18), "text")
        begins = int(self.real("BEGINSTEXT", 0.0))
        if begins and begins != self._offset(10):
            self.text = self._pairs(begins, self.number("ENDSTEXT"), "supplemental text") | self.text
        self._refuse_other_forms()
        self.n_channels = self.number("PAR")
        if not self.n_channels:
            raise self.refusal("holds no channel", "at least one")
        self.bits = [self.number(f"P{i}B") for i in self.places]
        self.ranges = [self.real(f"P{i}R") for i in self.places]
        self.channels = tuple(self._channel(i) for i in self.places)

    @property
    def places(self) -> range:
        """Places of the channels as the standard counts them, from 1."""
        return range(1, self.n_channels + 1)

    def refusal(self, message: str, allowed: str = "") -> InputError:
        """Return a fault of this file."""
        return InputError(Fault(f"{self.name}: {message}", allowed=allowed))

    def word(self, keyword: str) -> str:
        """Return the value of a keyword that there must be."""
        if keyword not in self.text:
            raise self.refusal(f"keyword ${keyword} is missing")
        return self.text[keyword].strip()

    def number(self, keyword: str) -> int:
        """Return the whole number that a keyword must have."""
        return int(self.real(keyword))

    def real(self, keyword: str, usual: float | None = None) -> float:
        """Return the number, not below 0, of a keyword that there must be where it has no usual value."""
        word = self.word(keyword) if usual is None else self.text.get(keyword, "").strip()
        try:
            found = float(word) if word or usual is None else usual
        except ValueError:
            found = math.nan
        if not 0.0 <= found < math.inf:
            raise self.refusal(f"${keyword} is {word[:40]!r}", "a number >= 0")
        return found

    def _offset(self, place: int) -> int:
        digits = self.content[place : place + 8].strip() or b"0"
        if not digits.isdigit():
            raise self.refusal(f"bytes {place} to {place + 7} of the header hold {digits!r}", "a place in the file")
        return int(digits)

    def _pairs(self, begin: int, end: int, what: str) -> dict[str, str]:
        """Return the pairs of a segment by keyword, in capitals and without ``$``."""
        if end >= len(self.content):
            text = f"is cut off: the {what} ends at byte {end}, the file has {len(self.content)}"
            raise self.refusal(text, "a whole file")
        raw = self.content[begin : end + 1]
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        mark, text = text[:1], text[1:].rstrip()
        if not mark or (not mark.isprintable() and mark not in "\t\f\n\r\x0c\x1e\x1c\x1d\x1f"):
            raise self.refusal(f"the {what} begins with {mark!r}", "the character that parts keywords")
        words = [word.replace("\0", mark) for word in text.removesuffix(mark).replace(mark * 2, "\0").split(mark)]
        keys = (key.strip().upper().removeprefix("$") for key in words[::2])
        return dict(zip(keys, words[1::2], strict=False))

    def _refuse_other_forms(self) -> None:
        following = int(self.real("NEXTDATA", 0.0))
        if following and self.content[following : following + 3] == b"FCS":
            raise self.refusal("holds several data sets", "one; save each in a file of its own")
        mode, kind, order = (self.word(key).upper() for key in ("MODE", "DATATYPE", "BYTEORD"))
        if mode != "L":
            raise self.refusal(f"$MODE is '{mode}'", "L, a list of events")
        if kind not in BITS:
            raise self.refusal(f"$DATATYPE is '{kind}'", ", ".join(BITS))
        digits = order.split(",")
        up = [str(i) for i in range(1, len(digits) + 1)]
        if digits not in (up, up[::-1]):
            raise self.refusal(f"$BYTEORD is '{order}'", "1,2,3,4 or 4,3,2,1")
        self.kind, self.order = kind, "<" if digits == up else ">"

    def _channel(self, i: int) -> Channel:
        name, marker = self.word(f"P{i}N"), self.text.get(f"P{i}S", "").strip()
        if self.bits[i - 1] not in BITS[self.kind]:
            allowed = ", ".join(map(str, BITS[self.kind]))
            raise self.refusal(f"channel '{name}' has values of {self.bits[i - 1]} bits", allowed)
        if name.lower() == "time":
            return Channel(name, marker, "time")
        decades = self._decades(i)[0]
        return Channel(name, "" if marker == name else marker, "log" if decades else "linear")

    def _decades(self, i: int) -> tuple[float, float]:
        """Return the decades of a logarithmic channel and its value at 0; of numbers with a point there are none."""
        try:
            decades, lowest = map(float, self.text.get(f"P{i}E", "0,0").split(","))
        except ValueError:
            raise self.refusal(f"$P{i}E is '{self.text[f'P{i}E']}'", "two numbers, such as 4,1") from None
        if decades and not self.ranges[i - 1]:
            raise self.refusal(f"$P{i}R is 0 of a logarithmic channel", "a range > 0")
        return (decades, lowest or 1.0) if self.kind == "I" else (0.0, 0.0)

    def _layout(self) -> np.dtype:
        letter = {"I": "u", "F": "f", "D": "f"}[self.kind]
        return np.dtype([(str(i), f"{self.order}{letter}{bits // 8}") for i, bits in enumerate(self.bits)])

    def _data(self) -> np.ndarray:
        """Return the events as they lie in the file, a record each."""
        layout, begin, end = self._layout(), self._offset(26), self._offset(34)
        if not begin or end > LARGEST:
            begin, end = self.number("BEGINDATA"), self.number("ENDDATA")
        n = self.number("TOT") if "TOT" in self.text else (end + 1 - begin) // layout.itemsize
        if n == 0:
            raise self.refusal("holds 0 events", "events")
        there = max(0, len(self.content) - begin) // layout.itemsize
        if there < n:
            raise self.refusal(f"is cut off: it says that it holds {n} events, and has the bytes of {there}",
                               "a whole file")  # fmt: skip
        return np.frombuffer(self.content, layout, n, begin)

    def events(self) -> Events:
        """Return the events."""
        data = self._data()

        def read(i: int) -> np.ndarray:
            return self._linear(data, i)

        return Events(self.name, self.version, data.size, self.channels, read, partial(_spill_of, self))

    def _linear(self, data: np.ndarray, i: int) -> np.ndarray:
        """Return the linear values of a channel by its place from 0."""
        values, number = data[str(i)], i + 1
        if self.kind == "I" and 0.0 < self.ranges[i] < 2.0 ** self.bits[i]:
            values = values & values.dtype.type((1 << math.ceil(math.log2(self.ranges[i]))) - 1)
        found = values.astype(np.float64)
        if self.channels[i].kind == "time":
            return found * self.real("TIMESTEP", 1.0)
        decades, lowest = self._decades(number)
        if decades:
            return lowest * 10.0 ** (decades * found / self.ranges[i])
        return found / (self.real(f"P{number}G", 1.0) or 1.0)


def _spill_of(reader: _Reader) -> dict[int, dict[int, float]]:
    """Return what the inverse of the spillover matrix adds to each channel of each other."""
    word = next((reader.text[key] for key in SPILL if reader.text.get(key, "").strip()), "")
    if not word:
        return {}
    names, matrix = _spill_parts(reader, word.split(","))
    known = {channel.name: i for i, channel in enumerate(reader.channels)}
    if absent := [name for name in names if name not in known]:
        text = f"the spillover matrix names channels that there are not: {', '.join(absent)}"
        raise reader.refusal(text, f"{', '.join(known)}, or {WITHOUT}")
    try:
        inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        raise reader.refusal("the spillover matrix has no inverse", WITHOUT) from None
    places = [known[name] for name in names]
    return {to: dict(zip(places, inverse[:, j].tolist(), strict=True)) for j, to in enumerate(places)}


def _spill_parts(reader: _Reader, words: list[str]) -> tuple[list[str], np.ndarray]:
    try:
        n = int(words[0])
        return [word.strip() for word in words[1 : n + 1]], np.array(words[n + 1 :], float).reshape(n, n)
    except ValueError:
        text = f"the spillover matrix has {len(words)} parts, the first '{words[0][:20]}'"
        raise reader.refusal(text, f"n, n channels, n x n numbers, or {WITHOUT}") from None
