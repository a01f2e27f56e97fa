"""The report of any folder: one HTML file that carries its figures and needs nothing from outside.

What is told of a kind of folder stands in the ``report.py`` beside its figures: ``FIGURES`` names that place,
``holds(path)`` says whether a folder is of the kind, ``tables(path)`` reads it once, ``head(tables)`` gives title and
lead, and ``sections(tables, drawn, references)`` the rest.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import Popen
from types import ModuleType
from typing import Any

from abm.plot import catalogue
from abm.plot.page import style
from abm.plot.page.html import Drawn, render_page
from abm.plot.page.parallel import share_out
from abm.results.page import PageFolder


def write_report(path: Path, references: Mapping[str, str] | None = None, others: Sequence[Popen] = ()) -> Path:
    """Write ``figures/*.png`` and ``report.html`` into a finished folder.

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
    drawn = [
        Drawn(catalogue.name(kind), kind.TITLE, kind.seen(tables), kind.CAPTION, folder.figure(file_name(kind)))
        for kind in kinds
    ]
    return folder.write_report(render(report, tables, drawn, references or {}))


def render(
    report: ModuleType, tables: Any, drawn: Sequence[Drawn] = (), references: Mapping[str, str] | None = None
) -> str:
    """Return a report as HTML; all text of the folder is escaped."""
    return render_page(*report.head(tables), report.sections(tables, drawn, references))


def draw_part() -> None:
    """Write every ``n``-th figure of a folder, from the ``part``-th on, as told on standard input."""
    path, part, n = json.loads(sys.stdin.readline())
    report = catalogue.report_of(Path(path))
    tables = report.tables(Path(path))
    draw(PageFolder(path), tables, catalogue.applying(report.FIGURES, tables)[part::n])


def draw(folder: PageFolder, tables: Any, kinds: Sequence[ModuleType]) -> None:
    """Write these figures into the folder."""
    for kind in kinds:
        folder.write_figure(file_name(kind), style.png(kind.figure(tables), kind.TITLE))


def file_name(kind: ModuleType) -> str:
    """Return the name of a figure's file."""
    return f"{catalogue.name(kind)}.png"
