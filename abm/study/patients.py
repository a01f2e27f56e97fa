"""What is counted over patients: shares of those observed, and medians of times that not everyone reaches.

*References*: KaplanMeier1958, SchemperSmith1996 (follow-up).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from abm.statistics.intervals import known, quantile_interval, share
from abm.statistics.survival import KaplanMeier, follow_up, kaplan_meier

EVENTS = {"progressed": "time_to_progression_d", "treated_next": "time_to_next_treatment_d"}
SEEN_BY = {time: flag for flag, time in EVENTS.items()} | {
    "time_to_minor_d": "minor",
    "time_to_partial_d": "partial",
    "time_to_baseline_d": "peak_rel",
}
Columns = Mapping[str, Sequence[float] | np.ndarray]  # end points by name, a value per patient; NaN: not observed
Found = dict[str, float | int | None]


def share_of(flags: Sequence[float] | np.ndarray) -> Found:
    """Return how many of those observed have a 0-or-1 end point."""
    seen = _known(flags)
    return share(int(seen.sum()), seen.size)


def median_of(values: Sequence[float] | np.ndarray) -> Found:
    """Return the median of those seen, with their number."""
    seen = _known(values)
    return quantile_interval(seen) | {"n": seen.size, "n_seen": seen.size}


def event_times(columns: Columns, flag: str) -> tuple[np.ndarray, np.ndarray]:
    """Return times, days, and whether an event came; else follow-up ended then."""
    came = np.asarray(columns[flag], dtype=float) > 0
    return np.where(came, columns[EVENTS[flag]], columns["follow_up_d"]).astype(float), came


def median_time(name: str, columns: Columns) -> Found:
    """Return the median of a time that not everyone reaches, days; ``n`` of ``n_seen`` patients enter it.

    To progression and next treatment over all, to the end of the early rise over those who had one (Kaplan and Meier;
    without the event until follow-up ended); to response over those who respond.
    """
    curve, n = _curve(name, columns)
    found = _half(curve, n) if curve else median_of(columns[name])
    return found | {"n_seen": _known(columns[SEEN_BY[name]]).size - _undated(name, columns)}


def _undated(name: str, columns: Columns) -> int:
    """Return how many responded without a course from which to count the time."""
    flags, times = (np.asarray(columns[key], dtype=float) for key in (SEEN_BY[name], name))
    return int(((flags > 0.0) & np.isnan(times)).sum()) if SEEN_BY[name] in ("minor", "partial") else 0


def middle_time(name: str, columns: Columns) -> float:
    """Return the median of :func:`median_time` alone; NaN where it is not reached."""
    curve, _ = _curve(name, columns)
    seen = _known(columns[name])
    middle = curve.median if curve else float(np.median(seen)) if seen.size else math.inf
    return middle if math.isfinite(middle) else math.nan


def median_follow_up(columns: Columns) -> Found:
    """Return the median follow-up for progression, by the reversed estimate of Kaplan and Meier."""
    return _half(follow_up(*event_times(columns, "progressed")), len(columns["follow_up_d"]))


def _half(curve: KaplanMeier, n: int) -> Found:
    """Return the median of a survival curve, and the times at which the ends of its interval fall to one half."""
    ends = [curve.time[(side <= 0.5) & (curve.share > 0.0)] for side in (curve.lo, curve.hi)]
    lo, hi = (known(float(end[0])) if end.size else None for end in ends)
    return {"median": known(curve.median), "lo": lo, "hi": hi, "n": n, "n_seen": n}


def _curve(name: str, columns: Columns) -> tuple[KaplanMeier | None, int]:
    flag = SEEN_BY[name]
    if flag in EVENTS:
        return kaplan_meier(*event_times(columns, flag)), _known(columns[flag]).size
    if name != "time_to_baseline_d":
        return None, 0
    has_risen = np.asarray(columns["peak_rel"], dtype=float) > 1.0
    back = np.asarray(columns[name], dtype=float)[has_risen]
    is_back = np.isfinite(back)
    return kaplan_meier(np.where(is_back, back, np.asarray(columns["follow_up_d"])[has_risen]), is_back), back.size


def _known(values: Sequence[float] | np.ndarray) -> np.ndarray:
    found = np.asarray(values, dtype=float)
    return found[np.isfinite(found)]
