"""What was published of an arm, or of what the arms vary: numbers with a range or words, and where they stand."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from abm.core.errors import Fault
from abm.core.names import Label
from abm.core.par import Model, Quantity, refusal
from abm.scenario.references import unsourced

Share = Annotated[float | None, Quantity("1", {})]


class Observed(Model):
    """One observation of an arm, shown beside what is simulated; it changes nothing.

    ``of`` names a share in the summary of a run, such as ``lysis``; with ``beside`` it is relative to that of another
    arm. ``words`` say what is told without a number, such as "blocked".
    """

    of: str = Field(min_length=1)
    value: Share = None
    lo: Share = None
    hi: Share = None
    words: Label = ""
    beside: str = ""
    source: str

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.value is None and not self.words:
            raise refusal(Fault("neither a value nor words", allowed="value, words or both"))
        ends = [end for end in (self.lo, self.hi) if end is not None]
        if ends and (len(ends) < 2 or self.value is None or not ends[0] <= self.value <= ends[1]):
            raise refusal(Fault("lo and hi do not hold the value between them", allowed="lo <= value <= hi"))
        if faults := unsourced(self.source):
            raise refusal(*faults)
        return self


class Half(Model):
    """Between which values of what the arms vary half of the most is lysed, as was published."""

    lo: float = Field(gt=0)
    hi: float = Field(gt=0)
    source: str

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        faults = unsourced(self.source)
        if self.lo > self.hi:
            faults.append(Fault(f"{self.lo:g} is above {self.hi:g}", "lo", allowed="at most hi"))
        if faults:
            raise refusal(*faults)
        return self
