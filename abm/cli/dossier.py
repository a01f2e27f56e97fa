"""The verbs that write a model down: odd, credibility."""

from pathlib import Path
from typing import Annotated

import typer

from abm.cli import shared
from abm.cli.shared import app
from abm.core.paths import from_home

Written = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", parser=from_home, metavar="<path>", help="FILE.md or FILE.html; default: the scenario's name.md."
    ),
]


@app.command()
def odd(scenario: shared.File, sets: shared.Sets = None, out: Written = None, as_json: shared.Json = False) -> None:
    """Describe a scenario completely after the ODD protocol: entities, order, draws, equations, parameters, sources."""
    from abm.dossier.odd import describe
    from abm.dossier.pages import form_of
    from abm.scenario.from_file import load_scenario

    loaded = load_scenario(scenario, tuple(sets or ()))
    path = out or Path(f"{loaded.name}-odd.md")
    form_of(path)
    describe(loaded).write(path)
    shared.show({"odd": str(path)} if as_json else str(path))
