"""What a trial tells of patients whose serum IgM it follows: every end point, its unit and its words."""

from abm.readouts.drug_left import DRUG_LEFT_D
from abm.readouts.readout import EndPoint

IGM, ALBUMIN, VISCOSITY, BURDEN = "igm_g_per_L", "albumin_g_per_L", "viscosity_cP", "n_clone"
BASELINE = f"baseline_{IGM}"
LATE_AFTER_COURSE_D = 70.0  # design: to the 91st day, on which a second course began
SINCE_COURSE, SINCE_DOSE = "days from the end of the first course", "days from the first dose"


def _flag(name: str, words: str, summary: str = "") -> EndPoint:
    return EndPoint(name, "1", words, "share", summary=summary)


def _asked(name: str, words: str) -> EndPoint:
    """Return a share that the report tells where the scenario asks for it."""
    return EndPoint(name, "1", words, "share", where="study")


def _study(name: str, unit: str, words: str) -> EndPoint:
    return EndPoint(name, unit, words, where="study")


DECLARED = (
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
    _study("symptoms_at_start", "1", "Symptoms at the first visit"),
    _study("time_to_best_d", "d", f"Time to the deepest fall, {SINCE_DOSE}"),
    _study("n_v158", "1", "V alleles at position 158 of FCGR3A"),
    _study(f"baseline_{VISCOSITY}", "cP", "Serum viscosity at the start"),
    _study(f"end_{ALBUMIN}", "g/L", "Albumin at the end"),
    _study(f"end_{VISCOSITY}", "cP", "Serum viscosity at the end"),
    _asked("first_rise", "IgM above the start at week 4"),
    _asked("straight", "Straight fall of responders (weeks 1–4 and 8 up to {any_rise_frac} above the start)"),
    _asked("late", "Partial response of responders later than {late_after} from the first dose"),
    _asked("late_after_course", "Partial response of responders later than "
           f"{LATE_AFTER_COURSE_D / 7:g} weeks from the first course"),
    _asked("symptomatic", "New symptoms"),
    EndPoint("time_to_symptoms_d", "d", "Time to symptoms", "time", "days from the first visit", event="symptomatic",
             estimate="kaplan_meier", where="study"),
    _asked("true_progressed", "Progressed, without the assay's error"),
    EndPoint("true_time_to_progression_d", "d", "Time to progression, without the assay's error", "time", SINCE_DOSE,
             event="true_progressed", estimate="kaplan_meier", where="study"),
    EndPoint("true_best_change_frac", "1", "Best change of IgM, without the assay's error", shown="%", factor=100.0,
             where="study"),
    *(_study(f"drug_left_{days}d_frac", "1", f"Drug left in plasma after {days} d") for days in DRUG_LEFT_D),
)  # fmt: skip
