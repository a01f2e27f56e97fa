"""End points of a patient with chronic lymphocytic leukaemia from the lymphocyte count at the visits alone.

*References*: Hallek2018 (progression: lymphocytes up by half, to at least 5 per nL; the early rise by redistribution on
a BTK inhibitor is none).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from abm.core.rng import stream_key, to_unit, words
from abm.scenario.cohort import LymphocyteEndPoints
from abm.scenario.schema import Arm

H_PER_D = 24.0
ON_DRUG_H = 672.0  # design: four weeks after the first dose
SERIES = ("time_h", "lymphocytes_per_nL", "signal_rel")
Found = dict[str, float]


def chance(seed: int, replicate: int, name: str) -> float:
    """Return a patient's own number between 0 and 1 for something that the course does not decide."""
    first = words((stream_key(seed, replicate, name), np.uint32(0)), np.uint64(0), 1)
    return float(to_unit(first[0], first[1]))


def first_dose_h(arm: Arm) -> float:
    """Return when a protocol's first drug is given, h; 0 where there is none."""
    given = [a.at for a in arm.add if (a.ibrutinib or 0.0) > 0.0 or a.is_infusion]
    return min(given, default=0.0)


def lymphocyte_end_points(
    rows: Sequence[Mapping[str, float]], arm: Arm, rules: LymphocyteEndPoints, seed: int, replicate: int
) -> Found:
    """Return what a cohort study would record of one patient.

    Parameters
    ----------
    rows : sequence of mapping
        The series, with ``time_h`` from its own start and ``lymphocytes_per_nL``.
    arm : Arm
        The protocol; everything counts from its first dose.
    rules : LymphocyteEndPoints
        When visits are and what counts.
    seed, replicate : int
        Decide how long the patient is followed and how soon after progression the next treatment begins.

    Returns
    -------
    dict of str to float
        ``progressed``, ``treated_next`` as 0 or 1; ``time_to_progression_d``, ``time_to_next_treatment_d``, NaN where
        it never came; ``peak_rel`` of the early rise, and ``time_to_baseline_d``, when it is over; ``nadir_per_nL``;
        ``follow_up_d``; ``inhibition_frac`` four weeks after the first dose; what was measured at the start.
    """
    t_h, counted, signal = (np.array([row[name] for row in rows]) for name in SERIES)
    t_h = t_h - first_dose_h(arm)
    end_h = float(t_h[-1]) - 2.0 * rules.follow_up_spread * chance(seed, replicate, "follow-up")
    visits = np.array(rules.visits_h(max(0.0, end_h)))
    count = np.interp(visits, t_h, counted)
    progressed_h = first_progression(visits, count, rules)
    next_h = progressed_h + rules.longest_delay * chance(seed, replicate, "next treatment")
    early = count[visits <= rules.redistribution_until]
    is_treated_next = next_h <= visits[-1]
    return {
        "progressed": float(math.isfinite(progressed_h)),
        "time_to_progression_d": progressed_h / H_PER_D,
        "treated_next": float(is_treated_next),
        "time_to_next_treatment_d": next_h / H_PER_D if is_treated_next else math.nan,
        "time_to_baseline_d": _back(visits, count, int(np.argmax(early))) / H_PER_D,
        "peak_rel": float(early.max()) / float(count[0]) if count[0] > 0.0 else math.nan,
        "nadir_per_nL": float(count.min()),
        "baseline_lymphocytes_per_nL": float(count[0]),
        "surface_igm_MFI": rows[0]["baseline_surface_igm_MFI"],
        "calcium_percent": rows[0]["calcium_percent"],
        "inhibition_frac": 1.0 - float(np.interp(ON_DRUG_H, t_h, signal)) if t_h[-1] >= ON_DRUG_H else math.nan,
        "follow_up_d": float(visits[-1]) / H_PER_D,
    }


def first_progression(t_h: np.ndarray, count: np.ndarray, rules: LymphocyteEndPoints) -> float:
    """Return the first visit, h, at which lymphocytes are up by both limits from their lowest; NaN if none.

    The lowest is that since redistribution was over: while nodes empty, the count of the start is no nadir.
    """
    is_late = t_h > rules.redistribution_until
    lowest = np.minimum.accumulate(np.where(is_late, count, np.inf))
    is_up = (count >= (1.0 + rules.progression_rel) * lowest) & (count >= rules.least_per_nL)
    is_up &= is_late
    if rules.is_confirmed:
        is_up &= np.append(is_up[1:], False)
    found = np.flatnonzero(is_up)
    return float(t_h[found[0]]) if found.size else math.nan


def _back(t_h: np.ndarray, count: np.ndarray, peak: int) -> float:
    """Return when the count is at or below that of the start again after its early peak, h; NaN if never."""
    found = np.flatnonzero((count <= count[0]) & (np.arange(count.size) > peak))
    return float(t_h[found[0]]) if found.size and count[peak] > count[0] else math.nan
