"""The verbs of studies: plan, run, status, report."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from abm.cli import shared
from abm.core.errors import InputError
from abm.core.paths import from_home

if TYPE_CHECKING:  # loading them takes longer than --help may
    from abm.results.study import StudyFolder
    from abm.study.pool import Engine as Runs
    from abm.study.spec import Planned

study = typer.Typer(help="Families of runs: sweeps, sensitivity.", no_args_is_help=True, rich_markup_mode=None)
shared.app.add_typer(study, name="study")
StudyFile = Annotated[
    Path,
    typer.Argument(parser=from_home, help="Study: a YAML file, or a name of abm list studies.", show_default=False),
]
Engine = Annotated[str, typer.Option("--engine", help="local or dask.")]
Scheduler = Annotated[str, typer.Option("--scheduler", help="Dask scheduler, tcp://host:port; else one of its own.")]


@study.command()
def plan(
    study_file: StudyFile,
    sets: shared.Sets = None,
    threads: shared.Threads = None,
    out: shared.Out = Path("runs"),
    unlock: shared.Unlock = False,
    as_json: shared.Json = False,
) -> None:
    """Write the plan of a study and say what it will take."""
    from abm.study.execute import plan as write_plan

    planned = _load(study_file, sets)
    found = _cost(planned, threads, out)
    folder = write_plan(planned, out, unlock)
    _tell_notice(folder)
    tell({**found, "folder": str(folder.path)}, as_json)


@study.command()
def run(
    study_file: StudyFile,
    sets: shared.Sets = None,
    engine: Engine = "local",
    scheduler: Scheduler = "",
    threads: shared.Threads = None,
    out: shared.Out = Path("runs"),
    again: Annotated[bool, typer.Option("--again", help="Try rows that failed once more.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the study would take, and stop.")] = False,
    unlock: shared.Unlock = False,
    as_json: shared.Json = False,
) -> None:
    """Run what is missing of a study; ends with a table and a report."""
    from abm.core.files import try_folder
    from abm.study.execute import run_study, status

    planned = _load(study_file, sets)
    found = _cost(planned, threads, out)
    chosen = choose_engine(engine, scheduler, shared.cores(threads))
    if dry_run:
        try_folder(out)
        tell(found, as_json)
        return
    folder = shared.watched(lambda monitor: run_study(planned, out, chosen, monitor, again), shared.same_call(), unlock)
    tell({**status(planned, out), "table": str(folder.path / "results.parquet"), "report": _report(folder)}, as_json)


@study.command()
def status(
    study_file: StudyFile, sets: shared.Sets = None, out: shared.Out = Path("runs"), as_json: shared.Json = False
) -> None:
    """Count the rows of a study that are done, failed, refused and missing."""
    from abm.study.execute import status as count
    from abm.study.execute import study_folder

    planned = _load(study_file, sets)
    _tell_notice(study_folder(out, planned))
    tell(count(planned, out), as_json)


@study.command()
def report(
    study_file: StudyFile, sets: shared.Sets = None, out: shared.Out = Path("runs"), as_json: shared.Json = False
) -> None:
    """Write the table and the report of a study anew from the rows that have ended."""
    from abm.study.execute import finish, study_folder

    planned = _load(study_file, sets)
    folder = study_folder(out, planned)
    _tell_notice(folder)
    if not (folder.path / "plan.parquet").exists():
        raise InputError(f"{folder.path} holds no study; abm study run {study_file} makes one")
    finish(folder, planned)
    tell({"report": _report(folder)}, as_json)


def choose_engine(name: str, scheduler: str, n_workers: int) -> "Runs":
    """Return the engine of that name."""
    from abm.study.execute import local

    if name == "local" and not scheduler:
        return local(n_workers)
    if name not in ("dask", "local") or (name == "local" and scheduler):
        raise InputError(f"engine {name!r}; allowed: local, dask (with --scheduler: dask)")
    try:
        from abm.study import cluster
    except ModuleNotFoundError as error:
        raise InputError(f"the engine 'dask' needs {error.name}: pip install 'antibody-abm[dask]'") from None
    return lambda jobs, monitor: cluster.outcomes(jobs, n_workers, monitor, scheduler)


def _load(path: Path, sets: list[str] | None) -> "Planned":
    from abm.study.spec import load_study

    return load_study(path, tuple(sets or []))


def _cost(planned: "Planned", threads: int | None, out: Path) -> dict[str, float]:
    from abm.study.cost import refuse_large_study

    found = asdict(refuse_large_study(planned, shared.cores(threads), out))
    return {name: value if isinstance(value, int) else float(f"{value:.3g}") for name, value in found.items()}


def _report(folder: "StudyFolder") -> str:
    from abm.plot.page.report import write_report

    return str(write_report(folder.path))


def _tell_notice(folder: "StudyFolder") -> None:
    if folder.notice:
        sys.stderr.write(f"{folder.notice}\n")


def tell(found: dict[str, Any], as_json: bool) -> None:
    """Print what was found, as JSON or as a table."""
    if as_json:
        shared.show(found)
    else:
        shared.table(["", ""], [[name, str(value)] for name, value in found.items()])
        sys.stdout.flush()
