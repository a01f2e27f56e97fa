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
from abm.study.end_points import H_PER_D, SLACK_H, answer, at_visits

ON_DRUG_H = 672.0  # design: four weeks after the first dose
SERIES = ("time_h", "lymphocytes_per_nL", "signal_rel")
Found = dict[str, float]


def chance(seed: int, replicate: int, name: str) -> float:
    """Return a uniform random number of a patient, for something that the course does not decide."""
    first = words((stream_key(seed, replicate, name), np.uint32(0)), np.uint64(0), 1)
    return float(to_unit(first[0], first[1]))


def _first_ibrutinib_h(arm: Arm) -> float:
    return min((a.at for a in arm.add if a.kind == "ibrutinib" and a.is_drug), default=math.nan)


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
        NaN is what nobody could see, which is not "no". ``progressed`` and ``treated_next`` as 0 or 1 by the end of
        follow-up, unknown before a rise could have been confirmed; ``time_to_progression_d``,
        ``time_to_next_treatment_d``, NaN where it did not come; ``peak_rel`` of the early rise, and
        ``time_to_baseline_d``, when it is over, known when all visits of redistribution were kept; ``nadir_per_nL`` by
        the end of follow-up, ``follow_up_d``; ``inhibition_frac`` four weeks after the first dose of ibrutinib; what
        was measured at the start.
    """
    t_h, counted, signal = (np.array([row[name] for row in rows]) for name in SERIES)
    first_h = rules.first_h(arm)
    end_h = max(0.0, float(t_h[-1]) - first_h - 2.0 * rules.follow_up_spread * chance(seed, replicate, "follow-up"))
    visits, count = at_visits(rules.visits_h(end_h), first_h, t_h, counted)
    progressed_h = first_progression(visits, count, rules)
    next_h = progressed_h + rules.longest_delay * chance(seed, replicate, "next treatment")
    peak, back_h = _early_rise(visits, count, rules)
    n_late, is_treated_next = int((visits > rules.redistribution_until).sum()), next_h <= visits[-1]
    n_needed = (
        3 if rules.is_confirmed else 2
    )  # a rise takes three visits: the lowest, the rise, and the one that confirms it
    is_seen = 1.0 if n_late >= n_needed else math.nan
    on_drug_h = _first_ibrutinib_h(arm) + ON_DRUG_H
    return {
        "progressed": answer(math.isfinite(progressed_h), is_seen),
        "time_to_progression_d": progressed_h / H_PER_D,
        "treated_next": answer(is_treated_next, is_seen),
        "time_to_next_treatment_d": next_h / H_PER_D if is_treated_next else math.nan,
        "time_to_baseline_d": back_h / H_PER_D,
        "peak_rel": peak / float(count[0]) if count[0] > 0.0 else math.nan,
        "nadir_per_nL": float(count.min()) if visits.size > 1 else math.nan,
        "baseline_lymphocytes_per_nL": float(count[0]),
        "surface_igm_MFI": rows[0]["baseline_surface_igm_MFI"],
        "calcium_percent": rows[0]["calcium_percent"],
        "inhibition_frac": 1.0 - float(np.interp(on_drug_h, t_h, signal)) if on_drug_h <= first_h + end_h else math.nan,
        "follow_up_d": float(visits[-1]) / H_PER_D,
    }


def first_progression(t_h: np.ndarray, count: np.ndarray, rules: LymphocyteEndPoints) -> float:
    """Return the first visit, h, at which lymphocytes are up by both limits from their lowest; NaN if none.

    The lowest counts only after redistribution: while lymph nodes empty into the blood, there is no nadir.
    """
    is_late = t_h > rules.redistribution_until
    lowest = np.minimum.accumulate(np.where(is_late, count, np.inf))
    is_up = (count >= (1.0 + rules.progression_rel) * lowest) & (count >= rules.least_per_nL) & (count > lowest)
    is_up &= is_late
    if rules.is_confirmed:
        is_up &= np.append(is_up[1:], False)
    found = np.flatnonzero(is_up)
    return float(t_h[found[0]]) if found.size else math.nan


def _early_rise(t_h: np.ndarray, count: np.ndarray, rules: LymphocyteEndPoints) -> tuple[float, float]:
    """Return the highest early count, and when the count is back at or below its start, h; NaN if never."""
    planned = rules.visits_h(rules.redistribution_until)
    if len(planned) < 2 or planned[-1] > t_h[-1] + SLACK_H:
        return math.nan, math.nan
    peak = int(np.argmax(count[: len(planned)]))
    found = np.flatnonzero((count <= count[0]) & (np.arange(count.size) > peak))
    return float(count[peak]), float(t_h[found[0]]) if found.size and peak > 0 else math.nan
