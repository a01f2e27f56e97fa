"""The JSON Schema by which an editor completes and checks a file, and says of every key what it is.

A file may leave out what the one that it extends has, and switch an entry off with ``null``.
"""

from typing import Any

from pydantic import BaseModel

from abm.core.par import bounds_text

SIGNS = {"minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt"}
EXTENDS = "A file, or the name of one that ships, whose content comes first; a list names several."


def schema_of(model_class: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of the files that say what a model holds."""
    schema = model_class.model_json_schema()
    for part in [schema, *schema.get("$defs", {}).values()]:
        for field in part.get("properties", {}).values():
            _tell(field)
    _loosen(schema)
    extends = {"description": EXTENDS, "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    return {**schema, "properties": {"extends": extends, **schema["properties"]}}


def _tell(field: dict[str, Any]) -> None:
    """Let what is said of a parameter name unit, bounds, default and source; a title that repeats its key goes."""
    field.pop("title", None)
    if "unit" not in field:
        return
    unit = "" if field["unit"] == "1" else f" {field['unit']}"
    found: dict[str, Any] = next((part for part in (field, *field.get("anyOf", ())) if SIGNS.keys() & part.keys()), {})
    bounds = bounds_text({SIGNS[name]: bound for name, bound in found.items() if name in SIGNS})
    default = field.get("default")
    told = [f"unit {field['unit']}" if unit else "a pure number", bounds]
    told += [f"default {default}{unit}"] if isinstance(default, int | float | str) else []
    field["description"] = f"{field['description']}; {', '.join(part for part in told if part)}. {field['source']}"


def _loosen(part: Any) -> None:
    """Allow in every part what merging with other files allows."""
    if isinstance(part, list):
        for entry in part:
            _loosen(entry)
    elif isinstance(part, dict):
        if isinstance(part.get("required"), list):
            del part["required"]
        if "oneOf" in part:
            part["anyOf"] = part.pop("oneOf")
        for name, entry in part.get("patternProperties", {}).items():
            part["patternProperties"][name] = _or_null(entry)
        if isinstance(part.get("additionalProperties"), dict):
            part["additionalProperties"] = _or_null(part["additionalProperties"])
        for entry in part.values():
            _loosen(entry)


def _or_null(entry: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [entry, {"type": "null"}]}
