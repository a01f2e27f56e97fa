"""Whether a run kept its books: conservation and the step size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from abm.plot import arms, wording
from abm.results.run import Run

MOST_REL_ERROR = 1e-9
MOST_POINTS = 0.5
MEANINGS = {
    "rituximab_rel_error": "antibody added = free + bound + internalised + shaved + decayed",
    "cells_error": "cells started + born = alive + dead, each death with one cause",
    "complement_rel_error": "complement used ≤ supplied",
    "igm_rel_error": "IgM in the medium = secreted + released at lysis",
}


@dataclass(frozen=True)
class Check:
    """One thing that must hold."""

    name: str
    value: str
    limit: str
    is_passed: bool


def conservation(run: Run) -> list[Check]:
    """Return what the summary says about conservation; a number passes up to 1e-9, a truth value if true."""
    found = run.summary().get("conservation") or {}
    return [_check(name, value) for name, value in _flat(found)]


def step_size(run: Run) -> list[Check]:
    """Return how far each arm's survival moved when the time step was halved, in percentage points."""
    found = run.summary().get("step_check") or {}
    numbers = {arm: value for arm, value in found.items() if _is_number(value)}
    return [
        Check(arms.label(arm), wording.decimal(value), f"{MOST_POINTS:g}", abs(value) < MOST_POINTS)
        for arm, value in numbers.items()
    ]


def _check(name: str, value: Any) -> Check:
    meaning = MEANINGS.get(name.rpartition(" ")[2])
    words = f"{meaning} ({name})" if meaning else name.replace("_", " ")
    if isinstance(value, bool):
        return Check(words, "yes" if value else "no", "yes", value)
    is_passed = _is_number(value) and abs(value) <= MOST_REL_ERROR
    return Check(words, wording.number(value, 2) if _is_number(value) else "no number", "1 × 10⁻⁹", is_passed)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _flat(found: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in found.items():
        name = f"{above} {key}".strip()
        if isinstance(value, Mapping):
            yield from _flat(value, name)
        else:
            yield name, value
