"""The verb that reads a plate: plate."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abm.cli import shared
from abm.cli.shared import app
from abm.core.paths import from_home

if TYPE_CHECKING:  # loading it takes longer than --help may
    from abm.plate.release import Plate


@app.command()
def plate(
    export: Annotated[
        Path,
        typer.Argument(
            parser=from_home,
            help="What a plate reader wrote of 96 wells (CSV or .xlsx): letters A to H, numbers 1 to 12, lines above.",
            show_default=False,
        ),
    ],
    layout: Annotated[
        Path,
        typer.Option(
            "--layout",
            parser=from_home,
            metavar="<path>",
            help="Table (CSV or .xlsx): well (a block is A1:A3), or row and column; kind (sample, blank, maximum, "
            "spontaneous, empty), arm and, as needed, dose, replicate, time [h].",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            parser=from_home,
            metavar="<path>",
            help="FILE.csv of observations for abm run --data; FILE-wells.csv and FILE-plate.png come beside it.",
        ),
    ] = None,
    sheet: shared.SheetName = "",
    layout_sheet: Annotated[str, typer.Option("--layout-sheet", help="That of the layout.")] = "",
    no_figures: shared.NoFigures = False,
    as_json: shared.Json = False,
) -> None:
    """Turn a plate of released label into specific lysis: observations by arm, a table of wells, a picture."""
    from abm.core.errors import InputError, RunFailed
    from abm.core.files import WriteError
    from abm.core.user_file import UserFile
    from abm.document.shipped import meant
    from abm.plate.release import read_plate

    if out is not None and out.suffix != ".csv":
        raise InputError(f"--out {out}: allowed: FILE.csv")
    files = [UserFile(file=meant(str(path), suffix=".csv"), sheet=own)
             for path, own in ((export, sheet), (layout, layout_sheet))]  # fmt: skip
    found = read_plate(*files)
    try:
        written = _write(found, out or Path(f"{export.stem}-observations.csv"), not no_figures)
    except WriteError as error:
        raise RunFailed(str(error)) from None
    _show(found, written, as_json)


def _write(found: "Plate", to: Path, has_figure: bool) -> dict[str, str]:
    from abm.core.files import atomic_write
    from abm.results.tables import write_csv

    wells = to.with_name(f"{to.stem}-wells.csv")
    write_csv(to, found.observations())
    write_csv(wells, found.wells)
    written = {"observations": str(to), "wells": str(wells)}
    if has_figure:
        from abm.plot.plate import Shown, heat_map

        figure = to.with_name(f"{to.stem}-plate.png")
        atomic_write(figure, heat_map(Shown(found.name, found.wells)))
        written["figure"] = str(figure)
    return written


def _show(found: "Plate", written: dict[str, str], as_json: bool) -> None:
    from abm.plate.release import FORMULA

    arms = found.of_arms()
    if as_json:
        rows = arms.astype(object).where(arms.notna(), None).to_dict("records")
        shared.show({"formula": FORMULA, "arms": rows, **written})
        return
    sys.stdout.write(f"{found.name}: {FORMULA}\n\n")
    rows = [[str(one.arm), str(one.n), f"{one.mean:.1f}", _or_dash(one.std), *_controls(found, str(one.arm))]
            for one in arms.itertuples()]  # fmt: skip
    shared.table(["arm", "wells", "lysis %", "SD", "blank", "spontaneous", "maximum"], rows)
    sys.stdout.write("\n" + "".join(f"{path}\n" for path in written.values()))


def _or_dash(number: float) -> str:
    return "-" if number != number else f"{number:.1f}"


def _controls(found: "Plate", arm: str) -> list[str]:
    own = found.controls.loc[arm]
    return [f"{own[name]:.4g}" for name in ("blank", "spontaneous", "maximum")]
