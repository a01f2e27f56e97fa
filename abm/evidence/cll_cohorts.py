"""Patients with chronic lymphocytic leukaemia on ibrutinib that several trials share, and what is counted over them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from abm.evidence.claim import Case, Values
from abm.evidence.cohorts import DAYS_PER_MONTH, PATIENTS, Measure, Patient

FEW_AGENTS = {"populations.b_cells.cells_per_agent": 1e10}  # design: agents lie evenly over surface IgM at any number
FAST = {  # design: counts at visits move by 5 % in the median patient, most of it the luck of small clones
    "populations.b_cells.cells_per_agent": 3e10,
    "dt_later": [{"at": "60 d", "dt": "2 d"}],
}
DAILY = {"arms": {"ibrutinib": {"add": [{"ibrutinib": "420 mg"}]}}}
LATER, LOST = {"covariates.line": "later"}, {"covariates.tp53": "lost"}
FIRST: Mapping[str, Any] = {}
ARM = "ibrutinib."

Found = Mapping[str, Values]


def treated(who: Sequence[Mapping[str, Any]], point: Mapping[str, Any]) -> Sequence[Case]:
    """Return the patients of a seed, who are by turns what ``who`` says, each under the same other changes."""
    common = FEW_AGENTS | DAILY | point
    return [Patient(str(i), i, common | who[i % len(who)]) for i in range(PATIENTS)]


def first_line(seed: int) -> Sequence[Case]:
    """Return patients of whom nobody was treated before, for seven years; 78 % would be alive then (Barr2022)."""
    return treated([FIRST], _followed("86 months", "3.5 %/year"))


def relapsed(seed: int) -> Sequence[Case]:
    """Return patients who were treated before, three in ten without TP53, for five years."""
    return treated([LATER | LOST] * 3 + [LATER] * 7, _followed("62 months", "7 %/year"))


def relapsed_without_tp53(seed: int) -> Sequence[Case]:
    """Return patients who were treated before and have lost TP53, for five years."""
    return treated([LATER | LOST], _followed("62 months", "7 %/year"))


def mixed(seed: int) -> Sequence[Case]:
    """Return patients of whom three in five were not treated before and three in five have lost TP53 (Ahn2018)."""
    who = [LOST, LOST, LATER | LOST, FIRST, LATER]
    return treated(who, _followed("52 months", "0 /year") | {"end_points.follow_up_spread": "18 months"})


def _followed(duration: str, other: str) -> dict[str, Any]:
    """Return how long all are followed, with a look a day after the first dose, and what else ends remissions."""
    looks = {"probes.patient": {"every": "28 d", "at": ["24 h"]}}
    rules = {"end_points.other_progression": other, "end_points.follow_up_spread": "0 h"}
    return FAST | {"duration": duration} | looks | rules


def column(found: Found, name: str) -> np.ndarray:
    """Return an end point of all patients."""
    return np.array([one[ARM + name] for one in found.values()])


def free_at(months: float) -> Measure:
    """Return the measure: percent free of progression at a moment until which all are followed."""

    def measure(found: Found) -> float:
        days = column(found, "time_to_progression_d")
        return 100.0 * float(np.mean(~(days <= months * DAYS_PER_MONTH))) if days.size else math.nan

    return measure
