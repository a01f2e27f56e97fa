"""One row of a study: a scenario changed at some dotted paths, under a seed, to a line of numbers."""

import hashlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Self

from abm.core import jit
from abm.core.par import plain
from abm.core.simulation import Simulation
from abm.core.source import model_hash
from abm.document.load import Document, apply_overrides, validate
from abm.readouts.readout import Found
from abm.scenario.build import build, controls, subjects
from abm.scenario.schema import Scenario
from abm.study.jobs import Flow, Stopped
from abm.study.measures import measured, of_arms

ARM, REPLICATE = "arm", "replicate"  # axes that choose subjects instead of changing the scenario
BEAT_S = 0.2


@dataclass(frozen=True)
class RowJob:
    """A row to compute; ``base`` is the scenario as JSON text, ``point`` what the row changes in it."""

    id: int
    base: str
    point: Mapping[str, Any]
    seed: int

    @property
    def label(self) -> str:
        """Name the row in messages."""
        return f"row {self.id}"

    @property
    def hash(self) -> str:
        """Return the hash of all that determines the row's numbers."""
        return row_hash(base_hash(self.base), self.point, self.seed)

    def to_json(self) -> str:
        """Return the row as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the row that a text holds."""
        return cls(**json.loads(text))

    def run(self, flow: Flow) -> dict[str, float | None]:
        """Run the subjects of the row, one thread, and return ``arm.measure``; what is undefined is None.

        Raises
        ------
        InputError
            The point is no valid scenario.
        Stopped
            Asked to stop; the row is to be run again.
        RunFailed
            The model produced a NaN.
        """
        jit.set_threads(1)
        scenario = scenario_at(self.base, self.point, self.seed)
        todo, found = _chosen(scenario, self.point), {}
        for index, subject in enumerate(todo):
            watch = _Watch(flow, index, len(todo))
            simulation = build(scenario, subject)
            simulation.run(watch)
            found.setdefault(subject.arm, []).append(measured(scenario, subject, simulation))
        return _known(of_arms(found, controls(scenario), scenario.readouts))


def scenario_at(base: str, point: Mapping[str, Any], seed: int) -> Scenario:
    """Return the scenario of a row.

    Raises
    ------
    InputError
        A path leads nowhere or a value is not allowed.
    """
    changes = {path: value for path, value in point.items() if path not in (ARM, REPLICATE)}
    return validate(Scenario, Document("row", apply_overrides(json.loads(base), changes | {"seed": seed}, Scenario)))


def as_base(scenario: Scenario) -> str:
    """Return a scenario as the text that rows share."""
    return json.dumps(plain(scenario))  # the order of the processes matters


@cache
def base_hash(base: str) -> str:
    """Return the hash of a base scenario and of the model's own code."""
    return hashlib.sha256(f"{model_hash()}\0{base}".encode()).hexdigest()


def row_hash(base: str, point: Mapping[str, Any], seed: int) -> str:
    """Return the hash of a row from its base's hash."""
    return hashlib.sha256(f"{base}\0{json.dumps(point, sort_keys=True)}\0{seed}".encode()).hexdigest()[:24]


def _chosen(scenario: Scenario, point: Mapping[str, Any]) -> list:
    arm, replicate = point.get(ARM), point.get(REPLICATE)
    kept = {arm, controls(scenario).get(arm)}
    return [
        subject
        for subject in subjects(scenario)
        if (arm is None or subject.arm in kept) and (replicate is None or subject.replicate == int(replicate))
    ]


def _known(found: Found) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in found.items()}


class _Watch:
    """Reports how far a row is, and stops it on request."""

    def __init__(self, flow: Flow, index: int, n_subjects: int):
        self.flow, self.index, self.n_subjects, self.next_beat = flow, index, n_subjects, 0.0

    def __call__(self, simulation: Simulation) -> None:
        """Look at the clock after a step."""
        now = time.monotonic()
        if now < self.next_beat:
            return
        self.next_beat = now + BEAT_S
        n_steps = simulation.grid_h.size - 1
        self.flow.beat(self.index * n_steps + simulation.world.step, self.n_subjects * n_steps)
        if self.flow.is_stopped():
            raise Stopped
