"""Run subjects into their parts of a run folder: a well from its last checkpoint, patients side by side."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np

from abm.biology.additions import conservation
from abm.biology.patient.balance import balance
from abm.core import jit
from abm.core.checkpoint import CheckpointError, CheckpointStore
from abm.core.errors import RunFailed
from abm.core.fate import Fate
from abm.core.par import plain
from abm.core.probe import own
from abm.core.simulation import Simulation
from abm.core.stack import stacks
from abm.core.world import World
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
        _run_wells(job, left, flow)
    else:
        _run_patients(job.scenario, left, flow)


def _run_wells(job: SubjectJob, places: Sequence[Place], flow: Flow) -> None:
    """Run wells side by side where that is possible; one that goes on from a checkpoint is alone."""
    wells = [_Well(job, place, flow) for place in places]
    fresh = [well for well in wells if well.simulation.world.step == 0]
    stacked = [(one, [fresh[at] for at in members]) for one, members in stacks([well.simulation for well in fresh])]
    groups = [(well.simulation, [well]) for well in wells if well not in fresh] + stacked
    watch = Watch(flow, len(groups))
    for simulation, those in groups:
        if len(those) == 1:
            with _naming(job, those[0].place):
                _Course(simulation, those, watch).run()
            continue
        try:
            _Course(simulation, those, watch).run()
        except RunFailed:  # of which well it is shows when each is alone
            for well in those:
                _run_wells(job, [well.place], flow)
            raise


@contextmanager
def _naming(job: SubjectJob, place: Place) -> Iterator[None]:
    """Name the well that something is wrong with, where the job has others."""
    try:
        yield
    except RunFailed as error:
        raise RunFailed(f"well {place.subject.label}: {error}" if len(job.places) > 1 else str(error)) from error


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
        write_frames(simulation, [part])
        part.append("series", world.step, series.slice(s * n_looks, n_looks))
        part.finish({"steps": world.step, "conservation": own(errors, s)})


def write_frames(simulation: Simulation, parts: Sequence[SubjectFolder]) -> None:
    """Write what probes have seen cell by cell since this was called last, of each subject into its part."""
    for subject, part in enumerate(parts):
        for name, frames in simulation.seen(subject, FRAMES).items():
            for step, frame in frames.items():
                if len(frame):
                    table = simulation.probes[name].table
                    _write_frame(part, table, step, float(simulation.grid_h[step]), frame)
    for name, probe in simulation.probes.items():
        if probe.table in FRAMES:
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


class _Well:
    """A well from its last checkpoint, if there is one, with its part of the run folder and its checkpoints."""

    def __init__(self, job: SubjectJob, place: Place, flow: Flow):
        self.scenario, self.place, self.part = job.scenario, place, place.part
        self.simulation = build(job.scenario, place.subject)
        self.store = CheckpointStore(place.checkpoints, job.scenario_hash)
        self.frames: dict[str, str] = {}
        found = self.store.latest()
        self.part.cut_back(found.header["step"] if found else -1)
        if not found:
            return
        if found.refused:
            instead = {"well": place.subject.label, "reason": found.refused, "used": found.header["step"]}
            flow.note("checkpoint refused", instead)
        with _naming(job, place):
            self.simulation.restore(found.header, found.arrays)
        self.frames = found.header.get("files", {})

    def save(self, simulation: Simulation, subject: int) -> None:
        """Write a checkpoint; frames have been written."""
        header, arrays = simulation.state(subject)
        header["files"] = self.frames = self.part.files(FRAMES, self.frames)
        self.store.save(simulation.world.step, simulation.world.t_h, arrays, header)

    def finish(self, simulation: Simulation, subject: int, stopped_h: Mapping[str, float | None]) -> None:
        """Write the tables of a well that has ended."""
        world, part = simulation.world.of(subject, is_over=True), self.part
        part.append("series", world.step, series(simulation, subject))
        part.append("deaths", world.step, deaths(world))
        part.append("start", world.step, started(world))
        record = {
            "steps": world.step,
            "conservation": conservation(world),
            "tallies": dict(sorted(world.tallies.items())),
            **stopped_h,
            "bytes_per_cell": {name: p.bytes_per_row for name, p in world.populations.items()},
        }
        part.finish(record, self.frames)


class _Course:
    """Wells side by side, or a lone one, to their end, with checkpoints and the final tables."""

    def __init__(self, simulation: Simulation, wells: Sequence[_Well], watch: Watch):
        self.simulation, self.wells, self.watch = simulation, wells, watch
        self.until = until(wells[0].scenario)
        self._plan_checkpoint()

    def run(self) -> None:
        """Step to the end, or until the scenario's condition holds."""
        if not self._is_held():
            with suppress(_Held):
                self.simulation.run(self._after_step)
        self.save()
        stopped_h = {"stopped_h": self.simulation.world.t_h if self._is_held() else None} if self.until else {}
        for subject, well in enumerate(self.wells):
            well.finish(self.simulation, subject, stopped_h)

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
        every = self.wells[0].scenario.checkpoint_every
        self.next_checkpoint_h = (np.floor(self.simulation.world.t_h / every + 1e-9) + 1) * every

    def save(self) -> None:
        """Flush frames, then write a checkpoint of each well."""
        write_frames(self.simulation, [well.part for well in self.wells])
        for subject, well in enumerate(self.wells):
            well.save(self.simulation, subject)
        self._plan_checkpoint()


def series(simulation: Simulation, subject: int = 0) -> dict[str, list]:
    """Return the columns of all series probes of a well in order of time; deaths not yet seen are 0."""
    rows: dict[int, dict] = {}
    for seen in simulation.seen(subject).values():
        for step, row in seen.items():
            rows.setdefault(step, {}).update(row)
    ordered = [rows[step] for step in sorted(rows)]
    world = simulation.world
    causes = Fate().causes(world.populations[world.target])
    names = dict.fromkeys([name for row in ordered for name in row] + [f"deaths_{cause}" for cause in causes])
    counts = sorted(name for name in names if name.startswith("deaths_"))
    columns = {name: [row.get(name) for row in ordered] for name in names if name not in counts}
    return columns | {name: [int(row.get(name, 0)) for row in ordered] for name in counts}


def deaths(world: World) -> dict[str, np.ndarray]:
    """Return one row per target committed to die, of a lone well."""
    population, table = world.populations[world.target], world.deaths.get(world.target)
    if table is None:
        return {"time_h": np.empty(0), "uid": np.empty(0, np.uint64), "cause": np.empty(0, str)}
    causes = np.array(Fate().causes(population), str)  # none where nothing can kill, and still text
    return {name: table[name] for name in table.columns} | {"cause": causes[table.cause]}


def started(world: World) -> dict[str, np.ndarray | list]:
    """Return every target there ever was, living, dying or dead, by identity, of a lone well."""
    target = world.target
    tables = [world.populations[target]] + ([world.deaths[target]] if target in world.deaths else [])
    uid, first = np.unique(np.concatenate([table.uid for table in tables]), return_index=True)
    columns: dict[str, np.ndarray | list] = {"uid": uid}
    for name in ("cd20_start_per_cell", "cohort"):
        columns[name] = np.concatenate([table[name] for table in tables])[first]
    return columns | {"population": [target] * uid.size}
