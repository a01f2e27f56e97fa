"""The report of what was held against measurements: each kind of it tells its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from abm.plot.evidence import comparison, fit, scores, variants
from abm.plot.evidence.found import Found, kind_of
from abm.plot.page import wording
from abm.plot.page.html import Drawn, Section

FIGURES = "evidence"
TOLD = {"scores": scores, "fit": fit, "comparison": comparison, "variants": variants}


def holds(path: Path) -> bool:
    """Return whether a folder is that of evidence, a fit or a comparison."""
    return bool(kind_of(path))


def tables(path: Path) -> Found:
    """Return what was found."""
    return Found(path)


def head(found: Found) -> tuple[str, str]:
    """Return title and question."""
    return TOLD[found.kind].head(found)


def in_short(found: Found) -> list[str]:
    """Return what it comes to, in three sentences."""
    return [wording.sentence(text) for text in TOLD[found.kind].in_short(found)]


def sections(found: Found, drawn: Sequence[Drawn], _references: Mapping[str, str]) -> list[Section]:
    """Return what is told of what was found."""
    return TOLD[found.kind].sections(found, drawn)
