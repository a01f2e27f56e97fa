"""Whether a run kept its books: conservation and the step size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from abm.plot import arms
from abm.plot.page import wording
from abm.results.run import Run

MOST_REL_ERROR = 1e-9
MOST_POINTS = 0.5
PASSED, FAILED, UNDECIDED = "passed", "failed", "undecided"
DISSOLVED = "_dissolved_rel_error"
MEANINGS = {
    "c1q_rel_error": "C1q supplied = left + used + decayed",
    "c2c4_rel_error": "C2/C4 supplied = left + used + decayed",
    "c3_rel_error": "C3 supplied = left + used + decayed",
    "c5c9_rel_error": "C5–C9 supplied = left + used + decayed",
    "dheas_rel_error": "DHEAS supplied + released = left + lost + taken up",
    "drug_rel_error": "Antibody given = in plasma and tissue + eliminated + removed",
    "ibrutinib_rel_error": "Ibrutinib taken = in the body + eliminated",
    "clone_rel_error": "Clone at the start + born = alive + killed + crowded out",
    "plasma_cells_rel_error": "Plasma cells formed = alive + died",
    "long_lived_rel_error": "Long-lived plasma cells formed = alive + died",
    "cells_error": "B cells started + born = in the well + lysed (cells)",
    "deaths_error": "Deaths by cause = dying + lysed (cells)",
}


OF_A_DRUG = "{} added = free + bound + on lysed cells + internalised + shaved + decayed"


@dataclass(frozen=True)
class Check:
    """One thing that must hold."""

    name: str
    value: str
    limit: str
    verdict: str


def conservation(run: Run) -> list[Check]:
    """Return what the summary says about conservation; a number passes up to 1e-9, a truth value if true."""
    found = run.summary().get("conservation") or {}
    drugs = {f"{name.removesuffix('_nM')}_rel_error" for name in run.series().columns if name.endswith("_nM")}
    return [_check(name, value, drugs) for name, value in _flat(found)]


def step_size(run: Run) -> list[Check]:
    """Return how far each arm's survival moved when the time step was halved, in percentage points."""
    found = run.summary().get("step_check") or {}
    return [_step(arm, change) for arm, change in found.items() if _is_number(change.get("mean"))]


def _step(arm: str, change: Mapping[str, Any]) -> Check:
    """Judge one arm: a change beyond the limit fails only where chance between replicates cannot explain it."""
    mean, ends = change["mean"], [change.get("lo"), change.get("hi")]
    has_ends = all(_is_number(end) for end in ends) and ends[0] < ends[1]
    value = wording.decimal(mean) + (f" ({wording.decimal(ends[0])} to {wording.decimal(ends[1])})" if has_ends else "")
    is_chance = has_ends and ends[0] < MOST_POINTS and ends[1] > -MOST_POINTS
    verdict = PASSED if abs(mean) < MOST_POINTS else UNDECIDED if is_chance else FAILED
    return Check(arms.label(arm), value, f"{MOST_POINTS:g}", verdict)


def _check(name: str, value: Any, drugs: Set[str]) -> Check:
    last = name.rpartition(" ")[2]
    if last.endswith(DISSOLVED):
        words = f"{_drug(last.removesuffix(DISSOLVED))} dissolved = left + what became of it"
    else:
        words = MEANINGS.get(last) or (OF_A_DRUG.format(_drug(last)) if last in drugs else name.replace("_", " "))
    if isinstance(value, bool):
        return Check(words, "yes" if value else "no", "yes", PASSED if value else FAILED)
    verdict = PASSED if _is_number(value) and abs(value) <= MOST_REL_ERROR else FAILED
    return Check(words, wording.number(value, 2) if _is_number(value) else "no number", "1 × 10⁻⁹", verdict)


def _drug(name: str) -> str:
    return name.removesuffix("_rel_error").replace("_", " ").capitalize()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _flat(found: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in found.items():
        name = f"{above} {key}".strip()
        if isinstance(value, Mapping):
            yield from _flat(value, name)
        else:
            yield name, value
