"""Every parameter of a scenario as a table: path, value, unit, source, description, default or overridden."""

from typing import Any

from pydantic import BaseModel

from abm.core.par import key_of, parameter
from abm.scenario.schema import Scenario

COLUMNS = ("name", "value", "unit", "source", "description", "origin")


def parameters(scenario: Scenario) -> dict[str, list[str]]:
    """Return the columns of ``parameters.csv``."""
    rows = list(walk(scenario, ""))
    return {name: [str(row[i]) for row in rows] for i, name in enumerate(COLUMNS)}


def walk(model: BaseModel, path: str = "") -> Any:
    """Yield every parameter of a model, and of those in it, as in COLUMNS; names begin with a path."""
    for name, field in type(model).model_fields.items():
        value, key = getattr(model, name), f"{path}{key_of(name, field)}"
        extra = parameter(field)
        if extra and not isinstance(value, BaseModel | None):
            origin = "default" if value == field.default else "overridden"
            yield key, value, extra["unit"], extra["source"], field.description or "", origin
        elif isinstance(value, BaseModel):
            yield from walk(value, f"{key}.")
        elif isinstance(value, dict):
            for label, entry in value.items():
                if isinstance(entry, BaseModel):
                    yield from walk(entry, f"{key}.{label}.")
        elif isinstance(value, tuple):
            for index, entry in enumerate(value):
                if isinstance(entry, BaseModel):
                    yield from walk(entry, f"{key}.{index}.")
