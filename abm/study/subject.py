"""Run subjects into their parts of a run folder: a well from its last checkpoint, patients side by side."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np

from abm.biology.additions import conservation
from abm.biology.patient.balance import balance
from abm.core import jit
from abm.core.checkpoint import CheckpointError, CheckpointStore
from abm.core.fate import Fate
from abm.core.par import plain
from abm.core.simulation import Simulation
from abm.core.stack import own, stacks
from abm.results.seal import changed
from abm.results.subject import FRAMES, SubjectFolder
from abm.results.tables import as_table, labelled
from abm.results.tables import stack as put_together
from abm.scenario.build import Subject, build
from abm.scenario.schema import Scenario
from abm.scenario.until import until
from abm.study.batches import Watch
from abm.study.jobs import Flow, Stopped


@dataclass(frozen=True)
class Place:
    """Where what becomes of a subject is kept: its part of a run folder, and its checkpoints."""

    subject: Subject
    part: SubjectFolder
    checkpoints: str


@dataclass(frozen=True)
class SubjectJob:
    """Subjects of one arm to run, each into its part of a run folder: a well, or patients side by side."""

    scenario: Scenario
    places: tuple[Place, ...]
    scenario_hash: str
    n_threads: int = 1

    @property
    def label(self) -> str:
        """Name the subjects in messages."""
        first, *others = (place.subject.label for place in self.places)
        return f"{self.scenario.space.subject}{f's {first} to {others[-1]}' if others else f' {first}'}"

    def run(self, flow: Flow) -> None:
        """Run the subjects."""
        run_subjects(self, flow)

    def to_json(self) -> str:
        """Return the job as text."""
        places = [[asdict(place.subject), str(place.part.path), place.checkpoints] for place in self.places]
        rest = {"scenario_hash": self.scenario_hash, "n_threads": self.n_threads}
        return json.dumps({"scenario": plain(self.scenario), "places": places, **rest})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the job that a text holds."""
        data, places = json.loads(text), []
        for who, path, checkpoints in data["places"]:
            subject = Subject(**who)
            places.append(Place(subject, SubjectFolder(Path(path), subject.arm, subject.replicate), checkpoints))
        scenario = Scenario.model_validate(data["scenario"])
        return cls(scenario, tuple(places), data["scenario_hash"], data["n_threads"])


def mend(place: Place, scenario_hash: str) -> list[str]:
    """Remove what an earlier process left of a subject and is damaged; return the names of what is lost.

    A checkpoint without the frames that were written before it is of no use.
    """
    lost, store, part = [], CheckpointStore(place.checkpoints, scenario_hash), place.part
    if part.is_finished:
        lost = part.damaged()
        if not lost:
            return []
        part.reopen()
    with suppress(CheckpointError):  # the subject itself says so
        found = store.latest()
        files = found.header.get("files") if found else {}
        gone = changed(part.path, files) if isinstance(files, dict) else ["step"]
        if gone:
            part.cut_back(-1)
            store.clear()
        lost += gone
    return sorted(set(lost))


def run_subjects(job: SubjectJob, flow: Flow | None = None) -> None:
    """Run subjects to their end and leave their tables; a finished one is left as it is.

    Raises
    ------
    Stopped
        ``flow.is_stopped`` said so; a checkpoint of a well was written, and patients begin anew.
    RunFailed
        The model produced a NaN, or a checkpoint or folder cannot be used.
    """
    jit.set_threads(job.n_threads)
    flow, left = flow or Flow(), [place for place in job.places if not place.part.is_finished]
    if job.scenario.space.keeps_cells:
        for place in left:
            _Course(job, place, flow).run()
    else:
        _run_patients(job.scenario, left, flow)


def _run_patients(scenario: Scenario, places: Sequence[Place], flow: Flow) -> None:
    """Run patients side by side; they take seconds, and checkpoints of a whole cohort would fill the disk."""
    made = []
    for place in places:
        if flow.is_stopped():
            raise Stopped
        place.part.cut_back(-1)
        made.append(build(scenario, place.subject))
    groups = stacks(made)
    watch = Watch(flow, len(groups))
    for simulation, members in groups:
        simulation.run(watch)
        _finish_patients(simulation, [places[i].part for i in members], scenario.space.look)


def looks_at_patients(simulation: Simulation, look: str, n: int) -> dict[str, np.ndarray]:
    """Return the columns of the series of patients side by side, shape (looks, n)."""
    seen = simulation.records[look]
    rows = [seen[step] for step in sorted(seen)]
    return {name: np.array([np.broadcast_to(row[name], n) for row in rows]) for name in rows[0]}


def _finish_patients(simulation: Simulation, parts: Sequence[SubjectFolder], look: str) -> None:
    world, errors = simulation.world, balance(simulation.world)
    columns = looks_at_patients(simulation, look, len(parts))
    n_looks = len(next(iter(columns.values())))
    series = as_table({name: values.T.ravel() for name, values in columns.items()})
    for s, part in enumerate(parts):
        write_frames(simulation, part)
        part.append("series", world.step, series.slice(s * n_looks, n_looks))
        part.finish({"steps": world.step, "conservation": own(errors, s)})


def write_frames(simulation: Simulation, part: SubjectFolder) -> None:
    """Write what probes have seen cell by cell since this was called last."""
    for name, probe in simulation.probes.items():
        if probe.table in FRAMES:
            for step, frame in simulation.records[name].items():
                if len(frame):
                    _write_frame(part, probe.table, step, float(simulation.grid_h[step]), frame)
            simulation.records[name] = {}


def _write_frame(part: SubjectFolder, table: str, step: int, time_h: float, frame: dict) -> None:
    if table == "fields":
        part.append_fields(step, frame)
    elif table == "cells":
        part.append("cells", step, labelled(put_together(frame, "population"), {"time_h": time_h}))
    else:
        part.append(table, step, frame)


class _Held(Exception):
    """The condition holds at which a well is stopped."""


class _Course:
    """A well from its last checkpoint, if there is one, to its end, with checkpoints and the final tables."""

    def __init__(self, job: SubjectJob, place: Place, flow: Flow):
        self.job, self.part, self.flow, self.watch = job, place.part, flow, Watch(flow, 1)
        self.simulation = build(job.scenario, place.subject)
        self.store = CheckpointStore(place.checkpoints, job.scenario_hash)
        self.frames: dict[str, str] = {}
        self.until = until(job.scenario)
        self._resume(place.subject.label)
        self._plan_checkpoint()

    def _resume(self, label: str) -> None:
        found = self.store.latest()
        self.part.cut_back(found.header["step"] if found else -1)
        if not found:
            return
        if found.refused:
            instead = {"well": label, "reason": found.refused, "used": found.header["step"]}
            self.flow.note("checkpoint refused", instead)
        self.simulation.restore(found.header, found.arrays)
        self.frames = found.header.get("files", {})

    def run(self) -> None:
        """Step to the end, or until the scenario's condition holds."""
        if not self._is_held():
            with suppress(_Held):
                self.simulation.run(self._after_step)
        self.save()
        self._finish()

    def _after_step(self, simulation: Simulation) -> None:
        try:
            self.watch(simulation)
        except Stopped:
            self.save()
            raise
        if self._is_held():
            raise _Held
        if simulation.world.t_h >= self.next_checkpoint_h and not simulation.is_over:
            self.save()

    def _is_held(self) -> bool:
        """Whether the counts that were just taken are those at which the well is to be stopped."""
        look = self.simulation.records["counts"].get(self.simulation.world.step) if self.until else None
        return look is not None and self.until.holds(look)

    def _plan_checkpoint(self) -> None:
        every = self.job.scenario.checkpoint_every
        self.next_checkpoint_h = (np.floor(self.simulation.world.t_h / every + 1e-9) + 1) * every

    def save(self) -> None:
        """Flush frames, then write a checkpoint."""
        write_frames(self.simulation, self.part)
        header, arrays = self.simulation.state()
        header["files"] = self.frames = self.part.files(FRAMES, self.frames)
        self.store.save(self.simulation.world.step, self.simulation.world.t_h, arrays, header)
        self._plan_checkpoint()

    def _finish(self) -> None:
        simulation, part, world = self.simulation, self.part, self.simulation.world
        part.append("series", world.step, series(simulation))
        part.append("deaths", world.step, deaths(simulation))
        part.append("start", world.step, started(simulation))
        record = {
            "steps": world.step,
            "conservation": conservation(world),
            "tallies": world.tallies,
            **({"stopped_h": world.t_h if self._is_held() else None} if self.until else {}),
            "bytes_per_cell": {name: p.bytes_per_row for name, p in world.populations.items()},
        }
        part.finish(record, self.frames)


def series(simulation: Simulation) -> dict[str, list]:
    """Return the columns of all series probes in order of time; deaths not yet seen are 0."""
    rows: dict[int, dict] = {}
    for name, probe in simulation.probes.items():
        if probe.table == "series":
            for step, row in simulation.records[name].items():
                rows.setdefault(step, {}).update(row)
    ordered = [rows[step] for step in sorted(rows)]
    world = simulation.world
    causes = Fate().causes(world.populations[world.target])
    names = dict.fromkeys([name for row in ordered for name in row] + [f"deaths_{cause}" for cause in causes])
    counts = sorted(name for name in names if name.startswith("deaths_"))
    columns = {name: [row.get(name) for row in ordered] for name in names if name not in counts}
    return columns | {name: [int(row.get(name, 0)) for row in ordered] for name in counts}


def deaths(simulation: Simulation) -> dict[str, np.ndarray]:
    """Return one row per target committed to die."""
    world = simulation.world
    population, table = world.populations[world.target], world.deaths.get(world.target)
    if table is None:
        return {"time_h": np.empty(0), "uid": np.empty(0, np.uint64), "cause": np.empty(0, str)}
    causes = np.array(Fate().causes(population), str)  # none where nothing can kill, and still text
    return {name: table[name] for name in table.columns} | {"cause": causes[table.cause]}


def started(simulation: Simulation) -> dict[str, np.ndarray | list]:
    """Return every target there ever was, living, dying or dead, by identity."""
    world = simulation.world
    target = world.target
    tables = [world.populations[target]] + ([world.deaths[target]] if target in world.deaths else [])
    uid, first = np.unique(np.concatenate([table.uid for table in tables]), return_index=True)
    columns: dict[str, np.ndarray | list] = {"uid": uid}
    for name in ("cd20_start_per_cell", "cohort"):
        columns[name] = np.concatenate([table[name] for table in tables])[first]
    return columns | {"population": [target] * uid.size}
