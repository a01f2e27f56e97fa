"""From a YAML file and what it extends to a validated model, and back.

``extends`` names files, relative to the file that names them, whose content comes first: mappings merge, lists are
replaced, ``null`` removes an entry of a mapping or switches off what may be null, and a mapping of another ``kind``
replaces the one it meets.
"""

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.representer import RoundTripRepresenter

from abm.core.errors import InputError, nearest
from abm.core.par import plain
from abm.core.paths import from_home
from abm.core.user_file import files_of, with_paths
from abm.document.explain import Shape, explain, show
from abm.document.kinds import other_kind
from abm.document.overrides import apply_overrides, apply_sets, with_nulls
from abm.document.reach import ALLOWED, is_within, reach_of
from abm.document.reading import Document, Keys, Position, dotted, is_below, read_document, value_at
from abm.document.renamed import NONE, Renamings
from abm.document.shipped import meant, near

__all__ = [
    "Document",
    "Position",
    "apply_overrides",
    "as_yaml",
    "dump",
    "named_file",
    "placing",
    "read_document",
    "resolve",
    "validate",
    "with_files",
]

MAX_EXTENDS = 10
MAX_FILES = 50

AnyModel = TypeVar("AnyModel", bound=BaseModel)


def resolve(
    path: str | Path,
    sets: Iterable[str] = (),
    model_class: type[BaseModel] | None = None,
    reach: tuple[str, ...] | None = None,
    names: Renamings = NONE,
) -> Document:
    """Read a file, what it extends, and the values set on the command line.

    Parameters
    ----------
    path : str or Path
        YAML file, or the name of one that ships.
    sets : iterable of str
        ``a.b.c=value``; list items by number; ``null`` removes, or switches off what may be null.
    model_class : type, optional
        With it, `sets` also reach into mappings that the file leaves to their defaults, and files that others name
        are held against its keys.
    reach : tuple of str, optional
        Of the document that names the file; without it the user does.
    names : Renamings
        Keys that the files and `sets` may still call by an old name; warnings say so.

    Raises
    ------
    InputError
        A file or a set cannot be used.
    """
    file = meant(str(path)) if reach is None else str(path)
    extender = _Extender(reach_of(file) if reach is None else reach, model_class, names)
    return apply_sets(extender.read(file, (), reach is None), list(sets), model_class, names)


def named_file(document: Document, path: Keys) -> str:
    """Return the file that a document names at a path, relative to the file that says so, or one that ships.

    Raises
    ------
    InputError
        No path, no such file, or one out of reach.
    """
    name, position = value_at(document.data, path), document.position(path)
    if not isinstance(name, str) or not name.isprintable() or not name:
        raise InputError(document.fault(path, f"found {show(name)}", "a path relative to this file"))
    folder = os.path.dirname(document.file if position.line is None else position.file)
    try:
        suffix = ".csv" if name.endswith(".csv") else ".yaml"
        file = os.path.normpath(meant(str(from_home(name)), folder, suffix))
    except InputError as error:
        raise InputError(document.fault(path, str(error))) from None
    if not is_within(file, document.reach):
        raise InputError(document.fault(path, f"'{name}' is out of reach", ALLOWED))
    if not os.path.exists(file):
        raise InputError(document.fault(path, f"no such file '{name}'", "", near(name, folder)))
    return file


def with_files(model_class: type[AnyModel], document: Document) -> AnyModel:
    """Make a model of a document, with the place and the hash of every file of the user's that it reads.

    One whose hash the document states must be what it was.

    Raises
    ------
    InputError
        Every fault of the document, with its place, or of its files.
    """
    model, found, faults = validate(model_class, document), {}, []
    for path, file in files_of(model).items():
        place = path if isinstance(value_at(document.data, path), str) else (*path, "file")
        try:
            at = named_file(document, place)
            found[dotted(path)] = plain(file.model_copy(update={"file": os.path.abspath(at)}).known())
        except InputError as error:
            faults += [
                fault if fault.file else document.fault(place, fault.message, fault.allowed) for fault in error.faults
            ]
    if faults:
        raise InputError(*faults)
    return validate(model_class, replace(document, data=apply_overrides(document.data, found))) if found else model


def validate(model_class: type[AnyModel], document: Document) -> AnyModel:
    """Make a model of a document.

    Raises
    ------
    InputError
        Every fault of the document, with its place.
    """
    document = replace(document, data=with_nulls(document, model_class))
    with placing(document):
        try:
            return model_class.model_validate(document.data)
        except ValidationError as error:
            raise InputError(*explain(error, model_class, document)) from None


@contextmanager
def placing(document: Document) -> Iterator[None]:
    """Give faults that know only their path the file and line of that path in a document."""
    try:
        yield
    except InputError as error:
        raise InputError(*(fault if fault.file else document.placed(fault) for fault in error.faults)) from None


def dump(model: BaseModel, folder: str | Path | None = None) -> str:
    """Write a complete model as YAML that loads back to an equal model; in a folder, files are named from there."""
    data = plain(model)
    return as_yaml(with_paths(data, lambda file: os.path.relpath(file, os.path.realpath(folder))) if folder else data)


def as_yaml(data: Mapping[str, Any]) -> str:
    """Write plain data as YAML."""
    stream = io.StringIO()
    yaml = YAML()
    yaml.width = 120
    yaml.Representer = _Representer
    yaml.dump(data, stream)
    return stream.getvalue()


class _Extender:
    """Reads a file and everything it extends."""

    def __init__(self, reach: tuple[str, ...], model_class: type[BaseModel] | None, names: Renamings) -> None:
        self.n_files, self.reach, self.model_class, self.names = 0, reach, model_class, names
        self.known = ("extends", *Shape.of(model_class).fields()) if model_class else ()

    def read(self, file: str, trail: tuple[str, ...], is_users: bool = False) -> Document:
        """Read a file that the user names, or that the files of `trail`, outermost first, extend."""
        self.n_files += 1
        document = replace(read_document(file, is_users), reach=self.reach)
        wrong = other_kind(self.model_class, document) if self.model_class and not trail else None
        if wrong:
            raise InputError(wrong)
        self._refuse_other_files(document, is_users)
        trail = (*trail, os.path.realpath(file))
        merged = Document(file, {}, {}, reach=self.reach)
        for path in _places(document):
            parent = named_file(document, path)
            self._check(document, path, parent, trail)
            merged = _merged(merged, self.read(parent, trail))
        document = self.names.read(document, merged.data)
        own = {key: value for key, value in document.data.items() if key != "extends"}
        return _merged(merged, replace(document, data=own, positions=document.without({("extends",)})))

    def _refuse_other_files(self, document: Document, is_users: bool) -> None:
        """Refuse a file of another kind without quoting it; mistakes in the user's own file are reported later."""
        strange = [key for key in document.data if self.known and key not in self.known]
        near = [nearest(key, self.known) for key in strange]
        if strange and not (is_users and (len(strange) < len(document.data) or any(near))):
            fault = document.fault((strange[0],), "a key that is unknown here", ", ".join(self.known), near[0])
            raise InputError(replace(fault, path=""))

    def _check(self, document: Document, path: Keys, parent: str, trail: tuple[str, ...]) -> None:
        if os.path.realpath(parent) in trail:
            raise InputError(document.fault(path, f"'{parent}' extends itself"))
        if len(trail) > MAX_EXTENDS or self.n_files >= MAX_FILES:
            raise InputError(document.fault(path, "too many files extend one another", f"{MAX_EXTENDS} in a row"))


def _places(document: Document) -> list[Keys]:
    """Return where a document names the files that it extends."""
    extends = document.data.get("extends", [])
    return [("extends", i) for i in range(len(extends))] if isinstance(extends, list) else [("extends",)]


def _merged(base: Document, child: Document) -> Document:
    replaced: set[Keys] = set()
    removed = set(child.removed)

    def merge(below: dict[str, Any], above: dict[str, Any], path: Keys) -> dict[str, Any]:
        merged = dict(below)
        for key, value in above.items():
            here = (*path, key)
            if value is None and key in below:
                del merged[key]
                removed.add(here)
            elif isinstance(value, dict) and _same_kind(below.get(key), value):
                merged[key] = merge(below[key], value, here)
            else:
                merged[key] = value
                replaced.add(here)
        return merged

    data = merge(base.data, child.data, ())
    positions = base.without(replaced | removed) | child.positions
    before = {path for path in base.removed if not is_below(path, replaced)}
    warnings = tuple(dict.fromkeys((*base.warnings, *child.warnings)))
    return Document(child.file, data, positions, frozenset(removed | before), child.reach, warnings)


def _same_kind(below: Any, above: dict[str, Any]) -> bool:
    return isinstance(below, dict) and ("kind" not in above or above["kind"] == below.get("kind", above["kind"]))


class _Representer(RoundTripRepresenter):
    """Writes ``null`` as a word, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write a value out in full each time instead of referring to an equal one."""
        return True

    def represent_none(self, data: None) -> Any:
        """Write the word ``null``, since an empty value would leave it to be guessed."""
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


_Representer.add_representer(type(None), _Representer.represent_none)
