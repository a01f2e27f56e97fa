"""The verbs of ``abm``; heavy imports stay inside the verb, so that ``--help`` is quick."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Annotated, Any

import typer

from abm.core.errors import AbmError, InputError, Interrupted, RunFailed

app = typer.Typer(
    help="Simulate antibody therapy against B cells, one agent per cell. Research use only; no dosing advice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
MAX_DRAWING = 4  # processes; more draw too little each to be worth starting
File = Annotated[Path, typer.Argument(help="Scenario file (YAML).", show_default=False)]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change one value; repeatable.")]
Out = Annotated[Path, typer.Option("--out", help="Folder that holds all runs.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Threads = Annotated[int | None, typer.Option("--threads", min=1, max=1024, help="Cores to use; default: all.")]


def main() -> None:
    """Run the program and end with its exit code; a user's mistake never shows a traceback."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
        if code:  # an interruption is returned, not raised
            sys.exit(code)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except typer.Abort:
        sys.exit(130)
    except AbmError as error:
        _end(error, error.exit_code)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what cannot be written is not tried again at the end
        _end(error, 141 if isinstance(error, BrokenPipeError) else 3)
    except MemoryError:
        _end(RunFailed("the memory is used up"), 3)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        _end(error, 2, error.format_message())


def _end(error: Exception, code: int, text: str = "") -> None:
    text = text or str(error)
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps({"error": text, "exit_code": code}) + "\n")
    sys.stderr.write(f"{text}\n")
    sys.exit(code)


@app.command()
def run(
    scenario: File,
    sets: Sets = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed, 0 to 2^64 - 1.")] = None,
    replicates: Annotated[int | None, typer.Option("--replicates", help="Wells per arm.")] = None,
    threads: Threads = None,
    out: Out = Path("runs"),
    explain: Annotated[bool, typer.Option("--explain", help="Print the step and the time each process takes.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the run would take, and stop.")] = False,
    check_step: Annotated[bool, typer.Option("--check-step", help="Run again with half the step and compare.")] = False,
    as_json: Json = False,
) -> None:
    """Run a scenario: every arm, every control, every replicate; ends with a table and a report."""
    loaded = _load(scenario, _with(sets, seed=seed, replicates=replicates))
    n_threads = threads or os.cpu_count() or 1
    if explain:
        _explain(loaded, as_json)
    elif dry_run:
        _dry_run(loaded, n_threads, out, as_json)
    else:
        _run(loaded, out, n_threads, as_json, check_step=check_step)


@app.command()
def resume(
    folder: Annotated[Path, typer.Argument(help="Run folder.", show_default=False)],
    sets: Sets = None,
    threads: Threads = None,
    out: Annotated[Path | None, typer.Option("--out", help="Root for a branch; default: beside the run.")] = None,
    as_json: Json = False,
) -> None:
    """Go on with an interrupted run; with --set, branch from its last checkpoint into a new run."""
    from abm.study.resume import going_on

    scenario, root, branch = going_on(folder, sets or [], out)
    _run(scenario, root, threads or os.cpu_count() or 1, as_json, branch=branch)


@app.command()
def check(scenario: File, sets: Sets = None, as_json: Json = False) -> None:
    """Check a scenario file and show every fault at once."""
    from abm.scenario.build import wells

    loaded = _load(scenario, sets or [])
    found = {"scenario": loaded.name, "arms": list(loaded.arms), "wells": len(wells(loaded)), "ok": True}
    _print(found if as_json else f"{scenario}: ok, {len(loaded.arms)} arms, {found['wells']} wells")


@app.command("list")
def list_(
    what: Annotated[str, typer.Argument(help="scenarios, processes, schema or references.")] = "processes",
    as_json: Json = False,
) -> None:
    """List scenarios, processes, the schema of scenario files, or references."""
    from abm.scenario import listing

    if what not in listing.LISTS:
        raise InputError(f"there is no list of {what!r}; allowed: {', '.join(listing.LISTS)}")
    found = listing.LISTS[what]()
    if as_json or what == "schema":
        _print(found)
    else:
        _table([f"{what}", "what it is"], [[name, text] for name, text in found.items()])


@app.command()
def params(scenario: File, sets: Sets = None, as_json: Json = False) -> None:
    """Show every parameter of a scenario with unit and source."""
    from abm.scenario.parameters import COLUMNS, parameters

    table = parameters(_load(scenario, sets or []))
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*table.values(), strict=True)]
    if as_json:
        _print({"parameters": rows})
    else:
        _table(list(COLUMNS), [list(row.values()) for row in rows])


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Run folder.", show_default=False)], as_json: Json = False
) -> None:
    """Draw the figures and write the report of a finished run anew."""
    from abm.results.run import Run
    from abm.results.tables import ReadError

    try:
        found = Run.open(folder)
        with _drawing(os.cpu_count() or 1) as draw:
            path = draw(found)
    except (ReadError, OSError) as error:
        raise InputError(str(error)) from None
    _print({"report": str(path)} if as_json else str(path))


def _load(path: Path, sets: list[str]) -> Any:
    from abm.scenario.from_file import load_scenario

    return load_scenario(path, tuple(sets))


def _with(sets: list[str] | None, seed: int | None, replicates: int | None) -> list[str]:
    extra = [f"{name}={value}" for name, value in (("seed", seed), ("replicates", replicates)) if value is not None]
    return [*(sets or []), *extra]


def _run(scenario: Any, out: Path, n_threads: int, as_json: bool, branch: Any = None, check_step: bool = False) -> None:
    from abm.study.run import run_scenario
    from abm.study.steps import compare_half_step

    with _drawing(n_threads) as draw:
        found = _watched(lambda monitor: run_scenario(scenario, out, n_threads, monitor, branch))
        if check_step:
            _watched(lambda monitor: compare_half_step(found, scenario, out, n_threads, monitor))
        path = draw(found)
    summary = found.summary()
    if as_json:
        _print({**summary, "folder": str(found.path), "report": str(path)})
    else:
        _show(summary, path)


def _watched(work: Callable[[Any], Any]) -> Any:
    """Do long work under a progress bar; the first SIGINT or SIGTERM asks for checkpoints."""
    from abm.study.jobs import Stopped
    from abm.study.progress import WatchedRun

    with WatchedRun() as monitor:

        def on_signal(number: int, _: object) -> None:
            monitor.signal_number = number

        before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            return work(monitor)
        except Stopped:
            where = f"; go on with: abm resume {monitor.folder}" if monitor.folder else ""
            raise Interrupted(monitor.signal_number, f"interrupted, checkpoints written{where}") from None
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _drawing(n_processes: int) -> Iterator[Callable[[Any], Path]]:
    """Load what draws, which takes a second, beside what is done inside, and give the function that draws a run."""
    from abm.plot.beside import start_drawing
    from abm.results.files import WriteError
    from abm.scenario.references import references

    def draw(found: Any) -> Path:
        from abm.plot.report import write_report

        try:
            return write_report(found, references(), others)
        except WriteError as error:
            raise RunFailed(str(error)) from error

    Thread(target=import_module, args=("abm.plot.report",), daemon=True).start()
    with ExitStack() as stack:
        others = [stack.enter_context(other) for other in start_drawing(min(n_processes, MAX_DRAWING) - 1)]
        yield draw


def _explain(scenario: Any, as_json: bool) -> None:
    from abm.study.explain import explain

    rows = explain(scenario)
    if as_json:
        _print({"step": rows})
    else:
        _table(["phase", "process", "kind", "ms per step", "reads", "writes"], [list(row.values()) for row in rows])


def _dry_run(scenario: Any, n_threads: int, out: Path, as_json: bool) -> None:
    from abm.study.run import estimate, refuse_if_too_large

    expected = estimate(scenario, n_threads)
    refuse_if_too_large(expected, out)
    found = {
        "wells": expected.n_wells,
        "cells_per_well": expected.n_cells,
        "steps": expected.n_steps,
        "workers": expected.n_workers,
        "memory_GB": round(expected.memory_bytes / 1e9, 2),
        "disk_GB": round(expected.disk_bytes / 1e9, 3),
        "seconds": round(expected.seconds),
    }
    if as_json:
        _print(found)
    else:
        _table(["", "about"], [[name, str(value)] for name, value in found.items()])


def _show(summary: dict, path: Path) -> None:
    rows = []
    for name, arm in summary["arms"].items():
        deaths = [_percent(share) for share in arm["deaths"].values()]
        rows.append([name, _spread(arm["survival"]), _spread(arm["survival_raw"]), _spread(arm["control"]), *deaths])
        for cohort, survival in arm.get("cohorts", {}).items():
            which = "there from the start" if cohort == "0" else f"addition {cohort}"
            rows.append([f"  B cells: {which}", "", _spread(survival), ""])
    causes = list(next(iter(summary["arms"].values()))["deaths"])
    _table(["arm", "survival %", "raw %", "control %", *(f"{cause} %" for cause in causes)], rows)
    sys.stdout.write(f"{path}\n")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _spread(value: dict) -> str:
    spread = f" ({_percent(value['lo'])} to {_percent(value['hi'])})" if value["lo"] is not None else ""
    return _percent(value["mean"]) + spread


def _table(header: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*header, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(cell).replace("[", "\\[") for cell in row))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _print(content: object) -> None:
    text = content if isinstance(content, str) else json.dumps(content, indent=None, default=str)
    sys.stdout.write(text + "\n")
