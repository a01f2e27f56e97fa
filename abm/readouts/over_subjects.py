"""What is counted over subjects: shares of those in whom it could be seen, medians of what not everyone reaches.

*References*: KaplanMeier1958, SchemperSmith1996 (follow-up).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from abm.core.measure import Measure, Measures
from abm.statistics.intervals import known, quantile_interval, share
from abm.statistics.survival import KaplanMeier, follow_up, kaplan_meier

FOLLOW_UP = "follow_up_d"
Columns = Mapping[str, Sequence[float] | np.ndarray]  # end points by name, a value per subject; NaN: not observed
Counted = dict[str, float | int | None]


def share_of(flags: Sequence[float] | np.ndarray) -> Counted:
    """Return how many of those observed have a 0-or-1 end point."""
    seen = _known(flags)
    return share(int(seen.sum()), seen.size)


def median_of(values: Sequence[float] | np.ndarray) -> Counted:
    """Return the median of those seen, with their number."""
    seen = _known(values)
    return quantile_interval(seen) | {"n": seen.size, "n_seen": seen.size}


def event_times(columns: Columns, time: Measure) -> tuple[np.ndarray, np.ndarray]:
    """Return times, days, and whether the event came; else follow-up ended then."""
    came = np.asarray(columns[time.event], dtype=float) > 0
    return np.where(came, columns[time.name], columns[FOLLOW_UP]).astype(float), came


def counted(measure: Measure, columns: Columns) -> Counted:
    """Return a measure over subjects with its 95 % interval, as a summary tells it.

    Of follow-up the reversed estimate of Kaplan and Meier; of a time see :func:`median_time`.
    """
    if measure.kind == "share":
        return share_of(columns[measure.name])
    if measure.estimate == "follow_up":
        return _median_follow_up(measure, columns)
    return median_time(measure, columns) if measure.kind == "time" else median_of(columns[measure.name])


def median_time(time: Measure, columns: Columns) -> Counted:
    """Return the median of a time that not everyone reaches, days; ``n`` of ``n_seen`` patients enter it.

    By Kaplan and Meier over all, or over those who can have the event at all, without it until follow-up ended; else
    over those in whom it came.
    """
    curve, n = _curve(time, columns)
    found = _half(curve, n) if curve else median_of(columns[time.name])
    return found | {"n_seen": _known(columns[time.event or time.among]).size - _undated(time, columns)}


def middle(measure: Measure, columns: Columns) -> float:
    """Return a measure over subjects as one number: its median where it is a time, else the mean of those seen."""
    if measure.kind != "time":
        return mean_of_known(columns[measure.name])
    curve, _ = _curve(measure, columns)
    seen = _known(columns[measure.name])
    median = curve.median if curve else float(np.median(seen)) if seen.size else math.inf
    return median if math.isfinite(median) else math.nan


def central(measure: Measure, columns: Columns) -> float:
    """Return the share or median that :func:`counted` tells, without its interval; NaN where nothing was seen."""
    if measure.kind in ("share", "time"):
        return middle(measure, columns)
    seen = _known(columns[measure.name])
    return float(np.median(seen)) if seen.size else math.nan


def over_subjects(found: Sequence[Mapping[str, float]], measures: Measures) -> dict[str, float]:
    """Return one number for every measure that any subject has; a count that one of them lacks is 0 there."""
    names = dict.fromkeys(name for one in found for name in one)
    columns = {name: [one.get(name, 0.0) for one in found] for name in names}
    return {name: middle(measures.of(name), columns) for name in names}


def mean_of_known(values: Sequence[float] | np.ndarray) -> float:
    """Return the mean of those seen; NaN where nothing was."""
    seen = [value for value in values if not math.isnan(value)]
    return math.fsum(seen) / len(seen) if seen else math.nan


def _undated(time: Measure, columns: Columns) -> int:
    """Return in how many the event came with no moment to count from."""
    if not time.event:
        return 0
    flags, times = (np.asarray(columns[key], dtype=float) for key in (time.event, time.name))
    return int(((flags > 0.0) & np.isnan(times)).sum())


def _median_follow_up(measure: Measure, columns: Columns) -> Counted:
    last, ended = (np.asarray(columns[name], dtype=float) for name in (measure.name, measure.event))
    came = np.isfinite(ended)
    return _half(follow_up(np.where(came, ended, last), came), last.size)


def _half(curve: KaplanMeier, n: int) -> Counted:
    """Return the median of a survival curve, and the times at which the ends of its interval fall to one half."""
    ends = [curve.time[(side <= 0.5) & (curve.share > 0.0)] for side in (curve.lo, curve.hi)]
    lo, hi = (known(float(end[0])) if end.size else None for end in ends)
    return {"median": known(curve.median), "lo": lo, "hi": hi, "n": n, "n_seen": n}


def _curve(time: Measure, columns: Columns) -> tuple[KaplanMeier | None, int]:
    """Return the curve of a time that has one, and how many have a part in it."""
    if time.estimate != "kaplan_meier":
        return None, 0
    if time.event:
        return kaplan_meier(*event_times(columns, time)), _known(columns[time.event]).size
    can = np.asarray(columns[time.among], dtype=float) > 1.0
    back, last = (np.asarray(columns[name], dtype=float)[can] for name in (time.name, FOLLOW_UP))
    is_back = np.isfinite(back)
    return kaplan_meier(np.where(is_back, back, last), is_back), back.size


def _known(values: Sequence[float] | np.ndarray) -> np.ndarray:
    found = np.asarray(values, dtype=float)
    return found[np.isfinite(found)]
