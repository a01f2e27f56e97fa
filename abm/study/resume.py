"""Going on with a run: from its own checkpoints, or as a branch, a new run that shares its past with another."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from abm.core.checkpoint import Checkpoint, CheckpointError, CheckpointStore
from abm.core.clock import SAME_MOMENT_H
from abm.core.errors import Fault, InputError
from abm.core.files import write_json
from abm.core.par import plain
from abm.core.source import model_hash
from abm.core.user_file import known_by_content
from abm.results.folder import run_path
from abm.results.lock import LOCK_NAME, describe, is_dead, read_owner, take_over
from abm.results.run import Run
from abm.results.subject import FRAMES, SubjectFolder
from abm.results.tables import ReadError, read_npz, read_parquet
from abm.scenario.arms import Arm
from abm.scenario.build import Subject, build, subjects
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario
from abm.study.posterior import Posterior
from abm.study.subject import Place

RECORD = "branch.json"
SHARED = ("dt", "space", "populations")


@dataclass(frozen=True)
class Branch:
    """The past of a branch: a run folder and a moment at which all its subjects have a checkpoint."""

    folder: Path
    scenario_hash: str
    t_h: float

    @classmethod
    def of(cls, parent: Run, own: Scenario, scenario: Scenario) -> "Branch":
        """Return the newest moment before the new scenario's end that all subjects of a run share.

        Parameters
        ----------
        parent : Run
            Where the past comes from.
        own : Scenario
            The parent's.
        scenario : Scenario
            The branch's.

        Raises
        ------
        InputError
            There is none, or the scenario has another past.
        """
        _refuse_running(parent.path)
        if lost := parent.damaged() if parent.is_finished else []:
            raise InputError(f"{parent.path} is damaged ({', '.join(lost)}); abm resume {parent.path} makes it again")
        own_hash = parent.scenario_hash
        stores = {subject: _Past(parent.path, subject, own_hash) for subject in subjects(scenario)}
        for t_h in _shared_moments(stores, parent.path, scenario.duration):
            branch = cls(parent.path, own_hash, t_h)
            _refuse_other_past(own, scenario, t_h)
            with suppress(CheckpointError):
                for subject, past in stores.items():
                    found = past.at(t_h)
                    if subject.replicate == 0:
                        build(scenario, subject).restore(found.header, found.arrays)
                return branch
        all_ = f"all {scenario.space.subject}s"
        raise InputError(f"{parent.path} has no intact checkpoint that {all_} share before the end of the branch")

    @classmethod
    def read(cls, run: Run) -> "Branch | None":
        """Return the past of a branch; None for a run that is no branch."""
        try:
            record = json.loads((run.path / RECORD).read_text())
            return cls((run.path / record["parent"]).resolve(), record["scenario_hash"], record["t_h"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{run.path / RECORD} cannot be read: {error}") from None

    @property
    def identity(self) -> str:
        """Return what tells this past from others."""
        return f"{self.scenario_hash}@{self.t_h!r}"

    def write(self, folder: Path) -> None:
        """Record the past in the branch's own folder, so that the branch itself can be resumed."""
        parent = os.path.relpath(self.folder.resolve(), folder.resolve())
        write_json(folder / RECORD, {"parent": parent, "scenario_hash": self.scenario_hash, "t_h": self.t_h})

    def inherit(self, place: Place, scenario_hash: str) -> None:
        """Copy the parent's checkpoint, and what it observed until then, to a subject that has no checkpoint yet."""
        own = CheckpointStore(place.checkpoints, scenario_hash)
        if own.steps() or place.part.is_finished:
            return
        found = _Past(self.folder, place.subject, self.scenario_hash).at(self.t_h)
        step = found.header["step"]
        for table, at, rows in _observed(Run.open(self.folder), place.subject, step, self.t_h):
            place.part.append(table, at, rows)
        for at, arrays in _mapped(Run.open(self.folder), place.subject, step):
            place.part.append_fields(at, arrays)
        own.save(step, found.header["time_h"], found.arrays, found.header | {"files": place.part.files(FRAMES)})


class _Past:
    """The checkpoints of one subject of another run; nothing is written there."""

    def __init__(self, folder: Path, subject: Subject, scenario_hash: str):
        self.folder = folder / "checkpoints" / subject.label
        self.scenario_hash = scenario_hash

    @cached_property
    def moments(self) -> dict[float, int]:
        """Return the step of each intact checkpoint by its time."""
        found = {}
        for step in self._steps():
            with suppress(CheckpointError):
                found[round(self._read(step).header["time_h"], 9)] = step
        return found

    def at(self, t_h: float) -> Checkpoint:
        """Return the checkpoint of a moment."""
        step = self.moments.get(t_h)
        if step is None:
            raise CheckpointError(f"{self.folder} holds no checkpoint at {t_h:g} h")
        return self._read(step)

    def _steps(self) -> list[int]:
        return CheckpointStore(self.folder, self.scenario_hash).steps() if self.folder.is_dir() else []

    def _read(self, step: int) -> Checkpoint:
        return CheckpointStore(self.folder, self.scenario_hash).read(step)


def _shared_moments(stores: dict[Subject, _Past], folder: Path, end_h: float) -> list[float]:
    """Return the moments, newest first, at which every subject has a checkpoint."""
    moments = {subject: set(past.moments) for subject, past in stores.items()}
    bare = [subject.label for subject, found in moments.items() if not found]
    if bare:
        raise InputError(f"{folder} holds no checkpoint of {', '.join(bare)} to branch from")
    shared = set.intersection(*moments.values())
    return sorted((t for t in shared if t < end_h - SAME_MOMENT_H), reverse=True)


def _refuse_running(folder: Path) -> None:
    owner = read_owner(folder / LOCK_NAME)
    if owner is not None and not is_dead(owner):
        raise InputError(f"{describe(folder / LOCK_NAME)}; branch from it then")


def _refuse_other_past(own: Scenario, scenario: Scenario, t_h: float) -> None:
    """Refuse changes of what happened before the branch: they would be shown but would have had no effect."""
    faults = [
        Fault(f"a branch shares its past, so its {name} cannot change", name)
        for name in SHARED
        if getattr(own, name) != getattr(scenario, name)
    ]
    for name, arm in scenario.arms.items():
        if name in own.arms and _past_of(arm, t_h) != _past_of(own.arms[name], t_h):
            message = f"a branch shares its past, so what was added before {t_h:g} h cannot change"
            faults.append(Fault(message, f"arms.{name}"))
    if faults:
        raise InputError(*faults)


def _past_of(arm: Arm, t_h: float) -> tuple:
    before = t_h - SAME_MOMENT_H
    return tuple(a for a in arm.add if a.at < before), tuple(c for c in arm.change if c.at < before), arm.without


def _observed(parent: Run, subject: Subject, step: int, t_h: float) -> Iterator[tuple[str, int, pa.Table]]:
    """Yield the cells and events that the parent saw in a subject until the branch: table, step, rows."""
    part = SubjectFolder(parent.path / "parts" / subject.label, subject.arm, subject.replicate)
    merged = {at: parent.path / "cells" / f"frame={at:06d}.parquet" for at in parent.cell_steps()}
    for at, path in (merged if parent.is_merged else part.chunks("cells")).items():
        rows = _own_rows(read_parquet(path), subject)
        if at <= step and rows.num_rows:
            yield "cells", at, rows
    events = parent.path / "events.parquet"
    chunks = {step: events} if parent.is_merged and events.exists() else part.chunks("events")
    for at, path in chunks.items():
        rows = _own_rows(read_parquet(path), subject)
        if at <= step and "time_h" in rows.column_names:
            yield "events", at, rows.filter(pc.less_equal(rows["time_h"], t_h + SAME_MOMENT_H))


def _mapped(parent: Run, subject: Subject, step: int) -> Iterator[tuple[int, dict]]:
    """Yield the field maps that the parent saw in a subject until the branch."""
    part = SubjectFolder(parent.path / "parts" / subject.label, subject.arm, subject.replicate)
    prefix = f"{subject.arm}/{subject.replicate}/"
    merged = {at: parent.path / "fields" / f"frame={at:06d}.npz" for at in parent.field_steps()}
    for at, path in (merged if parent.is_merged else part.chunks("fields")).items():
        arrays = {name.removeprefix(prefix): a for name, a in read_npz(path).items() if name.startswith(prefix)}
        if at <= step and arrays:
            yield at, arrays


def _own_rows(table: pa.Table, subject: Subject) -> pa.Table:
    mine = pc.and_(pc.equal(table["arm"], subject.arm), pc.equal(table["replicate"], subject.replicate))
    return table.filter(mine).drop_columns(["arm", "replicate"])


def scenario_hash(scenario: Scenario, branch: Branch | None = None, posterior: Posterior | None = None) -> str:
    """Return the hash of all inputs, the model's own source and the content of the user's files among them."""
    past = {"branch": branch.identity} if branch else {}
    drawn = {"posterior": posterior.identity} if posterior else {}
    content = {"scenario": known_by_content(plain(scenario)), "model": model_hash(), **past, **drawn}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def going_on(
    folder: Path, sets: Sequence[str], out: Path | None, unlocks: bool = False
) -> tuple[Scenario, Path, Branch | None]:
    """Return scenario, root and branch with which to run on from a run folder, whose lock is taken over.

    Parameters
    ----------
    folder : Path
        An interrupted run; with `sets`, the parent of a branch.
    sets : sequence of str
        What the branch changes; none to go on as before.
    out : Path, optional
        Root for a branch; default: the parent's.
    unlocks : bool
        Whether the lock of an owner elsewhere that seems to have ended is taken over too.

    Raises
    ------
    InputError
        There is no run to go on with, it is another version's, or another process writes there.
    """
    free(folder, unlocks)
    run, own = _opened(folder)
    before, posterior = Branch.read(run), Posterior.read(folder)
    own_hash = scenario_hash(own, before, posterior)
    if own_hash != run.scenario_hash:
        raise InputError(
            f"{folder} was made by another version of the model or its scenario.yaml was changed; run anew"
        )
    root = out or folder.resolve().parent.parent
    if sets and posterior:
        raise InputError(f"{folder} was run under draws of a posterior, which is not branched; run the scenario anew")
    if sets:
        scenario = load_scenario(folder / "scenario.yaml", tuple(sets))
        branch = Branch.of(run, own, scenario)
        free(run_path(root, scenario.name, scenario_hash(scenario, branch), scenario.seed), unlocks)
        return scenario, root, branch
    if out:
        raise InputError("--out is for a branch, made with --set; without, a run goes on where it is")
    if run_path(root, own.name, own_hash, own.seed) != folder.resolve():
        raise InputError(f"{folder} was moved or renamed: it was made as {own.name}/{own_hash[:8]}-s{own.seed}")
    return own, root, before


def _opened(folder: Path) -> tuple[Run, Scenario]:
    try:
        run = Run.open(folder)
        if not (folder / "scenario.yaml").exists():
            raise ReadError(f"{folder} was left before anything ran; start it with abm run")
        return run, load_scenario(folder / "scenario.yaml")
    except (ReadError, OSError) as error:
        raise InputError(str(error)) from None


def free(folder: Path, unlocks: bool = False) -> None:
    """Remove the lock that a dead process left in a folder; see :func:`abm.results.lock.take_over`.

    Raises
    ------
    InputError
        The owner runs, or may do so.
    """
    try:
        take_over(folder, unlocks)
    except OSError as error:
        raise InputError(str(error)) from None
