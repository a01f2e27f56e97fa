"""Keys that have another name now: what a file says under the old one is read under the new one, with a warning."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from abm.core.errors import Fault, InputError
from abm.document.reading import Document, Keys, Position, dotted, value_at

ANY = "*"


@dataclass(frozen=True)
class Renamed:
    """One key that has another name now.

    Attributes
    ----------
    old, new : str
        Dotted paths; ``*`` stands for any one key, the same in both.
    why : str
        What was wrong with the old name.
    kinds : tuple of str
        Of the entries that ``*`` stands for in the old path alone, or of the entry that has another name now.
    usual : str
        The name of such an entry where there is none of these kinds.
    where : tuple of (str, str)
        Dotted path and value of what must hold for it, if anything.
    """

    old: str
    new: str
    why: str
    kinds: tuple[str, ...] = ()
    usual: str = ANY
    where: tuple[str, str] | None = None

    def holds(self, *data: Mapping[str, Any]) -> bool:
        """Whether what must hold does, in the first of some data that says it."""
        if self.where is None:
            return True
        path, value = self.where
        said = (value_at(one, tuple(path.split("."))) for one in data)
        return next((found for found in said if found is not None), None) == value

    def now(self, path: Keys, value: Any = None) -> Keys | None:
        """Return the new path of what stood at a path, or of the part around it; None if the name is unchanged."""
        keys = self.old.split(".")
        kind = value_at(value, ("kind",)) if isinstance(value, Mapping) and len(path) == len(keys) else None
        if not _fits(keys, path[: len(keys)]) or (kind is not None and kind not in self.kinds):
            return None
        stars = (key for name, key in zip(keys, path, strict=False) if name == ANY)
        return (*(next(stars) if name == ANY else name for name in self.new.split(".")), *path[len(keys) :])

    def before(self, path: Keys, data: Mapping[str, Any]) -> Keys | None:
        """Return the old path of a new one; an entry that the new name leaves open is the first of its kind."""
        keys = self.new.split(".")
        if not _fits(keys, path[: len(keys)]) or not self.holds(data):
            return None
        names = self.old.split(".")
        others = value_at(data, tuple(names[: names.index(ANY)])) if ANY in names else None
        own = [key for name, key in zip(keys, path, strict=False) if name == ANY]
        own += [key for key, entry in (others or {}).items() if value_at(entry, ("kind",)) in self.kinds]
        stars = iter((*own, self.usual))
        return (*(next(stars) if name == ANY else name for name in names), *path[len(keys) :])


class _Move(NamedTuple):
    """A value with its place in the file, and where it belongs in what the paths lead through."""

    place: Keys
    new: Keys
    value: Any


@dataclass(frozen=True)
class Renamings:
    """All keys that have other names now.

    Attributes
    ----------
    renamed : tuple of Renamed
        One by one.
    holding : tuple of str
        Where a file holds dotted paths: mappings whose keys, lists whose items are some.
    """

    renamed: tuple[Renamed, ...] = ()
    holding: tuple[str, ...] = ()

    def first(self, path: str, data: Mapping[str, Any]) -> str:
        """Return the very first name of a dotted path, which stays the same whatever it is renamed to."""
        keys: Keys = tuple(path.split("."))
        return dotted(next((old for one in self.renamed if (old := one.before(keys, data)) is not None), keys))

    def known(self, *data: Mapping[str, Any]) -> "Renamings":
        """Return those that hold for some data, of which the first to say something counts."""
        return replace(self, renamed=tuple(one for one in self.renamed if one.holds(*data)))

    def of(self, path: Keys, value: Any = None, *, alone: bool = False) -> tuple[Keys, str] | None:
        """Return where a value stands now and what was wrong with its old name; None if it has its name still.

        Parameters
        ----------
        path : Keys
            Old or new.
        value : object
            What stands there.
        alone : bool
            Whether what is around it is left out: it has been asked for already.
        """
        asked = (one for one in self.renamed if not alone or len(path) == one.old.count(".") + 1)
        found = ((one.now(path, value), one.why) for one in asked)
        return next(((new, why) for new, why in found if new is not None), None)

    def read(self, document: Document, below: Mapping[str, Any] | None = None) -> Document:
        """Return a document with every value under the name that it has now.

        Parameters
        ----------
        document : Document
            As it was written.
        below : mapping, optional
            Data of what it extends or changes.

        Raises
        ------
        InputError
            A value is there under both names, and they differ.
        """
        reading = _Reading(self.known(document.data, below or {}), document)
        data = reading.part(document.data, (), ())
        for move in reading.taken():
            data = reading.put(data, move)
        if reading.faults:
            raise InputError(*reading.faults)
        positions = {reading.place_of(path): at for path, at in document.positions.items()}
        return replace(document, data=data, positions=positions, warnings=(*document.warnings, *reading.told))

    def of_sets(
        self, sets: Mapping[str, Any], file: str, below: Mapping[str, Any]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return values by dotted path, which change what is below, under their names now, and the warnings.

        Raises
        ------
        InputError
            A value is there under both names, and they differ.
        """
        reading = _Reading(self.known(below), Document(file, dict(sets), {(): Position(file)}))
        found = reading.by_path(sets, ())
        if reading.faults:
            raise InputError(*reading.faults)
        return found, tuple(reading.told)


NONE = Renamings()


class _Reading:
    """What is found while one document is read."""

    def __init__(self, names: Renamings, document: Document):
        self.names, self.document = names, document
        self.moves: list[_Move] = []
        self.places: dict[Keys, Keys] = {}
        self.faults: list[Fault] = []
        self.told: list[str] = []

    def taken(self) -> list[_Move]:
        """Return the moves found since the last call."""
        found, self.moves = self.moves, []
        return found

    def place_of(self, path: Keys) -> Keys:
        """Return where a place of the file is now."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return (*self.places[path[:length]], *path[length:])
        return path

    def part(self, value: Any, path: Keys, place: Keys) -> Any:
        """Return a part without what belongs elsewhere; ``path`` is its own, ``place`` that in the file."""
        if any(_fits(pattern.split("."), path) for pattern in self.names.holding):
            return self.by_path(value, place)
        if isinstance(value, list | tuple):
            return [self.part(entry, (*path, i), (*place, i)) for i, entry in enumerate(value)]
        if not isinstance(value, Mapping):
            return value
        kept = {}
        for key, entry in value.items():
            here, found = (*place, key), self.names.of((*path, key), entry, alone=True)
            if found is None:
                kept[key] = self.part(entry, (*path, key), here)
                continue
            new = self._told(here, (*path, key), found)
            inner = self.part(entry, new, here)
            if new[:-1] == path:  # under its other name at the same place, since the order of processes matters
                name = str(new[-1])
                self.places[here] = (*place, name)
                self._compare(_Move(here, new, inner), value.get(name, inner))
                kept[name] = inner
            else:
                self.moves.append(_Move(here, new, inner))
        return kept

    def by_path(self, value: Any, place: Keys) -> Any:
        """Return a mapping or list whose keys or items are dotted paths with these as they are called now."""
        if isinstance(value, list | tuple):
            return [self._item(item, (*place, i)) for i, item in enumerate(value)]
        if not isinstance(value, Mapping):
            return value
        before, self.moves = self.moves, []
        kept: dict[str, Any] = {}
        for key, entry in value.items():
            kept.update(self._of_entry({**value, **kept}, key, entry, (*place, key)))
        self.moves = before
        return kept

    def put(self, data: Any, move: _Move) -> Any:
        """Return data with a value at its new place, around which mappings are made."""
        self.places[move.place] = move.new
        return self._put(data, move, move.new)

    def _put(self, data: Any, move: _Move, keys: Keys) -> Any:
        key, rest = keys[0], keys[1:]
        if not isinstance(data, Mapping) or (not rest and key in data):
            self._compare(move, value_at(data, (key,)))
            return data
        inner = data.get(key)
        return {**data, key: self._put({} if inner is None else inner, move, rest) if rest else move.value}

    def _of_entry(self, known: Mapping[str, Any], key: str, entry: Any, place: Keys) -> Iterator[tuple[str, Any]]:
        path: Keys = tuple(key.split("."))
        renamed = self.names.of(path, entry)
        if renamed is None:
            kept, found = self.part(entry, path, place), self.taken()
            for move in (move for move in found if move.new[: len(path)] == path):
                below = move.new[len(path) :]
                kept, self.places[move.place] = self._put(kept, move, below), (*place, *below)
            yield key, kept
            found = [move for move in found if move.new[: len(path)] != path]
        else:
            new = self._told(place, path, renamed)
            inner, others = self.part(entry, new, place), self.taken()
            found = [_Move(place, new, inner), *others]
        for move in found:
            name = dotted(move.new)
            self.places[move.place] = (*place[:-1], name)
            if name in known:
                self._compare(move, known[name])
            yield name, move.value

    def _item(self, item: Any, place: Keys) -> Any:
        path: Keys = tuple(item.split(".")) if isinstance(item, str) else ()
        found = self.names.of(path)
        return item if found is None else dotted(self._told(place, path, found))

    def _told(self, place: Keys, path: Keys, found: tuple[Keys, str]) -> Keys:
        """Return a new path and note a warning, with the name of the file alone: a run keeps it."""
        new, why = found
        at = self.document.position(place)
        shown = Position(Path(at.file).name if at.line else at.file, at.line, at.column)
        self.told.append(str(Fault(f"'{dotted(path)}' is now called '{dotted(new)}': {why}", "", *shown)))
        return new

    def _compare(self, move: _Move, other: Any) -> None:
        if other != move.value:
            text = f"is there as '{dotted(move.new)}' too, its name now"
            self.faults.append(self.document.fault(move.place, text, "one of the two"))


def _fits(pattern: list[str], path: Keys) -> bool:
    return len(pattern) == len(path) and all(name in (ANY, str(key)) for name, key in zip(pattern, path, strict=True))
