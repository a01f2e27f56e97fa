"""What was observed of an arm, published or one's own, or of what the arms vary: numbers with a range, or words."""

from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from abm.core.errors import Fault
from abm.core.measure import Measure
from abm.core.names import Label
from abm.core.par import Model, Quantity, par, refusal
from abm.scenario.references import unsourced
from abm.statistics.intervals import Interval, wilson

Number = Annotated[float | None, Quantity("1", {})]
OWN = "measured:"  # begins the source of what nobody has published


class Observed(Model):
    """One observation of an arm, shown beside what is simulated; it changes nothing.

    ``of`` names what a run tells: a share in its summary, such as ``lysis``, or a column of its series at a ``time``.
    The value has ``lo`` and ``hi`` as published, or ``sd``, or is ``k`` of ``n``; ``unit`` is that of all of them,
    without it that of the measure. With ``beside`` a share is relative to that of another arm. ``words`` say what is
    told without a number, such as "blocked". Of one ``group``, such as a patient, is what was seen again and again.
    With ``cd20`` it is of cells with about so much CD20 at the start.
    """

    of: str = Field(min_length=1)
    time: float | None = par(None, "h", "design: as it was seen", "Moment; left out, the end of the run", ge=0)
    cd20: float | None = par(
        None, "molecules/cell", "design: as it was seen", "CD20 at the start of the cells that were seen", ge=0
    )
    value: Number = None
    lo: Number = None
    hi: Number = None
    sd: Annotated[float | None, Quantity("1", {"ge": 0.0})] = None
    k: int | None = Field(None, ge=0)
    n: int | None = Field(None, ge=1)
    unit: str = ""
    words: Label = ""
    beside: str = ""
    group: Label = ""
    source: str

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.k is not None and (self.n is None or self.k > self.n or self.value is not None):
            raise refusal(Fault("k is not counted of n", allowed="k <= n, in place of a value"))
        if self.value is None and self.k is None and not self.words:
            raise refusal(Fault("neither a value nor words", allowed="value, words or both"))
        ends = [end for end in (self.lo, self.hi) if end is not None]
        if ends and (len(ends) < 2 or self.value is None or not ends[0] <= self.value <= ends[1]):
            raise refusal(Fault("lo and hi do not hold the value between them", allowed="lo <= value <= hi"))
        if self.sd is not None and (ends or self.value is None):
            raise refusal(Fault("sd stands beside lo and hi, or without a value", "sd", allowed="one of the two"))
        if not self.source.startswith(OWN) and (faults := unsourced(self.source)):
            raise refusal(*faults)
        return self

    def interval(self, measure: Measure) -> Interval:
        """Return the value in a measure's unit, with lo and hi, one sd to each side, or Wilson's of k in n, or NaN."""
        if self.k is not None and self.n is not None:
            return wilson(self.k, self.n)
        mid, sd = _known(self.value), _known(self.sd)
        ends = (mid - sd, mid + sd) if self.sd is not None else (_known(self.lo), _known(self.hi))
        return Interval(mid, *ends).times(measure.times_of(self.unit) if self.unit else 1.0)


def _known(value: float | None) -> np.ndarray:
    return np.array(np.nan if value is None else value)


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
