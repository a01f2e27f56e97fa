"""The tables of the report of a trial: key numbers and patients."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from abm.plot.arms import label
from abm.plot.page import sections as shared
from abm.plot.page import wording
from abm.plot.page.html import Cell, Section, Table
from abm.plot.trial import curves, responses
from abm.plot.trial.trial import HOURS_PER_DAY, NOT_OBSERVED, Trial

SHARES = {
    "any_rise": "IgM rises by more than {any_rise_frac} (weeks 1–8)",
    "flare": "IgM flares (≥ {flare_frac} within {flare_until})",
    "up_2_months": "IgM above the start at 2 months",
    "up_4_months": "IgM above the start at 4 months",
    "minor_or_better": "Minor response or better (≥ {minor_frac})",
    "partial_or_better": "Partial response or better (≥ {partial_frac})",
    "very_good": "Very good response (≥ {very_good_frac})",
    "progressed": "Progressed",
    "treated_next": "Next treatment begun",
}
MEDIANS = {
    "time_to_partial_d": "Time to partial response, median of responders (days from the end of the first course)",
    "time_to_progression_d": "Time to progression, median (days from the first dose)",
    "best_change_frac": "Best change of IgM, median (%)",
    "baseline_lymphocytes_per_nL": "Lymphocytes at the start, median (per nL)",
    "peak_rel": "Highest lymphocytes, median (relative to the start)",
    "time_to_baseline_d": "Rise of lymphocytes over, median of those with one (days from the first dose)",
    "nadir_per_nL": "Lowest lymphocytes, median (per nL)",
    "time_to_next_treatment_d": "Time to next treatment, median (days from the first dose)",
    "follow_up_d": "Follow-up, median (days; reversed Kaplan and Meier)",
}
SINGLE = {
    "baseline_igm_g_per_L": "IgM at the start (g/L)",
    "baseline_albumin_g_per_L": "Albumin at the start (g/L)",
    "peak_rel": "Highest {level}, relative to the start",
    "best_change_frac": "Best change of IgM (%)",
    "response": "Best response",
    "time_to_minor_d": "Time to minor response (days from the end of the first course)",
    "time_to_partial_d": "Time to partial response (days from the end of the first course)",
    "time_to_progression_d": "Time to progression (days from the first dose)",
    "baseline_lymphocytes_per_nL": "Lymphocytes at the start (per nL)",
    "surface_igm_MFI": "Surface IgM at the start (MFI)",
    "calcium_percent": "Calcium mobilisation at the start (%)",
    "inhibition_frac": "Inhibition of signalling (%)",
    "time_to_baseline_d": "Rise of lymphocytes over (days from the first dose)",
    "nadir_per_nL": "Lowest lymphocytes (per nL)",
    "time_to_next_treatment_d": "Time to next treatment (days from the first dose)",
    "follow_up_d": "Follow-up (days)",
}
REACHED = {"time_to_minor_d": "minor", "time_to_partial_d": "partial", "time_to_progression_d": "progressed",
           "time_to_next_treatment_d": "treated_next"}  # fmt: skip
UNREACHED = ("time_to_progression_d", "time_to_next_treatment_d", "time_to_baseline_d", "follow_up_d")
MARKS = {"surface_igm": "surface IgM", "calcium": "calcium"}
MOST_PROTOCOLS = 4
CAPTION = (
    "Shares of the patients in whom it could be seen (how many of how many; 95 % interval) and medians with 95 % "
    "intervals; times to progression, to the next treatment and to the end of a rise by Kaplan and Meier. "
    "The intervals cover chance between patients, not what is unknown about the parameters. Days throughout."
)


def key_numbers(trial: Trial) -> list[Section]:
    """Return the key numbers, at most four protocols to a table."""
    names, rows = trial.protocols, _single_rows if trial.is_single else _cohort_rows
    parts = [names[i : i + MOST_PROTOCOLS] for i in range(0, len(names), MOST_PROTOCOLS)]
    caption = "" if trial.is_single else CAPTION
    tables = [Table(rows(trial, part), ("", *map(label, part)), caption, look="words") for part in parts]
    return [Section("Key numbers", shared.warnings(trial.run), tables=tables), *_by_mark(trial), *_log_rank(trial)]


def patients(trial: Trial) -> list[Section]:
    """Return what was drawn for the patients; nothing where nothing was."""
    columns = [name for name in trial.patients.columns if name != "replicate"]
    if not columns:
        return []
    known = trial.run.parameters().fillna("").astype(str).set_index("name")
    rows = [_drawn(known, name, trial.patients[name]) for name in columns]
    lo, hi = (f"{100 * end:g}" for end in curves.BAND)
    how = "Value" if trial.is_single else f"Median ({lo}–{hi} % of patients), or number of patients"
    table = Table(rows, ("Drawn quantity", how, "Unit"), look="words")
    return [Section("The patient" if trial.is_single else "Patients", tables=[table])]


def _cohort_rows(trial: Trial, names: Sequence[str]) -> list[list[str]]:
    found = [trial.run.summary()["arms"].get(name, {}) for name in names]
    said = trial.rule_words()
    rows = [["Patients", *(f"{arm.get('n', 0):,}" for arm in found)]]
    if all("baseline_igm_g_per_L" in trial.outcomes(name) for name in names):
        igm = [trial.outcomes(name)["baseline_igm_g_per_L"].median() for name in names]
        rows += [["IgM at the start, median (g/L)", *map(wording.number, igm)]]
    for part, kinds, show in (("shares", SHARES, lambda _, one: _share(one)), ("medians", MEDIANS, _median)):
        known = [key for key in kinds if any(key in arm.get(part, {}) for arm in found)]
        rows += [
            [kinds[key].format(**said), *(show(key, arm.get(part, {}).get(key)) for arm in found)] for key in known
        ]
    return rows


def _single_rows(trial: Trial, names: Sequence[str]) -> list[list[str]]:
    found = [trial.outcomes(name).iloc[0] for name in names]
    said = trial.rule_words()
    said["level"] = "lymphocytes" if "nadir_per_nL" in found[0] else f"IgM ({said['flare_until']})"
    return [
        [words.format(**said), *(_own(key, one) for one in found)] for key, words in SINGLE.items() if key in found[0]
    ]


def _own(key: str, one: pd.Series) -> str:
    """Return an end point of one patient; a time is "not reached" if the event was observed not to come."""
    if key == "response":
        return responses.grade(one[key]).words
    if not pd.isna(one[key]):
        return _number(key, float(one[key]))
    if key == "time_to_baseline_d" and not pd.isna(one["peak_rel"]):
        return "not reached" if one["peak_rel"] > 1.0 else "no rise"
    has_no = REACHED.get(key) in one and one[REACHED[key]] == 0.0
    return "not reached" if has_no else NOT_OBSERVED


def _share(found: Mapping[str, Any] | None) -> str:
    """Return "68.3 % (41 of 60; 55.8–78.7)"."""
    if not found:
        return wording.MISSING
    if not found.get("n"):
        return NOT_OBSERVED
    ends = wording.interval(found.get("lo"), found.get("hi"))
    return f"{wording.percent(found['share'])} ({found['k']} of {found['n']}{'; ' + ends if ends else ''})"


def _median(key: str, found: Mapping[str, Any] | None) -> str:
    """Return "640 (510 to not reached)"; only what Kaplan and Meier estimate can be unreached, others are unknown."""
    if not found:
        return wording.MISSING
    if found.get("n") == 0:
        return "none" if found["n_seen"] else NOT_OBSERVED
    none = "not reached" if key in UNREACHED else wording.MISSING
    mid, lo, hi = (_end(key, found.get(end), none) for end in ("median", "lo", "hi"))
    return f"{mid} ({lo} to {hi})" if found.get("lo") is not None else mid


def _end(key: str, value: float | None, none: str) -> str:
    return none if value is None else _number(key, value)


def _number(key: str, value: float) -> str:
    """Return whole days, fractions as percent, other numbers as they are; never a negative zero."""
    shown = 100 * value if key.endswith("_frac") else value
    return (f"{shown:,.0f}" if key.endswith("_d") else wording.number(shown + 0.0)).replace("-", "−")


def _by_mark(trial: Trial) -> list[Section]:
    """Return events in patients above and below the cut of a mark, where the summary has them."""
    rows = []
    for protocol, arm in trial.run.summary()["arms"].items():
        for mark, events in arm.get("by", {}).items():
            for event, one in events.items():
                p = wording.number(one["log_rank_p"], 2) if one["log_rank_p"] is not None else wording.MISSING
                name, ratio = f"{label(event)} by {MARKS[mark]}", _ratio(one["hazard_ratio"])
                rows.append([label(protocol), name, _share(one["high"]), _share(one["low"]), ratio, p])
    header = ("Protocol", "Event", "Above the cut", "Up to it", "Hazard ratio (Cox, ties by Efron)", "p (log-rank)")
    return [Section("By surface IgM and by calcium", tables=[Table(rows, header, look="words")])] if rows else []


def _ratio(found: Mapping[str, float | None]) -> str:
    """Return "6.9 (1.6 to 30)"."""
    known = [wording.number(value, 2) for value in found.values() if value is not None]
    return "{} ({} to {})".format(*known) if len(known) == 3 else wording.MISSING


def _log_rank(trial: Trial) -> list[Section]:
    found = trial.run.summary().get("log_rank")
    rows = [[name, wording.number(p, 2)] for name, p in _flat(found)] if isinstance(found, Mapping) else []
    header = ("Time to progression compared (log-rank)", "p")
    return [Section("Comparison of protocols", tables=[Table(rows, header, look="words")])] if rows else []


def _flat(found: Mapping[str, Any], above: str = "") -> list[tuple[str, float]]:
    rows = []
    for key, value in found.items():
        name = f"{above} {label(str(key))}".strip()
        if isinstance(value, Mapping):
            rows += _flat(value, name)
        elif isinstance(value, int | float) and math.isfinite(value):
            rows.append((name, float(value)))
    return rows


def _drawn(known: pd.DataFrame, name: str, values: pd.Series) -> tuple[Cell, str, str]:
    """Return a row of the patients' table; the engine's hours become days."""
    unit, meaning = known.loc[name, ["unit", "description"]] if name in known.index else ("", "")
    quantity = Cell(name, wording.units(meaning), "path")
    if unit == "h":
        return quantity, _spread(values / HOURS_PER_DAY), "d"
    if unit.endswith("/h"):
        return quantity, _spread(values * HOURS_PER_DAY), f"{wording.units(unit[:-2])}/d"
    return quantity, _spread(values), shared.unit(unit)


def _spread(values: pd.Series) -> str:
    if not pd.api.types.is_numeric_dtype(values):
        counts = values.value_counts()
        return str(counts.index[0]) if len(values) == 1 else ", ".join(f"{word}: {n}" for word, n in counts.items())
    lo, mid, hi = (wording.number(float(values.quantile(q))) for q in (curves.BAND[0], 0.5, curves.BAND[1]))
    return mid if len(values) == 1 else f"{mid} ({lo}–{hi})"
