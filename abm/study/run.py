"""One scenario to one run folder: plan the subjects, run them side by side, merge, summarise."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from abm.core.errors import Fault, InputError, RunFailed
from abm.core.files import WriteError
from abm.core.resources import rarely_collected
from abm.core.source import model_hash
from abm.core.user_file import files_of
from abm.document.load import dump
from abm.results import draws
from abm.results.folder import FolderError, RunFolder, run_path
from abm.results.lock import LockedError
from abm.results.merge import merge_tables
from abm.results.run import Run
from abm.results.tables import ReadError
from abm.scenario.build import Subject, arm_of, subjects
from abm.scenario.controls import controls
from abm.scenario.draws import warnings_of
from abm.scenario.observations import read_observations
from abm.scenario.parameters import parameters
from abm.scenario.precision import wanted
from abm.scenario.published import observed_table
from abm.scenario.schema import Scenario
from abm.scenario.warm import is_warm, warm_up
from abm.study.batches import batches_of_run
from abm.study.conclude import conclude, end_points, summarised
from abm.study.cost import RunCost, cost_of_draws, cost_of_run, refuse_large_run
from abm.study.jobs import NO_MEMORY, Monitor
from abm.study.pool import run_jobs
from abm.study.posterior import DrawJob, Posterior, pairs
from abm.study.posterior import jobs as draw_jobs
from abm.study.posterior import told as under_draws
from abm.study.precise import Precision, first, more, precision, unreached
from abm.study.resume import Branch, scenario_hash
from abm.study.reuse import KEY, reuse, subjects_hash
from abm.study.subject import Place, SubjectJob, mend

FEW_CELLS = 20_000  # design: below, a second thread in a subject gains nothing


@dataclass(frozen=True)
class _Asked:
    """What a run is made of."""

    scenario: Scenario
    branch: Branch | None
    posterior: Posterior | None

    @property
    def hash(self) -> str:
        """Return the hash of all of it."""
        return scenario_hash(self.scenario, self.branch, self.posterior)

    @property
    def subjects_hash(self) -> str:
        """Return the hash of what a single subject's results hang on."""
        return subjects_hash(self.scenario, self.branch.identity if self.branch else "")


def run_scenario(
    scenario: Scenario,
    root: Path,
    n_threads: int,
    monitor: Monitor | None = None,
    branch: Branch | None = None,
    posterior: Posterior | None = None,
) -> Run:
    """Run a scenario, or return the finished run of the same content.

    Parameters
    ----------
    scenario : Scenario
        What to run.
    root : Path
        Folder that holds all runs.
    n_threads : int
        Cores to use: subjects run side by side, the rest goes into each subject.
    monitor : Monitor
        Progress, log and the wish to stop.
    branch : Branch
        Start every subject from another run's checkpoint.
    posterior : Posterior
        Run each arm besides once under each of its draws.

    Raises
    ------
    InputError, ResourceRefused, RunFailed, Stopped
        See the exit codes.
    """
    monitor, asked = monitor or Monitor(), _Asked(scenario, branch, posterior)
    if posterior and scenario.until:
        raise InputError(Fault("draws of a posterior are run to their end", "until", allowed="--set until=null"))
    with _told(), rarely_collected():
        for cost in (cost_of_run(scenario, n_threads), cost_of_draws(scenario, posterior, n_threads)):
            refuse_large_run(cost, root)
        with _create(root, asked) as folder:
            if folder.is_open:
                _carry_out(folder, asked, n_threads, monitor)
        return Run.open(folder.path)


def folder_of(scenario: Scenario, root: Path, posterior: Posterior | None = None) -> Path:
    """Return the folder of a run."""
    return run_path(root, scenario.name, scenario_hash(scenario, None, posterior), scenario.seed)


def _create(root: Path, asked: _Asked) -> RunFolder:
    try:
        return RunFolder.create(root, asked.scenario.name, asked.hash, asked.scenario.seed)
    except LockedError as error:
        raise InputError(str(error)) from None


def _carry_out(folder: RunFolder, asked: _Asked, n_threads: int, monitor: Monitor) -> None:
    scenario, posterior, monitor.note = asked.scenario, asked.posterior, folder.log
    expected = cost_of_run(scenario, n_threads)
    folder.log("start", {"wells": expected.n_subjects, "workers": expected.n_workers, "threads": n_threads})
    warnings = warnings_of(scenario)
    for text in warnings:
        folder.log("warning", {"text": text})
    if folder.lost:
        folder.log("damaged", {"files": folder.lost})
        monitor.tell(f"{folder.path} was damaged and is made again: {', '.join(folder.lost)} changed or gone")
    _describe(folder, scenario)
    if posterior:
        posterior.write(folder)
    scenario = _simulate(folder, asked, n_threads, monitor)
    folder.merge_parts(_names(scenario))
    if posterior:
        drawn = draw_jobs(folder, scenario, posterior)
        monitor.begin(folder.path, len(drawn))
        _run(scenario, drawn, cost_of_draws(scenario, posterior, n_threads).n_workers, 1, monitor)
        draws.merge(folder, pairs(scenario, posterior))
    summary = conclude(folder, scenario)
    if asked.scenario.precise_to:
        found, at_most = _precisions(summary, asked.scenario, scenario.n_replicates), asked.scenario.n_replicates
        summary["precise_to"] = {"at_most": at_most, "measures": {name: one.plain() for name, one in found.items()}}
        warnings += unreached(found.values(), at_most)
    if posterior:
        summary |= {"posterior": under_draws(folder, scenario, posterior, summary)}
    files = [{"name": file.name, "sha256": file.sha256} for file in files_of(scenario).values()]
    more = {"warnings": warnings, "model": model_hash(), KEY: asked.subjects_hash, "files": files}
    folder.finish(summary | {name: told for name, told in more.items() if told}, n_threads)
    folder.log("finished", {})


def _simulate(folder: RunFolder, asked: _Asked, n_threads: int, monitor: Monitor) -> Scenario:
    """Run what is left, in batches where a precision is wanted, and return the scenario with as many as were run."""
    whole = asked.scenario
    if folder.is_merged:
        return _numbered(whole, len({label.rpartition("-r")[2] for label in folder.wells()}))
    n = first(whole.n_replicates) if whole.precise_to else whole.n_replicates
    while True:
        scenario = _numbered(whole, n)
        expected = cost_of_run(scenario, n_threads)
        jobs = _jobs(folder, replace(asked, scenario=scenario), expected, n_threads, monitor)
        monitor.begin(folder.path, len(jobs))
        _run(scenario, jobs, expected.n_workers, _per_job(expected, n_threads), monitor)
        if not whole.precise_to or (n := _next(folder, scenario, whole)) == scenario.n_replicates:
            return scenario


def _numbered(scenario: Scenario, n: int) -> Scenario:
    return scenario if n == scenario.n_replicates else scenario.model_copy(update={"replicates": n})


def _next(folder: RunFolder, scenario: Scenario, whole: Scenario) -> int:
    """Return how many replicates there shall be, after those of a scenario, of what the whole wants known."""
    merge_tables(folder.path, [folder.subject(*who) for who in _names(scenario)])
    table, _ = end_points(folder.series(), scenario)
    found = _precisions(summarised(folder, scenario, table), whole, scenario.n_replicates)
    n = more(list(found.values()), scenario.n_replicates, whole.n_replicates)
    folder.log("precision", {"replicates": scenario.n_replicates, "next": n} | {k: v.plain() for k, v in found.items()})
    return n


def _precisions(summary: dict[str, Any], whole: Scenario, n: int) -> dict[str, Precision]:
    """Return how precisely a summary of n replicates knows what a scenario wants known."""
    return {asked.name: precision(summary, asked, n) for asked in wanted(whole)}


def _names(scenario: Scenario) -> list[tuple[str, int]]:
    return [(subject.arm, subject.replicate) for subject in subjects(scenario)]


def _run(
    scenario: Scenario, jobs: Sequence[SubjectJob] | Sequence[DrawJob], n_workers: int, per_job: int, monitor: Monitor
) -> None:
    if jobs:
        if not is_warm(scenario, per_job):
            warm_up(scenario, per_job)
        run_jobs(jobs, min(n_workers, len(jobs)), monitor, per_job)


def _describe(folder: RunFolder, scenario: Scenario) -> None:
    folder.write_scenario(dump(scenario, folder.path))
    folder.write_table("parameters.csv", parameters(scenario))
    control = controls(scenario)
    extra = [name for name in dict.fromkeys(control.values()) if name and name not in scenario.arms]
    arms, axis = list(scenario.arms.values()), scenario.x_axis
    nothing = [""] * len(extra)
    columns = {
        "arm": [*scenario.arms, *extra],
        "control_arm": [*(control[name] for name in scenario.arms), *nothing],
        "is_control": [False] * len(arms) + [True] * len(extra),
        "words": [arm_of(scenario, Subject(name, 0, name in extra)).words() for name in (*scenario.arms, *extra)],
    }
    if axis:
        columns |= {
            "x_value": [*(arm.x for arm in arms), *([None] * len(extra))],
            "x_name": [axis.name] * len(columns["arm"]),
            "x_unit": [axis.unit] * len(columns["arm"]),
            "group": [*(arm.group for arm in arms), *nothing],
        }
    if axis and axis.half_lysis:
        half = {f"x_half_{name}": value for name, value in axis.half_lysis.model_dump().items()}
        columns |= {name: [value] * len(columns["arm"]) for name, value in half.items()}
    if scenario.observations or any(arm.observed for arm in arms):
        folder.write_table("observed.csv", observed_table(scenario, read_observations(scenario)))
    folder.write_table("arms.csv", columns)
    kinds = sorted(scenario.counted().items(), key=lambda item: not item[1].is_always_counted)
    folder.write_json("populations.json", {name: kind.described() for name, kind in kinds})


def _per_job(expected: RunCost, n_threads: int) -> int:
    return max(1, n_threads // expected.n_workers) if expected.n_cells > FEW_CELLS else 1


def _jobs(folder: RunFolder, asked: _Asked, expected: RunCost, n_threads: int, monitor: Monitor) -> list[SubjectJob]:
    """Return what is left to run, in batches."""
    scenario, branch = asked.scenario, asked.branch
    own_hash = folder.provenance()["scenario_hash"]
    places = {subject: _place(folder, subject) for subject in subjects(scenario)}
    for place in places.values():
        _mend(place, own_hash, folder, scenario, monitor)
    _reuse(folder, list(places.values()), asked, monitor)
    if branch:
        branch.write(folder.path)
        for place in places.values():
            branch.inherit(place, own_hash)
    left = [subject for subject, place in places.items() if not place.part.is_finished]
    return [
        SubjectJob(scenario, tuple(places[subject] for subject in batch), own_hash, _per_job(expected, n_threads))
        for batch in batches_of_run(scenario, left, expected.n_workers)
    ]


def _reuse(folder: RunFolder, places: Sequence[Place], asked: _Asked, monitor: Monitor) -> None:
    for other, n in reuse(folder, places, asked.subjects_hash, folder.provenance()["scenario_hash"]).items():
        folder.log("reused", {"from": other.name, "wells": n})
        monitor.tell(
            f"{n} of {len(places)} {asked.scenario.space.subject}s are taken from {other}, where they are done"
        )


def _place(folder: RunFolder, subject: Subject) -> Place:
    who = subject.arm, subject.replicate
    return Place(subject, folder.subject(*who), str(folder.checkpoints(*who)))


def _mend(place: Place, own_hash: str, folder: RunFolder, scenario: Scenario, monitor: Monitor) -> None:
    lost = mend(place, own_hash)
    if lost and not folder.lost:
        folder.log("damaged", {"well": place.subject.label, "files": lost})
        who = f"{scenario.space.subject} {place.subject.label}"
        monitor.tell(f"{who} was damaged and is made again: {', '.join(lost)} changed or gone")


@contextlib.contextmanager
def _told():
    """Turn the faults of files into the program's own errors."""
    try:
        yield
    except FolderError as error:
        raise InputError(str(error)) from error
    except (WriteError, ReadError) as error:
        raise RunFailed(str(error)) from error
    except MemoryError:
        raise RunFailed(NO_MEMORY) from None
