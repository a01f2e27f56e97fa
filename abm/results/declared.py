"""What a folder says of its own numbers: the measures of its tables, and the rules by which end points were read."""

import json
from pathlib import Path
from typing import Any

from abm.core.measure import Measure, Measures

__all__ = ["DECLARED", "Measure", "declared", "measures"]

DECLARED = "measures.json"


def declared(folder: Path) -> dict[str, Any]:
    """Return all that a folder declares; nothing where it is of an earlier version, or the file is damaged."""
    try:
        found = json.loads((folder / DECLARED).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def measures(folder: Path, table: str) -> Measures:
    """Return the measures of a table, ``series`` or ``readouts``; what is not declared is read by its ending."""
    return Measures.read(declared(folder).get(table))
