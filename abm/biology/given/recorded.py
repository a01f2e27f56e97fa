"""The doses of a patient's own record, as a table of doses has them; each patient has others."""

from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple

from abm.biology.given.antibody import ANTIBODIES
from abm.biology.given.infusion import Infusion
from abm.core import words
from abm.core.addition import WHAT_IS_GIVEN, Addition
from abm.core.par import par
from abm.core.units import quantity_text


class Record(NamedTuple):
    """One row of doses.

    Attributes
    ----------
    t_h, mg : float
        When the first begins, and how much each is.
    over_h : float or None
        How long each flows in, if that is known.
    n, every_h : int, float
        How many they are, one every so often.
    compartment : int
        Into which.
    protocol : str
        Name of the only arm for which it is recorded; all, if empty.
    line : int
        Of the file.
    """

    t_h: float
    mg: float
    over_h: float | None = None
    n: int = 1
    every_h: float = 0.0
    compartment: int = 1
    protocol: str = ""
    line: int = 0


class Recorded(Addition):
    """What a patient's record says, or a share of it; times of the record count from ``at``."""

    kind: ClassVar[str] = "recorded"
    scale: ClassVar = "body"
    needs: ClassVar[tuple[str, ...]] = ("pools.drug_ug_per_mL",)
    usual: ClassVar[Mapping[str, str]] = {}
    noun: ClassVar[str] = "a record"

    recorded: float | None = par(None, "1", WHAT_IS_GIVEN, "Share of the recorded amounts", ge=0, le=100)
    of: Literal[tuple(ANTIBODIES)] = "rituximab"  # type: ignore[valid-type]
    compartment: int = par(1, "1", "design: as NONMEM counts", "Number in CMT of its doses", ge=1, le=99)
    over: float = par(
        "4 h", "h", "RituxanLabel; assumed: usual rate", "Length where the record says no rate", gt=0, le=1000
    )

    def infusion(self, record: Record) -> Infusion:
        """Return a row of a record as infusions.

        Raises
        ------
        ValidationError
            Infusions cannot be like that.
        """
        said = {"at": self.at + record.t_h, "over": record.over_h or self.over}
        said |= {"every": record.every_h} if record.n > 1 else {}
        times = {name: quantity_text(t_h, "h") for name, t_h in said.items()}
        amount = {"infusion_mg": self.amount * record.mg, "times": record.n, "of": self.of}
        return Infusion.model_validate(amount | times)

    @property
    def antibody(self) -> str:
        """Name of the antibody."""
        return self.of

    @property
    def is_drug(self) -> bool:
        """Always; time counts from the first dose."""
        return True

    def words(self) -> str:
        """Return what a report says of it."""
        drug = self.of.replace("_", " ")
        return f"{drug} as recorded{self.amount_words()}{self.when('from', ' on')}"

    def amount_words(self) -> str:
        """Return the share, where it is not all."""
        return "" if self.amount == 1.0 else f", {words.share(self.amount)} of each dose"
