"""Kyle 2012: how many of 48 untreated patients come to have symptoms within one to ten years."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.cohorts import PATIENTS, STEP, Found, Measure, Patient, share_of_left, share_percent
from abm.inference.counted import Counts, Multinomial

PAPER, N = "Kyle2012", 48
DAYS_PER_YEAR = 365.25
SOURCE = f"{PAPER}; assumed: symptoms by viscosity and burden, counts of 48 from percentages"
SYMPTOMS = {"hyperviscosity": {"lo": "4 cP", "hi": "8 cP"}, "anaemia": {"lo": 5e11, "hi": 2e12}}  # assumed
SEEN = {"kind": "igm", "weekly_until": "0 weeks", "visit_every": "3 months", "flare_until": "0 weeks"} | SYMPTOMS
UNTREATED: Mapping[str, Any] = {
    "duration": "10 years",
    "dt": STEP,
    "dt_later": [{"at": "1 d", "dt": "2 d"}],
    "arms": {"untreated": {"add": []}},
    "probes.patient": {"every": "4 weeks", "at": []},
    "end_points": SEEN,
}
ENTER = {"cohort.from": "untreated", "cohort.enter_at": {"igm": "30 g/L", "unless": SYMPTOMS}}
CELLS = "populations.b_cells.cells"  # how many there are follows from untreated growth


@dataclass(frozen=True)
class Smouldering(Patient):
    """A patient who enters when IgM has grown to 30 g/L; as drawn, where growth has no capacity in cells."""

    def under(self, base: str, scale: float) -> dict[str, Any] | None:
        """Return the patient under a parameter set; None where a smaller scale has fewer."""
        found = self.at(scale)
        return None if found is None else found | _entered(base)


@cache
def _entered(base: str) -> dict[str, Any]:
    """Return how the cohort of a set changes where patients enter; not at all where capacity follows from the start."""
    parameters = json.loads(base)
    cohort, growth = parameters["cohort"] or {}, parameters["processes"].get("growth") or {}
    if growth.get("capacity_cells") is None:
        return {}
    correlate = [pair for pair in cohort.get("correlate", ()) if CELLS not in pair["of"]]
    own = {f"cohort.vary.{CELLS}": None} if CELLS in cohort.get("vary", {}) else {}
    return ENTER | own | {"cohort.correlate": correlate}


def _patients(seed: int) -> Sequence[Case]:
    return [Smouldering(str(i), i, UNTREATED) for i in range(PATIENTS)]


def _had_come(one: Values, years: float) -> bool:
    """Return whether symptoms had come by then; who never has any has NaN."""
    return one["untreated.time_to_symptoms_d"] <= years * DAYS_PER_YEAR + 1e-6


def _symptomatic(years: float, since: float = 0.0) -> Measure:
    """Return the measure: percent with symptoms by then, of those who had none at the start, nor by a time before.

    Of those left at a time before, it is a step of a chain.
    """
    share = share_of_left if since else share_percent

    def measure(found: Found) -> float:
        free = [
            one for one in found.values() if one["untreated.symptoms_at_start"] == 0.0 and not _had_come(one, since)
        ]
        return share([float(_had_come(one, years)) for one in free])

    return measure


FIRST_1, FIRST_3, FIRST_5, FIRST_10 = Multinomial((3, 16, 9, 5, 15), 100).chain  # the last 15 have none by ten years


def _claim(years: int, since: int, k: int, range_: tuple[float, float], counts: Counts) -> Claim:
    """Return the claim of k of 48; its likelihood is of those whose symptoms came since the time before."""
    return Claim(
        id=f"P11-{years}y", role="prediction", unit="%", observed=100 * k / N, lo=range_[0], hi=range_[1],
        text=f"untreated smouldering disease: {k} of 48 have symptoms within {years} year{'s' * (years > 1)}",
        source=SOURCE,
        cases=_patients, measure=_symptomatic(years), group="patient", trial=N,
        paper=PAPER, likelihood=counts, at=_symptomatic(years, since),
    )  # fmt: skip


CLAIMS = (
    _claim(1, 0, 3, (1.3, 17.2), FIRST_1),
    _claim(3, 1, 19, (25.8, 54.7), FIRST_3),
    _claim(5, 3, 28, (43.2, 72.4), FIRST_5),
    _claim(10, 5, 33, (53.7, 81.3), FIRST_10),
)
