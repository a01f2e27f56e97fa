"""The words of reports on really simulated folders are those that somebody has read and approved.

``pytest tests/plot/test_approved.py --approve`` writes them anew; ``git diff`` then shows what became of them.
"""

import re
from pathlib import Path

import pytest

from abm.plot import catalogue
from abm.plot.page.html import Cell, Drawn
from tests.plot.simulated import KINDS

APPROVED = Path(__file__).parent / "approved"
NUMBERS = re.compile(r"\d[\d,.–]*(?<=\d)")
LONG = ("Parameters", "How to run it again")  # their rows are the scenario's and the machine's


def text_of(cell):
    return cell.text if isinstance(cell, Cell) else cell


def rows_of(section, table):
    """Return the rows of what was asked, and of other tables what stands on their left."""
    if section.heading in LONG:
        return []
    is_asked = section.heading == "What was asked"
    rows = [": ".join(text_of(cell) for cell in (row if is_asked else row[:1])) for row in table.rows]
    return list(dict.fromkeys(rows))


def words_of(run):
    """Return the words of a report: headings, what was asked, heads and captions of tables and figures."""
    report = catalogue.report_of(run.path)
    tables = report.tables(run.path)
    kinds = catalogue.applying(report.FIGURES, tables)
    drawn = [Drawn(catalogue.name(kind), kind.TITLE, "", kind.CAPTION, b"") for kind in kinds]
    lines = [*report.head(tables), *(NUMBERS.sub("0", text) for text in report.in_short(tables))]
    for section in report.sections(tables, drawn, {}):
        lines += ["", f"## {section.heading}", *(() if section.heading in LONG else section.text)]
        for table in section.tables:
            lines += [table.title, " | ".join(map(text_of, table.header)), *rows_of(section, table), table.caption]
        lines += [section.note, *(f"{one.title}. {one.caption}" for one in section.figures)]
    return (
        "\n".join([lines[0], *(line for line, before in zip(lines[1:], lines, strict=False) if line or before)]) + "\n"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_has_the_words_that_were_approved(kind, simulated_run, request):
    file, words = APPROVED / f"{kind}.txt", words_of(simulated_run(kind))
    if request.config.getoption("--approve"):
        file.write_text(words, encoding="utf-8")
    assert words == file.read_text(encoding="utf-8")
