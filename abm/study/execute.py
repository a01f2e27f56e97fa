"""From a study's file to its table: plan, run what is missing, and record how every row ended."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from abm.core.errors import InputError
from abm.core.files import remove_leftovers
from abm.core.source import model_hash
from abm.document.load import dump
from abm.results.declared import DECLARED
from abm.results.lock import Lock, LockedError, take_over
from abm.results.study import IDENTITY, Row, StudyFolder, home
from abm.scenario.draws import warnings_of
from abm.study.conclude import declared
from abm.study.design import label
from abm.study.indices import indices, plain_indices, undefined
from abm.study.jobs import Monitor, Outcome
from abm.study.pool import Engine, outcomes
from abm.study.rows import RowJob, together, told_base
from abm.study.spec import Planned


def local(n_workers: int) -> Engine:
    """Return the engine that runs rows over workers of this machine."""
    return lambda jobs, monitor: outcomes(jobs, n_workers, monitor)


def study_folder(root: Path, planned: Planned) -> StudyFolder:
    """Return the folder of a study."""
    return home(*_place(root, planned))


def _place(root: Path, planned: Planned) -> tuple[Path, str, dict[str, Any]]:
    """Return where the folders of studies lie, a study's name, and all that its results depend on."""
    study = planned.study
    content = {
        "base": hashlib.sha256(told_base(planned.text).encode()).hexdigest(),
        "design": json.loads(study.design.model_dump_json(by_alias=True)),
        "seeds": list(study.seeds),
        "summaries": list(study.summaries),
        "model": model_hash(),
    }
    return root.resolve() / "studies", study.name, content


def plan(planned: Planned, root: Path, unlocks: bool = False) -> StudyFolder:
    """Write the plan; what has run already is kept and will be reused.

    Raises
    ------
    InputError
        Another process runs this study.
    """
    monitor = Monitor()
    monitor.unlocks = unlocks
    with at_home(*_place(root, planned), monitor) as folder:
        _write_plan(folder, planned)
    return folder


def run_study(planned: Planned, root: Path, engine: Engine, monitor: Monitor, again: bool = False) -> StudyFolder:
    """Run the rows that have not ended yet, each content once, and write the table.

    Parameters
    ----------
    planned : Planned
        From :func:`abm.study.spec.load_study`.
    root : Path
        Folder that holds all runs.
    engine : callable
        From :func:`local` or :mod:`abm.study.cluster`.
    monitor : Monitor
        Progress and the wish to stop.
    again : bool
        Whether rows that failed before are tried once more.

    Raises
    ------
    InputError
        Another process runs this study.
    Stopped
        The monitor asked to stop; what ended is kept.
    """
    with at_home(*_place(root, planned), monitor) as folder:
        _write_plan(folder, planned)
        known = {key for key, how in folder.statuses().items() if how == "done" or not again}
        jobs = lambda: (_job(planned, row) for row in folder.plan())  # noqa: E731
        for _ in run_rows(folder, jobs, engine, monitor, known, folder.kin()):
            pass
        finish(folder, planned)
    return folder


def finish(folder: StudyFolder, planned: Planned) -> None:
    """Write the table and, where the design is made for it, the sensitivity of every summary to every axis."""
    folder.write_table(planned.columns.of)
    table = folder.table()
    found = indices(planned, table)
    gone = undefined(planned, table, found)
    folder.write_json("undefined.json", gone)
    if found:
        folder.write_json("sensitivity.json", plain_indices(found) | {"undefined": gone})


def run_rows(
    folder: StudyFolder,
    jobs: Callable[[], Iterable[RowJob]],
    engine: Engine,
    monitor: Monitor,
    known: Collection[str],
    kin: Mapping[str, Row],
) -> Iterator[Row]:
    """Run jobs whose hash is not known, each content once; add a line for each that ended and yield it.

    ``jobs`` makes them anew at each call: they are counted first. What ``kin`` holds is taken over and not run.
    """
    known = set(known)
    for job in _missing(jobs(), known) if kin else ():
        if job.hash in kin:
            known.add(job.hash)
            folder.append(kin[job.hash])
            yield kin[job.hash]
    monitor.note = folder.log
    n_rows = sum(1 for _ in _missing(jobs(), known))
    monitor.begin(folder.path, sum(1 for _ in together(_missing(jobs(), known), n_rows)))
    for outcome in engine(together(_missing(jobs(), known), n_rows), monitor):
        for record in _records(outcome, monitor):
            folder.append(record)
            yield record


def _records(outcome: Outcome, monitor: Monitor) -> Iterator[Row]:
    """Yield how each row of a job ended."""
    rows: Sequence[RowJob] = outcome.job.rows
    failed = [(outcome.event, outcome.content)] * len(rows)
    for row, (event, content) in zip(rows, outcome.content if outcome.event == "done" else failed, strict=True):
        if event != "done" and outcome.event == "done":
            monitor.note("failed", {"job": row.label, "reason": content})
        yield {"hash": row.hash, "status": event, "values" if event == "done" else "reason": content}


def _missing(jobs: Iterable[RowJob], known: Collection[str]) -> Iterator[RowJob]:
    seen = set(known)
    for job in jobs:
        if job.hash not in seen:
            seen.add(job.hash)
            yield job


def status(planned: Planned, root: Path) -> dict[str, int]:
    """Count the planned rows by how they ended; ``missing`` are still to run."""
    ended = study_folder(root, planned).statuses()
    counts = dict.fromkeys(("done", "failed", "refused", "missing"), 0)
    for row in planned.rows():
        counts[ended.get(row["hash"], "missing")] += 1
    return counts


def _write_plan(folder: StudyFolder, planned: Planned) -> None:
    study = planned.study
    identity = {"base": told_base(planned.text), "design": json.loads(study.design.model_dump_json(by_alias=True))}
    about = {"title": study.title, "question": study.question, "summaries": list(study.summaries)}
    about |= {"columns": planned.columns.names, "warnings": warnings_of(planned.base)}
    folder.write_json(DECLARED, declared(planned.base.readouts))
    folder.write_text("study.yaml", dump(study))
    labels = {path: label(json.loads(planned.text), path) for path in planned.paths}
    content = {"name": study.name, **about, **identity, "labels": labels, "seeds": list(study.seeds)}
    folder.write_json("study.json", content)
    folder.write_plan(planned.rows())


def _job(planned: Planned, row: dict[str, Any]) -> RowJob:
    return RowJob(row["id"], planned.text, row["point"], row["seed"])


@contextmanager
def at_home(parent: Path, name: str, content: Mapping[str, Any], monitor: Monitor) -> Iterator[StudyFolder]:
    """Lock the folder for one content; if its name is taken by another content, use a folder beside that and say so.

    Raises
    ------
    InputError
        Another process is at it.
    """
    while True:
        folder = home(parent, name, content)
        folder.make()
        with only(folder, monitor.unlocks):
            if home(parent, name, content).path != folder.path:  # another process was quicker
                continue
            if folder.notice:
                monitor.tell(folder.notice)
            folder.write_json(IDENTITY, content)
            yield folder
            return


@contextmanager
def only(folder: StudyFolder, unlocks: bool = False) -> Iterator[None]:
    """Hold a study's lock; one whose owner is gone is taken over, see :func:`abm.results.lock.take_over`.

    Raises
    ------
    InputError
        Its owner is at work, or may be.
    """
    try:
        take_over(folder.path, unlocks)
        lock = Lock(folder.path)
    except LockedError as error:
        raise InputError(str(error)) from None
    try:
        remove_leftovers(folder.path)
        yield
    finally:
        lock.release()
