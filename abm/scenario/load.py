"""From a YAML file and what it extends to a validated model, and back.

``extends`` names files, relative to the file that names them, whose content comes first: mappings merge, lists are
replaced, ``null`` removes a key, and a mapping of another ``kind`` replaces the one it meets.
"""

import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.representer import RoundTripRepresenter

from abm.core.errors import Fault, InputError
from abm.core.par import plain
from abm.scenario.explain import explain, show
from abm.scenario.overrides import apply_overrides, apply_sets, with_nulls
from abm.scenario.reading import Document, Keys, Position, is_below, near_file, read_document

__all__ = ["Document", "Position", "apply_overrides", "dump", "read_document", "resolve", "validate"]

MAX_EXTENDS = 10
MAX_FILES = 50

AnyModel = TypeVar("AnyModel", bound=BaseModel)


def resolve(path: str | Path, sets: Iterable[str] = (), model_class: type[BaseModel] | None = None) -> Document:
    """Read a file, what it extends, and the values set on the command line.

    Parameters
    ----------
    path : str or Path
        YAML file.
    sets : iterable of str
        ``a.b.c=value``; list items by number; ``null`` removes, or switches off what may be null.
    model_class : type, optional
        With it, `sets` also reach into mappings that the file leaves to their defaults.

    Raises
    ------
    InputError
        A file or a set cannot be used.
    """
    document = _Extender().read(str(path), ())
    return apply_sets(document, list(sets), model_class)


def validate(model_class: type[AnyModel], document: Document) -> AnyModel:
    """Make a model of a document.

    Raises
    ------
    InputError
        Every fault of the document, with its place.
    """
    try:
        return model_class.model_validate(with_nulls(document, model_class))
    except ValidationError as error:
        raise InputError(*explain(error, model_class, document)) from None
    except InputError as error:
        raise InputError(*(_placed(fault, document) for fault in error.faults)) from None


def dump(model: BaseModel) -> str:
    """Write a complete model as YAML that loads back to an equal model."""
    stream = io.StringIO()
    yaml = YAML()
    yaml.width = 120
    yaml.Representer = _Representer
    yaml.dump(plain(model), stream)
    return stream.getvalue()


class _Extender:
    """Reads a file and everything it extends."""

    def __init__(self) -> None:
        self.n_files = 0

    def read(self, file: str, trail: tuple[str, ...]) -> Document:
        """Read a file that the files of `trail`, outermost first, extend."""
        self.n_files += 1
        document = read_document(file)
        trail = (*trail, os.path.realpath(file))
        merged = Document(file, {}, {})
        for path, parent in _parents(document):
            self._check(document, path, parent, trail)
            merged = _merged(merged, self.read(parent, trail))
        own = {key: value for key, value in document.data.items() if key != "extends"}
        return _merged(merged, Document(file, own, document.without({("extends",)})))

    def _check(self, document: Document, path: Keys, parent: str, trail: tuple[str, ...]) -> None:
        if os.path.realpath(parent) in trail:
            raise InputError(document.fault(path, f"'{parent}' extends itself"))
        if len(trail) > MAX_EXTENDS or self.n_files >= MAX_FILES:
            raise InputError(document.fault(path, "too many files extend one another", f"{MAX_EXTENDS} in a row"))
        if not os.path.exists(parent):
            near = near_file(parent)
            near = near and os.path.relpath(near, os.path.dirname(document.file))
            raise InputError(document.fault(path, f"no such file '{parent}'", "", near))


def _parents(document: Document) -> list[tuple[Keys, str]]:
    """Return the files a document extends, each with the path that names it."""
    extends = document.data.get("extends", [])
    entries = enumerate(extends) if isinstance(extends, list) else [(None, extends)]
    found: list[tuple[Keys, str]] = []
    for i, name in entries:
        path: Keys = ("extends",) if i is None else ("extends", i)
        if not isinstance(name, str) or not name.isprintable() or not name or os.path.isabs(name):
            raise InputError(document.fault(path, f"found {show(name)}", "a path relative to this file, or a list"))
        found.append((path, os.path.normpath(os.path.join(os.path.dirname(document.file), name))))
    return found


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
    return Document(child.file, data, positions, frozenset(removed | before))


def _same_kind(below: Any, above: dict[str, Any]) -> bool:
    return isinstance(below, dict) and ("kind" not in above or above["kind"] == below.get("kind", above["kind"]))


def _placed(fault: Fault, document: Document) -> Fault:
    if fault.file:
        return fault
    path = document.path(fault.path)
    return document.fault(path, fault.message, fault.allowed, fault.nearest)


class _Representer(RoundTripRepresenter):
    """Writes null by name and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal values out again."""
        return True

    def represent_none(self, data: None) -> Any:
        """Write null, which an empty value would leave to be guessed."""
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


_Representer.add_representer(type(None), _Representer.represent_none)
