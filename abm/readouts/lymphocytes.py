"""Progression of chronic lymphocytic leukaemia, from the lymphocyte count at the visits alone.

*References*: Hallek2018 (progression: lymphocytes up by half, to at least 5 per nL; the early rise by redistribution on
a BTK inhibitor is none), Chiodin2022 (groups).
"""

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from abm.core.addition import Addition
from abm.core.clock import H_PER_D
from abm.core.errors import Fault
from abm.core.par import par
from abm.readouts.early_lymphocytes import RISE, count_on_day_1, early_rise
from abm.readouts.individual import chance
from abm.readouts.over_subjects import event_times, share_of
from abm.readouts.patients import OfPatients
from abm.readouts.readout import Compartment, EndPoint, Found, Seen
from abm.readouts.visits import SLACK_H, answer, at_visits, too_rare
from abm.statistics.intervals import known
from abm.statistics.survival import hazard_ratio, log_rank

if TYPE_CHECKING:
    import pandas as pd

ON_DRUG_H = 672.0  # design: four weeks after the first dose
COUNT = "lymphocytes_per_nL"
SURFACE_IGM, CALCIUM = "surface_igm_MFI", "calcium_percent"
MARKS = {"surface_igm": SURFACE_IGM, "calcium": CALCIUM}
SINCE = "days from the first dose"


def _table(name: str, unit: str, words_: str, shown: str = "", factor: float = 1.0) -> EndPoint:
    return EndPoint(name, unit, words_, shown=shown, factor=factor, where="table")


class Lymphocytes(OfPatients):
    """When patients with chronic lymphocytic leukaemia are seen and what counts; of the lymphocyte count alone."""

    kind: Literal["lymphocytes"] = "lymphocytes"
    is_chosen: ClassVar = True
    needs: ClassVar = ("b_cells.signal",)
    lacks: ClassVar = (
        "lymphocytes are counted where cells signal: bcr_signalling is missing",
        "with a process of kind bcr_signalling",
    )
    main_event: ClassVar = "time_to_progression_d"
    level: ClassVar = COUNT
    compartments: ClassVar = (Compartment(3, COUNT, "lymphocytes in blood", "1/nL"),)
    declared: ClassVar = (
        EndPoint("progressed", "1", "Progressed", "share"),
        EndPoint("treated_next", "1", "Next treatment begun", "share"),
        EndPoint(f"baseline_{COUNT}", "1/nL", "Lymphocytes at the start"),
        EndPoint("peak_rel", "1", "Highest lymphocytes", shown="relative to the start"),
        EndPoint("nadir_per_nL", "1/nL", "Lowest lymphocytes"),
        EndPoint("time_to_baseline_d", "d", "Rise of lymphocytes over", "time", SINCE, among="peak_rel",
                 estimate="kaplan_meier", over="median of those with one"),
        EndPoint("time_to_progression_d", "d", "Time to progression", "time", SINCE, event="progressed",
                 estimate="kaplan_meier"),
        EndPoint("time_to_next_treatment_d", "d", "Time to next treatment", "time", SINCE, event="treated_next",
                 estimate="kaplan_meier"),
        EndPoint("follow_up_d", "d", "Follow-up", shown="days", event="time_to_progression_d", estimate="follow_up",
                 over="median, reversed Kaplan and Meier"),
        _table(SURFACE_IGM, "1", "Surface IgM at the start", "MFI"),
        _table(CALCIUM, "%", "Calcium mobilisation at the start"),
        _table("inhibition_frac", "1", "Inhibition of signalling", "%", 100.0),
        EndPoint("progressed_high_igm", "1", "Progressed, of those with much surface IgM", "share", where="study"),
        EndPoint("progressed_low_igm", "1", "Progressed, of those with little surface IgM", "share", where="study"),
        EndPoint("end_c481s_frac", "1", "Cells with BTK C481S at the end", "share", where="study"),
        EndPoint("progression_c481s_frac", "1", "Cells with BTK C481S at progression", "share", where="study"),
        *RISE,
    )  # fmt: skip

    visit_every: float = par("4 weeks", "h", "design: monthly visits", "Time between visits", gt=0)
    is_confirmed: bool = True
    progression_frac: float = par(0.5, "1", "Hallek2018", "Rise above the lowest that is progression", gt=0, le=10)
    least_per_nL: float = par(5.0, "1", "Hallek2018", "and at least, lymphocytes per nL", ge=0, le=1e4)  # noqa: N815
    redistribution_until: float = par("6 months", "h", "assumed: an early rise is none", "Not before", ge=0)
    longest_delay: float = par("6 months", "h", "assumed: 0-6 months", "Next treatment after progression by", ge=0)
    follow_up_spread: float = par(
        "0 h", "h", "design: all are followed to the end", "Follow-up is shorter by 0-2 of", ge=0
    )
    other_progression: float = par(
        "0 /year", "1/h", "design: none", "Progression without lymphocytes, and death", ge=0, le=1
    )
    surface_igm_cut_mfi: float = par(50.0, "1", "Chiodin2022", "Much surface IgM is above, MFI", ge=0)
    calcium_cut_centile: float = par(0.44, "1", "assumed: 31 of 70 below", "Centile of calcium", ge=0, le=1)

    def first_h(self, given: Sequence[Addition]) -> float:
        """Return when visits begin, h: at the first dose of any drug; at the start where nothing is given."""
        return min((addition.at for addition in given if addition.is_drug), default=0.0)

    def visits_h(self, end_h: float) -> list[float]:
        """Return the moments of all visits, h, the first at 0."""
        return [float(t) for t in np.arange(0.0, end_h + SLACK_H, self.visit_every)]

    def of_subject(self, seen: Seen) -> Found:
        """Return the end points of one patient; those by group are NaN outside it."""
        found, last = lymphocyte_end_points(seen, self), seen.rows[-1]
        has_much = found[SURFACE_IGM] > self.surface_igm_cut_mfi
        n = last["n_clone"]
        return found | {
            "progressed_high_igm": found["progressed"] if has_much else math.nan,
            "progressed_low_igm": math.nan if has_much else found["progressed"],
            "end_c481s_frac": last["n_c481s"] / n if n > 0 else math.nan,
        }

    def of_protocol(self, rows: "pd.DataFrame") -> dict[str, Any]:
        """Return shares and medians, and each event by surface IgM and by calcium."""
        marks = {mark: {name: by_mark(rows, mark, name, self) for name in EVENTS} for mark in MARKS}
        return super().of_protocol(rows) | {"by": marks if len(rows) > 1 else {}}

    def faults(self, written: Collection[str], duration_h: float) -> list[Fault]:
        """Return what is missing, and a follow-up that ends before it begins."""
        found = super().faults(written, duration_h)
        if 2.0 * self.follow_up_spread >= duration_h:
            text = f"some of the patients would be followed for no time: the run lasts {duration_h:g} h"
            allowed = "less than half of the duration"
            found.append(Fault(text, "end_points.follow_up_spread", allowed=allowed, beside=("duration",)))
        return [*found, *too_rare(self.visit_every, type(self)().visit_every, 0.0, duration_h)]


EVENTS = {"progression": "time_to_progression_d", "next_treatment": "time_to_next_treatment_d"}
TIMES = {one.name: one for one in Lymphocytes.declared}


def _first_ibrutinib_h(given: Sequence[Addition]) -> float:
    return min((a.at for a in given if a.kind == "ibrutinib" and a.is_drug), default=math.nan)


def lymphocyte_end_points(seen: Seen, rules: Lymphocytes) -> Found:
    """Return what a cohort study would record of one patient; everything counts from the first dose.

    Seed and replicate decide how long the patient is followed, when progression comes without lymphocytes or death,
    which end visits, and how soon after progression by lymphocytes the next treatment begins.

    Returns
    -------
    dict of str to float
        NaN is what nobody could see, which is not "no". ``progressed``, by lymphocytes or otherwise, and
        ``treated_next`` as 0 or 1 by the end of follow-up, unknown before a rise could have been confirmed;
        ``time_to_progression_d``,
        ``time_to_next_treatment_d``, NaN where it did not come; ``peak_rel`` of the early rise, and
        ``time_to_baseline_d``, when it is over, known when all visits of redistribution were kept; ``nadir_per_nL`` by
        the end of follow-up, ``follow_up_d``; ``inhibition_frac`` four weeks after the first dose of ibrutinib; what
        was measured at the start; the share of mutated cells at progression by lymphocytes; `RISE`.
    """
    t_h, counts, signal = (seen.column(name) for name in ("time_h", COUNT, "signal_rel"))
    first_h, who = rules.first_h(seen.given), (seen.seed, seen.replicate)
    end_h = max(0.0, float(t_h[-1]) - first_h - 2.0 * rules.follow_up_spread * chance(*who, "follow-up"))
    other_h = _other_h(*who, rules)
    last_h = min(end_h, other_h)
    visits, count = at_visits(rules.visits_h(last_h), first_h, t_h, counts)
    risen_h = first_progression(visits, count, rules)
    progressed_h = other_h if math.isnan(risen_h) and other_h <= end_h else risen_h
    next_h = risen_h + rules.longest_delay * chance(*who, "next treatment")
    peak, back_h = _early_rise(visits, count, rules)
    n_late, is_treated_next = int((visits > rules.redistribution_until).sum()), next_h <= visits[-1]
    n_needed = (
        3 if rules.is_confirmed else 2
    )  # a rise takes three visits: the lowest, the rise, and the one that confirms it
    is_seen = 1.0 if n_late >= n_needed or math.isfinite(progressed_h) else math.nan
    on_drug_h = _first_ibrutinib_h(seen.given) + ON_DRUG_H
    return {
        "progressed": answer(math.isfinite(progressed_h), is_seen),
        "time_to_progression_d": progressed_h / H_PER_D,
        "treated_next": answer(is_treated_next, is_seen),
        "time_to_next_treatment_d": next_h / H_PER_D if is_treated_next else math.nan,
        "time_to_baseline_d": back_h / H_PER_D,
        "peak_rel": peak / float(count[0]) if count[0] > 0.0 else math.nan,
        "nadir_per_nL": float(count.min()) if visits.size > 1 else math.nan,
        f"baseline_{COUNT}": float(count[0]),
        SURFACE_IGM: seen.rows[0][f"baseline_{SURFACE_IGM}"],
        CALCIUM: seen.rows[0][CALCIUM],
        "inhibition_frac": _inhibited(t_h, signal, on_drug_h) if on_drug_h <= first_h + last_h else math.nan,
        "follow_up_d": float(visits[-1]) / H_PER_D,
        "progression_c481s_frac": _mutated_frac(seen, first_h + risen_h),
    } | early_rise(count_on_day_1(t_h - first_h, counts), visits, count, rules.redistribution_until, rules.least_per_nL)


def _other_h(seed: int, replicate: int, rules: Lymphocytes) -> float:
    """Return when a patient dies, or progresses without lymphocytes, at a constant rate; infinite where none does."""
    rate = rules.other_progression
    return -math.log(chance(seed, replicate, "other progression")) / rate if rate > 0.0 else math.inf


def _inhibited(t_h: np.ndarray, signal: np.ndarray, at_h: float) -> float:
    return 1.0 - float(np.interp(at_h, t_h, signal))


def _mutated_frac(seen: Seen, at_h: float) -> float:
    """Return the share of cells with BTK C481S at a moment; NaN where there is none."""
    if math.isnan(at_h):
        return math.nan
    mutated, cells = (np.interp(at_h, seen.column("time_h"), seen.column(name)) for name in ("n_c481s", "n_clone"))
    return float(mutated / cells) if cells > 0.0 else math.nan


def first_progression(t_h: np.ndarray, count: np.ndarray, rules: Lymphocytes) -> float:
    """Return the first visit, h, at which lymphocytes are up by both limits from their lowest; NaN if none.

    The lowest counts only after redistribution: while lymph nodes empty into the blood, there is no nadir.
    """
    is_late = t_h > rules.redistribution_until
    lowest = np.minimum.accumulate(np.where(is_late, count, np.inf))
    is_up = (count >= (1.0 + rules.progression_frac) * lowest) & (count >= rules.least_per_nL) & (count > lowest)
    is_up &= is_late
    if rules.is_confirmed:
        is_up &= np.append(is_up[1:], False)
    found = np.flatnonzero(is_up)
    return float(t_h[found[0]]) if found.size else math.nan


def _early_rise(t_h: np.ndarray, count: np.ndarray, rules: Lymphocytes) -> tuple[float, float]:
    """Return the highest early count, and when the count is back at or below its start, h; NaN if never."""
    planned = rules.visits_h(rules.redistribution_until)
    if len(planned) < 2 or planned[-1] > t_h[-1] + SLACK_H:
        return math.nan, math.nan
    peak = int(np.argmax(count[: len(planned)]))
    found = np.flatnonzero((count <= count[0]) & (np.arange(count.size) > peak))
    return float(count[peak]), float(t_h[found[0]]) if found.size and peak > 0 else math.nan


def is_high(rows: "pd.DataFrame", mark: str, rules: Lymphocytes) -> np.ndarray:
    """Return which patients are above the cut of a marker; that of calcium is a centile of the cohort."""
    values = rows[MARKS[mark]].to_numpy()
    if mark == "surface_igm":
        return values > rules.surface_igm_cut_mfi
    return values > np.quantile(values, rules.calcium_cut_centile) if values.size else np.zeros(0, bool)


def by_mark(rows: "pd.DataFrame", mark: str, event: str, rules: Lymphocytes) -> dict[str, Any]:
    """Compare an event between patients above and below the cut of a marker: shares, log-rank p, hazard ratio."""
    measure, high = TIMES[EVENTS[event]], is_high(rows, mark, rules)
    time, came = event_times(rows, measure)
    ratio = hazard_ratio(time[high], came[high], time[~high], came[~high])
    return {
        "high": share_of(rows[measure.event][high]),
        "low": share_of(rows[measure.event][~high]),
        "log_rank_p": known(log_rank(time[high], came[high], time[~high], came[~high])),
        "hazard_ratio": dict(zip(("ratio", "lo", "hi"), map(known, ratio), strict=True)),
    }
