"""Making a run folder: its name, its lock, the subjects' parts and the tables merged from them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from abm.core.files import (
    LEFTOVER,
    append_event,
    atomic_write,
    naming,
    remove_leftovers,
    write_json,
)
from abm.results.hashes import result_hash
from abm.results.lock import LOCK_NAME, Lock
from abm.results.merge import is_simulated, merge
from abm.results.provenance import collect
from abm.results.run import DRAWS, Run
from abm.results.seal import FILES, seal, sealed
from abm.results.subject import SubjectFolder
from abm.results.tables import Columns, ReadError, as_table, write_csv, write_csv_parts

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
HASH = re.compile(r"[0-9a-f]{8,128}")


class FolderError(ValueError):
    """The folder cannot be used: a wrong name, a place outside the root, or another run's files."""


class RunFolder(Run):
    """A run folder that this process may write to while it holds the lock.

    Use as a context manager; the lock is released at the end. ``create`` makes or resumes one, ``open`` only reads.

    Attributes
    ----------
    lost : list of str
        Files that had changed or gone since they were finished, and are to be made again.
    """

    def __init__(self, path: str | Path):
        super().__init__(path)
        self.lost: list[str] = []
        self._lock: Lock | None = None
        self._t_start = datetime.now(UTC)

    @classmethod
    def create(cls, root: str | Path, scenario_name: str, scenario_hash: str, seed: int) -> Self:
        """Make, resume or reuse ``root/<scenario>/<hash8>-s<seed>``.

        A finished run, all files as they were, is returned without the lock: nothing is left to write.

        Raises
        ------
        FolderError
            A wrong name, a place outside the root, or files of another run.
        LockedError
            Another process writes there, or died there.
        WriteError
            The folder cannot be made.
        """
        identity = {"scenario": scenario_name, "scenario_hash": scenario_hash, "seed": int(seed)}
        folder = cls(run_path(root, scenario_name, scenario_hash, seed))
        with naming(folder.path):
            folder.path.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(folder, identity)
        if not folder._is_whole():
            folder._begin(identity)
        return folder

    @property
    def is_open(self) -> bool:
        """Whether this process may write: something is left to do."""
        return self._lock is not None and self._lock.is_held

    def _is_whole(self) -> bool:
        return self.is_finished and (self.path / FILES).exists() and not self.damaged()

    def _begin(self, identity: dict[str, Any]) -> None:
        self._lock = Lock(self.path)
        try:
            _refuse_foreign(self, identity)
            remove_leftovers(self.path)
            if self._is_whole():
                self.close()
                return
            self.lost = _discard_damaged(self)
            if not _is_of(self, identity):
                write_json(self.path / "provenance.json", identity | collect(self._t_start))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Return the folder itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Release the lock."""
        self.close()

    def close(self) -> None:
        """Release the lock, if this process holds it."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def write_scenario(self, text: str) -> None:
        """Write the complete scenario."""
        self._require_lock()
        atomic_write(self.path / "scenario.yaml", text.encode())

    def write_table(self, name: str, columns: Columns) -> None:
        """Write a CSV beside the series: ``arms.csv``, ``parameters.csv``, of patients ``end_points.csv``."""
        self._require_lock()
        write_csv(self.path / name, columns)

    def write_json(self, name: str, content: Mapping[str, object]) -> None:
        """Write what the tables mean: ``measures.json`` of their columns, ``populations.json`` of the cells."""
        self._require_lock()
        write_json(self.path / name, content)

    def write_parts(self, name: str, parts: Iterable[Columns]) -> None:
        """Write a CSV from parts under one another, one of them in memory at a time."""
        self._require_lock()
        write_csv_parts(self.path / name, map(as_table, parts))

    def log(self, event: str, fields: Mapping[str, object]) -> None:
        """Add one line to ``log.jsonl``."""
        append_event(self.path / "log.jsonl", event, fields)

    def subject(self, arm: str, replicate: int) -> SubjectFolder:
        """Return the part of one subject, made if missing."""
        part = self._part(arm, replicate)
        self._make(part.path)
        return part

    def checkpoints(self, arm: str, replicate: int) -> Path:
        """Return the folder for one subject's checkpoints, made if missing."""
        return self._make(self.path / "checkpoints" / subject_name(arm, replicate))

    def _make(self, path: Path) -> Path:
        self._require_lock()
        with naming(path):
            path.parent.mkdir(exist_ok=True)
            path.mkdir(exist_ok=True)
        return path

    def merge_parts(self, subjects: Sequence[tuple[str, int]]) -> None:
        """Put the finished subjects' tables under one another, in the order given, and remove the parts.

        Safe to repeat after a crash at any moment.

        Raises
        ------
        FolderError
            A subject is not finished.
        """
        self._require_lock()
        parts = [self._part(arm, replicate) for arm, replicate in subjects]
        unfinished = [part.path.name for part in parts if not part.is_finished]
        if not unfinished:
            merge(self.path, parts)
            seal(self.path, "wells.json", {part.path.name: part.record() for part in parts})
        elif not self.is_merged:
            raise FolderError(f"{self.path}: not finished: {', '.join(unfinished)}")
        for part in parts:
            part.remove()
        with suppress(OSError):
            (self.path / "parts").rmdir()

    def finish(self, summary: Mapping[str, object], n_threads: int = 1) -> str:
        """Write the provenance and, last of all, the summary with both hashes; return the result hash."""
        self._require_lock()
        if not self.is_merged:
            raise FolderError(f"{self.path}: the subjects are not merged")
        identity = {key: self.provenance()[key] for key in ("scenario", "scenario_hash", "seed")}
        hashes = {"scenario_hash": identity["scenario_hash"], "result_hash": result_hash(self.path)}
        known = identity | hashes | _taken_in(summary) | collect(self._t_start, n_threads)
        write_json(self.path / "provenance.json", known)
        before = {name: own for name, own in sealed(self.path).items() if is_simulated(name)}
        seal(self.path, "summary.json", {**summary, **hashes}, before)
        return hashes["result_hash"]

    def _require_lock(self) -> None:
        if not self.is_open:
            raise FolderError(f"{self.path} is not open for writing: this process does not hold its lock")

    def _part(self, arm: str, replicate: int) -> SubjectFolder:
        return SubjectFolder(self.path / "parts" / subject_name(arm, replicate), arm, int(replicate))


def _taken_in(summary: Mapping[str, object]) -> dict[str, object]:
    """Return what a run took in beside its scenario: the model, draws of a posterior, files of the user's."""
    drawn = {"posterior": dict(summary["posterior"])["of"]} if "posterior" in summary else {}
    return {name: summary[name] for name in ("model", "subjects_hash", "files") if name in summary} | drawn


def _discard_damaged(run: Run) -> list[str]:
    """Remove the marks of completion from damaged files and return their names; merged tables hold all subjects."""
    if not (run.is_merged or run.has("summary.json")):
        return []
    was_finished = run.has("summary.json") or "summary.json" in sealed(run.path)
    lost = [name for name in run.damaged() or [FILES] if was_finished or is_simulated(name)]
    drawn = [f"{DRAWS}/series.csv"] * any(name == "result_hash" or name.startswith(f"{DRAWS}/") for name in lost)
    for name in drawn + ["wells.json"] * any(map(is_simulated, lost)) + ["summary.json"] * bool(lost):
        (run.path / name).unlink(missing_ok=True)
    return lost


def _is_of(run: Run, identity: dict[str, Any]) -> bool:
    with suppress(ReadError):
        found = run.provenance()
        return all(found.get(key) == value for key, value in identity.items())
    return False


def _refuse_foreign(run: Run, identity: dict[str, Any]) -> None:
    with naming(run.path):
        names = sorted(entry.name for entry in run.path.iterdir())
    names = [name for name in names if name != LOCK_NAME and not LEFTOVER.fullmatch(name)]
    if not names:
        return
    try:
        if run.scenario_hash == identity["scenario_hash"]:  # the summary's, where the provenance is damaged
            return
        found = run.provenance()
    except ReadError:
        raise FolderError(f"{run.path} is not empty and holds no run: {', '.join(names[:5])}") from None
    for key, value in identity.items():
        if found.get(key) != value:
            raise FolderError(f"{run.path} holds another run: its {key} is {found.get(key)!r}, not {value!r}")


def run_path(root: str | Path, scenario_name: str, scenario_hash: str, seed: int) -> Path:
    """Return the folder of a run, resolved and inside the resolved root.

    Raises
    ------
    FolderError
        A wrong name or a link that leads outside.
    """
    check_name(scenario_name, "scenario name")
    if not HASH.fullmatch(scenario_hash):
        raise FolderError(f"scenario hash {scenario_hash[:80]!r}: allowed are 8 to 128 lower-case hexadecimal digits")
    if not 0 <= seed < 2**64:
        raise FolderError(f"seed {seed}: allowed is 0 to 2^64 - 1")
    base = Path(root).resolve()
    path = (base / scenario_name / f"{scenario_hash[:8]}-s{seed}").resolve()
    if not path.is_relative_to(base):
        raise FolderError(f"{base / scenario_name} is a link that leads out of {base}")
    return path


def subject_name(arm: str, replicate: int) -> str:
    """Return ``<arm>-r<replicate>``; a control arm is ``<arm>~control``."""
    check_name(arm.removesuffix("~control"), "arm name")
    return f"{arm}-r{int(replicate)}"


def check_name(name: str, what: str) -> None:
    """Refuse a name that is not a plain file name.

    Raises
    ------
    FolderError
        It is not 1 to 64 letters, digits, dots, underscores and hyphens, or only dots.
    """
    if not NAME.fullmatch(name) or not name.strip("."):
        raise FolderError(f"{what} {name[:80]!r}: allowed are 1 to 64 letters, digits, '.', '_' and '-'")
