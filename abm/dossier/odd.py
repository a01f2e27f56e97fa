"""The description of a scenario after the ODD protocol, made from what its parts say of themselves.

*References*: Grimm2020 (the protocol in its second update).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from abm.core.version import __version__
from abm.core.words import units
from abm.dossier.beginning import initialisation, input_data
from abm.dossier.concepts import concepts
from abm.dossier.described import Described, linked
from abm.dossier.entities import entities, schedule
from abm.dossier.pages import Page
from abm.dossier.submodels import submodels
from abm.evidence.claim import Claim, claims
from abm.evidence.score import group_of
from abm.plot.page.html import Cell, Row, Section, Table
from abm.plot.page.sections import unit
from abm.scenario.references import references
from abm.scenario.schema import Scenario

PURPOSE = "To find out by simulation what antibody therapy does to B cells, one agent a cell or a subclone, and which "
PURPOSE += "mechanisms explain what was observed."
ABOUT = "A description after the ODD protocol (Overview, Design concepts, Details; Grimm2020), made by abm {version} "
ABOUT += "from the scenario, from what each mechanism says of itself, and from its parameters with their sources. A "
ABOUT += "source is a paper of part 8, or “design”, a choice of the experiment or the program; “assumed”, not measured "
ABOUT += "for this; “fitted”, so that what it names comes out."
HELD = "The model is held against these {n} observations, published unless the source says otherwise; ``abm evidence "
HELD += "--group {group}`` tells which hold. The role says what a number is used for: fit and prediction may be learnt "
HELD += "from, decide sets the strength of hypotheses alone, a goal nothing."
KEY = re.compile(r"\b[A-Z][A-Za-z]+\d{4}[a-z]?\b")


def describe(scenario: Scenario) -> Page:
    """Return the description of a scenario."""
    of, known = Described(scenario), references()
    parts = (entities, schedule, concepts, initialisation, input_data, submodels)
    sections = [_purpose(scenario), *(part(of) for part in parts)]
    title = f"{scenario.title or scenario.name}: description of the model"
    named = {key for text in texts(sections) for key in KEY.findall(text)} | {"Grimm2020"}
    table = Table([[key, known[key]] for key in sorted(named & set(known))], look="facts", anchor="ref-")
    return Page(title, ABOUT.format(version=__version__), [*sections, Section("References", tables=[table])])


def _purpose(scenario: Scenario) -> Section:
    group = group_of(scenario)
    patterns = claims(group)
    rows = [_pattern(claim) for claim in patterns]
    header = ("Claim", "Role", "What was observed", Cell("Value", look="number"), "Agrees", "Source")
    text = [
        PURPOSE,
        f"This scenario asks: {scenario.question}" if scenario.question else "This scenario states no question.",
    ]
    text.append(HELD.format(n=len(patterns), group=group))
    return Section("Purpose and patterns", text, tables=[Table(rows, header, look="words", title="Patterns")])


def _pattern(claim: Claim) -> Row:
    value = Cell(f"{claim.observed:.4g}", look="number")
    agrees = f"{claim.lo:.4g} to {claim.hi:.4g} {unit(claim.unit)}"
    return [claim.id, claim.role, units(claim.text), value, agrees, Cell("", links=linked(claim.source))]


def texts(sections: list[Section]) -> Iterator[str]:
    """Yield every text of some sections, their parts and tables."""
    for section in sections:
        yield from (section.heading, *section.text, section.code, section.note)
        for table in section.tables:
            for row in (table.header, *table.rows):
                yield from (cell if isinstance(cell, str) else _of_cell(cell) for cell in row)
        yield from texts(list(section.parts))


def _of_cell(cell: Cell) -> str:
    return " ".join([cell.text, cell.below, *(text for text, _ in cell.links)])
