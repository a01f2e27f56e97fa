"""What a run or a study will take in time, memory and disk; it is refused before it starts where that is too much."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from abm.core.errors import ResourceRefused
from abm.core.resources import free_disk, free_memory
from abm.core.simulation import time_grid
from abm.scenario.build import subjects
from abm.scenario.schema import Scenario
from abm.study.batches import batches_of_run, most_side_by_side
from abm.study.posterior import Posterior
from abm.study.rows import REPLICATE, RowJob, scenario_at
from abm.study.spec import Planned

CELL_STEPS_PER_S = 3e7  # measured: of one thread on one core, beside others
AGENT_STEPS_PER_S = 4e7  # measured: as above, of patients
STEP_S, PATIENTS_STEP_S = 2e-4, 7e-4  # measured: of a step of a well, and of patients side by side, without cells
ROW_S = 0.02  # measured: of a row of a study beside its steps
START_S = 3.0  # measured: to load the libraries and draw the report
WORKER_BYTES = 350e6  # measured: of a worker without cells
CELL_BYTES = 800.0  # measured: of a cell in memory, and of its checkpoints on disk
FRAME_BYTES = 60.0  # measured: of a cell in a snapshot
LOOK_BYTES = 600.0  # measured: of one look at a patient
ROW_BYTES, ROW_DISK_BYTES = 200.0, 3_000.0  # measured: of a row of a study, in memory and on disk
FOLDER_BYTES = 1e6  # measured: of a run folder without cells
SMALL = 4.0  # design: seconds; starting workers takes longer than this
SHARE = 0.8  # design: of what is free


@dataclass(frozen=True)
class RunCost:
    """What a run will take."""

    n_subjects: int
    n_cells: int
    n_steps: int
    n_workers: int
    memory_bytes: float
    disk_bytes: float
    seconds: float


@dataclass(frozen=True)
class StudyCost:
    """What a study will take."""

    rows: int
    hours: float
    memory_GB: float  # noqa: N815 - a unit
    disk_GB: float  # noqa: N815 - a unit


@dataclass(frozen=True)
class _Work:
    n_subjects: int
    n_cells: int
    n_steps: int
    n_batches: float
    is_body: bool

    @property
    def seconds(self) -> float:
        """Return the time of one thread on one core."""
        per_s, step_s = (AGENT_STEPS_PER_S, PATIENTS_STEP_S) if self.is_body else (CELL_STEPS_PER_S, STEP_S)
        return self.n_steps * (self.n_subjects * self.n_cells / per_s + self.n_batches * step_s)


def cost_of_run(scenario: Scenario, n_threads: int) -> RunCost:
    """Say what a run will take; small jobs stay in one process."""
    work = _work(scenario)
    side_by_side = max(1, min(n_threads, work.n_subjects))
    n_workers = 1 if work.seconds < SMALL else side_by_side
    return RunCost(
        n_subjects=work.n_subjects,
        n_cells=work.n_cells,
        n_steps=work.n_steps,
        n_workers=n_workers,
        memory_bytes=_memory(work, n_workers),
        disk_bytes=FOLDER_BYTES + _disk(scenario, work),
        seconds=work.seconds / side_by_side + START_S,
    )


def cost_of_draws(scenario: Scenario, posterior: Posterior | None, n_threads: int) -> RunCost:
    """Say what arms under draws take, one thread for each: of wells one of each arm, of patients the whole cohort."""
    once = scenario.model_copy(update={"replicates": 1}) if scenario.space.has_controls else scenario
    work, n_draws = _work(once), len(posterior.draws) if posterior else 0
    n_jobs = n_draws * len({subject.arm for subject in subjects(once)})
    side_by_side = max(1, min(n_threads, n_jobs))
    n_workers = 1 if n_draws * work.seconds < SMALL else side_by_side
    probe = dict(scenario.probes)[scenario.space.look]
    looks = len(probe.times_h(scenario.duration)) if probe else 0
    return RunCost(
        n_subjects=n_draws * work.n_subjects,
        n_cells=work.n_cells,
        n_steps=work.n_steps,
        n_workers=n_workers,
        memory_bytes=_memory(work, n_workers),
        disk_bytes=n_jobs * looks * LOOK_BYTES,
        seconds=n_draws * work.seconds / side_by_side,
    )


def cost_of_study(planned: Planned, n_workers: int) -> StudyCost:
    """Say what a study will take, judged by its base scenario."""
    work, n_rows = _work(planned.base), planned.n_rows
    return StudyCost(
        rows=n_rows,
        hours=n_rows * seconds_of(planned.base) / n_workers / 3600.0,
        memory_GB=(_memory(work, n_workers) + n_rows * ROW_BYTES) / 1e9,
        disk_GB=n_rows * ROW_DISK_BYTES / 1e9,
    )


def seconds_of(scenario: Scenario) -> float:
    """Return how long a scenario takes as a row of many, its subjects beside those of others, on one core."""
    work = _work(scenario)
    return replace(work, n_batches=work.n_subjects / most_side_by_side(scenario)).seconds + ROW_S


def seconds_of_row(row: RowJob) -> float:
    """Return how long a row takes, as :func:`seconds_of`; it may be of one replicate only."""
    scenario = scenario_at(row.base, row.point, row.seed)
    return seconds_of(scenario) / (scenario.n_replicates if REPLICATE in row.point else 1)


def refuse_large_run(expected: RunCost, root: Path) -> None:
    """Refuse a run that needs over 80 % of free memory or disk.

    Raises
    ------
    ResourceRefused
        With the numbers and three ways out.
    """
    for what, needed_gb, free_gb in _short(expected.memory_bytes / 1e9, expected.disk_bytes / 1e9, root):
        raise ResourceRefused(
            f"the run needs about {needed_gb:.3g} GB of {what} and {free_gb:.3g} GB are free. Ways out: "
            "fewer cells (--set populations.b_cells.n=…), fewer wells at once (--threads 1) or fewer replicates, "
            "fewer snapshots (probes.cells)."
        )


def refuse_large_study(planned: Planned, n_workers: int, root: Path) -> StudyCost:
    """Refuse a study that takes longer than its budget or more than 80 % of free memory or disk; else say its cost.

    Raises
    ------
    ResourceRefused
        With the numbers and ways out.
    """
    expected, budget_h = cost_of_study(planned, n_workers), planned.study.budget
    found = [f"{expected.hours:.3g} h of {budget_h:g} h"] if expected.hours > budget_h else []
    for what, needed_gb, free_gb in _short(expected.memory_GB, expected.disk_GB, root):
        found.append(f"{needed_gb:.3g} GB of {what} of {free_gb:.3g} GB free")
    if found:
        raise ResourceRefused(
            f"{expected.rows} rows need about {' and '.join(found)}. Ways out: fewer points or seeds, a smaller base "
            "(set: populations.b_cells.n), a larger budget in the study file, --engine dask"
        )
    return expected


def _work(scenario: Scenario) -> _Work:
    """Count subjects, cells of a subject with all that are ever added, and steps."""
    added = sum(addition.n_cells for arm in scenario.arms.values() for addition in arm.add)
    n_steps = time_grid(scenario.duration, scenario.steps_h, ()).size - 1
    n_cells, todo = sum(scenario.counts().values()) + added, subjects(scenario)
    return _Work(len(todo), n_cells, n_steps, len(batches_of_run(scenario, todo)), scenario.space.scale == "body")


def _memory(work: _Work, n_workers: int) -> float:
    return n_workers * (WORKER_BYTES + work.n_cells * CELL_BYTES)


def _disk(scenario: Scenario, work: _Work) -> float:
    probes = scenario.probes
    if not scenario.space.keeps_cells:
        return work.n_subjects * len(dict(probes)[scenario.space.look].times_h(scenario.duration)) * LOOK_BYTES
    n_frames = sum(len(probe.times_h(scenario.duration)) for probe in (probes.cells, probes.complement_events) if probe)
    return work.n_subjects * work.n_cells * (CELL_BYTES + n_frames * FRAME_BYTES)


def _short(memory_gb: float, disk_gb: float, root: Path) -> Iterator[tuple[str, float, float]]:
    """Yield what is short: its name, what is needed of it and what is free, GB."""
    for what, needed_gb, free in (("memory", memory_gb, free_memory()), ("disk", disk_gb, free_disk(root))):
        if needed_gb > SHARE * free / 1e9:
            yield what, needed_gb, free / 1e9
