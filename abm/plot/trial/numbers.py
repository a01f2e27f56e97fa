"""The tables of the report of a trial: key numbers and patients."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from abm.plot import draws
from abm.plot.arms import label, quoted
from abm.plot.page import enough, wording
from abm.plot.page import sections as shared
from abm.plot.page.html import Cell, Row, Section, Table
from abm.plot.trial import curves, responses
from abm.plot.trial.trial import HOURS_PER_DAY, IGM, NOT_OBSERVED, Trial
from abm.results.declared import Measure

UNREACHED = ("kaplan_meier", "follow_up")
MARKS = {"surface_igm": "surface IgM", "calcium": "calcium"}
MOST_PROTOCOLS = 4
TOLD_SHARES = ("partial_or_better", "minor_or_better", "progressed")  # the first that a trial has is told at the top
TOLD_MEDIANS = ("time_to_progression_d", "peak_rel", "nadir_per_nL", "best_change_frac", "baseline_igm_g_per_L")
CAPTION = (
    "Shares of the patients in whom it could be seen (how many of how many; 95 % interval) and medians with 95 % "
    "intervals; times to progression, to the next treatment and to the end of a rise by Kaplan and Meier. "
    "The intervals cover chance between patients, not what is unknown about the parameters. Days throughout."
)


def key_numbers(trial: Trial) -> list[Section]:
    """Return the key numbers, at most four protocols to a table."""
    names, rows = trial.protocols, _single_rows if trial.is_single else _cohort_rows
    parts = [names[i : i + MOST_PROTOCOLS] for i in range(0, len(names), MOST_PROTOCOLS)]
    caption = _meaning(trial) if trial.is_single else CAPTION
    tables = [Table(rows(trial, part), ("", *map(label, part)), caption, look="words") for part in parts]
    tables += enough.table(trial.run, "patients")
    return [Section("Key numbers", shared.warnings(trial.run), tables=tables), *_by_mark(trial), *_log_rank(trial)]


def in_short(trial: Trial) -> list[str]:
    """Return in how many patients what happened, when, and what the numbers rest on, a sentence each."""
    if trial.is_single:
        names = trial.protocols[:2]
        rows = [row for row in _single_rows(trial, names) if "–" not in row[1:] and NOT_OBSERVED not in row[1:]]
        told = [f"{row[0]}: {_each(names, [str(text) for text in row[1:]])}" for row in rows[:2]]
        rests = "this is one patient of the model, not a person, and no forecast for anybody"
        return [wording.sentence(text) for text in (*told, rests)]
    found = {name: own for name, own in trial.run.summary()["arms"].items() if name in trial.protocols}
    told = []
    for part, wanted, write in (("shares", TOLD_SHARES, _share_of), ("medians", TOLD_MEDIANS, _median)):
        known = [one for one in _told(trial, list(found.values()), part) if one.name in wanted]
        if known:
            one = min(known, key=lambda own: wanted.index(own.name))
            texts = [write(one, own.get(part, {}).get(one.name)) for own in found.values()]
            told.append(f"{_over(one) if part == 'medians' else one.words}: {_each(list(found), texts)}")
    n = f"{trial.n_patients:,} virtual patients"
    told.append(f"these are {n}; intervals cover chance between them, not what is unknown about the model")
    return [wording.sentence(text) for text in told]


def _each(names: Sequence[str], texts: Sequence[str]) -> str:
    """Return what is told of each protocol, of many the first and the last."""
    told = [f"{text} in {quoted(name)}" for name, text in zip(names, texts, strict=True)]
    return wording.listing(told) if len(told) <= MOST_PROTOCOLS else f"from {told[0]} to {told[-1]}"


def _share_of(_one: Measure, found: Mapping[str, Any] | None) -> str:
    return _share(found)


def _meaning(trial: Trial) -> str:
    """Return by how much IgM falls or rises in what the table of one patient names, where IgM is followed."""
    falls = [trial.rule(f"{name}_frac") for name in ("minor", "partial", "very_good")]
    if not trial.has(IGM) or not all(map(math.isfinite, falls)):
        return ""
    minor, partial, very_good, rise = (f"{100 * one:g} %" for one in (*falls, trial.rule("progression_frac")))
    least = wording.number(trial.rule("progression"))
    return (
        f"A response is a fall of IgM from the start: minor from {minor} on, partial from {partial}, very good from "
        f"{very_good}. Progression is a rise above the lowest by at least {rise} and {least} g/L."
    )


def patients(trial: Trial) -> list[Section]:
    """Return what was drawn for the patients; nothing where nothing was."""
    columns = [name for name in trial.patients.columns if name not in ("replicate", "id")]
    if not columns:
        return []
    known = trial.run.parameters().fillna("").astype(str).set_index("name")
    rows = [_drawn(known, name, trial.patients[name]) for name in columns]
    lo, hi = (f"{100 * end:g}" for end in curves.BAND)
    how = "Value" if trial.is_single else f"Median ({lo}–{hi} % of patients), or number of patients"
    table = Table(rows, ("Drawn quantity", how, "Unit"), look="words")
    return [Section("The patient" if trial.is_single else "Patients", tables=[table])]


def _over_draws(trial: Trial, names: Sequence[str], one: Measure, texts: Sequence[str]) -> list[Cell | str]:
    """Return what is told of each protocol, below it the interval over draws where there are any."""
    over = [draws.between(trial.run, name, one) for name in names]
    return [Cell(text, f"over draws {ends}") if ends else text for text, ends in zip(texts, over, strict=True)]


def _cohort_rows(trial: Trial, names: Sequence[str]) -> list[Row]:
    found = [trial.run.summary()["arms"].get(name, {}) for name in names]
    rows: list[Row] = [["Patients", *(f"{arm.get('n', 0):,}" for arm in found)]]
    for one in _told(trial, found, "shares"):
        texts = [_share(arm.get("shares", {}).get(one.name)) for arm in found]
        rows += [[one.words, *_over_draws(trial, names, one, texts)]]
    for one in _told(trial, found, "medians"):
        texts = [_median(one, arm.get("medians", {}).get(one.name)) for arm in found]
        rows += [[_over(one), *_over_draws(trial, names, one, texts)]]
    return rows


def _told(trial: Trial, found: Sequence[Mapping[str, Any]], part: str) -> list[Measure]:
    return [trial.end_point(key) for key in dict.fromkeys(key for arm in found for key in arm.get(part, {}))]


def _over(one: Measure) -> str:
    """Return what a measure is called over many patients: "Time to partial response, median of responders (days)"."""
    return f"{one.words}, {one.over}" + (f" ({one.shown})" if one.shown else "")


def _single_rows(trial: Trial, names: Sequence[str]) -> list[Row]:
    found = [trial.outcomes(name).iloc[0] for name in names]
    columns = [name for name in found[0].index if name != "arm"]
    known = [one for one in trial.end_points_known(columns) if one.kind != "share"]
    told = [(one, [_own(one, own) for own in found]) for one in known]
    return [[one.axis, *_over_draws(trial, names, one, texts)] for one, texts in told]


def _own(one: Measure, found: pd.Series) -> str:
    """Return an end point of one patient; a time is not reached where its event was observed not to come."""
    value = found[one.name]
    if one.kind == "word":
        return responses.grade(value).words
    if not pd.isna(value):
        return _number(one, float(value))
    if one.among and not pd.isna(found[one.among]):
        return "not reached" if found[one.among] > 1.0 else "no rise"
    has_no = one.event in found and found[one.event] == 0.0
    return "not reached" if has_no else NOT_OBSERVED


def _share(found: Mapping[str, Any] | None) -> str:
    """Return "68.3 % (41 of 60; 55.8–78.7)"."""
    if not found:
        return wording.MISSING
    if not found.get("n"):
        return NOT_OBSERVED
    ends = wording.interval(found.get("lo"), found.get("hi"))
    return f"{wording.percent(found['share'])} ({found['k']} of {found['n']}{'; ' + ends if ends else ''})"


def _median(one: Measure, found: Mapping[str, Any] | None) -> str:
    """Return "640 (510 to not reached)"; only what Kaplan and Meier estimate can be unreached, others are unknown."""
    if not found:
        return wording.MISSING
    if found.get("n") == 0:
        return "none" if found["n_seen"] else NOT_OBSERVED
    none = "not reached" if one.estimate in UNREACHED else wording.MISSING
    mid, lo, hi = (_end(one, found.get(end), none) for end in ("median", "lo", "hi"))
    return f"{mid} ({lo} to {hi})" if found.get("lo") is not None else mid


def _end(one: Measure, value: float | None, none: str) -> str:
    return none if value is None else _number(one, value)


def _number(one: Measure, value: float) -> str:
    """Return a number as a reader sees it, days whole; never a negative zero."""
    shown = one.factor * value
    return (f"{shown:,.0f}" if one.unit == "d" else wording.number(shown + 0.0)).replace("-", "−")


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
    """Return a row of the patients' table."""
    unit, meaning = known.loc[name, ["unit", "description"]] if name in known.index else ("", "")
    quantity = Cell(name, wording.units(meaning), "path")
    shown, factor = in_days(unit)
    return quantity, _spread(values * factor) if factor != 1.0 else _spread(values), shared.unit(shown)


def in_days(unit: str) -> tuple[str, float]:
    """Return the unit in which a reader sees a quantity, days for the engine's hours, and the factor to it."""
    if unit == "h":
        return "d", 1.0 / HOURS_PER_DAY
    return (f"{unit[:-2]}/d", HOURS_PER_DAY) if unit.endswith("/h") else (unit, 1.0)


def _spread(values: pd.Series) -> str:
    if not pd.api.types.is_numeric_dtype(values):
        counts = values.value_counts()
        return str(counts.index[0]) if len(values) == 1 else ", ".join(f"{word}: {n}" for word, n in counts.items())
    lo, mid, hi = (wording.number(float(values.quantile(q))) for q in (curves.BAND[0], 0.5, curves.BAND[1]))
    return mid if len(values) == 1 else f"{mid} ({lo}–{hi})"
