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
FEW_AGENTS = {"populations.b_cells.cells_per_agent": 1e10}  # design: 100 patients respond as at 1e9 but for two
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


def percent_of_left(name: str, given: Callable[[Values], bool]) -> Measure:
    """Return the measure: percent with a 0-or-1 end point of those whom a step of a chain is counted of."""
    return lambda found: share_of_left([one[name] for one in found.values() if given(one)])


def share_percent(values: Sequence[float]) -> float:
    """Return the percentage of 1 among values of 0 and 1; NaN values were not observed and are left out."""
    seen = [value for value in values if not math.isnan(value)]
    return 100.0 * float(np.mean(seen)) if seen else math.nan


def share_of_left(values: Sequence[float]) -> float:
    """Return the same of those whom a step of a chain is counted of: half where nobody is left, as the chain has it."""
    share = share_percent(values)
    return 50.0 if math.isnan(share) else share


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


def difference(name: str, given: Callable[[Values], bool]) -> Measure:
    """Return the measure: percent with a 0-or-1 end point where a condition holds minus that elsewhere, points."""
    return lambda found: percent(name, given)(found) - percent(name, lambda one: not given(one))(found)


def difference_in_errors(name: str, given: Callable[[Values], bool], n: int) -> Measure:
    """Return the measure: that difference over its standard error in a trial of n, as a test of two proportions.

    Of whom the condition holds there is not known: the share of the simulated patients.
    """

    def measure(found: Found) -> float:
        share = percent(name)(found) / 100.0
        holds = float(np.mean([given(one) for one in found.values()]))
        if holds in (0.0, 1.0) or math.isnan(share):
            return math.nan
        error = 100.0 * math.sqrt(share * (1.0 - share) / (n * holds * (1.0 - holds)))
        return difference(name, given)(found) / error if error else 0.0

    return measure


def progression(protocol: str, patients: Sequence[Values]) -> tuple[np.ndarray, np.ndarray]:
    """Return when each patient progressed under a protocol, or follow-up ended, days; and whether it came."""
    came = np.array([one[f"{protocol}.progressed"] > 0.0 for one in patients], dtype=bool)
    names = [f"{protocol}.{'time_to_progression_d' if was else 'follow_up_d'}" for was in came]
    return np.array([one[name] for one, name in zip(patients, names, strict=True)]), came


def responds(protocol: str) -> Callable[[Values], bool]:
    """Return whether a patient has a partial response under a protocol."""
    return lambda one: one[f"{protocol}.partial"] > 0.0


def has_high_igm(one: Values) -> bool:
    """Return whether IgM is above 40 g/L at the start."""
    return one["single.baseline_igm_g_per_L"] > HIGH_IGM_G_PER_L


def has_low_igm(one: Values) -> bool:
    """Return whether IgM is up to 40 g/L at the start."""
    return not has_high_igm(one)


def has_low_albumin(one: Values) -> bool:
    """Return whether albumin is below 35 g/L at the start."""
    return one["single.baseline_albumin_g_per_L"] < LOW_ALBUMIN_G_PER_L


def n_factors(one: Values) -> int:
    """Return how many of the two adverse factors a patient has at the start."""
    return int(has_high_igm(one)) + int(has_low_albumin(one))
