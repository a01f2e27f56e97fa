"""The verb that gives somebody a scenario of their own to start from."""

import re
from pathlib import Path
from typing import Annotated

import typer

from abm.cli import shared
from abm.cli.shared import app
from abm.core.errors import Fault, InputError, nearest

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
OTHER_FILE = re.compile(r"\.\./\w+/(\w+)\.(?:yaml|json)")  # as files that ship name one another


@app.command()
def init(
    name: Annotated[str, typer.Argument(help="Name of the scenario; NAME.yaml is written.", show_default=False)],
    start: Annotated[str, typer.Option("--from", help="Copied; abm list scenarios.")] = "three_arms",
    as_json: shared.Json = False,
) -> None:
    """Copy a scenario to start from, with comments and the schema by which an editor completes and explains it."""
    from abm.core.files import atomic_write
    from abm.document.shipped import CONFIGS, shipped

    known, file = shipped("scenarios"), Path(f"{name}.yaml")
    if not NAME.fullmatch(name):
        raise InputError(f"found the name {name!r:.80}; allowed: 1 to 64 letters, digits and . _ -")
    if start not in known:
        found = nearest(start, known)
        raise InputError(Fault(f"no scenario {start!r} ships", allowed="those of abm list scenarios", nearest=found))
    if file.exists():
        raise InputError(f"{file} is there already; allowed: another name")
    text = re.sub(r"(?m)^name: .*\n", f"name: {name}\n", known[start].read_text(encoding="utf-8"))
    schema = Path("scenario.schema.json")
    text = OTHER_FILE.sub(lambda found: str(schema) if found[0].endswith("json") else found[1], text)
    if not schema.exists():
        atomic_write(schema, (CONFIGS / "schema" / "scenario.json").read_bytes())
    atomic_write(file, text.encode())
    shared.show({"scenario": str(file)} if as_json else f"{file}; run it: abm run {name}, watch it: abm view {name}")
