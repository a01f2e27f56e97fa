"""What a cohort study of chronic lymphocytic leukaemia reports: progression and next treatment, by how cells signal."""

from typing import Any

import numpy as np
import pandas as pd

from abm.scenario.cohort import LymphocyteEndPoints
from abm.scenario.schema import Scenario
from abm.statistics.intervals import known
from abm.statistics.survival import hazard_ratio, log_rank
from abm.study.lymphocyte_end_points import lymphocyte_end_points
from abm.study.patients import EVENTS, event_times, median_follow_up, median_of, median_time, share_of

WORDS = {"progression": "progressed", "next_treatment": "treated_next"}
LEVELS = ("baseline_lymphocytes_per_nL", "peak_rel", "nadir_per_nL")
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
    times = {str(arm): event_times(rows, "progressed") for arm, rows in found.groupby("arm", sort=False)}
    names = list(times)
    tests = {f"{a} vs {b}": known(log_rank(*times[a], *times[b])) for i, a in enumerate(names) for b in names[i + 1 :]}
    return {"kind": "trial", "patients": int(found["replicate"].nunique()), "arms": arms, "log_rank": tests}


def is_high(rows: pd.DataFrame, mark: str, rules: LymphocyteEndPoints) -> np.ndarray:
    """Return which patients are above the cut of a marker; that of calcium is a centile of the cohort."""
    values = rows[MARKS[mark]].to_numpy()
    if mark == "surface_igm":
        return values > rules.surface_igm_cut_mfi
    return values > np.quantile(values, rules.calcium_cut_centile) if values.size else np.zeros(0, bool)


def by_mark(rows: pd.DataFrame, mark: str, event: str, rules: LymphocyteEndPoints) -> dict[str, Any]:
    """Compare an event between patients above and below the cut of a marker: shares, log-rank p, hazard ratio."""
    flag, high = WORDS[event], is_high(rows, mark, rules)
    time, came = event_times(rows, flag)
    ratio = hazard_ratio(time[high], came[high], time[~high], came[~high])
    return {
        "high": share_of(rows[flag][high]),
        "low": share_of(rows[flag][~high]),
        "log_rank_p": known(log_rank(time[high], came[high], time[~high], came[~high])),
        "hazard_ratio": dict(zip(("ratio", "lo", "hi"), map(known, ratio), strict=True)),
    }


def _summary(rows: pd.DataFrame, rules: LymphocyteEndPoints) -> dict[str, Any]:
    shares = {flag: share_of(rows[flag]) for flag in EVENTS}
    medians = {name: median_of(rows[name]) for name in LEVELS}
    medians |= {name: median_time(name, rows) for name in ("time_to_baseline_d", *EVENTS.values())}
    medians["follow_up_d"] = median_follow_up(rows)
    marks = {mark: {event: by_mark(rows, mark, event, rules) for event in WORDS} for mark in MARKS}
    return {"n": len(rows), "shares": shares, "medians": medians, "by": marks if len(rows) > 1 else {}}
