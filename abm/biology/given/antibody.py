"""An antibody dissolved in the medium: one kind for every file of ``biology/antibody`` that describes one.

*Model*: 1 ug/mL is 1000 / ``mw_kDa`` nM, all of it in the medium at its moment.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import ValidationError, create_model

import abm.biology.antibody
from abm.biology.antibody.antibody import Antibody
from abm.core.addition import WHAT_IS_GIVEN, Addition, dissolve, has_dimension_of
from abm.core.par import par
from abm.core.process import discover
from abm.core.units import parse_quantity, quantity_text
from abm.core.world import World

ANTIBODIES: dict[str, type[Antibody]] = discover(abm.biology.antibody, Antibody)


class AntibodyGiven(Addition):
    """An antibody by its mass concentration; a molar one goes by the molecular weight that the scenario gives it."""

    usual: ClassVar[Mapping[str, str]] = {"well": "10 ug/mL"}

    @classmethod
    def converted(cls, data: Mapping[str, Any], scenario: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a molar dose as a mass concentration."""
        text, drugs = data.get(cls.kind), scenario.get("antibodies")
        if not has_dimension_of(text, "nM"):
            return data
        given = drugs.get(cls.kind) if isinstance(drugs, Mapping) else None
        return dict(data) | {cls.kind: quantity_text(parse_quantity(str(text), "ug/mL", kDa(cls.kind, given)), "ug/mL")}

    @property
    def antibody(self) -> str:
        """Name of the antibody."""
        return self.kind

    @property
    def is_drug(self) -> bool:
        """Always; time counts from the first one."""
        return True

    def enter(self, world: World, known: Mapping[str, Any]) -> None:
        """Dissolve it."""
        drug: Antibody = known[self.kind]
        dissolve(world, f"antibody_{self.kind}", self.amount * drug.nM_per_ug_per_mL())


def kDa(kind: str, given: Any) -> float:  # noqa: N802 - a unit
    """Return an antibody's molecular weight as plain data give it, the usual one where they do not or cannot."""
    try:
        return float(ANTIBODIES[kind].model_validate(given or {}).mw_kDa)
    except ValidationError:
        return float(ANTIBODIES[kind]().mw_kDa)


def in_medium(kind: str) -> type[AntibodyGiven]:
    """Return the kind of addition that puts this antibody into a well."""
    amount = par(..., "ug/mL", WHAT_IS_GIVEN, f"{kind} in the well", ge=0, le=1e6)
    name = f"{ANTIBODIES[kind].__name__}Given"
    found = create_model(name, __base__=AntibodyGiven, __module__=__name__, **{kind: (float, amount)})
    found.kind, found.__doc__ = kind, AntibodyGiven.__doc__
    return found


IN_MEDIUM = {kind: in_medium(kind) for kind in ANTIBODIES}
