"""What is known of a scenario's values by their dotted paths: unit, bounds, and the words that are allowed."""

from collections.abc import Mapping
from typing import Any

from pydantic.fields import FieldInfo

from abm.core.par import parameter, reader
from abm.document.explain import Shape
from abm.document.reading import Keys, keys_in, value_at
from abm.scenario.schema import Scenario


def parameter_at(data: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return unit, bounds, words and reader of the parameter at a dotted path of plain data; empty if there is none."""
    *owner, last = keys_in(data, path) or ("",)
    return known_of(str(last), _fields(data, tuple(owner)).get(str(last)))


def known_of(name: str, field: FieldInfo | None) -> dict[str, Any]:
    """Return the same of a field by its name; empty if it is no parameter."""
    extra = parameter(field) if field else {}
    if not extra or field is None:
        return {}
    read = reader(name, field)
    told = {"description": field.description or "", "is_whole": read.is_whole, "takes_bare": read.takes_bare}
    return {**extra, **told, "read": read}


def fields_at(data: Mapping[str, Any], path: str) -> Mapping[str, FieldInfo]:
    """Return the fields of the model at a dotted path; none at a list or a mapping."""
    return _fields(data, keys_in(data, path))


def _fields(data: Mapping[str, Any], keys: Keys) -> Mapping[str, FieldInfo]:
    return Shape.of(Scenario).at(keys, data).fields(value_at(data, keys))


def words_at(data: Mapping[str, Any], path: str) -> list[str]:
    """Return the words that are allowed at a dotted path; none where no words are."""
    return [one for one in Shape.of(Scenario).at(keys_in(data, path), data).choices() if isinstance(one, str)]
