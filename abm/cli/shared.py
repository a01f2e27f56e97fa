"""What all verbs share: options, tables, a progress bar around long work, and processes that draw beside it."""

import json
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from abm import __version__
from abm.core.errors import Interrupted, RunFailed
from abm.core.paths import from_home

if TYPE_CHECKING:  # loading it takes longer than --help may
    from abm.study.jobs import Monitor

Found = TypeVar("Found")
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
MAX_DRAWING = 4  # processes; with more, each draws too little to be worth starting
File = Annotated[
    Path,
    typer.Argument(
        parser=from_home, help="Scenario: a YAML file, or a name of abm list scenarios.", show_default=False
    ),
]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change one value; repeatable.")]
Folder = Annotated[Path, typer.Argument(parser=from_home, help="Run folder.", show_default=False)]
Out = Annotated[Path, typer.Option("--out", parser=from_home, metavar="<path>", help="Folder that holds all runs.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Tables = Annotated[
    Literal["excel", "excel-de"] | None,
    typer.Option(
        "--csv",
        help="Also copies of all tables, marked as UTF-8, that Excel opens: excel (comma, decimal point) or, for a "
        "German one, excel-de (semicolon, decimal comma).",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        max=1024,
        help="Cores to use; default: all of the job (affinity, control group, SLURM_CPUS_PER_TASK).",
    ),
]
Posterior = Annotated[
    Path | None,
    typer.Option(
        "--posterior",
        parser=from_home,
        metavar="<path>",
        help="Folder of a fit, or a table of draws (CSV, Parquet: a column for each dotted path, numbers in its "
        "unit): also what its draws say. A calibration file: what its ranges say before any fit.",
    ),
]
Draws = Annotated[int, typer.Option("--draws", min=2, max=10_000, help="Sets drawn from the posterior, evenly.")]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        parser=from_home,
        metavar="<path>",
        help="Table of observations (CSV or .xlsx: arm, of, time [h], value [unit], ...) drawn over what shows them.",
    ),
]
SheetName = Annotated[str, typer.Option("--sheet", help="Of a workbook with several sheets, the one that is meant.")]
NoFigures = Annotated[
    bool,
    typer.Option("--no-figures", help="Tables and what is printed alone; abm report FOLDER draws the report later."),
]
Unlock = Annotated[
    bool,
    typer.Option(
        "--unlock",
        help="Take over the lock of a process that has ended, or that was on another machine and gives no sign of "
        "life, and go on from what is on the disk; never that of one at work.",
    ),
]


def _say_version(asked: bool) -> None:
    if asked:
        show(f"abm {__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Print the version and stop.")
    ] = False,
    allow_path: Annotated[
        list[Path] | None,
        typer.Option(
            "--allow-path",
            parser=from_home,
            metavar="<folder>",
            help="Let files name others below this folder too (extends, base, ...); repeatable.",
        ),
    ] = None,
) -> None:
    """Simulate antibody therapy against B cells, one agent per cell. Research use only; no dosing advice."""
    from abm.document.reach import allow

    allow(allow_path or ())


def observations(data: Path | None, sheet: str = "", key: str = "observations") -> list[str]:
    """Return what sets the table of observations of a scenario, or under another key, to a file that the user names."""
    from abm.document.reach import allow_file

    if data is None:
        return []
    allow_file(data)
    return [f"{key}={json.dumps({'file': str(data.absolute()), **({'sheet': sheet} if sheet else {})})}"]


def cores(threads: int | None = None) -> int:
    """Return the cores that were asked for; by default all that the job may use."""
    from abm.core import resources

    return threads or resources.cores()


def same_call() -> str:
    """Return the call of the program as it was typed."""
    return shlex.join(["abm", *sys.argv[1:]])


def watched(work: "Callable[[Monitor], Found]", again: str = "", unlock: bool = False) -> Found:
    """Do long work under a progress bar; the first SIGINT or SIGTERM asks to stop.

    ``again`` says how to go on, which for a run is to resume it.
    """
    from abm.study.jobs import Stopped
    from abm.study.progress import WatchedRun

    with WatchedRun() as monitor, _noted_signals(monitor):
        monitor.unlocks = unlock
        try:
            return work(monitor)
        except Stopped:
            where = f"; go on with: {again or f'abm resume {monitor.folder}'}" if monitor.folder else ""
            raise Interrupted(monitor.signal_number, f"interrupted, checkpoints written{where}") from None


@contextmanager
def _noted_signals(monitor: "Monitor") -> Iterator[None]:
    """Let SIGINT and SIGTERM be noted by a monitor instead of ending the process."""

    def on_signal(number: int, _: object) -> None:
        monitor.signal_number = number

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def drawing(n_processes: int) -> Iterator[Callable[[Path], Path]]:
    """Load the figures, which takes a second, in the background, and give the function that draws a folder."""
    from abm.core.files import WriteError
    from abm.plot.page.parallel import start_drawing
    from abm.scenario.references import references

    def draw(folder: Path) -> Path:
        from abm.plot.page.report import write_report

        try:
            return write_report(folder, references(), others)
        except WriteError as error:
            raise RunFailed(str(error)) from error

    Thread(target=lambda: import_module("abm.plot.catalogue").reports(), daemon=True).start()
    with ExitStack() as stack:
        others = [stack.enter_context(other) for other in start_drawing(min(n_processes, MAX_DRAWING) - 1)]
        yield draw


def copy_tables(folder: Path, dialect: str | None) -> dict[str, str]:
    """Copy every table of a folder into a folder named after the dialect, and return where."""
    from abm.core.files import naming
    from abm.results.tables import read_csv, read_parquet, write_excel

    if not dialect:
        return {}
    copies = folder / dialect
    with naming(copies):
        copies.mkdir(exist_ok=True)
    for path in sorted(folder.iterdir()):
        if path.suffix in (".csv", ".parquet"):
            table = read_csv(path) if path.suffix == ".csv" else read_parquet(path)
            write_excel(copies / f"{path.stem}.csv", table, dialect)
    return {"tables": str(copies)}


def percent(share: float | None) -> str:
    """Write a share in percent; what is undefined as a dash."""
    return "-" if share is None else f"{100 * share:.1f}"


def spread(value: dict) -> str:
    """Write a mean in percent with its interval."""
    spread = f" ({percent(value['lo'])} to {percent(value['hi'])})" if value["lo"] is not None else ""
    return percent(value["mean"]) + spread


def table(header: list[str], rows: list[list[str]]) -> None:
    """Print a table on stdout."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*header, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(cell).replace("[", "\\[") for cell in row))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def show(content: object) -> None:
    """Print a text, or anything else as JSON."""
    text = content if isinstance(content, str) else json.dumps(content, indent=None, default=str)
    sys.stdout.write(text + "\n")


def warn(found: dict) -> None:
    """Print the warnings of a result on stderr."""
    sys.stderr.write("".join(f"{text}\n" for text in found.get("warnings", ())))
