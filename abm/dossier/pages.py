"""A page that is written down, as Markdown or as HTML in the style of the reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import FileSystemLoader

from abm.core.errors import Fault, InputError
from abm.core.files import atomic_write
from abm.plot.page.html import Cell, Section, environment, render_page

TEMPLATE = "page.md.j2"
FORMS = (".md", ".html")


@dataclass(frozen=True)
class Page:
    """Title, what stands below it, and numbered sections."""

    title: str
    lead: str
    sections: Sequence[Section]

    def markdown(self) -> str:
        """Return it as Markdown."""
        found = environment()
        found.loader, found.autoescape = FileSystemLoader(Path(__file__).parent), False
        found.filters["cell"] = _cell
        return found.get_template(TEMPLATE).render(title=self.title, lead=self.lead, sections=self.sections)

    def html(self) -> str:
        """Return it as one HTML file."""
        return render_page(self.title, self.lead, self.sections)

    def write(self, path: Path) -> Path:
        """Write it in the form that the name of the file says.

        Raises
        ------
        InputError
            The name says no form.
        """
        form_of(path)
        atomic_write(path, (self.html() if path.suffix == ".html" else self.markdown()).encode())
        return path


def form_of(path: Path) -> str:
    """Return the ending of a file that a page can be written to."""
    if path.suffix not in FORMS:
        raise InputError(Fault(f"found {str(path)!r}", file="--out", allowed="FILE.md or FILE.html"))
    return path.suffix


def _cell(cell: str | Cell) -> str:
    """Return a cell of a table in one line."""
    text = _escaped(cell) if isinstance(cell, str) else _of_cell(cell)
    return text.replace("\n", " ")


def _of_cell(cell: Cell) -> str:
    text = _escaped(cell.text)
    if cell.look in ("code", "path") and cell.text:
        text = f"`{cell.text}`".replace("|", "\\|")
    elif cell.look == "strong" and cell.text:
        text = f"**{text}**"
    linked = "".join(
        f"[{_escaped(piece)}](#ref-{key.lower()})" if key else _escaped(piece) for piece, key in cell.links
    )
    return (linked or text) + (f"<br>{_escaped(cell.below)}" if cell.below else "")


def _escaped(text: str) -> str:
    """Return a text whose signs mean nothing to Markdown, but for what stands between two backticks."""
    parts = text.split("``")
    plain = [part.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;") for part in parts]
    code = [part.replace("|", "\\|") for part in parts]
    return "".join(f"`{code[i]}`" if i % 2 else plain[i] for i in range(len(parts)))
