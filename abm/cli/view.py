"""The verbs that show a run while it happens: view and movie."""

from pathlib import Path
from typing import Annotated

import typer

from abm.cli import shared
from abm.cli.shared import app
from abm.core.paths import from_home

Arms = Annotated[
    list[str] | None, typer.Option("--arm", help="An arm to show; repeatable, at most 4; default: the first.")
]
PORT = 8765  # design: any that is usually free


@app.command()
def view(
    scenario: shared.File,
    sets: shared.Sets = None,
    arms: Arms = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = PORT,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Open a scenario in the browser: watch, steer, save what was done. Ctrl-C ends it."""
    from abm.scenario.from_file import load_scenario
    from abm.view.server import serve

    loaded = load_scenario(scenario, tuple(sets or ()))
    serve(
        loaded,
        arms or (),
        port,
        opens_browser=browser,
        tell=lambda address: shared.show(f"{address}  (Ctrl-C ends it)"),
    )


@app.command()
def movie(
    scenario: shared.File,
    sets: shared.Sets = None,
    arms: Arms = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", parser=from_home, metavar="<path>", help="FILE.gif or FILE.mp4; default: the scenario's name.gif."
        ),
    ] = None,
    frames: Annotated[int, typer.Option("--frames", min=2, max=2000, help="Pictures from start to end.")] = 60,
    fps: Annotated[int, typer.Option("--fps", min=1, max=60, help="Pictures per second.")] = 12,
    targets: Annotated[
        str, typer.Option("--b-cells", help="Colour of B cells: fate, CD20, bound antibody, C3b.")
    ] = "fate",
    effectors: Annotated[
        str, typer.Option("--effectors", help="Colour of effectors where they have it: engaged, potency, granules.")
    ] = "engaged",
    layer: Annotated[str, typer.Option("--layer", help="Field below the cells: none, DHEAS, potency.")] = "none",
    as_json: shared.Json = False,
) -> None:
    """Write a short animation of a scenario: its floors and its survival, or a patient's IgM."""
    from abm.core.errors import InputError
    from abm.scenario.from_file import load_scenario
    from abm.study.progress import WatchedRun
    from abm.view.colours import LAYERS, choices
    from abm.view.movie import Film, kind_of, write
    from abm.view.raster import Look
    from abm.view.session import Session

    loaded = load_scenario(scenario, tuple(sets or ()))
    by = {"target": targets, "effector": effectors}
    kinds = {name: kind for name, kind in loaded.counted().items()}
    known = {role: [c for kind in kinds.values() if kind.role == role for c in choices(kind)] for role in by}
    for value, allowed in (*((by[role], known[role]) for role in by), (layer, list(LAYERS))):
        if value not in allowed:
            raise InputError(f"found {value!r}; allowed: {', '.join(dict.fromkeys(allowed))}")
    look = Look(by={name: by[kind.role] for name, kind in kinds.items() if by[kind.role] in choices(kind)}, layer=layer)
    path = out or Path(f"{loaded.name}.gif")
    kind_of(path)
    film = Film(frames, fps, look)
    with WatchedRun() as monitor:
        monitor.begin(path, 1)
        write(path, Session(loaded, arms or ()), film, lambda done, total: monitor.beat(0, done, total))
    shared.show({"movie": str(path)} if as_json else str(path))
