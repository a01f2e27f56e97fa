"""Rows of a study: a scenario changed at some dotted paths, under a seed, to a line of numbers."""

import hashlib
import json
import math
import re
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from itertools import groupby
from typing import Any, Self

from abm.core import jit
from abm.core.errors import InputError
from abm.core.par import plain
from abm.core.resources import cores
from abm.core.source import model_hash
from abm.core.stack import stacks
from abm.core.user_file import known_by_content
from abm.document.load import Document, apply_overrides, validate
from abm.readouts.readout import Found
from abm.scenario.build import Subject, build, subjects
from abm.scenario.controls import controls
from abm.scenario.kinds import PROBES
from abm.scenario.schema import Scenario
from abm.study.batches import Watch, batches, most_side_by_side
from abm.study.jobs import Flow, Stopped, attempt
from abm.study.measures import Looks, looked, measured, of_arms, of_looks

ARM, REPLICATE = "arm", "replicate"  # axes that choose subjects instead of changing the scenario
LOOKS = "looks"  # moments, h, of which a row tells ``arm.measure@moment`` too: no axis, asked for by what needs them
ABOUT = (ARM, REPLICATE, LOOKS)  # what of a point changes no scenario
SIZE = re.compile(r"^(replicates?|arms|populations(\.\w+)?)$|\.(n|per_b_cell|cells_per_agent)$")
FULL = 1.0 + 1e-9  # design: a whole job, and what adding parts up may round to
Numbers = dict[str, float | None]


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

    def run(self, flow: Flow) -> Numbers:
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
        return side_by_side([self], flow)[0]


@dataclass(frozen=True)
class RowsJob:
    """Rows to compute together, so that their subjects lie side by side."""

    rows: tuple[RowJob, ...]

    @property
    def label(self) -> str:
        """Name the rows in messages."""
        return self.rows[0].label if len(self.rows) == 1 else f"rows {self.rows[0].id} to {self.rows[-1].id}"

    def to_json(self) -> str:
        """Return the rows as text, what they share once."""
        return json.dumps({"base": self.rows[0].base, "rows": [(row.id, row.point, row.seed) for row in self.rows]})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the rows that a text holds."""
        data = json.loads(text)
        return cls(tuple(RowJob(number, data["base"], point, seed) for number, point, seed in data["rows"]))

    def run(self, flow: Flow) -> list[tuple[str, Any]]:
        """Run the rows and return how each of them ended; where something is wrong, each is run alone.

        Raises
        ------
        Stopped
            Asked to stop; the rows are to be run again.
        """
        reason = ""
        try:
            if len(self.rows) > 1:
                return [("done", numbers) for numbers in side_by_side(self.rows, flow)]
        except Exception:  # of which row it is, and whether others can be computed, shows when each is alone
            reason = traceback.format_exc()
        ended = [] if flow.is_stopped() else [attempt(row, flow) for row in self.rows]
        if not ended or any(outcome.event == "stopped" for outcome in ended):
            raise Stopped
        if reason and all(outcome.event == "done" for outcome in ended):
            flow.note("not side by side", {"job": self.label, "reason": reason})
        return [(outcome.event, outcome.content) for outcome in ended]


def together(rows: Iterable[RowJob], n_rows: int) -> Iterator[RowsJob]:
    """Yield rows of one base in jobs that leave something to all cores, each as large as subjects lie side by side."""
    most = math.ceil(n_rows / cores())
    for _, own in groupby(rows, lambda row: row.base):
        batch, filled = [], 0.0
        for row in own:
            part = part_of_job(row)
            if batch and (filled + part > FULL or len(batch) == most):
                yield RowsJob(tuple(batch))
                batch, filled = [], 0.0
            batch.append(row)
            filled += part
        yield RowsJob(tuple(batch))


def part_of_job(row: RowJob) -> float:
    """Return what part of a job the subjects of an arm fill, by how many they are and their cells."""
    return _part(row.base, json.dumps({path: value for path, value in row.point.items() if SIZE.search(path)}))


@lru_cache(1024)
def _part(base: str, sizes: str) -> float:
    with suppress(InputError):  # what is wrong with the row is said when it is run
        scenario = scenario_at(base, json.loads(sizes), 0)
        return (1 if REPLICATE in json.loads(sizes) else scenario.n_replicates) / most_side_by_side(scenario)
    return 1.0


def side_by_side(rows: Sequence[RowJob], flow: Flow) -> list[Numbers]:
    """Run the subjects of rows, one thread, and return of each row ``arm.measure``; what is undefined is None."""
    jit.set_threads(1)
    scenarios = [scenario_at(row.base, row.point, row.seed) for row in rows]
    todo = [(k, one) for k, row in enumerate(rows) for one in _chosen(scenarios[k], row.point)]
    found: list[dict[Subject, Found]] = [{} for _ in rows]
    seen: list[dict[Subject, Looks]] = [{} for _ in rows]
    roomiest = max(scenarios, key=most_side_by_side)
    parts = batches(roomiest, sorted(todo, key=lambda own: own[1].arm), lambda own: own[1].arm)
    watch = Watch(flow, len(parts))
    for part in parts:
        for simulation, members in stacks([build(scenarios[k], subject) for k, subject in part]):
            simulation.run(watch)
            for s, (k, subject) in enumerate(part[i] for i in members):
                found[k][subject] = measured(scenarios[k], subject, simulation, s)
                if looks := rows[k].point.get(LOOKS):
                    seen[k][subject] = looked(scenarios[k], simulation, s, looks)
    return [_of_row(scenario, *own) for scenario, *own in zip(scenarios, found, seen, strict=True)]


def _of_row(scenario: Scenario, found: Mapping[Subject, Found], seen: Mapping[Subject, Looks]) -> Numbers:
    of_each: dict[str, list[Found]] = {}
    looks: dict[str, list[Looks]] = {}
    for subject in filter(found.__contains__, subjects(scenario)):
        of_each.setdefault(subject.arm, []).append(found[subject])
        looks.setdefault(subject.arm, []).append(seen.get(subject, {}))
    numbers = of_arms(of_each, controls(scenario), scenario.readouts) | of_looks(scenario, of_each, looks)
    return {name: None if math.isnan(value) else value for name, value in numbers.items()}


def scenario_at(base: str, point: Mapping[str, Any], seed: int) -> Scenario:
    """Return the scenario of a row.

    Raises
    ------
    InputError
        A path leads nowhere or a value is not allowed.
    """
    changes = {path: value for path, value in point.items() if path not in ABOUT}
    return _looking(_scenario(base, json.dumps(changes | {"seed": seed})), point.get(LOOKS, ()))


def _looking(scenario: Scenario, looks_h: Sequence[float]) -> Scenario:
    """Return a scenario whose series has rows at these moments too."""
    if not looks_h:
        return scenario
    look = scenario.space.look
    probe = dict(scenario.probes)[look] or PROBES[look]()
    seeing = probe.model_copy(update={"at": tuple(sorted({*probe.at, *looks_h}))})
    return scenario.model_copy(update={"probes": scenario.probes.model_copy(update={look: seeing})})


@lru_cache(maxsize=4)
def _scenario(base: str, changes: str) -> Scenario:
    """Return one scenario for all rows that differ in who is simulated."""
    return validate(Scenario, Document("row", apply_overrides(json.loads(base), json.loads(changes), Scenario)))


def as_base(scenario: Scenario) -> str:
    """Return a scenario as the text that rows share."""
    return json.dumps(plain(scenario))  # the order of the processes matters


@cache
def base_hash(base: str) -> str:
    """Return the hash of a base scenario and of the model's own code."""
    return hashlib.sha256(f"{model_hash()}\0{told_base(base)}".encode()).hexdigest()


def told_base(base: str) -> str:
    """Return a base scenario as it is written and hashed: the user's files by name and content alone."""
    return json.dumps(known_by_content(json.loads(base)))


def row_hash(base: str, point: Mapping[str, Any], seed: int) -> str:
    """Return the hash of a row from its base's hash."""
    return hashlib.sha256(f"{base}\0{json.dumps(point, sort_keys=True)}\0{seed}".encode()).hexdigest()[:24]


def _chosen(scenario: Scenario, point: Mapping[str, Any]) -> list[Subject]:
    arm, replicate = point.get(ARM), point.get(REPLICATE)
    kept = {arm, controls(scenario).get(arm)}
    return [
        subject
        for subject in subjects(scenario)
        if (arm is None or subject.arm in kept) and (replicate is None or subject.replicate == int(replicate))
    ]
