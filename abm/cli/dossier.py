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


@app.command()
def credibility(
    scenario: shared.File,
    sets: shared.Sets = None,
    answers: Annotated[
        Path | None,
        typer.Option("--answers", parser=from_home, metavar="<path>", help="What a person answers (YAML)."),
    ] = None,
    ask: Annotated[
        Path | None,
        typer.Option("--ask", parser=from_home, metavar="<path>", help="Write the file of questions there, and stop."),
    ] = None,
    runs: Annotated[
        Path, typer.Option("--runs", parser=from_home, metavar="<path>", help="Folder that holds all runs.")
    ] = Path("runs"),
    out: Written = None,
    as_json: shared.Json = False,
) -> None:
    """Assess how credible the model is for one question, as regulators ask: what a person answers and what was run."""
    from abm.core.errors import InputError
    from abm.core.files import atomic_write
    from abm.dossier.answers import read, template
    from abm.dossier.credibility import assess
    from abm.dossier.measured import Measured
    from abm.dossier.pages import form_of
    from abm.scenario.from_file import load_scenario

    loaded = load_scenario(scenario, tuple(sets or ()))
    if ask is not None:
        if ask.exists():
            raise InputError(f"{ask} is there already; allowed: another name")
        atomic_write(ask, template(str(scenario)).encode())
        shared.show({"answers": str(ask)} if as_json else str(ask))
        return
    path = out or Path(f"{loaded.name}-credibility.md")
    form_of(path)
    page = assess(Measured(runs, loaded, str(scenario)), read(answers), (answers or Path("answers.yaml")).name)
    page.write(path)
    shared.show({"credibility": str(path), "about": page.lead} if as_json else f"{page.lead}\n{path}")
