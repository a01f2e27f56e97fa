"""End points of a patient from the serum IgM at the visits alone, as clinicians read them.

*References*: Kimby2006 (response criteria), Ghobrial2004 (flare).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from abm.scenario.cohort import EndPoints, starts_h
from abm.scenario.schema import Arm

H_PER_D = 24.0
SLACK_H = 1e-6
FIRST_RISE_H, LAST_RISE_H = 168.0, 8 * 168.0  # weeks 1 to 8
TWO_MONTHS_H, FOUR_MONTHS_H = 2 * 730.5, 4 * 730.5
RESPONSES = ("none", "minor", "partial", "very_good")
NOT_OBSERVED = ""

Found = dict[str, float]


@dataclass(frozen=True)
class Course:
    """A patient's IgM at the visits of the follow-up, hours from the first dose; the first visit is before it.

    ``first_course_ends_h`` is when the last infusion of the first course begins; NaN where nothing is given.
    """

    t_h: np.ndarray
    igm: np.ndarray
    first_course_ends_h: float

    @property
    def baseline(self) -> float:
        """IgM before treatment; NaN where it was 0, since no change can be relative to that."""
        return float(self.igm[0]) if self.igm[0] > 0.0 else math.nan

    def at(self, t_h: float) -> float:
        """IgM at a moment, interpolated linearly between visits; NaN after the last."""
        return float(np.interp(t_h, self.t_h, self.igm)) if t_h <= self.t_h[-1] else math.nan

    def highest(self, from_h: float, to_h: float, rules: EndPoints) -> float:
        """Highest IgM seen between two moments; NaN without a visit then, or if follow-up ended before the last one.

        A part of that time is not enough: of patients seen for a part of it, only those with a rise would be known.
        """
        is_inside = (self.t_h >= from_h - SLACK_H) & (self.t_h <= to_h + SLACK_H)
        is_whole = bool(is_inside[1:].any()) and rules.visits_h(to_h)[-1] <= self.t_h[-1] + SLACK_H
        return float(self.igm[is_inside].max()) if is_whole else math.nan


def first_infusion_ends_h(arm: Arm) -> float:
    """Return when the first infusion of a protocol ends, h; NaN without one."""
    first = next((addition.ends for addition in arm.add if addition.ends), None)
    return first[0] if first else math.nan


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
    visits, seen = at_visits(rules.visits_h(float(t_h[-1]) - first), first, t_h, igm)
    return Course(visits, seen, last - first)


def at_visits(
    visits_h: Sequence[float], first_h: float, t_h: Sequence[float], level: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the visits that were kept, from the first, and a level at them, interpolated linearly between looks.

    The first visit, before the dose, has the level of the last look. A visit is kept if there was a look since the
    visit before it; the first that was not kept ends follow-up.
    """
    at, visits = np.asarray(t_h, dtype=float), np.asarray(visits_h, dtype=float)
    n_looks = np.searchsorted(at, visits + first_h + SLACK_H, side="right")
    unseen = np.flatnonzero(np.diff(n_looks) == 0)
    visits = visits[: unseen[0] + 1] if unseen.size else visits
    found = np.interp(visits + first_h, at, np.asarray(level, dtype=float))
    found[0] = at_first(t_h, level, first_h)
    return visits, found


def at_first(t_h: Sequence[float], level: Sequence[float], first_h: float) -> float:
    """Return a level at the last look that is not after the first dose, which is its baseline."""
    return float(level[int(np.searchsorted(t_h, first_h + SLACK_H, side="right")) - 1])


def answer(is_so: bool | np.bool_, *seen: float) -> float:
    """Return 1 for yes and 0 for no; NaN where the answer was not observed."""
    return math.nan if any(math.isnan(value) for value in seen) else float(is_so)


def end_points(course: Course, rules: EndPoints) -> Found:
    """Return what a trial would record of one patient; NaN means not observed, which is not "no".

    Returns
    -------
    dict of str to float
        ``any_rise`` (weeks 1 to 8), ``flare`` and ``peak_rel``: known when all visits of their time were kept.
        ``up_2_months``, ``up_4_months``: known when a visit was kept at that moment or later.
        ``minor``, ``partial``, ``very_good`` (at least) and ``best_change_frac``: by the end of follow-up, as trials
        report them, however short it was; unknown when no fall could have been confirmed yet.
        ``progressed``: by the end of follow-up; unknown when no rise after the flare could have been confirmed yet.
        ``time_to_*_d``: of response from the end of the first course, of progression from the first dose; NaN where
        it did not come, or where there was no dose to count from. ``follow_up_d``: the last visit.
    """
    base, peak = course.baseline, course.highest(0.0, rules.flare_until, rules)
    rise = course.highest(FIRST_RISE_H, LAST_RISE_H, rules)
    at_2, at_4 = course.at(TWO_MONTHS_H), course.at(FOUR_MONTHS_H)
    progressed = first_progression(course, rules)
    found = {
        "baseline_igm_g_per_L": float(course.igm[0]),
        "any_rise": answer(rise > (1.0 + rules.any_rise_rel) * base, rise, base),
        "flare": answer(peak >= (1.0 + rules.flare_rel) * base, peak, base),
        "up_2_months": answer(at_2 > base, at_2, base),
        "up_4_months": answer(at_4 > base, at_4, base),
        "peak_rel": peak / base,
    }
    found |= _responses(course, rules, progressed)
    n_late = int((course.t_h > rules.flare_until).sum())
    found["progressed"] = float(progressed is not None) if n_late > rules.is_confirmed else math.nan
    found["time_to_progression_d"] = float(course.t_h[progressed]) / H_PER_D if progressed is not None else math.nan
    return found | {"follow_up_d": float(course.t_h[-1]) / H_PER_D}


def _responses(course: Course, rules: EndPoints, progressed: int | None) -> Found:
    """Return the deepest fall before progression, the grades of response it gives, and when they are reached."""
    falls = confirmed_falls(course, rules)
    best = float(np.fmax.reduce(falls[:progressed], initial=0.0)) if np.isfinite(falls).any() else math.nan
    found = {"best_change_frac": 0.0 - best}
    for name in ("minor", "partial", "very_good"):
        reached = np.flatnonzero(falls[:progressed] >= getattr(rules, f"{name}_frac"))
        found[name] = answer(reached.size > 0, best)
        if name != "very_good":
            since_h = course.t_h[reached[0]] - course.first_course_ends_h if reached.size else math.nan
            found[f"time_to_{name}_d"] = float(np.maximum(0.0, since_h)) / H_PER_D
    return found


def confirmed_falls(course: Course, rules: EndPoints) -> np.ndarray:
    """Return at each visit the fall from baseline, as a fraction, that the next visit confirms.

    NaN at the first visit, at a last visit, which none confirms, and without a baseline.
    """
    falls = 1.0 - course.igm / course.baseline
    falls[0] = math.nan
    return np.append(np.minimum(falls[:-1], falls[1:]), math.nan) if rules.is_confirmed else falls


def first_progression(course: Course, rules: EndPoints) -> int | None:
    """Return the first visit at which IgM has risen from its lowest by both limits; a flare does not count.

    Where confirmation is required, the next visit has to pass the same limits.
    """
    lowest = np.minimum.accumulate(course.igm)
    limit = np.maximum((1.0 + rules.progression_rel) * lowest, lowest + rules.progression)
    is_up = (course.igm >= limit) & (course.igm > lowest) & (course.t_h > rules.flare_until)
    if rules.is_confirmed:
        is_up = is_up & np.append((course.igm[1:] >= limit[:-1]) & (course.igm[1:] > lowest[:-1]), False)
    found = np.flatnonzero(is_up)
    return int(found[0]) if found.size else None


def response(found: Found) -> str:
    """Return the best response in a word; empty where none was observed."""
    grade = found["minor"] + found["partial"] + found["very_good"]
    return NOT_OBSERVED if math.isnan(grade) else RESPONSES[round(grade)]
