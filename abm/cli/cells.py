"""The verb that looks at measured cells: cells."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abm.cli import shared
from abm.cli.shared import app
from abm.core.paths import from_home

if TYPE_CHECKING:  # loading it takes longer than --help may
    from abm.scenario.cells import Looked


@app.command()
def cells(
    file: Annotated[
        Path,
        typer.Argument(
            parser=from_home, help="Events (.fcs, .csv, .parquet), or a scenario that names some.", show_default=False
        ),
    ],
    channel: Annotated[str, typer.Option("--channel", help="That of CD20, by its name or its marker.")] = "",
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Of events any key beside 'from', such as median=90000 or 'gates=[{channel: FSC-A, lo: 3e4}]'; "
            "repeatable.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", parser=from_home, metavar="<path>", help="FILE.png; default: the file's name-cells.png."),
    ] = None,
    no_figures: shared.NoFigures = False,
    as_json: shared.Json = False,
) -> None:
    """Look at cells of a flow cytometer: channels, gates, CD20 per cell, and what the model draws from them."""
    from abm.core.errors import InputError
    from abm.scenario.cells import look

    if out is not None and out.suffix != ".png":
        raise InputError(f"--out {out}: allowed: FILE.png")
    found = look(file, channel, tuple(sets or ()))
    numbers = found.numbers()
    warnings = found.cd20.warnings() if found.cd20 else []
    figure = None if no_figures or found.cd20 is None else _draw(found, out or Path(f"{file.stem}-cells.png"))
    if as_json:
        told = {"file": found.events.name, "form": found.events.form, "channels": found.channels(), **numbers}
        shared.show({**told, "warnings": warnings, **({"figure": str(figure)} if figure else {})})
        return
    _show(found)
    sys.stdout.write(f"{figure}\n" if figure else "")
    shared.warn({"warnings": warnings})


def _draw(found: "Looked", path: Path) -> Path:
    from abm.core.files import atomic_write
    from abm.plot.cells import Shown, histogram
    from abm.scenario.cells import of_log_normal

    numbers = found.numbers()
    title = f"{found.events.name}, {len(found.molecules()):,} events"
    spread, low = of_log_normal(numbers), (found.low_max_per_cell, numbers["low_fraction"])
    atomic_write(path, histogram(Shown(title, found.molecules(), found.drawn(), *spread, *low)))
    return path


def _show(found: "Looked") -> None:
    channels = [
        [own["channel"], own["marker"], own["kind"], own["fault"], "", "", ""] if "fault" in own else
        [own["channel"], own["marker"], own["kind"], *(f"{own[key]:,.4g}" for key in ("p05", "median", "p95")),
         shared.percent(own["not_above_0"])]
        for own in found.channels()
    ]  # fmt: skip
    sys.stdout.write(f"{found.events.name}: {found.events.form}, {found.events.n:,} events\n\n")
    shared.table(["channel", "marker", "kind", "5 %", "median", "95 %", "not above 0 %"], channels)
    sys.stdout.write("\n")
    if found.cd20 is None:
        sys.stdout.write("no channel is called CD20: name it by --channel\n")
        return
    shared.table(["CD20", ""], _facts(found))


def _facts(found: "Looked") -> list[list[str]]:
    """Return what is told of CD20, a line each."""
    numbers, cd20 = found.numbers(), found.cd20
    left = zip(cd20.gates, numbers["after_gates"], strict=True)
    rows = [[f"after gate {i}: {gate.words}", f"{n:,} events"] for i, (gate, n) in enumerate(left, start=1)]
    if cd20.scale is not None:
        line = f"log10 sites = {numbers['intercept']:.3f} + {numbers['slope']:.3f} log10 value, R² {numbers['r2']:.4f}"
        rows.append([f"scale: {len(cd20.scale.beads)} beads", line])
    else:
        whose = "the model's own, for none is stated" if found.is_assumed else "stated"
        rows.append(["scale: median event", f"{cd20.median:,.0f} sites per cell, {whose}"])
    rows.append(["median of all", f"{numbers['median_per_cell']:,.0f} sites per cell"])
    if numbers["sigma_not_low"] is not None:
        said = f"median {numbers['median_not_low_per_cell']:,.0f}, σ {numbers['sigma_not_low']:.3f}"
        rows.append(["of those not CD20-low", said])
    rows.append([f"CD20-low, up to {found.low_max_per_cell:,.0f}", f"{shared.percent(numbers['low_fraction'])} %"])
    rows.append(["not above 0, drawn as 0", f"{numbers['drawn_as_0']:,} events"])
    return rows
