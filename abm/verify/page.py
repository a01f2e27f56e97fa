"""The page of a verification: what was compared, with what, and how it ended."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from abm.plot.page import wording
from abm.plot.page.html import Cell, Section, Table, render_page
from abm.results.page import PageFolder

TITLE = "Does this installation compute what it should?"
ABOUT = (
    "These checks show that the program computes what its rules say; whether the rules are those of cells is what "
    "abm evidence asks."
)
WORDS = {"passed": "✓ passed", "failed": "✗ failed", "not comparable": "? not comparable"}
HEADINGS = {
    "closed form": ("Closed forms", "What theory says on paper about single mechanisms, against the engine."),
    "plain twin": (
        "The plain twin",
        "The assay once more in plain Python, one object per cell and every rule written out: the engine must agree "
        "with it cell by cell.",
    ),
    "exact simulation": (
        "Exact chance",
        "Few cells, whose fates are chance: the engine and Gillespie’s exact simulation, one event at a time, must "
        "draw from the same distributions.",
    ),
    "known result": (
        "Known results",
        "Hashes over every byte of the results of tiny scenarios, as they were when this version was made. They are "
        "promised for the same version and libraries, and compared where those and the family of the processor match.",
    ),
    "step halving": ("Half the step", "The three arms with half the time step: what is left must hardly move."),
}
HEADER = (
    "What was compared",
    *(Cell(word, look="number") for word in ("Found", "Should be", "Apart", "Allowed")),
    "Result",
)
FACTS = {"software": "abm", "commit": "commit", "python": "Python", "platform": "platform", "start": "started"}


def write_page(folder: Path, found: Mapping[str, Any]) -> Path:
    """Write the page into a folder and return its path."""
    return PageFolder(folder).write_report(render_page(TITLE, "", sections(found), in_short(found)))


def sections(found: Mapping[str, Any]) -> list[Section]:
    """Return the parts of the page."""
    kinds = dict.fromkeys(row["kind"] for row in found["checks"])
    parts = []
    for kind in kinds:
        rows = [_row(row) for row in found["checks"] if row["kind"] == kind]
        heading, text = HEADINGS[kind]
        parts.append(Section(heading, [text], tables=[Table(rows, HEADER, look="words")]))
    return [*parts, _made_with(found)]


def in_short(found: Mapping[str, Any]) -> list[str]:
    """Return how it ended, in sentences."""
    n, n_passed = len(found["checks"]), found["passed"]
    failed = list(dict.fromkeys(row["case"] for row in found["checks"] if row["verdict"] == "failed"))
    cores = f"{found['n_threads']} core{'s' * (found['n_threads'] > 1)}"
    text = [f"{n_passed} of {n} comparisons passed, in {found['elapsed_s']:.0f} s on {cores}."]
    if failed:
        text.append(f"✗ Failed: {wording.listing(failed)}. Do not rely on numbers of this installation.")
    if found["not_comparable"]:
        why = next(row["reason"] for row in found["checks"] if row["verdict"] == "not comparable")
        text.append(f"{found['not_comparable']} could not be compared here: {why}.")
    return [*text, ABOUT]


def line(row: Mapping[str, Any]) -> list[str]:
    """Return found, right, apart and allowed as a reader writes them."""
    if isinstance(row["value"], str):
        return [
            row["value"][:16],
            str(row["reference"])[:16],
            "same" if row["difference"] == 0.0 else "not the same",
            "same",
        ]
    unit = f" {row['unit']}" if row["unit"] else ""
    return [
        f"{wording.number(row[key], digits)}{unit}"
        for key, digits in (("value", 5), ("reference", 5), ("difference", 2), ("tolerance", 2))
    ]


def _row(row: Mapping[str, Any]) -> list[str | Cell]:
    reason = f"{row['reason']} · {row['case']}, {row['seconds']:.1f} s"
    return [Cell(row["name"], reason), *(Cell(text, look="number") for text in line(row)), WORDS[row["verdict"]]]


def _made_with(found: Mapping[str, Any]) -> Section:
    rows = [(words, str(found[key])) for key, words in FACTS.items() if found.get(key) is not None]
    rows += [(str(name), str(version)) for name, version in found["packages"].items()]
    return Section("Made with", tables=[Table(rows, look="facts")])
