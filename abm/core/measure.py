"""A number that the model shows, declared once: its name in tables, its unit, and the words that a reader sees."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self

from abm.core.units import UnitError, parse_quantity, unit_of

MICRO = re.compile(r"\bu(?=[mgLM]\b)")
ENDINGS = {  # of a name of which nobody said more: its unit and how a reader sees it
    "_ug_per_mL": "ug/mL", "_ng_per_mL": "ng/mL", "_g_per_L": "g/L", "_per_nL": "1/nL", "_per_cell": "molecules/cell",
    "_nM": "nM", "_uM": "uM", "_mg": "mg", "_cP": "cP", "_percent": "%", "_d": "d", "_h": "h",
}  # fmt: skip


@dataclass(frozen=True)
class Measure:
    """One number that the model shows, or all whose names share a pattern.

    Attributes
    ----------
    name : str
        Column of a table. A ``*`` stands for what differs between those of one pattern, as in ``deaths_*``.
    unit : str
        Of the number in tables, as in :mod:`abm.core.units`.
    words : str
        What it is, as a sentence says it; a ``*`` in it is what stands for that of the name.
    kind : {"number", "share", "ratio", "time", "word"}
        A ``share`` of those seen (an event is 0 or 1), a ``ratio`` to a control's share, a ``time`` until an event, a
        ``word``.
    shown : str
        Its unit as a reader sees it; by default the unit, of a share percent.
    factor : float
        From the number in tables to the one that a reader sees.
    axis : str
        Label of an axis; by default the words and the unit as a reader sees it.
    event : str
        Of a time: the measure that says whether the event came. Of follow-up: the time whose event ends it.
    among : str
        Of a time: the measure that is above 1 in those in whom the event can come.
    estimate : {"mean", "median", "kaplan_meier", "follow_up"}
        How many subjects are made one number: the mean of those seen; the median of those in whom it came; its median
        by Kaplan and Meier, without the event until follow-up ended; or that of follow-up, reversed.
    over : str
        How a reader is told that it is of many subjects, such as ``median of responders``.
    """

    name: str
    unit: str
    words: str
    kind: Literal["number", "share", "ratio", "time", "word"] = "number"
    shown: str = ""
    factor: float = 0.0
    axis: str = ""
    event: str = ""
    among: str = ""
    estimate: Literal["mean", "median", "kaplan_meier", "follow_up"] = "mean"
    over: str = "median"

    def __post_init__(self) -> None:
        """Fill in what follows from the rest, and refuse a unit that is none and a measure without words."""
        unit_of(self.unit)
        if not self.name.strip("_*") or not self.words.strip():
            raise ValueError(f"a measure needs a name and words: {self.name!r}, {self.words!r}")
        is_percent = self.kind == "share"
        object.__setattr__(self, "factor", self.factor or (100.0 if is_percent else 1.0))
        object.__setattr__(self, "shown", self.shown or ("%" if is_percent else readable(self.unit)))
        object.__setattr__(self, "axis", self.axis or (f"{self.words} ({self.shown})" if self.shown else self.words))

    def takes(self, name: str) -> bool:
        """Whether it is the measure of a name."""
        return self._matched(name) is not None

    def of(self, name: str) -> Self:
        """Return the measure of a name that it takes, with what stands for the ``*`` in its words."""
        found = (self._matched(name) or "").replace("_", " ")
        return replace(self, name=name, words=self.words.replace("*", found), axis=self.axis.replace("*", found))

    def times_of(self, unit: str) -> float:
        """Return what turns a number in a unit into one of a table: a unit like its own, or like a reader's, as µg/mL.

        Raises
        ------
        UnitError
            It is like neither.
        """
        given = unit_of(unit)
        if given.powers != unit_of(self.unit).powers and self._is_seen_in(unit):
            return float(given.size / unit_of(self.shown).size) / self.factor
        parse_quantity(f"1 {unit}".strip(), self.unit)
        return float(given.size / unit_of(self.unit).size)

    def _is_seen_in(self, unit: str) -> bool:
        try:
            return unit_of(self.shown).powers == unit_of(unit).powers
        except UnitError:  # such as 10⁹ cells
            return False

    @property
    def raw_axis(self) -> str:
        """Return the label of an axis on which the number is as it is in tables."""
        unit = "fraction" if self.unit == "1" else readable(self.unit)
        return self.axis if self.factor == 1.0 else f"{self.words} ({unit})"

    def plain(self) -> dict[str, Any]:
        """Return what JSON can hold of it."""
        return {one.name: getattr(self, one.name) for one in fields(Measure)}

    def _matched(self, name: str) -> str | None:
        before, star, after = self.name.partition("*")
        if not star:
            return "" if name == before else None
        is_it = name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after)
        return name[len(before) : len(name) - len(after)] if is_it else None


class Measures:
    """Measures by name.

    Parameters
    ----------
    declared : iterable of Measure
        In order; one with a pattern gives way to one of the very name, and to a longer pattern.
    """

    def __init__(self, declared: Iterable[Measure]):
        self.declared, self._found = tuple(declared), dict[str, Measure]()

    def __iter__(self) -> Iterator[Measure]:
        """Yield what was declared."""
        return iter(self.declared)

    def find(self, name: str) -> Measure | None:
        """Return what was declared of a name; nothing of a name that nobody declared."""
        found = [measure for measure in self.declared if measure.takes(name)]
        return max(found, key=lambda one: len(one.name) + 1000 * (one.name == name)).of(name) if found else None

    def of(self, name: str) -> Measure:
        """Return the measure of a name; of one that nobody declared, what its ending says."""
        if name not in self._found:
            self._found[name] = self.find(name) or of_ending(name)
        return self._found[name]

    def plain(self, names: Iterable[str]) -> dict[str, Any]:
        """Return what JSON can hold of those names that were declared."""
        return {name: found.plain() for name in names if (found := self.find(name))}

    @classmethod
    def read(cls, content: Any) -> Self:
        """Return the measures that :meth:`plain` wrote; what cannot be used is passed over."""
        entries = content.values() if isinstance(content, Mapping) else ()
        return cls(measure for entry in entries if (measure := _read(entry)))


def _read(entry: Any) -> Measure | None:
    try:
        return Measure(**entry)
    except (TypeError, ValueError):
        return None


def of_ending(name: str) -> Measure:
    """Return the measure of a name that nobody declared, its unit after its ending."""
    if name.endswith("_frac"):
        return Measure(name, "1", name.removesuffix("_frac").replace("_", " "), "share")
    ending = next((ending for ending in ENDINGS if name.endswith(ending)), "")
    words = name.removesuffix(ending).replace("_", " ").strip()
    kind: Literal["number", "time"] = "time" if name.startswith("time_to_") else "number"
    return Measure(name, ENDINGS.get(ending, "1"), words or name, kind)


def readable(unit: str) -> str:
    """Return a unit as a reader sees it: ``µg/mL``, ``per nL``, ``molecules per cell``; nothing for a plain number."""
    text = MICRO.sub("µ", unit)
    if text in ("1", "cells"):
        return ""
    return text.replace("1/", "per ") if text.startswith("1/") else text.replace("/cell", " per cell")
