"""The verb that checks an installation: verify."""

from pathlib import Path
from typing import Annotated

import typer

from abm.cli import shared
from abm.cli.shared import app

HEADER = ["case", "what was compared", "found", "should be", "apart", "allowed", "result", "s"]


@app.command()
def verify(
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME", help="One case, or all of a kind, such as 'plain twin'; repeatable."),
    ] = None,
    threads: shared.Threads = None,
    out: shared.Out = Path("runs"),
    as_json: shared.Json = False,
) -> None:
    """Check this installation in minutes: theory, a plain twin, exact chance, known results, half the step.

    Ends with 3 where a check fails.
    """
    from abm.verify.page import WORDS, line
    from abm.verify.verify import verify as checked

    again = shared.same_call()
    path, found = shared.watched(lambda monitor: checked(only or (), out, shared.cores(threads), monitor), again)
    if as_json:
        shared.show({**found, "report": str(path)})
    else:
        rows = [[r["case"], r["name"], *line(r), WORDS[r["verdict"]], f"{r['seconds']:.1f}"] for r in found["checks"]]
        shared.table(HEADER, rows)
        passed = f"{found['passed']} of {len(rows)} passed in {found['elapsed_s']:.0f} s"
        shared.show(f"{passed}\n{path}")
    if not found["ok"]:
        raise typer.Exit(3)
