"""The verb of predictions: registered before the measurement, and held against it afterwards."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from abm.cli import shared
from abm.cli.studies import Engine, Scheduler, choose_engine
from abm.core.errors import Fault, InputError
from abm.core.paths import from_home

WAYS = "abm predict FILE --register NAME, or abm predict --check REGISTRATION --data TABLE"


@shared.app.command()
def predict(
    file: Annotated[
        Path | None,
        typer.Argument(parser=from_home, help="Scenario (YAML), or the folder of a fit.", show_default=False),
    ] = None,
    register: Annotated[str, typer.Option("--register", metavar="NAME", help="Keep the prediction as this.")] = "",
    check: Annotated[
        Path | None,
        typer.Option("--check", parser=from_home, metavar="<path>", help="Registration to hold against --data."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            parser=from_home,
            metavar="<path>",
            help="With --register the rows that are planned (arm, of, time); with --check what was measured.",
        ),
    ] = None,
    sheet: shared.SheetName = "",
    posterior: shared.Posterior = None,
    draws: shared.Draws = 100,
    sets: shared.Sets = None,
    engine: Engine = "local",
    scheduler: Scheduler = "",
    threads: shared.Threads = None,
    out: shared.Out = Path("runs"),
    unlock: shared.Unlock = False,
    as_json: shared.Json = False,
) -> None:
    """Predict before you measure: register what the model expects, and later hold it against the data.

    A registration has its date and hashes of scenario, model and prediction; one that was altered is refused.
    """
    from abm.core.user_file import UserFile

    table = UserFile(file=str(data.absolute()), sheet=sheet).known() if data else None
    if check is not None and table is not None and file is None and not register:
        from abm.evidence.predicted import check as held

        _show_check(held(check, table), as_json)
        return
    if check is not None or file is None or not register:
        raise InputError(Fault("neither a prediction to register nor one to check", allowed=WAYS))
    from abm.evidence.predict import planned
    from abm.evidence.predict import register as registered

    _refuse_name(register)
    asked = planned(file, tuple(sets or []), posterior, draws, table)
    run = choose_engine(engine, scheduler, shared.cores(threads))
    folder, found = shared.watched(
        lambda monitor: registered(asked, register, out, run, monitor), shared.same_call(), unlock
    )
    _show_registered(found, folder.path / "registration.json", as_json)


def _refuse_name(name: str) -> None:
    from abm.core.names import NAME, is_missing

    if not re.fullmatch(NAME, name) or is_missing(name):
        allowed = "1 to 64 letters, digits, '.', '_' and '-', the first a letter or digit"
        raise InputError(Fault(f"found {name!r:.70}", file="--register", allowed=allowed))


def _show_registered(found: dict[str, Any], path: Path, as_json: bool) -> None:
    if as_json:
        rows = [{key: value for key, value in row.items() if key != "values"} for row in found["rows"]]
        told = {key: value for key, value in found.items() if key != "scenario"}
        shared.show({**told, "rows": rows, "registration": str(path)})
        return
    rows = [[row["row"], row["words"], *_numbers(row, "median", "lo", "hi"), row["unit"]] for row in found["rows"]]
    shared.table(["row", "measure", "median", "from", "to", "unit"], rows)
    shared.show(f"registered {found['registered']}, SHA-256 {found['hash']}\n{path}")


def _show_check(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        shared.show(found)
        return
    keys, how = ("measured", "median", "least", "most", "log_score"), {True: "inside", False: "OUTSIDE"}
    rows = [[row["row"], row["unit"], *_numbers(row, *keys), how[row["is_inside"]]] for row in found["rows"]]
    shared.table(["row", "unit", "measured", "predicted", "from", "to", "log score", ""], rows)
    share = f"{found['n_inside']} of {found['n']} inside the predicted 95 %"
    shared.show(f"{share}, mean log score {found['log_score']:.3g}; registered {found['registered']}")
    shared.warn(found)


def _numbers(row: dict[str, Any], *keys: str) -> list[str]:
    return [f"{row[key]:.4g}" for key in keys]
