"""Response of Waldenstroem disease, from serum IgM at the visits alone, as clinicians read it.

*References*: Kimby2006 (response criteria of the third workshop on Waldenstroem macroglobulinaemia), Ghobrial2004
(flare), Dimopoulos2002 (groups).
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from abm.core.addition import Addition
from abm.core.clock import H_PER_D, H_PER_MONTH, H_PER_WEEK
from abm.core.errors import Fault
from abm.core.par import par, refusal
from abm.readouts.drug_left import drug_left, starts_h
from abm.readouts.igm_course import Course
from abm.readouts.igm_measures import ALBUMIN, BASELINE, DECLARED, IGM, LATE_AFTER_COURSE_D, VISCOSITY
from abm.readouts.individual import (
    SYMPTOMS,
    Anaemic,
    FollowUp,
    Offset,
    Symptoms,
    Thick,
    chance,
    error_factors,
    scores,
)
from abm.readouts.patients import OfPatients
from abm.readouts.readout import Compartment, EndPoint, Found, Seen, Where
from abm.readouts.visits import SLACK_H, answer, at_first, at_visits, too_rare

KIMBY = "Kimby2006"
FIRST_RISE_H, LAST_RISE_H = H_PER_WEEK, 8 * H_PER_WEEK  # weeks 1 to 8
TWO_MONTHS_H, FOUR_MONTHS_H = 2 * H_PER_MONTH, 4 * H_PER_MONTH
GRADES = ("minor", "partial", "very_good")
RESPONSES = ("none", *GRADES)
NOT_OBSERVED = ""
HIGH_IGM_G_PER_L = 40.0  # Dimopoulos2002
DUE_WEEKS = {"first_rise": (4,), "straight": (1, 2, 3, 4, 8)}  # Ghobrial2004, Dimopoulos2002
TRUE = ("progressed", "time_to_progression_d", "best_change_frac")
Also = Literal["late", "late_after_course", "first_rise", "straight"]


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
    declared: ClassVar = DECLARED

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
    late_after: float = par("133 d", "h", "assumed: 112 d after the last of four weekly doses", "Late is after", ge=0)
    also: tuple[Also, ...] = ()
    visit_offset: Offset = Offset()
    assay_cv: float = par(0.0, "1", "design: 0 shows the truth; Katzmann2011: 0.081", "Error of the assay", ge=0, le=1)
    follow_up: FollowUp | None = None
    dropout: float = par("0 /year", "1/h", "design: nobody leaves", "Rate at which patients leave", ge=0, le=1)
    hyperviscosity: Thick | None = None
    anaemia: Anaemic | None = None

    @model_validator(mode="after")
    def _deeper_is_better(self) -> Self:
        for name, better in (("minor_frac", "partial_frac"), ("partial_frac", "very_good_frac")):
            if getattr(self, name) > getattr(self, better):
                text = f"{getattr(self, name):g} is above {better}, {getattr(self, better):g}"
                raise refusal(Fault(text, name, allowed="minor_frac <= partial_frac <= very_good_frac"))
        return self

    @model_validator(mode="after")
    def _visits_are_apart_and_all_are_seen_again(self) -> Self:
        for end, offset_h in self.visit_offset:
            if abs(offset_h) >= self.visit_every:
                text = f"visits overlap: {abs(offset_h):g} h off the plan, planned every {self.visit_every:g} h"
                raise refusal(Fault(text, f"visit_offset.{end}", allowed=f"less than {self.visit_every:g} h"))
        latest_h = self.second_visit_h(self.visit_offset.hi)
        if self.follow_up and self.follow_up.lo < latest_h:
            text = f"follow-up of {self.follow_up.lo:g} h ends before the first visit after the dose, at {latest_h:g} h"
            raise refusal(Fault(text, "follow_up.lo", allowed=f"at least {latest_h:g} h"))
        return self

    @model_validator(mode="after")
    def _what_is_asked_for_can_be_seen(self) -> Self:
        for index, name in enumerate(self.also):
            weeks = DUE_WEEKS.get(name, ())
            planned_h = self.visits_h(max(weeks, default=0) * H_PER_WEEK)
            if missing := [week for week in weeks if not np.isclose(planned_h, week * H_PER_WEEK).any()]:
                text = f"{name} is seen at a visit of week {missing[0]}, and none is planned then"
                raise refusal(Fault(text, f"also.{index}", allowed="with other weekly_until or visit_every"))
        return self

    def first_h(self, given: Sequence[Addition]) -> float:
        """Return when visits begin, h: at the first infusion, or dose; at the start where nothing is given."""
        return starts_h(given)[0]

    def visits_h(self, end_h: float, offset_h: float = 0.0) -> list[float]:
        """Return the moments of all visits, hours from the first infusion, the first at 0; those not weekly are off."""
        weekly = np.arange(0.0, self.weekly_until + SLACK_H, H_PER_WEEK)
        later = np.arange(float(weekly[-1]) + self.visit_every + offset_h, end_h + SLACK_H, self.visit_every)
        return [float(t) for t in np.concatenate([weekly, later]) if t <= max(0.0, end_h) + SLACK_H]

    def second_visit_h(self, offset_h: float) -> float:
        """Return when a patient is first seen after the dose, h from it."""
        return H_PER_WEEK if self.weekly_until >= H_PER_WEEK else self.visit_every + offset_h

    def offset_of(self, seed: int, replicate: int) -> float:
        """Return how much later than planned a patient makes the visits that are not weekly, h."""
        return self.visit_offset.at(chance(seed, replicate, "visits"))

    def visits_of(self, end_h: float, seed: int, replicate: int) -> list[float]:
        """Return a patient's own visits until follow-up ends, h; who leaves does so after the first after the dose."""
        offset_h, last_h = self.offset_of(seed, replicate), math.inf
        if self.follow_up:
            last_h = self.follow_up.at(chance(seed, replicate, "follow-up"))
        if self.dropout:
            stays_h = -math.log(chance(seed, replicate, "dropout")) / self.dropout
            last_h = min(last_h, self.second_visit_h(offset_h) + stays_h)
        return self.visits_h(min(end_h, last_h), offset_h)

    def plans_h(self, end_h: float) -> list[list[float]]:
        """Return the visits of who comes earliest and of who comes latest, h."""
        return [
            self.visits_h(end_h, offset_h) for offset_h in dict.fromkeys((self.visit_offset.lo, self.visit_offset.hi))
        ]

    def errors(self, n: int, seed: int, replicate: int) -> np.ndarray:
        """Return what the assay shows at a patient's first n visits, relative to the truth."""
        return error_factors(self.assay_cv, scores(seed, replicate, "assay", n)) if self.assay_cv else np.ones(n)

    def declares(self) -> tuple[EndPoint, ...]:
        """Return what it finds, and tells where it is asked for."""
        asked = ["symptomatic", "time_to_symptoms_d"] if self.hyperviscosity or self.anaemia else []
        told: dict[str, Where] = dict.fromkeys([*self.also, *asked], "summary")
        told |= dict.fromkeys([f"true_{name}" for name in TRUE] if self.assay_cv else [], "table")
        return tuple(replace(one, where=told.get(one.name, one.where)) for one in self.declared)

    def of_subject(self, seen: Seen) -> Found:
        """Return the end points of one patient, with other levels at the first dose and the end, and the drug left."""
        t_h, course = seen.column("time_h"), course_of(seen, self)
        found = end_points(course, self)
        truth = end_points(replace(course, igm=course.true_igm), self) if self.assay_cv else found
        is_high = found[BASELINE] > HIGH_IGM_G_PER_L
        groups = {"partial_high_igm": found["partial"] if is_high else math.nan,
                  "partial_low_igm": math.nan if is_high else found["partial"]}  # fmt: skip
        levels = {f"true_{name}": truth[name] for name in TRUE}
        levels["n_v158"] = seen.covariates.fcgr3a.count("V") if seen.covariates else math.nan
        for name in (ALBUMIN, VISCOSITY):
            level = seen.column(name)
            first = at_first(t_h, level, self.first_h(seen.given))
            levels |= {f"baseline_{name}": first, f"end_{name}": float(level[-1])}
        return {f"baseline_{ALBUMIN}": levels.pop(f"baseline_{ALBUMIN}")} | found | groups | levels | drug_left(seen)

    def at_visits(self, seen: Seen) -> dict[str, np.ndarray]:
        """Return what there is and what is seen at each visit, where the series does not tell."""
        if not (self.assay_cv or self.follow_up or self.dropout or any(self.visit_offset.model_dump().values())):
            return {}
        course = course_of(seen, self)
        t_h = course.t_h + self.first_h(seen.given)
        return {"visit": np.arange(t_h.size), "time_h": t_h, IGM: course.true_igm, f"seen_{IGM}": course.igm}

    def faults(self, written: Collection[str], duration_h: float) -> list[Fault]:
        """Return what is missing, visits that are too rare, and an end of follow-up that nobody reaches."""
        found = super().faults(written, duration_h)
        if self.hyperviscosity and f"pools.{VISCOSITY}" not in written:
            text = "nobody knows how thick the serum is: viscosity is missing"
            found.append(Fault(text, "end_points.hyperviscosity", allowed="with a process of kind viscosity"))
        if self.follow_up and self.follow_up.lo >= duration_h:
            text = f"all patients are followed to the end: the run lasts {duration_h:g} h"
            found.append(
                Fault(text, "end_points.follow_up.lo", allowed=f"less than {duration_h:g} h", beside=("duration",))
            )
        return [*found, *too_rare(self.visit_every, type(self)().visit_every, self.weekly_until, duration_h)]

    def words_of(self, found: Found) -> dict[str, str]:
        """Return the best response in a word."""
        return {"response": response(found)}


def course_of(seen: Seen, rules: IgmResponse) -> Course:
    """Return what is seen of a patient at the visits of a protocol."""
    t_h, who, (first, last) = seen.column("time_h"), (seen.seed, seen.replicate), starts_h(seen.given)
    planned_h = rules.visits_of(float(t_h[-1]) - first, *who)
    visits, igm = at_visits(planned_h, first, t_h, seen.column(IGM))
    asked = Symptoms(hyperviscosity=rules.hyperviscosity, anaemia=rules.anaemia).thresholds(*who)
    levels = {name: at_visits(planned_h, first, t_h, seen.column(SYMPTOMS[name]))[1] for name in asked}
    symptoms = np.any([levels[name] >= asked[name] for name in asked], axis=0) if asked else np.zeros(0)
    errors = rules.errors(visits.size, *who)
    return Course(visits, igm * errors, last - first, igm, symptoms, rules.offset_of(*who))


def end_points(course: Course, rules: IgmResponse) -> Found:
    """Return what a trial would record of one patient; NaN means not observed, which is not "no".

    Returns
    -------
    dict of str to float
        ``any_rise`` (weeks 1 to 8), ``flare`` and ``peak_rel``: known when all visits of their time were kept.
        ``up_2_months``, ``up_4_months``: known when a visit was kept at that moment or later.
        ``minor``, ``partial``, ``very_good`` (at least) and ``best_change_frac``: by the end of follow-up, as trials
        report them, however short it was; unknown when no fall could have been confirmed yet.
        ``first_rise``, ``straight``: known when all visits of their weeks were kept, ``straight`` of responders.
        ``late``, ``late_after_course``: of responders. ``time_to_best_d``: of the deepest fall, where there is one.
        ``progressed``: by the end of follow-up; unknown when no rise after the flare could have been confirmed yet.
        ``symptomatic``: the same, of patients who are asked; new symptoms, not those of the first visit, which
        are ``symptoms_at_start``.
        ``time_to_*_d``: of response from the end of the first course, of others from the first visit, before the first
        dose; NaN where it did not come, or where there was no dose to count from. ``follow_up_d``: the last visit.
    """
    base, until_h = course.baseline, rules.flare_until
    last_h = {end_h: rules.visits_h(end_h, course.offset_h)[-1] for end_h in (LAST_RISE_H, until_h)}
    peak = course.highest(0.0, until_h, last_h[until_h])
    rise = course.highest(FIRST_RISE_H, LAST_RISE_H, last_h[LAST_RISE_H])
    at_2, at_4 = course.at(TWO_MONTHS_H), course.at(FOUR_MONTHS_H)
    is_told = int((course.t_h > until_h).sum()) > rules.is_confirmed
    symptoms = course.symptoms_from(until_h) if is_told else None
    risen = first_progression(course, rules)
    progressed = min((visit for visit in (risen, symptoms) if visit is not None), default=None)
    found = {
        BASELINE: float(course.igm[0]),
        "any_rise": answer(rise > (1.0 + rules.any_rise_frac) * base, rise, base),
        "flare": answer(peak >= (1.0 + rules.flare_frac) * base, peak, base),
        "up_2_months": answer(at_2 > base, at_2, base),
        "up_4_months": answer(at_4 > base, at_4, base),
        "peak_rel": peak / base,
    }
    found |= _responses(course, rules, progressed)
    found |= _asked_for(course, rules, found)
    found["progressed"] = float(progressed is not None) if is_told else math.nan
    is_asked = course.has_symptoms.size > 0
    found["symptomatic"] = float(symptoms is not None) if is_told and is_asked else math.nan
    found["symptoms_at_start"] = float(course.has_symptoms[0]) if is_asked else math.nan
    for name, came in (("progression", progressed), ("symptoms", symptoms)):
        found[f"time_to_{name}_d"] = float(course.t_h[came]) / H_PER_D if came is not None else math.nan
    return found | {"follow_up_d": float(course.t_h[-1]) / H_PER_D}


def _responses(course: Course, rules: IgmResponse, progressed: int | None) -> Found:
    """Return the deepest fall before progression, the grades of response it gives, and when they are reached."""
    falls = confirmed_falls(course, rules)
    best = float(np.fmax.reduce(falls[:progressed], initial=0.0)) if np.isfinite(falls).any() else math.nan
    is_down = best > 0.0
    found = {"best_change_frac": 0.0 - best}
    found["time_to_best_d"] = float(course.t_h[np.nanargmax(falls[:progressed])]) / H_PER_D if is_down else math.nan
    for name in GRADES:
        reached = np.flatnonzero(falls[:progressed] >= getattr(rules, f"{name}_frac"))
        found[name] = answer(reached.size > 0, best)
        if name != "very_good":
            since_h = course.t_h[reached[0]] - course.first_course_ends_h if reached.size else math.nan
            found[f"time_to_{name}_d"] = float(np.maximum(0.0, since_h)) / H_PER_D
    return found


def _asked_for(course: Course, rules: IgmResponse, found: Found) -> Found:
    """Return what is told where a scenario asks for it."""
    base = course.baseline
    seen = {name: course.of_weeks(w, rules.visits_h(w[-1] * H_PER_WEEK)) for name, w in DUE_WEEKS.items()}
    (first,), early = seen["first_rise"], seen["straight"]
    is_straight = bool((early <= (1.0 + rules.any_rise_frac) * base).all())
    since_d = found["time_to_partial_d"]  # also NaN where nobody responds
    since_dose_h = since_d * H_PER_D + course.first_course_ends_h
    return {
        "first_rise": answer(first > base, first, base),
        "straight": answer(is_straight, *early, base) if found["partial"] == 1.0 else math.nan,
        "late": answer(since_dose_h > rules.late_after, since_dose_h),
        "late_after_course": answer(since_d > LATE_AFTER_COURSE_D, since_d),
    }


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
