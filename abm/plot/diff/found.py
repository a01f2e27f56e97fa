"""All that differs between two runs, found once for the terminal, for JSON and for the page."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from abm.plot import arms
from abm.plot.diff.inputs import Change, changes, is_same_model, models
from abm.plot.diff.numbers import Number, Replicates, numbers, replicates, verdict
from abm.plot.diff.outputs import Bytes, bytes_of
from abm.plot.tables import Tables
from abm.results.tables import ReadError


@dataclass(frozen=True)
class Diff:
    """Two finished runs of one kind, A and B.

    Parameters
    ----------
    a, b : Tables
        What is read is kept, so that it is read once.

    Raises
    ------
    ReadError
        They are of unlike kinds, or one has not finished.
    """

    a: Tables
    b: Tables

    def __post_init__(self) -> None:
        """Refuse runs that have nothing in common."""
        for run in (self.a, self.b):
            if not run.is_finished:
                raise ReadError(f"{run.path} has not finished; abm resume {run.path} goes on with it")
        if self.a.path.resolve() == self.b.path.resolve():
            raise ReadError(f"A and B are the same folder, {self.a.path}; allowed: two runs")
        kinds = [kind(run) for run in (self.a, self.b)]
        if kinds[0] != kinds[1]:
            raise ReadError(
                f"{self.a.path} is a run of {kinds[0]}, {self.b.path} one of {kinds[1]}: they have no number in "
                "common; allowed: two runs of wells, or two of patients"
            )

    @cached_property
    def scenario(self) -> list[Change]:
        """Return what the scenarios say otherwise."""
        return changes(self.a, self.b)

    @cached_property
    def model(self) -> list[Change]:
        """Return how the models differ."""
        return models(self.a, self.b)

    @cached_property
    def replicates(self) -> Replicates:
        """Return which replicates are compared."""
        return replicates(self.a, self.b)

    @cached_property
    def numbers(self) -> list[Number]:
        """Return every number of both."""
        return numbers(self.a, self.b)

    @cached_property
    def bytes(self) -> Bytes:
        """Return which bytes differ."""
        return bytes_of(self.a, self.b)

    @property
    def word(self) -> str:
        """Return what one replicate is."""
        return "patient" if self.a.has("end_points.csv") else arms.word(self.a)

    @property
    def is_one_content(self) -> bool:
        """Whether both are of the same scenario and seed."""
        return not self.scenario

    @cached_property
    def verdicts(self) -> list[str]:
        """Return what is told first: of inputs, model, numbers and, of one content, bytes."""
        n, same = len(self.scenario), is_same_model(self.a, self.b)
        said = f"{n} value{'s' * (n > 1)} of the scenario differ{'s' * (n == 1)}" if n else "The scenarios are the same"
        source = {
            True: "the model's source is the same",
            False: "the model's source is another one",
            None: "whether the model's source is the same is not known: one of them is of an earlier version",
        }
        told = [f"{said}; {source[same]}.", verdict(self.numbers, self.replicates, self.word)]
        return told + ([self.bytes.words] if self.is_one_content else [])

    @property
    def pairing(self) -> str:
        """Return how replicates are compared."""
        how = self.replicates
        if how.is_paired:
            whose = f"{self.word}s" if how.n_a != 1 else self.word
            return f"{how.n_a} {whose} in pairs: both runs have the same seed"
        return f"{how.n_a} and {how.n_b} {self.word}s of other seeds, not in pairs"

    def plain(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it; numbers in the units of tables, null for what is not known."""
        own = [_plain(one) for one in self.numbers]
        found = {"a": str(self.a.path), "b": str(self.b.path), "verdicts": self.verdicts,
                 "scenario": [asdict(one) for one in self.scenario], "model": [asdict(one) for one in self.model],
                 "replicates": asdict(self.replicates), "numbers": own}  # fmt: skip
        return found | ({"bytes": asdict(self.bytes)} if self.is_one_content else {})


def _plain(one: Number) -> dict[str, Any]:
    numbers = {"a": one.a, "b": one.b, **dict(zip(("difference", "lo", "hi", "p"), one.difference, strict=True))}
    known = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
    flags = {"is_same": one.is_same, "is_beyond_luck": one.is_beyond_luck}
    return {"arm": one.arm, "measure": one.measure.name, "unit": one.measure.unit, **known, **flags}


def kind(run: Tables) -> str:
    """Return of which subjects a run is."""
    return "patients" if run.has("end_points.csv") else "wells"


def opened(path: Path) -> Tables:
    """Return the run of a folder."""
    return Tables.open(path)
