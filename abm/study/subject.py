"""Run one subject into its part of a run folder, from its last checkpoint if there is one."""

import json
import time
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
from abm.results.seal import changed
from abm.results.subject import FRAMES, SubjectFolder
from abm.results.tables import labelled, stack
from abm.scenario.build import Subject, build
from abm.scenario.schema import Scenario
from abm.study.jobs import Flow, Stopped

BEAT_S = 0.2


@dataclass(frozen=True)
class SubjectJob:
    """One subject to run into its part of a run folder."""

    scenario: Scenario
    subject: Subject
    part: SubjectFolder
    checkpoints: str
    scenario_hash: str
    n_threads: int = 1

    @property
    def label(self) -> str:
        """Name the subject in messages."""
        return f"{self.scenario.space.subject} {self.subject.label}"

    def run(self, flow: Flow) -> None:
        """Run the subject."""
        run_subject(self, flow)

    def to_json(self) -> str:
        """Return the job as text."""
        folders = {"part": str(self.part.path), "checkpoints": self.checkpoints}
        rest = {"scenario_hash": self.scenario_hash, "n_threads": self.n_threads}
        return json.dumps({"scenario": plain(self.scenario), "subject": asdict(self.subject), **folders, **rest})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the job that a text holds."""
        data = json.loads(text)
        subject = Subject(**data["subject"])
        part = SubjectFolder(Path(data["part"]), subject.arm, subject.replicate)
        scenario = Scenario.model_validate(data["scenario"])
        return cls(scenario, subject, part, data["checkpoints"], data["scenario_hash"], data["n_threads"])


def mend(job: SubjectJob) -> list[str]:
    """Remove what an earlier process left of a subject and is damaged; return the names of what is lost.

    A checkpoint without the frames that were written before it is of no use.
    """
    lost, store = [], CheckpointStore(job.checkpoints, job.scenario_hash)
    if job.part.is_finished:
        lost = job.part.damaged()
        if not lost:
            return []
        job.part.reopen()
    with suppress(CheckpointError):  # the subject itself says so
        found = store.latest()
        files = found.header.get("files") if found else {}
        gone = changed(job.part.path, files) if isinstance(files, dict) else ["step"]
        if gone:
            job.part.cut_back(-1)
            store.clear()
        lost += gone
    return sorted(set(lost))


def run_subject(job: SubjectJob, flow: Flow | None = None) -> None:
    """Run a subject to its end and leave its tables; a finished one is left as it is.

    Raises
    ------
    Stopped
        ``flow.is_stopped`` said so; a checkpoint was written.
    RunFailed
        The model produced a NaN, or a checkpoint or folder cannot be used.
    """
    if job.part.is_finished:
        return
    jit.set_threads(job.n_threads)
    flow, simulation = flow or Flow(), build(job.scenario, job.subject)
    store = CheckpointStore(job.checkpoints, job.scenario_hash)
    found = store.latest()
    job.part.cut_back(found.header["step"] if found else -1)
    if found:
        if found.refused:
            instead = {"well": job.subject.label, "reason": found.refused, "used": found.header["step"]}
            flow.note("checkpoint refused", instead)
        simulation.restore(found.header, found.arrays)
    _Course(job, flow, simulation, store, found.header.get("files", {}) if found else {}).run()


class _Course:
    """The loop over steps, with heartbeats, checkpoints and the final tables."""

    def __init__(
        self, job: SubjectJob, flow: Flow, simulation: Simulation, store: CheckpointStore, frames: dict[str, str]
    ):
        self.job, self.flow, self.simulation, self.store, self.frames = job, flow, simulation, store, frames
        self.flushed = {name: set() for name in simulation.probes}
        self.next_beat, self.next_checkpoint_h = 0.0, 0.0
        self._plan_checkpoint()

    def run(self) -> None:
        """Step to the end."""
        self.simulation.run(self._after_step)
        self._flush()
        if not self.job.scenario.space.keeps_cells:
            self._finish_series()
            return
        self.save()
        self._finish()

    def _after_step(self, simulation: Simulation) -> None:
        now = time.monotonic()
        if now >= self.next_beat:
            self.next_beat = now + BEAT_S
            self.flow.beat(simulation.world.step, simulation.grid_h.size - 1)
            if self.flow.is_stopped() and not simulation.is_over:
                self.save()
                raise Stopped
        is_due = simulation.world.t_h >= self.next_checkpoint_h and self.job.scenario.space.keeps_cells
        if is_due and not simulation.is_over:
            self.save()

    def _plan_checkpoint(self) -> None:
        every = self.job.scenario.checkpoint_every
        self.next_checkpoint_h = (np.floor(self.simulation.world.t_h / every + 1e-9) + 1) * every

    def save(self) -> None:
        """Flush frames, then write a checkpoint."""
        self._flush()
        header, arrays = self.simulation.state()
        header["files"] = self.frames = self.job.part.files(FRAMES, self.frames)
        self.store.save(self.simulation.world.step, self.simulation.world.t_h, arrays, header)
        self._plan_checkpoint()

    def _flush(self) -> None:
        for name, probe in self.simulation.probes.items():
            if probe.table not in FRAMES:
                continue
            for step, frame in self.simulation.records[name].items():
                if step not in self.flushed[name] and len(frame):
                    self._write(probe.table, step, frame)
                self.flushed[name].add(step)
            self.simulation.records[name] = {}

    def _write(self, table: str, step: int, frame: dict) -> None:
        part, time_h = self.job.part, float(self.simulation.grid_h[step])
        if table == "fields":
            part.append_fields(step, frame)
        elif table == "cells":
            part.append("cells", step, labelled(stack(frame, "population"), {"time_h": time_h}))
        else:
            part.append(table, step, frame)

    def _finish_series(self) -> None:
        """Keep only the series: a patient takes seconds, and checkpoints of a whole cohort would fill the disk."""
        world, probes = self.simulation.world, self.simulation.records[self.job.scenario.space.look]
        rows = [probes[step] for step in sorted(probes)]
        self.job.part.append("series", world.step, {name: [row[name] for row in rows] for name in rows[0]})
        errors = {name: float(np.max(error)) for name, error in balance(world).items()}
        self.job.part.finish({"steps": world.step, "conservation": errors})

    def _finish(self) -> None:
        simulation, part, world = self.simulation, self.job.part, self.simulation.world
        part.append("series", world.step, series(simulation))
        part.append("deaths", world.step, deaths(simulation))
        part.append("start", world.step, started(simulation))
        record = {
            "steps": world.step,
            "conservation": conservation(world),
            "tallies": world.tallies,
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
