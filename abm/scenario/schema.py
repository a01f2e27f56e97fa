"""What a scenario file may say: the frozen, validated content of one YAML file."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import PrivateAttr, model_validator

from abm.biology.covariates import USUAL_GENOTYPE
from abm.core.par import refusal
from abm.core.space import Body
from abm.scenario.arms import converted
from abm.scenario.checks import consistency_faults
from abm.scenario.content import Content


class Scenario(Content):
    """One experiment: cells, processes, arms, and how long and how finely it is simulated."""

    _told: tuple[str, ...] = PrivateAttr(())

    def __eq__(self, other: object) -> bool:
        """Whether another scenario says the same, under whatever names its file said it."""
        return isinstance(other, Scenario) and dict(self) == dict(other)

    @property
    def told(self) -> tuple[str, ...]:
        """Warnings that reading its files gave."""
        return self._told

    def telling(self, warnings: Iterable[str]) -> "Scenario":
        """Return the same scenario with more warnings."""
        other = self.model_copy()
        other._told = tuple(dict.fromkeys((*self._told, *warnings)))
        return other

    @model_validator(mode="before")
    @classmethod
    def _in_own_units(cls, data: Any) -> Any:
        """Convert what is added by what the scenario says, such as the molecular weight of an antibody."""
        return converted(data) if isinstance(data, Mapping) else data

    @model_validator(mode="before")
    @classmethod
    def _usual_genotype(cls, data: Any) -> Any:
        """Give the subject the usual genotype of its scale where none is named."""
        said = data.get("covariates", {}) if isinstance(data, Mapping) else None
        if not isinstance(said, Mapping) or "fcgr3a" in said:
            return data
        space = data.get("space", {})
        is_body = isinstance(space, Body) or (isinstance(space, Mapping) and space.get("kind") == "body")
        return {**data, "covariates": {**said, "fcgr3a": USUAL_GENOTYPE["body" if is_body else "well"]}}

    @model_validator(mode="after")
    def _consistent(self) -> "Scenario":
        faults = consistency_faults(self)
        if faults:
            raise refusal(*faults)
        return self
