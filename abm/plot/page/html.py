"""Pages that open offline: headings, tables and figures in one HTML file that needs nothing from outside."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

TEMPLATE = "page.html.j2"
CODE = re.compile(r"``(.+?)``")


@dataclass(frozen=True)
class Drawn:
    """One figure; ``files`` are what of it lies beside the page: what it is, and where."""

    name: str
    title: str
    seen: str
    caption: str
    png: bytes
    files: Sequence[tuple[str, str]] = ()

    @property
    def src(self) -> str:
        """Return the image as a data address."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"

    @property
    def alt(self) -> str:
        """Return what the image shows, for those who cannot see it."""
        return f"{self.title}. {self.seen}"


@dataclass(frozen=True)
class Cell:
    """A cell of a table that is more than text.

    Attributes
    ----------
    text : str
        What it says.
    below : str
        A small line below.
    look : {"", "number", "strong", "path", "code"}
        How it is set; a path may be broken after its dots.
    links : sequence of (str, str)
        Instead of the text its pieces, each with the reference it leads to, or "".
    """

    text: str
    below: str = ""
    look: str = ""
    links: Sequence[tuple[str, str]] = ()


Row = Sequence[str | Cell]


@dataclass(frozen=True)
class Table:
    """Rows under a header; what begins with ✓, ✗ or ? is a verdict.

    Attributes
    ----------
    look : {"numbers", "words", "facts"}
        Cells of numbers keep to one line, words wrap, facts have names on the left and no header.
    title : str
        Above it.
    anchor : str
        Of a table that links lead to: what stands before a row's first cell in the address.
    n_marked : int
        How many of the first rows are shaded.
    """

    rows: Sequence[Row]
    header: Sequence[str | Cell] = ()
    caption: str = ""
    look: str = "numbers"
    title: str = ""
    anchor: str = ""
    n_marked: int = 0


@dataclass(frozen=True)
class Section:
    """A part of a page; all but the heading may be missing, what is there comes in this order.

    Attributes
    ----------
    text : sequence of str
        Paragraphs; one that begins with ✗ is a warning.
    code : str
        Shown as it is.
    folded : (str, str)
        A name and, shown on a click, the text that it stands for.
    look : {"", "limits"}
        How its text is set.
    parts : sequence of Section
        Numbered below its heading, last.
    """

    heading: str
    text: Sequence[str] = ()
    code: str = ""
    tables: Sequence[Table] = ()
    note: str = ""
    figures: Sequence[Drawn] = ()
    folded: tuple[str, str] = ("", "")
    look: str = ""
    parts: Sequence[Section] = ()


def environment() -> Environment:
    """Return the templates of this folder; all text is escaped."""
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["marked"] = _marked
    return found


def _marked(text: str) -> Markup:
    """Return a text, escaped, in which what stands between two backticks is code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))


def render_page(title: str, lead: str, sections: Sequence[Section], short: Sequence[str] = ()) -> str:
    """Return a page as HTML: title, what stands below it, what it says in short, contents, and numbered sections."""
    return environment().get_template(TEMPLATE).render(title=title, lead=lead, sections=sections, short=short)
