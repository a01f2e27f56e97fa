"""The verb that hands a run to other tools: export."""

from pathlib import Path
from typing import Annotated

import typer

from abm.cli import shared
from abm.cli.shared import app
from abm.core.paths import from_home


@app.command()
def export(
    folder: shared.Folder,
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            parser=from_home,
            metavar="<path>",
            help="FILE.h5ad (all cells, AnnData), FILE.nc (series, netCDF) or FILE.simularium (film of one well).",
            show_default=False,
        ),
    ],
    arms: Annotated[list[str] | None, typer.Option("--arm", help="Of these arms alone; repeatable.")] = None,
    replicates: Annotated[
        list[int] | None, typer.Option("--replicate", help="Of these replicates alone; repeatable.")
    ] = None,
    as_json: shared.Json = False,
) -> None:
    """Write a finished run as AnnData, netCDF or a Simularium film; CSV and Parquet are in its folder already."""
    from abm.core.errors import InputError, RunFailed
    from abm.core.files import WriteError
    from abm.export.chosen import Chosen
    from abm.export.forms import write
    from abm.results.run import Run

    run = Run.open(folder)
    if not run.is_finished:
        raise InputError(f"{folder} is not finished; abm resume {folder} goes on")
    try:
        told = write(Chosen(run, tuple(arms or ()), tuple(replicates or ())), to)
    except WriteError as error:
        raise RunFailed(str(error)) from None
    told = {"export": str(to), **told}
    shared.show(
        told if as_json else ", ".join([str(to), *(f"{name} {n}" for name, n in told.items() if name != "export")])
    )
