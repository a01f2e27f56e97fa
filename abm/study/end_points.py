"""End points of a patient from the serum IgM at the visits alone, as clinicians read them.

*References*: Kimby2006 (response criteria), Ghobrial2004 (flare).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from abm.scenario.cohort import EndPoints
from abm.scenario.schema import Arm

H_PER_D = 24.0
FIRST_RISE_H, LAST_RISE_H = 168.0, 8 * 168.0  # weeks 1 to 8
TWO_MONTHS_H, FOUR_MONTHS_H = 2 * 730.5, 4 * 730.5
RESPONSES = ("none", "minor", "partial", "very_good")

Found = dict[str, float]


@dataclass(frozen=True)
class Course:
    """A patient's IgM at the visits, hours from the first infusion; the first visit is before it."""

    t_h: np.ndarray
    igm: np.ndarray
    first_course_ends_h: float

    @property
    def baseline(self) -> float:
        """IgM before treatment."""
        return float(self.igm[0])

    def at(self, t_h: float) -> float:
        """IgM at a moment, between visits on a line; NaN after the last."""
        return float(np.interp(t_h, self.t_h, self.igm)) if t_h <= self.t_h[-1] else math.nan

    def highest(self, from_h: float, to_h: float) -> float:
        """Highest IgM seen between two moments, NaN without a visit."""
        seen = self.igm[(self.t_h >= from_h - 1e-6) & (self.t_h <= to_h + 1e-6)]
        return float(seen.max()) if seen.size else math.nan


def starts_h(arm: Arm) -> tuple[float, float]:
    """Return when the first infusion of a protocol begins and when the last of its first course does, h."""
    courses = [addition.moments for addition in arm.add if addition.is_infusion]
    return (courses[0][0], courses[0][-1]) if courses else (0.0, 0.0)


def first_infusion_ends_h(arm: Arm) -> float:
    """Return when the first infusion of a protocol ends, h."""
    first = next((addition for addition in arm.add if addition.is_infusion), None)
    return first.at + first.over if first else 0.0


def course_of(t_h: Sequence[float], igm: Sequence[float], arm: Arm, rules: EndPoints) -> Course:
    """Return what is seen at the visits of a protocol.

    Parameters
    ----------
    t_h, igm : sequence of float, shape (n,)
        The series, hours from its own start.
    arm : Arm
        The protocol.
    rules : EndPoints
        When visits are.
    """
    first, last = starts_h(arm)
    visits = np.array(rules.visits_h(float(t_h[-1]) - first))
    seen = np.interp(visits + first, np.asarray(t_h, dtype=float), np.asarray(igm, dtype=float))
    return Course(visits, seen, last - first)


def end_points(course: Course, rules: EndPoints) -> Found:
    """Return what a trial would record of one patient.

    Returns
    -------
    dict of str to float
        ``any_rise``, ``flare``, ``up_2_months``, ``up_4_months``, ``minor``, ``partial``, ``very_good`` (at least),
        ``progressed`` as 0 or 1; ``peak_rel``, ``best_change_frac``; ``time_to_*_d``, NaN where it never came, response
        from the end of the first course, progression from the first infusion; ``follow_up_d``.
    """
    base = course.baseline
    progressed = first_progression(course, rules)
    falls = confirmed_falls(course, rules)[: progressed if progressed is not None else None]
    best = max(falls, default=0.0)
    found = {
        "baseline_igm_g_per_L": base,
        "any_rise": float(course.highest(FIRST_RISE_H, LAST_RISE_H) > (1.0 + rules.any_rise_rel) * base),
        "flare": float(course.highest(0.0, rules.flare_until) >= (1.0 + rules.flare_rel) * base > 0.0),
        "up_2_months": float(course.at(TWO_MONTHS_H) > base),
        "up_4_months": float(course.at(FOUR_MONTHS_H) > base),
        "peak_rel": course.highest(0.0, rules.flare_until) / base if base > 0.0 else math.nan,
        "best_change_frac": -best,
    }
    for name in ("minor", "partial", "very_good"):
        reached = np.flatnonzero(np.array(falls) >= getattr(rules, f"{name}_frac"))
        found[name] = float(reached.size > 0)
        if name != "very_good":
            since_h = course.t_h[reached[0]] - course.first_course_ends_h if reached.size else math.nan
            found[f"time_to_{name}_d"] = max(0.0, since_h) / H_PER_D if reached.size else math.nan
    found["progressed"] = float(progressed is not None)
    found["time_to_progression_d"] = float(course.t_h[progressed]) / H_PER_D if progressed is not None else math.nan
    return found | {"follow_up_d": float(course.t_h[-1]) / H_PER_D}


def confirmed_falls(course: Course, rules: EndPoints) -> list[float]:
    """Return for each visit after the first the fall from baseline, as a fraction, that the next visit confirms."""
    if course.baseline <= 0.0:
        return [0.0] * (course.igm.size - 1)
    falls = 1.0 - course.igm / course.baseline
    falls[0] = 0.0
    if rules.is_confirmed:
        falls = np.append(np.minimum(falls[:-1], falls[1:]), 0.0)
    return [float(fall) for fall in falls]


def first_progression(course: Course, rules: EndPoints) -> int | None:
    """Return the first visit at which IgM has risen from its lowest by both limits; a flare does not count."""
    lowest = np.minimum.accumulate(course.igm)
    limit = np.maximum((1.0 + rules.progression_rel) * lowest, lowest + rules.progression)
    is_up = (course.igm >= limit) & (course.t_h > rules.flare_until)
    if rules.is_confirmed:
        is_up = is_up & np.append(course.igm[1:] >= limit[:-1], False)
    found = np.flatnonzero(is_up)
    return int(found[0]) if found.size else None


def response(found: Found) -> str:
    """Return the best response in a word."""
    return RESPONSES[round(found["minor"] + found["partial"] + found["very_good"])]
