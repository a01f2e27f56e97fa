"""What only a person can answer of a model's credibility, asked in one YAML file with a comment for each question.

Risk follows ASME2018 (V&V 40): what hangs on the model, times what a wrong decision does.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from abm.core.errors import Fault, nearest
from abm.core.measure import Measure
from abm.core.par import Model, refusal
from abm.document.load import resolve, validate

Level = Literal["low", "medium", "high"]
LEVELS: tuple[Level, ...] = ("low", "medium", "high")
RISK: dict[tuple[Level, Level], Level] = {  # influence, consequence
    ("low", "low"): "low", ("low", "medium"): "low", ("low", "high"): "medium",
    ("medium", "low"): "low", ("medium", "medium"): "medium", ("medium", "high"): "high",
    ("high", "low"): "medium", ("high", "medium"): "high", ("high", "high"): "high",
}  # fmt: skip
MEASURES = (
    Measure("in_sample_frac", "1", "claims that hold, of those that may be calibrated on"),
    Measure("out_of_sample_frac", "1", "claims that hold, of goals, and of predictions not told to the sets that ship"),
    Measure("left_out_frac", "1", "numbers inside their predicted 95 %, of papers left out"),
    Measure("half_step_points", "1", "largest change of a result when the step is halved, percentage points"),
    Measure("agents_points", "1", "largest change of a result with another number of agents, percentage points"),
    Measure("interval_points", "1", "largest half of a 95 % interval over replicates, percentage points"),
    Measure("conservation_failed", "1", "conservation checks that failed"),
    Measure("k_hat", "1", "k-hat of the calibration: the less, the better emulators and model agree"),
)
NAMES = tuple(measure.name for measure in MEASURES)
WIDTH = 110


class Criterion(Model):
    """A technical criterion: what is measured, and its limit."""

    measure: str
    at_least: float | None = None
    at_most: float | None = None
    because: str = ""

    @model_validator(mode="after")
    def _known_and_limited(self) -> Criterion:
        if self.measure not in NAMES:
            near, allowed = nearest(self.measure, NAMES), ", ".join(NAMES)
            raise refusal(
                Fault(f"nothing called {self.measure!r} is measured", "measure", allowed=allowed, nearest=near)
            )
        if (self.at_least is None) is (self.at_most is None):
            raise refusal(Fault("a criterion has one limit", allowed="at_least or at_most"))
        return self

    @property
    def limit(self) -> str:
        """What is asked for."""
        return f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"

    def holds(self, value: float) -> bool:
        """Whether a value is on the right side of the limit."""
        return (
            value >= self.at_least if self.at_least is not None else self.at_most is not None and value <= self.at_most
        )


def asked(words: str) -> str:
    """Return an empty answer to a question."""
    found: str = Field("", description=words)
    return found


def level(words: str) -> Level | None:
    """Return no level, as the answer to a question."""
    found: Level | None = Field(None, description=f"{words} low, medium or high")
    return found


class Answers(Model):
    """Answers; an empty one is open."""

    question: str = asked("Question of interest: which question or decision is the model meant to help with?")
    context: str = asked("Context of use: what is the model used for, beside which other evidence, and for what not?")
    influence: Level | None = level("Model influence: how much of the decision rests on the model?")
    influence_because: str = asked("Why, and what else the decision rests on.")
    consequence: Level | None = level("Consequence of a wrong decision: how bad is it, and for whom?")
    consequence_because: str = asked("Why.")
    impact: Level | None = level("Model impact: how far does what follows from the model depart from usual practice?")
    impact_because: str = asked("Why.")
    appropriateness: str = asked("Appropriateness: why is a model of this kind, size and scale right for the question?")
    data_used: str = asked("Data used: where they come from, who chose them, and why they are relevant.")
    data_left_out: str = asked("Data left out: which, and why.")
    data_bias: str = asked("Bias: in which direction may the data mislead?")
    assumptions: str = asked("Assumptions: which of those listed matter for the question, and what if they are wrong?")
    alternatives: str = asked("Alternatives: which other models or mechanisms were considered, and why not taken?")
    applicability: str = asked("Applicability: how far is the question from what the model was validated on?")
    deviations: str = asked("Deviations from the plan: what was done otherwise, when, and why? If nothing, say so.")
    criteria: tuple[Criterion, ...] = Field(
        (), description="Technical criteria, set before the results are known: a measure, its limit, and why."
    )

    @property
    def risk(self) -> Level | None:
        """Risk, where influence and consequence are known."""
        return RISK[self.influence, self.consequence] if self.influence and self.consequence else None


def read(file: Path | None) -> Answers:
    """Return the answers of a file, all open without one.

    Raises
    ------
    InputError
        All faults of the file, with their places.
    """
    return validate(Answers, resolve(file, (), Answers)) if file else Answers()


def template(scenario: str) -> str:
    """Return the file that asks everything, each question as a comment."""
    return "\n".join(_lines(scenario)) + "\n"


def _lines(scenario: str) -> Iterator[str]:
    yield f"# What only a person can answer for: abm credibility {scenario} --answers THIS_FILE"
    yield "# What is left empty is shown as open. Longer texts: key: >- and indented lines below."
    for name, field in Answers.model_fields.items():
        yield ""
        yield from textwrap.wrap(field.description or "", WIDTH, initial_indent="# ", subsequent_indent="# ")
        if name == "criteria":
            yield from (f"#   {one.name}: {one.words}" for one in MEASURES)
            yield '#   criteria: [{measure: out_of_sample_frac, at_least: 0.7, because: "..."}]'
        yield f"{name}: {_empty(field.default)}"


def _empty(value: object) -> str:
    return {"": '""', None: "null", (): "[]"}[value]  # type: ignore[index]
