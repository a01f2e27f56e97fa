"""What is told of a fit: what was calibrated, and the parameter set that came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from abm.plot.evidence.found import Found
from abm.plot.page import wording
from abm.plot.page.html import Drawn, Section, Table

HEADER = ("Parameter", "Allowed range", "Best point", "Median (95 %)", "Unit")
TOO_FEW = "Too few independent particles for 95 % intervals: a larger population gives them."


def head(found: Found) -> tuple[str, str]:
    """Return title and question."""
    return found["title"] or found["name"], found["question"]


def sections(found: Found, drawn: Sequence[Drawn]) -> list[Section]:
    """Return what is told of a fit."""
    told = [f"Calibrated on {wording.listing(found['claims'])}; seed {found['seed']}."]
    if any(row["median"] is not None and row["lo"] is None for row in found["estimates"]):
        told.append(TOO_FEW)
    estimates = Table([_row(row) for row in found["estimates"]], HEADER)
    return [
        Section("What was calibrated", told, tables=[estimates]),
        Section("Figures", figures=drawn),
        Section("Parameter set", code=(found.folder.path / "parameters.yaml").read_text(encoding="utf-8")),
    ]


def _row(row: Mapping[str, Any]) -> list[str]:
    spread = wording.number(row["median"])
    if row["lo"] is not None:
        spread += f" ({wording.number(row['lo'])}–{wording.number(row['hi'])})"
    allowed = f"{wording.number(row['lo_prior'])}–{wording.number(row['hi_prior'])}"
    return [row["path"], allowed, wording.number(row["point"]), spread, row["unit"]]
