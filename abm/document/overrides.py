"""Values replaced by their dotted path: ``--set`` on the command line, ``set:`` of an arm, the axes of a sweep."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from abm.core.errors import Fault, InputError, nearest
from abm.document.explain import Shape, show
from abm.document.reading import (
    KEY,
    KEYS_ALLOWED,
    ON_COMMAND_LINE,
    Document,
    Position,
    dotted,
    keys_in,
    read_text,
    value_at,
)
from abm.document.renamed import NONE, Renamings

MAX_SET = 10_000
SET_FORM = "KEY.KEY=VALUE, such as seed=2 or processes.binding.kd_nM=0.8"


def apply_overrides(
    data: Mapping[str, Any], overrides: Mapping[str, Any], model_class: type[BaseModel] | None = None
) -> dict[str, Any]:
    """Return data with some of its values replaced; the data given stays as it is.

    Parameters
    ----------
    data : mapping
        Plain data.
    overrides : mapping
        From dotted path to plain value; None removes an entry of a mapping, or switches off what may be null.
    model_class : type, optional
        With it, mappings that are absent but known to the model are made.

    Raises
    ------
    InputError
        A path leads through something that does not exist; all such paths at once.
    """
    changed: Any = dict(data)
    faults: list[Fault] = []
    for path, value in overrides.items():
        try:
            changed = _Override(_keys(path, changed), value).apply(changed, _shape(model_class))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(*faults)
    return changed


def apply_sets(
    document: Document, sets: list[str], model_class: type[BaseModel] | None = None, names: Renamings = NONE
) -> Document:
    """Return a document with ``a.b.c=value`` texts applied in turn, `names` saying what keys were once called.

    Raises
    ------
    InputError
        Malformed texts and paths that lead nowhere, all at once.
    """
    faults: list[Fault] = []
    for text in sets:
        place = Position(f"{ON_COMMAND_LINE} {text if len(text) <= 60 else text[:57] + '...'}")
        try:
            override = _parsed_set(text)
            now, warnings = names.of_sets({dotted(override.keys): override.value}, place.file, document.data)
            for path, value in now.items():
                override = _Override(_keys(path, document.data), value)
                document = _with_set(document, override, _shape(model_class), place)
            document = replace(document, warnings=(*document.warnings, *warnings))
        except InputError as error:
            faults += [replace(fault, file=place.file, line=None, column=None) for fault in error.faults]
    if faults:
        raise InputError(*faults)
    return document


def _with_set(document: Document, override: "_Override", shape: Shape, place: Position) -> Document:
    changed = replace(document, data=override.apply(document.data, shape))
    path = keys_in(changed.data, dotted(override.keys))
    gone = {path} if value_at(changed.data, path) is None else set()
    positions = changed.without({path}) | {path: place}
    return replace(changed, positions=positions, removed=document.removed | gone)


def overwritten(paths: Iterable[str], place: str) -> list[Fault]:
    """Return a fault for every path whose value is replaced by a later change of the whole part that it lies in."""
    faults, known = [], list(paths)
    for index, path in enumerate(known):
        wider = [later for later in known[index + 1 :] if path.startswith(f"{later}.")]
        if wider:
            text = f"replaced by '{wider[0]}' after it"
            faults.append(Fault(text, f"{place}.{path}", allowed=f"'{wider[0]}' first"))
    return faults


def with_nulls(document: Document, model_class: type[BaseModel]) -> dict[str, Any]:
    """Return the data with null wherever a null removed a field of the model, so that its default does not return."""
    data, shape = document.data, Shape.of(model_class)
    for path in document.removed:
        parent, key = value_at(data, path[:-1]), path[-1]
        if isinstance(parent, Mapping) and key not in parent and key in shape.at(path[:-1], data).fields(parent):
            data = _Override(tuple(map(str, path)), None).apply(data, shape)
    return data


def _shape(model_class: type[BaseModel] | None) -> Shape:
    return Shape.of(model_class) if model_class else Shape()


def _keys(path: str, data: Any = None) -> tuple[str, ...]:
    """Split a dotted path; a key of the data may have dots of its own, such as a path in cohort.vary."""
    keys = tuple(map(str, keys_in(data, path)))
    if len(path) > MAX_SET or not all(KEY.fullmatch(key) for key in path.split(".")):
        raise InputError(Fault(f"'{path[:60]}' is no dotted path", path[:60], allowed=f"keys of {KEYS_ALLOWED}"))
    return keys


@dataclass(frozen=True)
class _Override:
    """One value and the keys that lead to it."""

    keys: tuple[str, ...]
    value: Any

    def apply(self, node: Any, shape: Shape, depth: int = 0) -> Any:
        """Return a copy of a node with the value put in, `depth` keys down from the top."""
        if isinstance(node, list | tuple):
            return self._in_list(list(node), shape, depth)
        if not isinstance(node, Mapping):
            raise self._refusal(f"'{dotted(self.keys[:depth])}' is {show(node)}", "a mapping or a list")
        key = self.keys[depth]
        changed = self._of_other_kind(node, shape) if self.keys[depth:] == ("kind",) else dict(node)
        if depth < len(self.keys) - 1:
            changed[key] = self.apply(self._inner(node, shape, depth), shape.child(key, node), depth + 1)
        elif self.value is None and key in changed and key not in shape.fields(node):
            del changed[key]
        else:
            changed[key] = self.value
        return changed

    def _of_other_kind(self, node: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
        """Return a node without the defaults of its kind that the new kind does not have."""
        before, now = shape.fields(node), shape.fields({"kind": self.value})
        gone = {key for key in before.keys() - now.keys() if node.get(key) in (None, before[key].default)}
        return {key: value for key, value in node.items() if key not in gone}

    def _inner(self, node: Mapping[str, Any], shape: Shape, depth: int) -> Any:
        key = self.keys[depth]
        if key in node:
            return node[key]
        below, is_last = shape.child(key, node), depth == len(self.keys) - 2
        if shape.fields(node).get(key) and (below.models() or (is_last and below.is_mapping)):
            return {}
        known = list(dict.fromkeys([*node, *shape.fields(node)]))
        where = dotted(self.keys[:depth]) or "the file"
        asked = dotted(self.keys[depth:-1]) if any("." in one for one in known) else key
        raise self._refusal(f"no '{asked}' in {where}", ", ".join(known), nearest(asked, known))

    def _in_list(self, items: list[Any], shape: Shape, depth: int) -> list[Any]:
        text = self.keys[depth]
        i = int(text) if text.isdecimal() and len(text) < 6 else len(items)
        if i >= len(items):
            where = dotted(self.keys[:depth])
            raise self._refusal(f"no item '{text}' in {where}", f"0 to {len(items) - 1}" if items else "nothing")
        if depth < len(self.keys) - 1:
            items[i] = self.apply(items[i], shape.child(i), depth + 1)
        elif self.value is None:
            del items[i]
        else:
            items[i] = self.value
        return items

    def _refusal(self, message: str, allowed: str, near: str = "") -> InputError:
        return InputError(Fault(message, dotted(self.keys), allowed=allowed, nearest=near))


def _parsed_set(text: str) -> _Override:
    path, equals, value = text.partition("=")
    if not equals or not value.strip() or len(text) > MAX_SET or not value.isprintable():
        raise InputError(Fault("malformed", allowed=SET_FORM))
    keys = _keys(path)
    try:
        data, _ = read_text(value, ON_COMMAND_LINE)
    except InputError as error:
        raise InputError(*(replace(fault, path=path) for fault in error.faults)) from None
    is_block = isinstance(data, dict | list) and value.lstrip()[0] not in "{["
    if is_block or (data is None and value.strip() not in ("null", "~")):
        raise InputError(Fault(f"malformed value '{value.strip()}'", path, allowed="a value, [list] or {map: ping}"))
    return _Override(keys, data)
