"""Patients and protocols that several trials share, and what is counted over patients."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from abm.evidence.claim import Case, Values

PATIENTS = 100  # of each seed
COURSE = {"infusion": "375 mg/m2", "times": 4, "every": "7 d"}
SECOND = {"at": "112 d", "unless_progressed": True}  # assumed: three months after the first course
PROTOCOLS = {"single": {"add": [COURSE]}, "double": {"add": [COURSE, COURSE | SECOND]}}
SEEN = {
    "kind": "igm",
    "weekly_until": "4 weeks",
    "visit_offset": {"lo": "-2 weeks", "hi": "1 week"},  # assumed
    "assay_cv": "8.1 %",  # Katzmann2011
    "also": ["late", "late_after_course", "first_rise", "straight"],
}
FEW_AGENTS = {"populations.b_cells.cells_per_agent": 1e9}  # design: 69 patients have the same end points as at 1e7
STEP = "12 h"  # design: 69 patients have the same end points as at 4 h
LATER = [{"at": "200 d", "dt": "2 d"}]  # design: halving moves no level by 1.5 %
DAYS_PER_MONTH = 30.4375
HIGH_IGM_G_PER_L, LOW_ALBUMIN_G_PER_L = 40.0, 35.0

Found = Mapping[str, Values]
Measure = Callable[[Found], float]


@dataclass(frozen=True)
class Patient(Case):
    """One virtual patient under all protocols; ``n`` is the patient's number."""

    def at(self, scale: float) -> dict[str, Any] | None:
        """Return the patient; with a smaller scale there are fewer."""
        if self.n >= PATIENTS * scale:
            return None
        own = self.point(self.n) if callable(self.point) else self.point
        return FEW_AGENTS | {"replicates": PATIENTS, "replicate": self.n} | dict(own)


def cohort(seed: int) -> Sequence[Case]:
    """Return the patients of a seed, seen for five years as trials see them, under one course and under two."""
    point = {"duration": "5 years", "dt": STEP, "dt_later": LATER, "arms": PROTOCOLS, "end_points": SEEN}
    return [Patient(str(i), i, point) for i in range(PATIENTS)]


def percent(name: str, given: Callable[[Values], bool] = lambda one: True) -> Measure:
    """Return the measure: percent of patients with a 0-or-1 end point, among those who meet a condition."""
    return lambda found: share_percent([one[name] for one in found.values() if given(one)])


def share_percent(values: Sequence[float]) -> float:
    """Return the percentage of 1 among values of 0 and 1; NaN values were not observed and are left out."""
    seen = [value for value in values if not math.isnan(value)]
    return 100.0 * float(np.mean(seen)) if seen else math.nan


def median_months(name: str, given: Callable[[Values], bool] = lambda one: True) -> Measure:
    """Return the measure: median of a time in months; whoever never had the event counts as later than all others."""

    def measure(found: Found) -> float:
        seen = [one[name] for one in found.values() if given(one)]
        return float(np.median([math.inf if math.isnan(t) else t for t in seen])) / DAYS_PER_MONTH if seen else math.nan

    return measure


def share_below(name: str, months: float, given: Callable[[Values], bool] = lambda one: True) -> Measure:
    """Return the measure: share with a time below a published one; whoever never had the event counts as later."""

    def measure(found: Found) -> float:
        seen = [one[name] / DAYS_PER_MONTH < months for one in found.values() if given(one)]
        return float(np.mean(seen)) if seen else math.nan

    return measure


def responds(protocol: str) -> Callable[[Values], bool]:
    """Return whether a patient has a partial response under a protocol."""
    return lambda one: one[f"{protocol}.partial"] > 0.0


def has_high_igm(one: Values) -> bool:
    """Return whether IgM is above 40 g/L at the start."""
    return one["single.baseline_igm_g_per_L"] > HIGH_IGM_G_PER_L


def n_factors(one: Values) -> int:
    """Return how many of the two adverse factors a patient has at the start."""
    return int(has_high_igm(one)) + int(one["single.baseline_albumin_g_per_L"] < LOW_ALBUMIN_G_PER_L)
