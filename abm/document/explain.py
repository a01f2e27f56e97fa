"""From pydantic's errors to faults a biologist can act on: place, what was found, what is allowed, nearest spelling."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from abm.core.errors import Fault, nearest
from abm.core.par import bounds_text, key_of, parameter
from abm.document.reading import Document, Keys, keys_in, value_at

Details = Mapping[str, Any]

WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "a text",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "none_required": "null",
}
TRUTH = {"yes": "true", "on": "true", "no": "false", "off": "false"}


@dataclass(frozen=True)
class Shape:
    """What a model class allows at one place: the alternatives of an annotation.

    Attributes
    ----------
    kinds : tuple
        Types, without unions and annotations around them.
    """

    kinds: tuple[Any, ...] = ()

    @classmethod
    def of(cls, annotation: Any) -> "Shape":
        """Return the alternatives of an annotation."""
        if get_origin(annotation) is Annotated:
            return cls.of(get_args(annotation)[0])
        if get_origin(annotation) in (Union, UnionType):
            return cls(tuple(kind for part in get_args(annotation) for kind in cls.of(part).kinds))
        return cls((annotation,))

    def models(self, data: Any = None) -> list[type[BaseModel]]:
        """Return the model classes among the alternatives, those of the kind in the data if one is.

        The kind is the value of ``kind``, or a key, where classes have a name for one.
        """
        classes = [kind for kind in self.kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        given = data if isinstance(data, Mapping) else {}
        return [model for model in classes if given.get("kind") in _tags(model) or _key(model) in given] or classes

    @property
    def is_mapping(self) -> bool:
        """Whether keys of the user's own choice may stand there."""
        return any(get_origin(kind) is dict for kind in self.kinds)

    def fields(self, data: Any = None) -> dict[str, FieldInfo]:
        """Return the fields of the model classes by their key in YAML."""
        return {key_of(name, f): f for model in self.models(data) for name, f in model.model_fields.items()}

    def child(self, key: str | int, data: Any = None) -> "Shape":
        """Return what is allowed one level down."""
        field = self.fields(data).get(str(key))
        inner = Shape.of(field.annotation).kinds if field else ()
        for kind in self.kinds:
            arguments = [part for part in get_args(kind) if part is not Ellipsis]
            if get_origin(kind) is dict:
                inner += Shape.of(arguments[1]).kinds
            elif get_origin(kind) in (list, tuple) and isinstance(key, int):
                inner += Shape.of(arguments[min(key, len(arguments) - 1)]).kinds
        return Shape(inner)

    def at(self, path: Keys, data: Any) -> "Shape":
        """Return what is allowed at a path of the data."""
        shape = self
        for length, key in enumerate(path):
            shape = shape.child(key, value_at(data, path[:length]))
        return shape

    def tags(self) -> list[str]:
        """Return every ``kind`` of the alternatives."""
        return [tag for model in self.models() for tag in _tags(model)]

    def choices(self) -> list[Any]:
        """Return the values of the literals among the alternatives."""
        return [choice for kind in self.kinds if get_origin(kind) is Literal for choice in get_args(kind)]


def _tags(model: type[BaseModel]) -> tuple[str, ...]:
    field = model.model_fields.get("kind")
    return get_args(field.annotation) if field else ()


def _key(model: type[BaseModel]) -> str | None:
    """Return the key that tells data of a class from those of others, where it is not the value of ``kind``."""
    return None if "kind" in model.model_fields else getattr(model, "kind", None)


def show(value: Any) -> str:
    """Name a value in an error message."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinity, or a number too large"
    for kind, words in ((type(None), "null"), (Mapping, "a mapping"), (list | tuple, "a list")):
        if isinstance(value, kind):
            return words
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:50] + "..."


def explain(error: ValidationError, model_class: type[BaseModel], document: Document) -> list[Fault]:
    """Turn all errors of a validation into faults, in the order of the file."""
    return _Explainer(model_class, document).faults(error)


@dataclass(frozen=True)
class _Place:
    """Where an error happened: its path in YAML, and whether it is one alternative of several."""

    path: Keys
    is_branch: bool


class _Explainer:
    """Explains the errors of one document."""

    def __init__(self, model_class: type[BaseModel], document: Document):
        self.shape = Shape.of(model_class)
        self.document = document

    def faults(self, error: ValidationError) -> list[Fault]:
        """Return the faults of every error, alternatives of one place joined."""
        found: dict[Keys, list[Fault]] = {}
        branches = set()
        for details in error.errors(include_url=False):
            place = self._place(details)
            for path, fault in self._explain(place.path, details):
                found.setdefault(path, []).append(fault)
                branches.update([path] if place.is_branch else [])
        deeper = {path[:length] for path in found for length in range(len(path))}
        kept = [fault for path in found if path not in branches & deeper for fault in _joined(found[path])]
        return sorted(kept, key=lambda fault: (fault.file != self.document.file, fault.file, fault.line or 0))

    def _place(self, details: Details) -> _Place:
        """Strip from pydantic's location what is no key of the data: tags, names of alternatives."""
        location = details["loc"][: -1 if details["loc"][-1:] == ("[key]",) else None]
        path: Keys = ()
        is_branch = False
        for i, key in enumerate(location):
            data = value_at(self.document.data, path)
            is_key = key in data if isinstance(data, Mapping) else isinstance(data, list) and isinstance(key, int)
            if is_key or (details["type"] == "missing" and i == len(location) - 1):
                path = (*path, key)
            elif not (isinstance(data, Mapping) and key == data.get("kind")):
                is_branch = True
        return _Place(path, is_branch)

    def _explain(self, path: Keys, details: Details) -> list[tuple[Keys, Fault]]:
        if details["type"] == "fault":
            return [self._relative(path, fault) for fault in details["ctx"]["faults"]]
        by_type: dict[str, Callable[[Keys, Details], Fault]] = {
            "missing": self._missing,
            "extra_forbidden": self._unknown_key,
            "literal_error": self._choice,
            "union_tag_invalid": self._unknown_kind,
            "union_tag_not_found": self._missing_kind,
        }
        fault = by_type.get(details["type"], self._other)(path, details)
        return [(path, fault)]

    def _relative(self, path: Keys, fault: Fault) -> tuple[Keys, Fault]:
        placed = self.document.placed(fault, path)
        return keys_in(self.document.data, placed.path), placed

    def _missing(self, path: Keys, _: Details) -> Fault:
        field = self._field(path)
        unit = parameter(field).get("unit", "1") if field else "1"
        allowed = (field.description or "") if field else ""
        if allowed and unit != "1":
            allowed += f" [{unit}]"
        return self.document.fault(path, f"missing key '{path[-1]}'", allowed)

    def _unknown_key(self, path: Keys, _: Details) -> Fault:
        parent = value_at(self.document.data, path[:-1])
        known = list(self.shape.at(path[:-1], self.document.data).fields(parent))
        near = nearest(str(path[-1]), known)
        return self.document.fault(path, f"unknown key '{path[-1]}'", ", ".join(known), near)

    def _choice(self, path: Keys, details: Details) -> Fault:
        choices = self.shape.at(path, self.document.data).choices()
        allowed = ", ".join(map(str, choices)) or details["ctx"]["expected"]
        found = value_at(self.document.data, path)
        near = nearest(found, map(str, choices)) if isinstance(found, str) else ""
        return self.document.fault(path, f"found {show(found)}", allowed, near)

    def _unknown_kind(self, path: Keys, details: Details) -> Fault:
        tag = str(details["ctx"]["tag"])
        tags = self.shape.at(path, self.document.data).tags() or [details["ctx"]["expected_tags"]]
        return self.document.fault((*path, "kind"), f"unknown kind {show(tag)}", ", ".join(tags), nearest(tag, tags))

    def _missing_kind(self, path: Keys, _: Details) -> Fault:
        found = value_at(self.document.data, path)
        if not isinstance(found, Mapping):
            return self.document.fault(path, f"found {show(found)}", "a mapping")
        tags = self.shape.at(path, self.document.data).tags()
        return self.document.fault((*path, "kind"), "missing key 'kind'", ", ".join(tags))

    def _other(self, path: Keys, details: Details) -> Fault:
        found = value_at(self.document.data, path)
        if details["type"] in WANTED:
            near = TRUTH.get(str(found).lower(), "") if details["type"] == "bool_type" else ""
            return self.document.fault(path, f"found {show(found)}", self._wanted(path, details["type"]), near)
        if details["type"] == "string_pattern_mismatch":
            name = path[-1] if details["loc"][-1] == "[key]" else found
            return self.document.fault(path, f"found {show(name)}", f"a text of the form {details['ctx']['pattern']}")
        message = details["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        is_scalar = not isinstance(found, Mapping | list | None)
        return self.document.fault(path, f"found {show(found)}: {message}" if is_scalar else message)

    def _wanted(self, path: Keys, kind: str) -> str:
        field = self._field(path)
        limits = bounds_text(parameter(field)) if field and WANTED[kind] != "a mapping" else ""
        return f"{WANTED[kind]} {limits}".rstrip()

    def _field(self, path: Keys) -> FieldInfo | None:
        """Return the field of a value, for the items of a list or mapping that of the whole."""
        for length in range(len(path), 0, -1):
            parent = value_at(self.document.data, path[: length - 1])
            field = self.shape.at(path[: length - 1], self.document.data).fields(parent).get(str(path[length - 1]))
            if field:
                return field
        return None


def _joined(faults: list[Fault]) -> list[Fault]:
    """Join what several alternatives allow at one place into one fault each message."""
    by_message: dict[str, Fault] = {}
    for fault in faults:
        before = by_message.get(fault.message)
        if before is None:
            by_message[fault.message] = fault
        elif fault.allowed not in before.allowed.split(" or "):
            allowed = f"{before.allowed} or {fault.allowed}"
            by_message[fault.message] = replace(before, allowed=allowed, nearest=before.nearest or fault.nearest)
    return list(by_message.values())
