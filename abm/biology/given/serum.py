"""Human serum, a share of the well's volume, whole or lacking some of its constituents."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import model_validator

from abm.biology.serum import CONSTITUENTS, Serum
from abm.core import words
from abm.core.addition import WHAT_IS_GIVEN, Addition, above_the_whole, dissolve
from abm.core.errors import Fault
from abm.core.par import par, refusal
from abm.core.world import World

NAMES = {"igg": "IgG", "igm_serum": "IgM", "dheas": "DHEAS", "c1q": "C1q", "c2c4": "C2/C4", "c3": "C3", "c5c9": "C5–C9"}


class SerumGiven(Addition):
    """Serum of the donor that the scenario describes."""

    kind: ClassVar[str] = "serum"
    usual: ClassVar[Mapping[str, str]] = {"well": "25 %"}

    serum: float = par(..., "1", WHAT_IS_GIVEN, "Human serum, fraction of the volume", ge=0, le=1)
    lacking: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_it(self) -> "SerumGiven":
        known = ("complement", *CONSTITUENTS)
        for index, name in enumerate(self.lacking):
            if name not in known:
                raise refusal(Fault(f"serum has no {name!r}", f"lacking.{index}", allowed=", ".join(known)))
        return self

    @classmethod
    def faults(cls, given: Mapping[int, Any]) -> list[Fault]:
        """Refuse more than the whole well."""
        return above_the_whole(given)

    def enter(self, world: World, known: Mapping[str, Any]) -> None:
        """Dissolve its constituents."""
        serum: Serum = known["serum"]
        for name, nM in serum.constituents(self.serum, self.lacking, known["covariates"]).items():  # noqa: N806 - a unit
            dissolve(world, name, nM)

    def words(self) -> str:
        """Return what a report says of it."""
        lacking = words.listing([NAMES.get(one, one) for one in self.lacking])
        return f"serum {self.amount_words()}" + (f" lacking {lacking}" if lacking else "") + self.when()
