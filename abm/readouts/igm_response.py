"""Response of Waldenstroem disease, from serum IgM at the visits alone, as clinicians read it.

*References*: Kimby2006 (response criteria of the third workshop on Waldenstroem macroglobulinaemia), Ghobrial2004
(flare), Dimopoulos2002 (groups).
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from abm.core.addition import Addition
from abm.core.clock import H_PER_D, H_PER_MONTH, H_PER_WEEK
from abm.core.errors import Fault
from abm.core.par import par, refusal
from abm.readouts.patients import OfPatients
from abm.readouts.readout import Compartment, EndPoint, Found, Seen
from abm.readouts.visits import SLACK_H, answer, at_first, at_visits, too_rare

KIMBY = "Kimby2006"
IGM, ALBUMIN, VISCOSITY = "igm_g_per_L", "albumin_g_per_L", "viscosity_cP"
BASELINE = f"baseline_{IGM}"
FIRST_RISE_H, LAST_RISE_H = H_PER_WEEK, 8 * H_PER_WEEK  # weeks 1 to 8
TWO_MONTHS_H, FOUR_MONTHS_H = 2 * H_PER_MONTH, 4 * H_PER_MONTH
GRADES = ("minor", "partial", "very_good")
RESPONSES = ("none", *GRADES)
NOT_OBSERVED = ""
HIGH_IGM_G_PER_L = 40.0  # Dimopoulos2002
DRUG_LEFT_D = (30, 45, 60, 90, 120, 180)
LONGEST_GAP_H = H_PER_WEEK  # design: the usual time between looks
SINCE_COURSE, SINCE_DOSE = "days from the end of the first course", "days from the first dose"


def _flag(name: str, words: str, summary: str = "") -> EndPoint:
    return EndPoint(name, "1", words, "share", summary=summary)


def _study(name: str, unit: str, words: str) -> EndPoint:
    return EndPoint(name, unit, words, where="study")


class IgmResponse(OfPatients):
    """When patients with Waldenstroem disease are seen and what counts as what; all of serum IgM alone."""

    kind: Literal["igm"] = "igm"
    is_chosen: ClassVar = True
    is_usual: ClassVar = True
    needs: ClassVar = (f"pools.{IGM}",)
    lacks: ClassVar = ("there is no serum IgM to judge by", "{kind: lymphocytes}")
    main_event: ClassVar = "time_to_progression_d"
    level: ClassVar = IGM
    compartments: ClassVar = (Compartment(2, IGM, "serum IgM", "g/L"),)
    declared: ClassVar = (
        EndPoint("response", "1", "Best response", "word", where="table"),
        EndPoint("peak_rel", "1", "Highest IgM within {flare_until}", shown="relative to the start", where="table"),
        _flag("any_rise", "IgM rises by more than {any_rise_frac} (weeks 1–8)"),
        _flag("flare", "IgM flares (≥ {flare_frac} within {flare_until})"),
        _flag("up_2_months", "IgM above the start at 2 months"),
        _flag("up_4_months", "IgM above the start at 4 months"),
        _flag("minor", "Minor response or better (≥ {minor_frac})", "minor_or_better"),
        _flag("partial", "Partial response or better (≥ {partial_frac})", "partial_or_better"),
        _flag("very_good", "Very good response (≥ {very_good_frac})"),
        _flag("progressed", "Progressed"),
        EndPoint("time_to_minor_d", "d", "Time to minor response", "time", SINCE_COURSE, event="minor",
                 estimate="median", where="table"),
        EndPoint("time_to_partial_d", "d", "Time to partial response", "time", SINCE_COURSE, event="partial",
                 estimate="median", over="median of responders"),
        EndPoint("time_to_progression_d", "d", "Time to progression", "time", SINCE_DOSE, event="progressed",
                 estimate="kaplan_meier"),
        EndPoint("best_change_frac", "1", "Best change of IgM", shown="%", factor=100.0),
        EndPoint(BASELINE, "g/L", "IgM at the start"),
        EndPoint(f"baseline_{ALBUMIN}", "g/L", "Albumin at the start", where="table"),
        EndPoint("follow_up_d", "d", "Follow-up", shown="days", event="time_to_progression_d", estimate="follow_up",
                 over="median, reversed Kaplan and Meier"),
        EndPoint("partial_low_igm", "1", "Partial response where IgM was up to 40 g/L", "share", where="study"),
        EndPoint("partial_high_igm", "1", "Partial response where IgM was above 40 g/L", "share", where="study"),
        _study(f"baseline_{VISCOSITY}", "cP", "Serum viscosity at the start"),
        _study(f"end_{ALBUMIN}", "g/L", "Albumin at the end"),
        _study(f"end_{VISCOSITY}", "cP", "Serum viscosity at the end"),
        *(_study(f"drug_left_{days}d_frac", "1", f"Drug left in plasma after {days} d") for days in DRUG_LEFT_D),
    )  # fmt: skip

    weekly_until: float = par(
        "12 weeks", "h", "design: a flare is missed by monthly visits", "Weekly visits until", ge=0
    )
    visit_every: float = par("4 weeks", "h", "design: monthly visits", "Time between later visits", gt=0)
    is_confirmed: bool = True
    minor_frac: float = par(0.25, "1", KIMBY, "Fall that is a minor response", gt=0, lt=1)
    partial_frac: float = par(0.5, "1", KIMBY, "Fall that is a partial response", gt=0, lt=1)
    very_good_frac: float = par(0.9, "1", KIMBY, "Fall that is a very good partial response", gt=0, lt=1)
    progression_frac: float = par(0.25, "1", KIMBY, "Rise above the lowest that is progression", gt=0, le=10)
    progression: float = par("0.5 g/dL", "g/L", KIMBY, "and at least", ge=0, le=100)
    any_rise_frac: float = par(0.05, "1", "assumed: more than the assay's error", "Rise in weeks 1-8 that counts", ge=0)
    flare_frac: float = par(0.25, "1", "Ghobrial2004", "Rise that is a flare", gt=0, le=10)
    flare_until: float = par(
        "12 weeks", "h", "assumed: later rises are progression", "Rises until then are flares", ge=0
    )

    @model_validator(mode="after")
    def _deeper_is_better(self) -> Self:
        for name, better in (("minor_frac", "partial_frac"), ("partial_frac", "very_good_frac")):
            if getattr(self, name) > getattr(self, better):
                text = f"{getattr(self, name):g} is above {better}, {getattr(self, better):g}"
                raise refusal(Fault(text, name, allowed="minor_frac <= partial_frac <= very_good_frac"))
        return self

    def first_h(self, given: Sequence[Addition]) -> float:
        """Return when visits begin, h: at the first infusion, or dose; at the start where nothing is given."""
        return starts_h(given)[0]

    def visits_h(self, end_h: float) -> list[float]:
        """Return the moments of all visits, hours from the first infusion, the first at 0."""
        weekly = np.arange(0.0, min(self.weekly_until, end_h) + SLACK_H, H_PER_WEEK)
        later = np.arange(float(weekly[-1]) + self.visit_every, end_h + SLACK_H, self.visit_every)
        return [float(t) for t in np.concatenate([weekly, later])]

    def of_subject(self, seen: Seen) -> Found:
        """Return the end points of one patient, with other levels at the first dose and the end, and the drug left."""
        t_h = seen.column("time_h")
        found = end_points(course_of(t_h, seen.column(IGM), seen.given, self), self)
        is_high = found[BASELINE] > HIGH_IGM_G_PER_L
        groups = {"partial_high_igm": found["partial"] if is_high else math.nan,
                  "partial_low_igm": math.nan if is_high else found["partial"]}  # fmt: skip
        levels = {}
        for name in (ALBUMIN, VISCOSITY):
            level = seen.column(name)
            first = at_first(t_h, level, self.first_h(seen.given))
            levels |= {f"baseline_{name}": first, f"end_{name}": float(level[-1])}
        return {f"baseline_{ALBUMIN}": levels.pop(f"baseline_{ALBUMIN}")} | found | groups | levels | drug_left(seen)

    def faults(self, written: Collection[str], duration_h: float) -> list[Fault]:
        """Return what is missing, and visits that are too rare."""
        rare = too_rare(self.visit_every, type(self)().visit_every, self.weekly_until, duration_h)
        return [*super().faults(written, duration_h), *rare]

    def words_of(self, found: Found) -> dict[str, str]:
        """Return the best response in a word."""
        return {"response": response(found)}


def starts_h(given: Sequence[Addition]) -> tuple[float, float]:
    """Return when the first infusion of a protocol begins and when the last of its first course does, h.

    Both are the first dose where all are by mouth; 0 and NaN where nothing is given.
    """
    drugs = [addition for addition in given if addition.is_drug]
    courses = [drug.moments for drug in sorted(drugs, key=lambda drug: not drug.antibody)]
    return (courses[0][0], courses[0][-1]) if courses else (0.0, math.nan)


def drug_left(seen: Seen) -> Found:
    """Return the drug in plasma so many days after the first infusion, relative to its end.

    Missing without a look at that end, or at most a week apart around the day, between which it is read on an
    exponential.
    """
    given_h = next((addition.ends[0] for addition in seen.given if addition.ends), math.nan)
    drugs = sorted({addition.antibody for addition in seen.given} - {""})
    level = Level(
        seen.column("time_h").tolist(), [sum(row[f"{drug}_ug_per_mL"] for drug in drugs) for row in seen.rows]
    )
    peak, found = level.at(given_h, 0.0), {}
    for days in DRUG_LEFT_D:
        left = level.at(given_h + days * H_PER_D, LONGEST_GAP_H)
        found[f"drug_left_{days}d_frac"] = left / peak if peak else math.nan
    return found


@dataclass(frozen=True)
class Level:
    """A level at the looks, taken to fall exponentially between them."""

    t_h: Sequence[float]
    level: Sequence[float]

    def at(self, t_h: float, longest_gap_h: float) -> float:
        """Return the level at a moment; NaN where the looks around it are farther apart than that."""
        after = int(np.searchsorted(self.t_h, t_h - SLACK_H))
        if math.isnan(t_h) or after == len(self.t_h):
            return math.nan
        if self.t_h[after] <= t_h + SLACK_H:
            return self.level[after]
        gap_h, ends = self.t_h[after] - self.t_h[after - 1], (self.level[after - 1], self.level[after])
        if gap_h > longest_gap_h + SLACK_H or min(ends) <= 0.0:
            return math.nan
        return ends[0] * (ends[1] / ends[0]) ** ((t_h - self.t_h[after - 1]) / gap_h)


def course_of(t_h: Sequence[float], igm: Sequence[float], given: Sequence[Addition], rules: IgmResponse) -> "Course":
    """Return what is seen at the visits of a protocol.

    Parameters
    ----------
    t_h, igm : sequence of float, shape (n,)
        The series, hours from its own start.
    given : sequence of Addition
        What the protocol gives.
    rules : IgmResponse
        When visits are.
    """
    first, last = starts_h(given)
    visits, seen = at_visits(rules.visits_h(float(t_h[-1]) - first), first, t_h, igm)
    return Course(visits, seen, last - first)


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

    def highest(self, from_h: float, to_h: float, rules: IgmResponse) -> float:
        """Highest IgM seen between two moments; NaN without a visit then, or if follow-up ended before the last one.

        A part of that time is not enough: of patients seen for a part of it, only those with a rise would be known.
        """
        is_inside = (self.t_h >= from_h - SLACK_H) & (self.t_h <= to_h + SLACK_H)
        is_whole = bool(is_inside[1:].any()) and rules.visits_h(to_h)[-1] <= self.t_h[-1] + SLACK_H
        return float(self.igm[is_inside].max()) if is_whole else math.nan


def end_points(course: Course, rules: IgmResponse) -> Found:
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
        BASELINE: float(course.igm[0]),
        "any_rise": answer(rise > (1.0 + rules.any_rise_frac) * base, rise, base),
        "flare": answer(peak >= (1.0 + rules.flare_frac) * base, peak, base),
        "up_2_months": answer(at_2 > base, at_2, base),
        "up_4_months": answer(at_4 > base, at_4, base),
        "peak_rel": peak / base,
    }
    found |= _responses(course, rules, progressed)
    n_late = int((course.t_h > rules.flare_until).sum())
    found["progressed"] = float(progressed is not None) if n_late > rules.is_confirmed else math.nan
    found["time_to_progression_d"] = float(course.t_h[progressed]) / H_PER_D if progressed is not None else math.nan
    return found | {"follow_up_d": float(course.t_h[-1]) / H_PER_D}


def _responses(course: Course, rules: IgmResponse, progressed: int | None) -> Found:
    """Return the deepest fall before progression, the grades of response it gives, and when they are reached."""
    falls = confirmed_falls(course, rules)
    best = float(np.fmax.reduce(falls[:progressed], initial=0.0)) if np.isfinite(falls).any() else math.nan
    found = {"best_change_frac": 0.0 - best}
    for name in GRADES:
        reached = np.flatnonzero(falls[:progressed] >= getattr(rules, f"{name}_frac"))
        found[name] = answer(reached.size > 0, best)
        if name != "very_good":
            since_h = course.t_h[reached[0]] - course.first_course_ends_h if reached.size else math.nan
            found[f"time_to_{name}_d"] = float(np.maximum(0.0, since_h)) / H_PER_D
    return found


def confirmed_falls(course: Course, rules: IgmResponse) -> np.ndarray:
    """Return at each visit the fall from baseline, as a fraction, that the next visit confirms.

    NaN at the first visit, at a last visit, which none confirms, and without a baseline.
    """
    falls = 1.0 - course.igm / course.baseline
    falls[0] = math.nan
    return np.append(np.minimum(falls[:-1], falls[1:]), math.nan) if rules.is_confirmed else falls


def first_progression(course: Course, rules: IgmResponse) -> int | None:
    """Return the first visit at which IgM has risen from its lowest by both limits; a flare does not count.

    Where confirmation is required, the next visit has to pass the same limits.
    """
    lowest = np.minimum.accumulate(course.igm)
    limit = np.maximum((1.0 + rules.progression_frac) * lowest, lowest + rules.progression)
    is_up = (course.igm >= limit) & (course.igm > lowest) & (course.t_h > rules.flare_until)
    if rules.is_confirmed:
        is_up = is_up & np.append((course.igm[1:] >= limit[:-1]) & (course.igm[1:] > lowest[:-1]), False)
    found = np.flatnonzero(is_up)
    return int(found[0]) if found.size else None


def response(found: Found) -> str:
    """Return the best response in a word; empty where none was observed."""
    grade = found["minor"] + found["partial"] + found["very_good"]
    return NOT_OBSERVED if math.isnan(grade) else RESPONSES[round(grade)]
