"""A patient's serum IgM as it is seen at visits."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from abm.core.clock import H_PER_WEEK
from abm.readouts.visits import SLACK_H


def _nothing() -> np.ndarray:
    return np.zeros(0)


@dataclass(frozen=True)
class Course:
    """A patient's IgM at the visits of the follow-up, hours from the first dose; the first visit is before it.

    Attributes
    ----------
    t_h, igm : array, shape (n,)
        Visits, and what is seen.
    first_course_ends_h : float
        When the last infusion of the first course begins; NaN where nothing is given.
    true_igm : array, shape (n,) or (0,)
        What is there; without it what is seen is true.
    has_symptoms : array of bool, shape (n,) or (0,)
        Whether this patient has symptoms; without it nobody asks.
    offset_h : float
        How much later than planned visits are that are not weekly.
    """

    t_h: np.ndarray
    igm: np.ndarray
    first_course_ends_h: float
    true_igm: np.ndarray = field(default_factory=_nothing)
    has_symptoms: np.ndarray = field(default_factory=_nothing)
    offset_h: float = 0.0

    @property
    def baseline(self) -> float:
        """IgM before treatment; NaN where it was 0, since no change can be relative to that."""
        return float(self.igm[0]) if self.igm[0] > 0.0 else math.nan

    def at(self, t_h: float) -> float:
        """IgM at a moment, interpolated linearly between visits; NaN after the last."""
        return float(np.interp(t_h, self.t_h, self.igm)) if t_h <= self.t_h[-1] else math.nan

    def of_weeks(self, weeks: Sequence[int], planned_h: Sequence[float]) -> np.ndarray:
        """Return IgM at the visits planned for some weeks, wherever they were; NaN at those not planned or not kept."""
        numbers = np.searchsorted(planned_h, np.array(weeks) * H_PER_WEEK - SLACK_H)
        is_seen = np.isin(np.round(weeks, 6), np.round(np.array(planned_h) / H_PER_WEEK, 6)) & (numbers < self.igm.size)
        return np.where(is_seen, self.igm[np.where(is_seen, numbers, 0)], math.nan)

    def highest(self, from_h: float, to_h: float, last_h: float) -> float:
        """Highest IgM seen between two moments; NaN without a visit then, or if follow-up ended before the last one.

        A part of that time is not enough: of patients seen for a part of it, only those with a rise would be known.
        """
        is_inside = (self.t_h >= from_h - SLACK_H) & (self.t_h <= to_h + SLACK_H)
        is_whole = bool(is_inside[1:].any()) and last_h <= self.t_h[-1] + SLACK_H
        return float(self.igm[is_inside].max()) if is_whole else math.nan

    def symptoms_from(self, after_h: float) -> int | None:
        """Return the first visit after a moment with symptoms of a patient who had none at an earlier one."""
        had_none = np.logical_or.accumulate(self.has_symptoms == 0)
        found = np.flatnonzero((self.has_symptoms > 0) & had_none & (self.t_h[: self.has_symptoms.size] > after_h))
        return int(found[0]) if found.size else None
