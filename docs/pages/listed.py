"""Claims, scenarios, studies and verbs: lists of what ships, each with its own words."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from abm.cli import app
from abm.document.reading import read_document
from abm.document.shipped import shipped
from abm.evidence.claim import Claim, claims
from abm.plot.page import wording
from pages.markdown import code, escaped, linked, page, table

GROUPS = {"assay": "Assays", "patient": "Patients with Waldenström disease", "cll": "Patients with CLL"}
LETTERS = {
    "A": "the assay that the model was built to explain: serum, effector cells, and both together",
    "V": "published assays that the first set of parameters was fitted or held to",
    "N": "further observations of assays, which the first set had not been told",
    "P": "trials and cohorts of Waldenström disease",
    "L": "cohorts of chronic lymphocytic leukaemia (CLL)",
}
ROLES = {
    "fit": "may be learnt from, and the shipped set was told it",
    "prediction": "may be learnt from, but the first set was not told it",
    "decide": "sets the strengths of the four hypotheses, nothing else",
    "goal": "is never learnt from",
}
WIDTH = 100
SEEN = ["claim", "role", "what was seen", "published", "that agrees", "unit", "source"]


def pages() -> dict[str, str]:
    """Return these pages by name."""
    return {"claims": _claims(), "scenarios": _scenarios(), "verbs": _verbs()}


def _claims() -> str:
    intro = "One published observation each, in `abm/evidence/`. The letter of an id says where it is from:"
    letters = "\n".join(f"- **{letter}**: {text}" for letter, text in LETTERS.items())
    roles = "\n".join(f"- *{role}*: {text}" for role, text in ROLES.items())
    how = "How they come out: " + ", ".join(f"[{name}](../results/{group}.md)" for group, name in GROUPS.items()) + "."
    parts = [f"## {name}\n\n" + table(SEEN, map(_claim, claims(group))) for group, name in GROUPS.items()]
    return page("Claims", intro, letters, "What a fit may do with it is its role:", roles, how, *parts)


def _claim(claim: Claim) -> list[str]:
    trial = f" ({claim.trial} patients)" if claim.trial else ""
    numbers = [wording.number(claim.observed), f"{wording.number(claim.lo)} to {wording.number(claim.hi)}"]
    return [claim.id, claim.role, escaped(claim.text) + trial, *numbers, escaped(claim.unit), linked(claim.source)]


def _scenarios() -> str:
    parts = []
    for kind in ("scenarios", "studies"):
        rows = [
            [code(name), escaped(said.get("title", "")), escaped(said.get("question", ""))]
            for name, said in _said(kind).items()
        ]
        parts.append(f"## {kind.capitalize()}\n\n" + table(["name", "title", "question"], rows))
    text = "What ships in `configs/` is known by name: `abm run quick`, `abm study run tornado`."
    return page("Scenarios and studies", text, *parts)


def _said(kind: str) -> dict[str, dict[str, str]]:
    return {name: _texts(file) for name, file in shipped(kind).items()}


def _texts(file: Path) -> dict[str, str]:
    return {key: str(value) for key, value in read_document(file).data.items() if key in ("title", "question")}


def _verbs() -> str:
    verbs = each(typer.main.get_command(app))
    parts = [f"## abm {name}\n\n```text\n{_help(command, name)}\n```" for name, command in verbs]
    return page("Verbs", "Each verb as `abm VERB --help` tells it.", *parts)


def each(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every verb with its words, those of a family one by one."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from each(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def _help(command: Any, name: str) -> str:
    context = typer.Context(command, info_name=f"abm {name}", terminal_width=WIDTH, max_content_width=WIDTH)
    return str(command.get_help(context)).strip()
