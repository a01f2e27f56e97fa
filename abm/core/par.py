"""Parameters that carry their unit, bounds and source, and the strict frozen model that holds them."""

import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from abm.core.errors import Fault
from abm.core.units import UnitError, like, names_its_unit, parse_quantity, quantity_text, split_quantity, unit_of

BOUNDS = ("ge", "gt", "le", "lt")
PLAIN = {bool, int, float, str, type(None)}
SCHEMA_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def par(
    default: Any,
    unit: str,
    source: str,
    description: str,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
) -> Any:
    """Declare a parameter of a `Model`.

    Parameters
    ----------
    default : object
        Value in `unit`, or a text such as ``"24 h"``; ``...`` where the user must give one.
    unit : str
        Unit of the value, ``1`` for pure numbers.
    source : str
        Keys of the bibliography, ``assumed: why``, ``fitted: to what`` or ``design: why``.
    description : str
        What it is, in a few words.
    ge, gt, le, lt : float, optional
        Bounds in `unit`; of a tuple or mapping they bound every value.

    Raises
    ------
    UnitError
        The unit is not in the table.
    ValueError
        Source or description is empty, or the default is out of bounds.
    """
    unit_of(unit)
    if not source.strip() or not description.strip():
        raise ValueError("a parameter needs a source and a description")
    if isinstance(default, str) and _begins_as_number(default):
        default = parse_quantity(default, unit)
    bounds: dict[str, Any] = {"ge": ge, "gt": gt, "le": le, "lt": lt}
    bounds = {name: bound for name, bound in bounds.items() if bound is not None}
    for value in _numbers(default):
        if not _within(value, bounds):
            raise ValueError(f"default {value!r} is not {bounds_text(bounds)}")
    field: FieldInfo = Field(default, description=description, json_schema_extra={"unit": unit, "source": source})
    field.metadata.append(Quantity(unit, bounds))
    return field


def describe(model_class: type[BaseModel]) -> list[dict[str, Any]]:
    """List the parameters of a model.

    Returns
    -------
    list of dict
        One per parameter: name, default (``...`` if required), unit, source, description, ge, gt, le, lt.
    """
    rows = []
    for name, field in model_class.model_fields.items():
        extra = parameter(field)
        if extra:
            default = ... if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
            row = {"name": name, "default": default, "unit": extra["unit"], "source": extra["source"]}
            rows.append({**row, "description": field.description, **{bound: extra.get(bound) for bound in BOUNDS}})
    return rows


def parameter(field: FieldInfo) -> dict[str, Any]:
    """Return unit, source and bounds of a field made by `par`; empty for any other field."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return next(({**extra, **mark.bounds} for mark in field.metadata if isinstance(mark, Quantity)), {})


def reader(key: str, field: FieldInfo) -> "Reader":
    """Return the reader that converts and checks values of a field made by `par`."""
    mark = next(mark for mark in field.metadata if isinstance(mark, Quantity))
    return Reader(key, field.annotation, mark)


def bounds_text(bounds: Mapping[str, Any], unit: str = "") -> str:
    """Say what the bounds allow: ``>= 0 and <= 1``."""
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    known = [(signs[name], bounds[name]) for name in BOUNDS if bounds.get(name) is not None]
    text = " and ".join(f"{sign} {f'{one:.12g}' if isinstance(one, float) else one}" for sign, one in known)
    return f"{text} {unit}" if text and unit not in ("", "1") else text


def refusal(*faults: Fault) -> PydanticCustomError:
    """Make an error that a validator raises to report faults with a path, what is allowed and a spelling.

    Parameters
    ----------
    *faults : Fault
        Their paths are relative to the model or field that is validated.
    """
    return PydanticCustomError("fault", "{text}", {"text": "\n".join(map(str, faults)), "faults": faults})


class Model(BaseModel):
    """Frozen parameters: unknown keys, silent coercions, NaN and infinities are refused.

    Texts such as ``"24 h"`` are converted to the field's unit. A plain number is taken only where the key ends
    in its unit (``rate_per_h``) or the value is a pure number or a count.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, data: Any) -> Any:
        """Make plain Python types of what YAML and NumPy give: a list is a tuple wherever no list is asked for."""
        if not isinstance(data, Mapping):
            return data
        lists = _lists(cls)
        return {str(key): _plain_types(value, keep_lists=key in lists) for key, value in data.items()}


@dataclass(frozen=True)
class Quantity:
    """Marks a field whose numbers have a unit and bounds; `par` puts it there."""

    unit: str
    bounds: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, annotation: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Convert and check the bounds before pydantic's own validation."""
        read = Reader(handler.field_name or "", annotation, self)
        change = partial(_each_or_refuse, read)
        if any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in get_args(annotation)):
            change = partial(_unless_model, change)
        return core_schema.no_info_before_validator_function(change, handler(annotation))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Let editors accept texts with units, and show the bounds in the schema's own words."""
        entry = handler(schema)
        _accept_quantities(entry, {SCHEMA_BOUNDS[name]: bound for name, bound in self.bounds.items()})
        return entry


class Reader:
    """Converts one value of a field to the field's unit and checks its bounds.

    Parameters
    ----------
    name : str
        Key of the field; where it names the unit, plain numbers are taken.
    annotation : type
        Of the field.
    quantity : Quantity
        Its unit and bounds.
    """

    def __init__(self, name: str, annotation: Any, quantity: Quantity):
        self.unit = quantity.unit
        self.bounds = quantity.bounds
        self.takes_bare = takes_bare_numbers(name, quantity.unit)
        kinds = _kinds(annotation)
        self.is_whole = int in kinds and float not in kinds
        self.takes_words = str in kinds or Literal in kinds

    def __call__(self, value: Any) -> Any:
        """Return the value in the unit of the field; what is not a finite number is left to pydantic."""
        if not (_is_finite_number(value) or self._is_number_text(value)):
            return value
        value = self.in_unit(value)
        if not _within(value, self.bounds):
            text = f"{value:.12g}" if isinstance(value, float) else str(value)
            raise UnitError(f"found {text}, out of bounds", bounds_text(self.bounds, self.unit))
        return int(value) if self.is_whole and isinstance(value, float) and value.is_integer() else value

    def in_unit(self, value: Any) -> float:
        """Return a number, or a text with a number, in the unit of the field; bounds are not checked."""
        if isinstance(value, str):
            return self._from_text(value)
        if not self.takes_bare:
            raise UnitError(f"unit missing: found the number {value}", like(self.unit))
        return value

    def _is_number_text(self, value: Any) -> bool:
        return isinstance(value, str) and (_begins_as_number(value) or not self.takes_words)

    def _from_text(self, text: str) -> float:
        number = parse_quantity(text, self.unit)
        if not split_quantity(text, self.unit)[1]:
            raise UnitError(f"found the text '{text}'", "a number without quotes, or one with its unit")
        return number


def kind_of(value: Any, default: str | None = None) -> str | None:
    """Return the ``kind`` that plain data, or a model, states; the default where it states none."""
    return value.get("kind", default) if isinstance(value, Mapping) else getattr(value, "kind", default)


def plain(model: BaseModel) -> dict[str, Any]:
    """Return a model as plain data, by alias, that validates to an equal model.

    Values whose key names no unit are written with their unit (``"24 h"``).
    """
    return {key: _plain_value(getattr(model, name), unit) for name, key, unit in _written(type(model))}


@cache
def _written(model_class: type[BaseModel]) -> list[tuple[str, str, str]]:
    """Return name and key of every field, and the unit with which it is written, empty where the key names it."""
    found = []
    for name, field in model_class.model_fields.items():
        key, unit = key_of(name, field), parameter(field).get("unit", "1")
        found.append((name, key, "" if takes_bare_numbers(key, unit) else unit))
    return found


@cache
def _lists(model_class: type[BaseModel]) -> set[str]:
    """Return the keys of fields that are lists."""
    fields = model_class.model_fields.items()
    return {key_of(name, field) for name, field in fields if "list[" in str(field.annotation)}


def key_of(name: str, field: FieldInfo) -> str:
    """Return the key of a field in YAML: its alias, if it has one."""
    return field.alias or name


def takes_bare_numbers(key: str, unit: str) -> bool:
    """Whether a plain number needs no unit: the key names it, or there is none."""
    return unit_of(unit).is_number or names_its_unit(key, unit)


def _plain_value(value: Any, unit: str) -> Any:
    if isinstance(value, BaseModel):
        return plain(value)
    if isinstance(value, Mapping):
        return {str(key): _plain_value(entry, unit) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_value(entry, unit) for entry in value]
    value = _plain_types(value)
    return quantity_text(value, unit) if unit and isinstance(value, int | float) else value


def _plain_types(value: Any, keep_lists: bool = False) -> Any:
    """Turn scalar subclasses of ruamel and NumPy into Python's own, and lists into tuples."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, list | tuple):
        entries = [_plain_types(entry, keep_lists) for entry in value]
        return entries if keep_lists else tuple(entries)
    if isinstance(value, dict):
        return {_plain_types(key): _plain_types(entry, keep_lists) for key, entry in value.items()}
    if isinstance(value, bool) or type(value).__name__ == "ScalarBoolean":
        return bool(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if isinstance(value, numbers.Real) else value


def _accept_quantities(schema: dict[str, Any], bounds: Mapping[str, Any]) -> None:
    if schema.get("type") in ("number", "integer"):
        schema.update({"type": [schema["type"], "string"], **bounds})
    parts = [*schema.get("anyOf", []), *schema.get("prefixItems", [])]
    for part in [*parts, schema.get("items"), schema.get("additionalProperties")]:
        if isinstance(part, dict):
            _accept_quantities(part, bounds)


def _each(value: Any, change: Callable[[Any, tuple], Any], path: tuple) -> Any:
    """Apply a function to every scalar of nested sequences and mappings."""
    if isinstance(value, list | tuple):
        return type(value)(_each(entry, change, (*path, i)) for i, entry in enumerate(value))
    if isinstance(value, dict):
        return {key: _each(entry, change, (*path, key)) for key, entry in value.items()}
    return change(value, path)


def _each_or_refuse(change: Callable[[Any], Any], value: Any) -> Any:
    """Apply a function to every scalar and raise what it refuses all at once."""
    faults: list[Fault] = []

    def attempt(scalar: Any, path: tuple) -> Any:
        try:
            return change(scalar)
        except UnitError as error:
            faults.append(Fault(str(error), ".".join(map(str, path)), allowed=error.allowed, nearest=error.nearest))

    changed = _each(value, attempt, ())
    if faults:
        raise refusal(*faults)
    return changed


def _unless_model(change: Callable[[Any], Any], value: Any) -> Any:
    """Leave what is for a model beside the number to that model."""
    return value if isinstance(value, Mapping | BaseModel) else change(value)


def _numbers(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [number for entry in value for number in _numbers(entry)]
    if isinstance(value, dict):
        return _numbers(list(value.values()))
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def _within(value: float, bounds: Mapping[str, Any]) -> bool:
    above = value >= bounds.get("ge", -float("inf")) and value > bounds.get("gt", -float("inf"))
    return above and value <= bounds.get("le", float("inf")) and value < bounds.get("lt", float("inf"))


def _is_finite_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _kinds(annotation: Any) -> set:
    """Return every type named in an annotation, origins included."""
    inner = {kind for part in get_args(annotation) if get_origin(annotation) is not Literal for kind in _kinds(part)}
    return {annotation, get_origin(annotation)} & {int, float, str, Literal} | inner


def _begins_as_number(text: str) -> bool:
    return text.lstrip()[:1] in tuple("+-.0123456789") and text.strip() not in ("", "+", "-", ".")
