"""The first rise of lymphocytes on a BTK inhibitor as a trial of the first weeks and of the first year counts it."""

import math

import numpy as np

from abm.core.clock import H_PER_D
from abm.readouts.readout import EndPoint, Found
from abm.readouts.visits import SLACK_H, answer

DAY_1_H, DAY_140_H, YEAR_H = 24.0, 140.0 * H_PER_D, 364.0 * H_PER_D
RISE_FRAC = 0.5  # assumed: what counts as lymphocytosis, as of progression
AROUND_H = 6.0  # design: a look counts as that of a day after the first dose


def _share(name: str, words: str) -> EndPoint:
    return EndPoint(name, "1", words, "share", where="study")


RISE = (
    EndPoint("day_1_rel", "1", "Lymphocytes a day after the first dose", shown="relative to the start", where="study"),
    _share("peaked_by_day_1", "Highest lymphocytes by a day after the first dose"),
    _share("lymphocytosis", "Lymphocytes up by half"),
    _share("back_by_140_d", "Lymphocytes at 140 d no more than at the start"),
    _share("up_for_a_year", "Lymphocytosis that lasts a year"),
)


def count_on_day_1(t_h: np.ndarray, count: np.ndarray) -> float:
    """Return lymphocytes a day after the first dose, from looks counted from it; NaN where nobody looked then."""
    near = np.flatnonzero(np.abs(t_h - DAY_1_H) <= AROUND_H)
    return float(count[near[0]]) if near.size else math.nan


def early_rise(day_1: float, visits_h: np.ndarray, count: np.ndarray, early_h: float, least: float) -> Found:
    """Return what is counted of the first rise.

    Parameters
    ----------
    day_1 : float
        Lymphocytes per nL a day after the first dose; NaN where nobody looked.
    visits_h, count : array, shape (n,)
        Visits from the first dose on, and lymphocytes per nL at them.
    early_h : float
        Until when a rise is one of redistribution.
    least : float
        Lymphocytes per nL below which there is no lymphocytosis.

    Returns
    -------
    dict of str to float
        By the names of `RISE`; NaN where follow-up was too short, or nobody looked a day after the first dose.
    """
    start, early = count[0], count[visits_h <= early_h + SLACK_H]
    highest = float(np.fmax(early.max(), day_1))
    peak_h = DAY_1_H if day_1 >= highest else float(visits_h[early.argmax()])
    after = count[(visits_h > peak_h) & (visits_h <= YEAR_H + SLACK_H)]
    ends_h = early_h - 28.0 * H_PER_D, DAY_140_H, YEAR_H  # redistribution may end between two visits
    all_early, all_140_d, a_year = (1.0 if visits_h[-1] >= end_h - SLACK_H else math.nan for end_h in ends_h)
    has_risen = highest >= (1.0 + RISE_FRAC) * start and highest >= least
    return {
        "day_1_rel": day_1 / start if start > 0.0 else math.nan,
        "peaked_by_day_1": answer(max(start, day_1) >= highest, day_1, all_early),
        "lymphocytosis": answer(has_risen, all_early),
        "back_by_140_d": answer(float(np.interp(DAY_140_H, visits_h, count)) <= start, all_140_d),
        "up_for_a_year": answer(has_risen and not (after <= start).any(), a_year),
    }
