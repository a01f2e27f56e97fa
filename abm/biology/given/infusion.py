"""An infusion of an antibody, by body surface, by body weight or the same for everybody, alone or as a course.

*Model*: a dose by body surface, body weight or flat flows into plasma at a constant rate from its moment on, over the
length of the infusion; steps begin and end with it.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from abm.biology.covariates import Covariates
from abm.biology.given.antibody import ANTIBODIES
from abm.core import words
from abm.core.addition import WHAT_IS_GIVEN, Addition, Dose
from abm.core.errors import Fault
from abm.core.par import par, refusal

USUAL_LENGTH_H, ROUNDING_H = 4.0, 1e-9


class Infusion(Addition):
    """A course of ``times`` infusions, one ``every`` so often.

    A course that is given ``unless_progressed`` is withheld as a whole where IgM has risen at its first infusion.
    """

    kind: ClassVar[str] = "infusion"
    scale: ClassVar = "body"
    needs: ClassVar[tuple[str, ...]] = ("pools.drug_ug_per_mL",)
    usual: ClassVar[Mapping[str, str]] = {"body": "375 mg/m2"}
    noun: ClassVar[str] = "an infusion"

    infusion: float | None = par(None, "mg/m2", WHAT_IS_GIVEN, "Antibody by body surface", ge=0, le=1e5)
    infusion_mg: float | None = par(None, "mg", WHAT_IS_GIVEN, "Antibody, a flat dose", ge=0, le=1e5)
    infusion_mg_per_kg: float | None = par(None, "mg/kg", WHAT_IS_GIVEN, "Antibody by body weight", ge=0, le=1e3)
    of: Literal[tuple(ANTIBODIES)] = "rituximab"  # type: ignore[valid-type]
    over: float = par("4 h", "h", "RituxanLabel; assumed: usual rate", "Length of an infusion", gt=0, le=1000)
    times: int = par(1, "1", "design: one infusion", "Infusions of the course", ge=1, le=1000)
    every: float = par("7 d", "h", "RituxanLabel", "Time between the infusions of a course", gt=0)
    unless_progressed: bool = False

    @model_validator(mode="after")
    def _has_room(self) -> "Infusion":
        if self.times > 1 and self.every < self.over:
            raise refusal(Fault(f"infusions of {self.over:g} h every {self.every:g} h overlap", "every"))
        return self

    @classmethod
    def faults(cls, given: Mapping[int, Any]) -> list[Fault]:
        """Refuse infusions of one antibody that overlap."""
        spans = sorted((one.of, t, t + one.over, index) for index, one in given.items() for t in one.moments)
        for (before, _, end, _), (of, start, _, index) in pairwise(spans):
            if of == before and start < end - ROUNDING_H:
                text = f"an infusion at {start:g} h begins before the one before it ends ({end:g} h)"
                return [Fault(text, f"{index}.at", allowed="infusions one after the other")]
        return []

    @classmethod
    def doses(
        cls, given: Mapping[int, Any], patient_at: Callable[[float], Any], stream: np.uint64, end_h: float
    ) -> list[Dose]:
        """Return every infusion, also those that may be withheld."""
        return [
            Dose(
                t,
                one.dose_mg(patient_at(t)),
                one.over,
                course=index if one.unless_progressed else None,
                antibody=one.of,
            )
            for index, one in given.items()
            for t in one.moments
        ]

    def dose_mg(self, patient: Covariates) -> Any:
        """Return what one infusion gives a patient, or each of several."""
        by_surface, by_weight, flat = (
            0.0 if amount is None else amount for amount in (self.infusion, self.infusion_mg_per_kg, self.infusion_mg)
        )
        return by_surface * patient.surface_m2 + by_weight * patient.weight_kg + flat

    @property
    def moments(self) -> list[float]:
        """Moments at which infusions begin, h."""
        return [self.at + k * self.every for k in range(self.times)]

    @property
    def ends(self) -> list[float]:
        """Moments at which infusions end, h."""
        return [t + self.over for t in self.moments]

    @property
    def antibody(self) -> str:
        """Name of the antibody."""
        return self.of

    @property
    def is_drug(self) -> bool:
        """Always; time counts from the first one."""
        return True

    @property
    def condition(self) -> str:
        """What withholds it."""
        return "unless_progressed" if self.unless_progressed else ""

    def words(self) -> str:
        """Return what a report says of it."""
        text = f"{self.amount_words()} {self.of.replace('_', ' ')}"
        if self.times == 1:
            text += self.when()
        else:
            text += f", {self.times} infusions, one every {words.moment(self.every)}{self.when('from', ' on')}"
        text += f", each over {words.moment(self.over)}" if self.over != USUAL_LENGTH_H else ""
        return text + (", withheld after progression" if self.unless_progressed else "")
