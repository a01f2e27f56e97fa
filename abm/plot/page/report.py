"""The report of any folder: one HTML file that carries its figures and needs nothing from outside.

What is told of a kind of folder stands in the ``report.py`` beside its figures: ``FIGURES`` names that place,
``holds(path)`` says whether a folder is of the kind, ``tables(path)`` reads it once, ``head(tables)`` gives title and
lead, ``in_short(tables)`` what it comes to in three sentences, and ``sections(tables, drawn, references)`` the rest.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from subprocess import Popen
from types import ModuleType
from typing import Any

from abm.plot import catalogue
from abm.plot.page import downloads, style, wording
from abm.plot.page.html import Drawn, render_page
from abm.plot.page.parallel import share_out
from abm.results.page import PageFolder

ENDS = {"png": "PNG", "svg": "SVG", "csv": "data (CSV)"}


def write_report(path: Path, references: Mapping[str, str] | None = None, others: Sequence[Popen] = ()) -> Path:
    """Write ``figures/`` and ``report.html`` into a finished folder.

    Parameters
    ----------
    path : Path
        Of a run, a study, a fit, a comparison or the evidence.
    references : mapping, optional
        Citation by reference key, to resolve the sources of the parameters.
    others : sequence of Popen, optional
        From :func:`abm.plot.page.parallel.start_drawing`; they draw their share and end.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    ReadError
        A table is missing or damaged.
    WriteError
        The folder cannot be written to.
    """
    folder, report = PageFolder(path), catalogue.report_of(path)
    tables, n = report.tables(path), len(others) + 1
    kinds = catalogue.applying(report.FIGURES, tables)
    share_out(others, path)
    draw(folder, tables, kinds[::n])
    for part, other in enumerate(others, start=1):
        if other.wait() != 0:  # whatever kept that process from drawing happens again, and is reported, here
            draw(folder, tables, kinds[part::n])
    shown = [kind for kind in kinds if folder.has_figure(file_name(kind))]
    drawn = [
        Drawn(
            *(catalogue.name(kind), kind.TITLE, kind.seen(tables), kind.CAPTION, folder.figure(file_name(kind))),
            [
                (what, f"figures/{file_name(kind, end)}")
                for end, what in ENDS.items()
                if folder.has_figure(file_name(kind, end))
            ],
        )
        for kind in shown
    ]
    left_out = [kind.TITLE for kind in kinds if kind not in shown]
    return folder.write_report(render(report, tables, drawn, references or {}, left_out))


def render(
    report: ModuleType,
    tables: Any,
    drawn: Sequence[Drawn] = (),
    references: Mapping[str, str] | None = None,
    left_out: Sequence[str] = (),
) -> str:
    """Return a report as HTML; figures that would show nothing are named, and all text of the folder is escaped."""
    sections = report.sections(tables, drawn, references)
    if left_out:
        at = next(i for i, section in enumerate(sections) if section.heading == "Figures" or section.figures)
        sections[at] = replace(sections[at], text=[*sections[at].text, _left_out(left_out)])
    return render_page(*report.head(tables), sections, report.in_short(tables))


def _left_out(titles: Sequence[str]) -> str:
    those = wording.listing([f"“{title}”" for title in titles])
    return f"Left out, for every value in it is the same: {those}."


def draw_part() -> None:
    """Write every ``n``-th figure of a folder, from the ``part``-th on, as told on standard input."""
    catalogue.reports()  # before there is anything to draw
    path, part, n = json.loads(sys.stdin.readline())
    report = catalogue.report_of(Path(path))
    tables = report.tables(Path(path))
    draw(PageFolder(path), tables, catalogue.applying(report.FIGURES, tables)[part::n])


def draw(folder: PageFolder, tables: Any, kinds: Sequence[ModuleType]) -> None:
    """Write these figures into the folder, with their drawing and their data; of one that shows nothing, nothing."""
    for kind in kinds:
        fig = kind.figure(tables)
        files: dict[str, bytes | None] = dict.fromkeys(ENDS)
        if not downloads.is_uniform(fig):  # laid out as PNG first
            files = {
                "png": style.png(fig, kind.TITLE),
                "svg": downloads.svg(fig, kind.TITLE),
                "csv": downloads.data(fig),
            }
        for end, content in files.items():
            if content:
                folder.write_figure(file_name(kind, end), content)
            else:
                folder.remove_figure(file_name(kind, end))


def file_name(kind: ModuleType, end: str = "png") -> str:
    """Return the name of a figure's file."""
    return f"{catalogue.name(kind)}.{end}"
