"""Pages that open offline: headings, tables and figures in one HTML file that needs nothing from outside."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


@dataclass(frozen=True)
class Drawn:
    """One figure."""

    name: str
    title: str
    seen: str
    caption: str
    png: bytes

    @property
    def src(self) -> str:
        """Return the image as a data address."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"

    @property
    def alt(self) -> str:
        """Return what the image shows, for those who cannot see it."""
        return f"{self.title}. {self.seen}"


@dataclass(frozen=True)
class Section:
    """A part of a page: paragraphs, a table, figures, a block of code; each may be missing."""

    heading: str
    text: Sequence[str] = ()
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    caption: str = ""
    figures: Sequence[Drawn] = ()
    code: str = ""


def environment() -> Environment:
    """Return the templates of this folder; all text is escaped."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render_page(title: str, question: str, sections: Sequence[Section]) -> str:
    """Return a page as HTML."""
    return environment().get_template("page.html.j2").render(title=title, question=question, sections=sections)
