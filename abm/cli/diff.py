"""The verb that holds two runs against one another: diff."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abm.cli import shared
from abm.cli.shared import app
from abm.core.errors import Fault, InputError, nearest
from abm.core.paths import from_home

if TYPE_CHECKING:  # loading it takes longer than --help may
    from abm.plot.diff.found import Diff
    from abm.plot.diff.numbers import Number
    from abm.results.run import Run

Which = typer.Argument(help="Run folder, or the name of a scenario: its latest run.", show_default=False)
OTHERS = {  # folders other than runs, by the file that only they have: what they are, and where their numbers stand
    "study.json": ("a study", "its rows stand in results.parquet"),
    "fit.json": ("a fit", "its parameters stand in parameters.yaml, its draws in posterior.parquet"),
    "comparison.json": ("a comparison", "its report holds what is compared"),
    "variants.json": ("a comparison", "its report holds what is compared"),
    "scores.json": ("the evidence", "its report holds every claim against the model"),
}
MOST_ROWS = 40  # design: what fits on a screen; --json and the page have all


@app.command()
def diff(
    a: Annotated[str, Which],
    b: Annotated[str, Which],
    page: Annotated[
        Path | None,
        typer.Option("-o", "--page", parser=from_home, metavar="<path>", help="Also a page with figures: FILE.html."),
    ] = None,
    out: shared.Out = Path("runs"),
    as_json: shared.Json = False,
) -> None:
    """Say what differs between two runs: in the scenario, in the model, and in the numbers beyond luck."""
    from abm.plot.diff.found import Diff, opened
    from abm.results.tables import ReadError

    if page is not None and page.suffix != ".html":
        raise InputError(f"-o {page}: allowed: FILE.html")
    try:
        found = Diff(opened(_folder(a, out)), opened(_folder(b, out)))
        written = {"page": str(_write(found, page))} if page else {}
        if as_json:
            shared.show({**found.plain(), **written})
        else:
            _show(found)
            sys.stdout.write("".join(f"{path}\n" for path in written.values()))
    except ReadError as error:
        raise InputError(str(error)) from None


def _folder(word: str, root: Path) -> Path:
    """Return the run folder that a word means: itself, or the latest finished run of a scenario."""
    path = from_home(word)
    if path.is_file():
        raise InputError(f"{path} is a file; allowed: a run folder, or the name of a scenario that has been run")
    if (path / "provenance.json").exists():
        return path
    if told := next((told for name, told in OTHERS.items() if (path / name).exists()), None):
        raise InputError(f"{path} is {told[0]}, no single run: {told[1]}; allowed: two run folders")
    found = _finished(path) or _finished(root / word)
    if not found:
        known = sorted({run.parent.parent.name for run in root.glob("*/*/summary.json")})
        allowed = ", ".join(known) or f"a run folder; there is none below {root}"
        raise InputError(Fault(f"no finished run {word!r}", allowed=allowed, nearest=nearest(word, known)))
    return found[-1]


def _finished(folder: Path) -> list[Path]:
    """Return the finished runs of a scenario's folder, the latest last."""
    from abm.results.run import Run

    runs = [Run(path.parent) for path in folder.glob("*/summary.json") if (path.parent / "provenance.json").exists()]
    return [run.path for run in sorted(runs, key=_began)]


def _began(run: "Run") -> tuple[str, int]:
    """Return when a run began, to the second, and when it had ended."""
    return str(run.provenance().get("start", "")), (run.path / "summary.json").stat().st_mtime_ns


def _write(found: "Diff", path: Path) -> Path:
    from abm.core.files import atomic_write
    from abm.plot.diff.page import page_of

    atomic_write(path, page_of(found).encode())
    return path


def _show(found: "Diff") -> None:
    sys.stdout.write(f"A {found.a.path}\nB {found.b.path}\n")
    sys.stdout.write("".join(f"{text}\n" for text in found.verdicts) + "\n")
    for title, changes in (("scenario", found.scenario), ("model", found.model)):
        if changes:
            rows = [[one.path, one.a, one.b, one.unit, one.source[:60]] for one in changes]
            shared.table([title, "A", "B", "unit", "source"], rows)
            sys.stdout.write("\n")
    told = [one for one in found.numbers if one.is_first or not one.is_same]
    told.sort(key=lambda one: not (one.is_first or one.difference.is_told_from_0))
    if told:
        shared.table(["arm", found.pairing, "A", "B", "B - A (95 %)", ""], [_row(one) for one in told[:MOST_ROWS]])
    left = len(found.numbers) - len(told[:MOST_ROWS])
    sys.stdout.write(f"\n{left} more numbers: --json, or -o FILE.html with figures\n" if left else "")


def _row(one: "Number") -> list[str]:
    factor, unit = one.shown
    own = one.difference.times(factor)
    ends = f" ({own.lo:+.3g} to {own.hi:+.3g})" if own.lo == own.lo else ""
    change = "the same" if one.is_same else f"{own.mean:+.3g}{ends}" if own.mean == own.mean else "-"
    words = f"{one.measure.words} ({unit})" if unit else one.measure.words
    mark = "beyond luck" if one.is_beyond_luck else ""
    values = [f"{factor * value:.4g}" if value == value else one.unknown for value in (one.a, one.b)]
    return [one.arm, words, *values, change, mark]
