"""What a cohort study of chronic lymphocytic leukaemia reports: progression and next treatment, by how cells signal."""

import math
from typing import Any

import numpy as np
import pandas as pd

from abm.results.follow_up import hazard_ratio, kaplan_meier, log_rank
from abm.scenario.cohort import LymphocyteEndPoints
from abm.scenario.schema import Scenario
from abm.statistics.intervals import known, quantile_interval, share
from abm.study.lymphocyte_end_points import lymphocyte_end_points

EVENTS = {"progression": ("progressed", "time_to_progression_d"),
          "next_treatment": ("treated_next", "time_to_next_treatment_d")}  # fmt: skip
LEVELS = ("baseline_lymphocytes_per_nL", "peak_rel", "time_to_baseline_d", "nadir_per_nL", "follow_up_d")
MARKS = {"surface_igm": "surface_igm_MFI", "calcium": "calcium_percent"}


def end_points_table(series: pd.DataFrame, scenario: Scenario, rules: LymphocyteEndPoints) -> pd.DataFrame:
    """Return one row per protocol and patient."""
    rows = []
    for (arm, replicate), own in series.groupby(["arm", "replicate"], sort=False):
        found = lymphocyte_end_points(
            own.to_dict("records"), scenario.arms[str(arm)], rules, scenario.seed, int(replicate)
        )
        rows.append({"arm": arm, "replicate": replicate, **found})
    return pd.DataFrame(rows)


def summarise(found: pd.DataFrame, rules: LymphocyteEndPoints) -> dict[str, Any]:
    """Return shares and medians of each protocol, and each event by surface IgM and by calcium."""
    arms = {str(arm): _summary(rows, rules) for arm, rows in found.groupby("arm", sort=False)}
    times = {str(arm): event_times(rows, "progression") for arm, rows in found.groupby("arm", sort=False)}
    names = list(times)
    tests = {f"{a} vs {b}": known(log_rank(*times[a], *times[b])) for i, a in enumerate(names) for b in names[i + 1 :]}
    return {"kind": "trial", "patients": int(found["replicate"].nunique()), "arms": arms, "log_rank": tests}


def event_times(rows: pd.DataFrame, event: str) -> tuple[np.ndarray, np.ndarray]:
    """Return times, days, and whether the event came; else follow-up ended."""
    came, time = EVENTS[event]
    has_come = rows[came].to_numpy() > 0
    return np.where(has_come, rows[time], rows["follow_up_d"]).astype(float), has_come


def is_high(rows: pd.DataFrame, mark: str, rules: LymphocyteEndPoints) -> np.ndarray:
    """Return which patients are above the cut of a mark; that of calcium is a centile of the cohort."""
    values = rows[MARKS[mark]].to_numpy()
    if mark == "surface_igm":
        return values > rules.surface_igm_cut_mfi
    return values > np.quantile(values, rules.calcium_cut_centile) if values.size else np.zeros(0, bool)


def by_mark(rows: pd.DataFrame, mark: str, event: str, rules: LymphocyteEndPoints) -> dict[str, Any]:
    """Return an event in those above and below the cut of a mark: shares, log-rank p, hazard ratio."""
    high, (time, came) = is_high(rows, mark, rules), event_times(rows, event)
    ratio = hazard_ratio(time[high], came[high], time[~high], came[~high])
    return {
        "high": share(int(came[high].sum()), int(high.sum())),
        "low": share(int(came[~high].sum()), int((~high).sum())),
        "log_rank_p": known(log_rank(time[high], came[high], time[~high], came[~high])),
        "hazard_ratio": dict(zip(("ratio", "lo", "hi"), map(known, ratio), strict=True)),
    }


def _summary(rows: pd.DataFrame, rules: LymphocyteEndPoints) -> dict[str, Any]:
    shares = {came: share(int(rows[came].sum()), len(rows)) for came, _ in EVENTS.values()}
    medians = {name: quantile_interval(rows[name].dropna().to_numpy()) for name in LEVELS}
    for event, (_, time) in EVENTS.items():
        curve = kaplan_meier(*event_times(rows, event))
        medians[time] = {"median": curve.median if math.isfinite(curve.median) else None, "lo": None, "hi": None}
    marks = {mark: {event: by_mark(rows, mark, event, rules) for event in EVENTS} for mark in MARKS}
    return {"n": len(rows), "shares": shares, "medians": medians, "by": marks if len(rows) > 1 else {}}
