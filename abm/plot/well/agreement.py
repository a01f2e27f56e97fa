"""Answers how well wells agree with what was observed of them, and what is left between the two."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot import agreement, arms
from abm.plot.agreement import TITLE
from abm.plot.published import Observation
from abm.plot.well import timecourse
from abm.plot.well.survival_by_arm import estimate
from abm.results.run import Run
from abm.statistics.intervals import NO_INTERVAL, Interval, of_mean, of_ratio, of_share

__all__ = ["CAPTION", "ORDER", "TITLE", "applies", "figure", "seen", "simulated"]

ORDER = 14
CAPTION = (
    "Left: each observation, with its range, against what is simulated of its arm at its moment; dashed: equal. Right: "
    "observed less simulated. Broad bars: the model’s 95 % interval over replicates."
)
OVER = {"survival": of_ratio, "survival_raw": of_share}


def applies(run: Run) -> bool:
    """Return whether a measure was observed often enough."""
    return bool(_pairs(run))


def figure(run: Run) -> Figure:
    """Draw a row per measure."""
    return agreement.figure(run, _pairs(run), float, timecourse.TIME_LABEL)


def seen(run: Run) -> str:
    """Return how many observations are inside the model's interval, and what is left."""
    return agreement.seen(run, _pairs(run))


def simulated(run: Run, one: Observation) -> Interval:
    """Return what a run says of an observation's arm at its moment, between two looks on a line; else NaN."""
    if np.isnan(one.time_h):
        return estimate(run, one.arm, one.of)
    curve = course(run, one.arm, one.of)
    if not curve.values.size:
        return NO_INTERVAL
    return OVER.get(one.of, of_mean)(np.array([np.interp(one.time_h, curve.time_h, own) for own in curve.values]))


def course(run: Run, arm: str, of: str) -> arms.Curves:
    """Return a measure over time: a column of the series, or a share of the start or of the control."""
    if of == "survival_raw":
        return arms.alive_frac(run, arm)
    if of not in ("survival", "specific_lysis"):
        return arms.curves(run, arm, of)
    control = arms.control_of(run).get(arm)
    if control is None:
        return arms.Curves(np.empty(0), np.empty((0, 0)))
    frac = arms.alive_frac if of == "survival" else arms.lysed_frac
    own, base = frac(run, arm), frac(run, control).values
    left = base if of == "survival" else 1.0 - base
    above = own.values if of == "survival" else own.values - base
    return arms.Curves(own.time_h, above / np.where(left > 0.0, left, np.nan))


def _pairs(run: Run) -> agreement.Pairs:
    return agreement.pairs(run, lambda one: simulated(run, one))
