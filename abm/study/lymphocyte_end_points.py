"""End points of a patient with chronic lymphocytic leukaemia from the lymphocyte count at the visits alone.

*References*: Hallek2018 (progression: lymphocytes up by half, to at least 5 per nL; the early rise by redistribution on
a BTK inhibitor is none).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from abm.core.rng import stream_key, to_unit, words
from abm.scenario.cohort import LymphocyteEndPoints

H_PER_D = 24.0
Found = dict[str, float]


def chance(seed: int, replicate: int, name: str) -> float:
    """Return a patient's own number between 0 and 1 for something that the course does not decide."""
    first = words((stream_key(seed, replicate, name), np.uint32(0)), np.uint64(0), 1)
    return float(to_unit(first[0], first[1]))


def lymphocyte_end_points(
    rows: Sequence[Mapping[str, float]], rules: LymphocyteEndPoints, seed: int, replicate: int
) -> Found:
    """Return what a cohort study would record of one patient.

    Parameters
    ----------
    rows : sequence of mapping
        The series, with ``time_h`` from its own start and ``lymphocytes_per_nL``.
    rules : LymphocyteEndPoints
        When visits are and what counts.
    seed, replicate : int
        Decide how long the patient is followed and how soon after progression the next treatment begins.

    Returns
    -------
    dict of str to float
        ``progressed``, ``treated_next`` as 0 or 1; ``time_to_progression_d``, ``time_to_next_treatment_d``, NaN where
        it never came; ``time_to_baseline_d``, when the rise of the beginning is over; ``peak_rel``, ``nadir_per_nL``;
        ``follow_up_d``; what was measured at the start.
    """
    t_h, counted = (np.array([row[name] for row in rows]) for name in ("time_h", "lymphocytes_per_nL"))
    end_h = float(t_h[-1]) - 2.0 * rules.follow_up_spread * chance(seed, replicate, "follow-up")
    visits = np.array(rules.visits_h(max(0.0, end_h)))
    count = np.interp(visits, t_h, counted)
    progressed_h = first_progression(visits, count, rules)
    next_h = progressed_h + rules.longest_delay * chance(seed, replicate, "next treatment")
    on_drug = rows[1] if len(rows) > 1 else rows[0]
    return {
        "progressed": float(math.isfinite(progressed_h)),
        "time_to_progression_d": progressed_h / H_PER_D,
        "treated_next": float(next_h <= end_h),
        "time_to_next_treatment_d": next_h / H_PER_D if next_h <= end_h else math.nan,
        "time_to_baseline_d": _back(visits, count) / H_PER_D,
        "peak_rel": float(count.max()) / float(count[0]) if count[0] > 0.0 else math.nan,
        "nadir_per_nL": float(count.min()),
        "baseline_lymphocytes_per_nL": float(count[0]),
        "surface_igm_MFI": rows[0]["baseline_surface_igm_MFI"],
        "calcium_percent": rows[0]["calcium_percent"],
        "inhibition_frac": 1.0 - on_drug["signal_rel"],
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


def _back(t_h: np.ndarray, count: np.ndarray) -> float:
    """Return when the count is at or below that of the start again after its first rise, h; NaN if never."""
    found = np.flatnonzero((count <= count[0]) & (np.arange(count.size) > int(np.argmax(count))))
    return float(t_h[found[0]]) if found.size and count.max() > count[0] else math.nan
