"""What a scenario may say of patients who are not drawn at a burden: when an untreated clone brings them in."""

from typing import Self

from pydantic import model_validator

from abm.core.errors import Fault
from abm.core.par import par, refusal
from abm.core.words import listing
from abm.readouts.igm_measures import IGM
from abm.readouts.individual import SYMPTOMS, Symptoms

CHOSEN = "design: chosen per cohort"
SEEN = {"igm": IGM, **SYMPTOMS}  # what each rule is about, as the series calls it


class Entry(Symptoms):
    """The check-up at which a patient enters: the first at which a rule holds of the clone that has grown untreated.

    ``igm`` is a level; symptoms come from a threshold of the patient's own, that of ``end_points`` where the range is
    the same. Who has those of ``unless`` by then does not enter, nor who reaches nothing ``within`` the time.
    """

    igm: float | None = par(None, "g/L", CHOSEN, "Serum IgM from which patients enter", gt=0, le=300)
    unless: Symptoms = Symptoms()
    every: float = par("6 months", "h", "assumed: visits of those who watch and wait", "Between check-ups", gt=0)
    within: float = par("30 years", "h", "assumed: the rest of a life", "Longest untreated growth", gt=0, le=24 * 36525)
    from_cells: float = par(1e9, "1", "assumed: far below what is seen", "Cells of the early clone", gt=0, le=1e14)

    @model_validator(mode="after")
    def _can_happen(self) -> Self:
        if not (self.igm or self.hyperviscosity or self.anaemia):
            raise refusal(Fault("no rule by which patients enter", allowed=", ".join(SEEN)))
        if self.every > self.within:
            text = f"check-ups every {self.every:g} h: the first is after the end, {self.within:g} h"
            raise refusal(Fault(text, "every", allowed=f"at most {self.within:g} h", beside=("within",)))
        return self

    @property
    def words(self) -> str:
        """Say what patients reach when they enter: "30 g/L of IgM or anaemia"."""
        igm = [f"{self.igm:g} g/L of IgM"] if self.igm is not None else []
        return listing([*igm, *(name for name in SYMPTOMS if dict(self)[name])], "or")

    def thresholds(self, seed: int, replicate: int) -> dict[str, float]:
        """Return from which level on which rule holds of a patient."""
        levels = {"igm": self.igm} if self.igm is not None else {}
        return levels | super().thresholds(seed, replicate)
