"""What a study or a calibration says of one path: its values, or the range they are drawn from."""

from typing import Any, Literal

from pydantic import GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from abm.core.errors import Fault
from abm.core.par import Model, refusal


class Axis(Model):
    """The values of one path, or the range they are drawn from."""

    values: tuple[Any, ...] = ()
    lo: int | float | str | None = None
    hi: int | float | str | None = None
    scale: Literal["linear", "log", "inverse"] = "linear"

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        """Take a bare list as the values."""
        return {"values": data} if isinstance(data, list | tuple) else data

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Let editors take a bare list."""
        return {"anyOf": [{"type": "array"}, handler(schema)]}

    @model_validator(mode="after")
    def _one_way(self) -> "Axis":
        if self.values and (self.lo is not None or self.hi is not None):
            raise refusal(Fault("an axis has values or a range, found both", allowed="values, or lo and hi"))
        return self
