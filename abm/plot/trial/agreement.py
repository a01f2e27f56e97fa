"""Answers how well patients agree with what was observed, and what is left between the two."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot import agreement
from abm.plot.agreement import TITLE
from abm.plot.published import Observation
from abm.plot.trial import curves
from abm.plot.trial.clock import HOURS_PER_DAY
from abm.plot.trial.trial import Trial
from abm.statistics.intervals import NO_INTERVAL, Interval
from abm.statistics.survival import kaplan_meier

__all__ = ["CAPTION", "ORDER", "TITLE", "applies", "figure", "seen", "simulated"]

ORDER = 101
CAPTION = (
    "Left: each observation, with its range, against what is simulated of its protocol at its moment; dashed: equal. "
    "Right: observed less simulated. Broad bars: of levels the middle 90 % of patients, of shares the 95 % interval."
)


def applies(trial: Trial) -> bool:
    """Return whether a measure was observed often enough."""
    return bool(_pairs(trial))


def figure(trial: Trial) -> Figure:
    """Draw a row per measure."""
    return agreement.figure(trial.run, _pairs(trial), trial.clock.at, trial.clock.label)


def seen(trial: Trial) -> str:
    """Return how many observations are inside the model's interval, and what is left."""
    return agreement.seen(trial.run, _pairs(trial))


def simulated(trial: Trial, one: Observation) -> Interval:
    """Return what a trial says of an observation's protocol at its moment, between two looks on a line; else NaN."""
    if np.isnan(one.time_h):
        return _at_end(trial, one)
    if one.of in trial.series:
        table = trial.table(one.arm, one.of).dropna(axis=1)
        t_d, at_d = table.index.to_numpy(dtype=float), one.time_h / HOURS_PER_DAY
        values = np.array([np.interp(at_d, t_d, table[patient]) for patient in table])
        return Interval(*np.quantile(values, (0.5, *curves.BAND))) if values.size else NO_INTERVAL
    return _by_then(trial, one)


def _at_end(trial: Trial, one: Observation) -> Interval:
    told = trial.run.summary()["arms"].get(one.arm, {})
    own = told.get("shares", {}).get(one.of) or told.get("medians", {}).get(one.of) or {}
    ends = (own.get("share", own.get("median")), own.get("lo"), own.get("hi"))
    return Interval(*(np.array(np.nan if end is None else end) for end in ends))


def _by_then(trial: Trial, one: Observation) -> Interval:
    """Return in what share an event came by then, after Kaplan and Meier."""
    time = next((own for own in trial.run.measures("readouts") if own.event == one.of and own.kind == "time"), None)
    rows = trial.outcomes(one.arm)
    if time is None or time.name not in rows:
        return NO_INTERVAL
    came = rows[time.name]
    found = kaplan_meier(came.fillna(rows["follow_up_d"]).to_numpy(dtype=float), came.notna().to_numpy())
    last = np.searchsorted(found.time, one.time_h / HOURS_PER_DAY, side="right") - 1
    return Interval(*(1.0 - side[last] for side in (found.share, found.hi, found.lo)))


def _pairs(trial: Trial) -> agreement.Pairs:
    return agreement.pairs(trial.run, lambda one: simulated(trial, one))
