"""Times to an event when not everyone has had it: Kaplan and Meier's estimate, the log-rank test, Cox's hazard ratio.

All as the package ``survival`` of R has them by default; intervals of curves as with its ``conf.type = "log-log"``.

*References*: KaplanMeier1958, Mantel1966, Cox1972, Efron1977 (ties), SchemperSmith1996 (follow-up).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from abm.statistics.intervals import LEVEL, Z

SAME_SHARE = 1e-12
MOST_STEPS = 50  # design: Newton's steps take fewer than ten
FARTHEST = 12.0  # design: no cohort tells a ratio of e^12 from an infinite one
Times = Sequence[float] | np.ndarray


@dataclass(frozen=True)
class KaplanMeier:
    """A survival curve as steps.

    Attributes
    ----------
    time : array
        0, then every moment with an event.
    share : array
        Free of the event from that moment on.
    lo, hi : array
        95 % interval (Greenwood, log-log).
    """

    time: np.ndarray
    share: np.ndarray
    lo: np.ndarray
    hi: np.ndarray

    @property
    def median(self) -> float:
        """Return when half are free of the event, the middle of a time in which exactly half are; infinite if never."""
        below = self.time[self.share <= 0.5 + SAME_SHARE]
        if not below.size:
            return float("inf")
        after = self.time[self.share < 0.5 - SAME_SHARE]
        return float((below[0] + after[0]) / 2.0 if after.size else below[0])


def kaplan_meier(time: Times, had_event: Sequence[bool] | np.ndarray) -> KaplanMeier:
    """Return the curve of times to an event; times without one are censored.

    Parameters
    ----------
    time : array, shape (n,)
        Moment of the event or end of follow-up, any unit.
    had_event : array of bool, shape (n,)
        Whether the event came.
    """
    from scipy.stats import CensoredData, ecdf

    at, event = np.asarray(time, dtype=float), np.asarray(had_event, dtype=bool)
    if not event.any():
        return KaplanMeier(np.zeros(1), np.ones(1), np.ones(1), np.ones(1))
    found = ecdf(CensoredData.right_censored(at, ~event)).sf
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where the curve is 1 or 0 there is no interval
        interval = found.confidence_interval(LEVEL, method="log-log")
    moments, share = found.quantiles, found.probabilities
    kept = np.isin(moments, at[event])
    lo, hi = (np.where(np.isfinite(side.probabilities), side.probabilities, share)[kept] for side in interval)
    zero, one = np.zeros(1), np.ones(1)
    return KaplanMeier(*(np.concatenate(pair) for pair in
                         ((zero, moments[kept]), (one, share[kept]), (one, lo), (one, hi))))  # fmt: skip


def follow_up(time: Times, had_event: Sequence[bool] | np.ndarray) -> KaplanMeier:
    """Return the curve of follow-up, Kaplan and Meier's reversed: its end is the event, an event censors it."""
    return kaplan_meier(time, ~np.asarray(had_event, dtype=bool))


def at_risk(time: Times, moments: Times) -> np.ndarray:
    """Return how many are still followed at each moment."""
    at = np.asarray(time, dtype=float)
    return np.array([int((at >= moment).sum()) for moment in moments])


def log_rank(time_a: Times, event_a: Sequence[bool], time_b: Times, event_b: Sequence[bool]) -> float:
    """Return the two-sided p of the log-rank test between two groups; NaN where nothing can be told."""
    from scipy.stats import CensoredData, logrank

    groups = [
        (np.asarray(t, dtype=float), np.asarray(e, dtype=bool)) for t, e in ((time_a, event_a), (time_b, event_b))
    ]
    if any(t.size < 2 for t, _ in groups) or not any(e.any() for _, e in groups):
        return float("nan")
    a, b = (CensoredData.right_censored(t, ~e) for t, e in groups)
    with np.errstate(divide="ignore", invalid="ignore"):  # all events at one moment that ends both groups
        return float(logrank(a, b).pvalue)


def hazard_ratio(
    time_a: Times, event_a: Sequence[bool] | np.ndarray, time_b: Times, event_b: Sequence[bool] | np.ndarray
) -> tuple[float, float, float]:
    """Return the hazard of group a over that of b with its 95 % interval, by Cox's partial likelihood (ties: Efron).

    NaN where the likelihood has no maximum: a group has no event, or one ends before the other begins.
    """
    time = np.concatenate([np.asarray(time_a, dtype=float), np.asarray(time_b, dtype=float)])
    event = np.concatenate([np.asarray(event_a, dtype=bool), np.asarray(event_b, dtype=bool)])
    in_a = np.arange(time.size) < len(time_a)
    if not event[in_a].any() or not event[~in_a].any():
        return (float("nan"),) * 3
    n_a, n_b = (_at_risk_of_each(time[event], time[own], time[own & event]) for own in (in_a, ~in_a))
    log_ratio, information = _most_likely(n_a, n_b, int((in_a & event).sum()))
    half = Z / information**0.5
    return tuple(float(np.exp(log_ratio + z)) for z in (0.0, -half, half))


def _most_likely(n_a: np.ndarray, n_b: np.ndarray, n_events_a: int) -> tuple[float, float]:
    """Return the log hazard ratio of greatest partial likelihood and its information, by Newton's steps; NaN of none.

    Parameters
    ----------
    n_a, n_b : array, shape (events,)
        At risk in each group at each event of either.
    n_events_a : int
        Events in group a.
    """
    log_ratio = information = 0.0
    for _ in range(MOST_STEPS):
        share = n_a * np.exp(log_ratio) / (n_a * np.exp(log_ratio) + n_b)
        information = float((share * (1.0 - share)).sum())
        if information <= 0.0:
            break
        change = float(n_events_a - share.sum()) / information
        log_ratio += float(np.clip(change, -2.0, 2.0))
        if abs(change) < 1e-12 or abs(log_ratio) > FARTHEST:
            break
    is_found = information > 0.0 and abs(log_ratio) <= FARTHEST
    return (log_ratio, information) if is_found else (float("nan"), float("nan"))


def _at_risk_of_each(events: np.ndarray, followed: np.ndarray, own_events: np.ndarray) -> np.ndarray:
    """Return how many of a group are at risk at each event of both; of d ties each later one has 1/d of them fewer."""
    moments, counts = np.unique(events, return_counts=True)
    gone = np.concatenate([np.arange(count) / count for count in counts])
    n_at_risk = np.array([(followed >= moment).sum() for moment in moments])
    n_tied = np.array([(own_events == moment).sum() for moment in moments])
    return np.repeat(n_at_risk, counts) - gone * np.repeat(n_tied, counts)
