"""The time axis of a trial: days up to 120, then months, then years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator
from numpy.typing import ArrayLike, NDArray

from abm.plot.page import wording

HOURS_PER_DAY = 24.0
MONTH_D = 365.25 / 12
MOST_DAYS = 120.0
MOST_MONTHS = 48.0
MOST_TICKS = 9


@dataclass(frozen=True)
class Clock:
    """A unit of time, its length in days and the steps between ticks that a reader counts in."""

    unit: str
    days: float
    steps: tuple[float, ...]

    @property
    def label(self) -> str:
        """Return the label of a time axis."""
        return f"time since the start ({self.unit})"

    @property
    def label_from_dose(self) -> str:
        """Return the label of an axis on which every patient begins with the first dose, or the start without one."""
        return f"time since the first dose ({self.unit})"

    @property
    def label_from_visit(self) -> str:
        """Return the label of an axis on which every patient begins with the first visit."""
        return f"time since the first visit ({self.unit})"

    def of(self, t_d: ArrayLike) -> NDArray[np.float64]:
        """Return days in this unit."""
        return np.asarray(t_d, dtype=float) / self.days

    def at(self, t_h: float) -> float:
        """Return where a moment, h, lies on a time axis."""
        return float(self.of(t_h / HOURS_PER_DAY))

    def words(self, t_d: float) -> str:
        """Return a time with its unit; parts of a year as months."""
        own = MONTHS if self.unit == "years" and 0 < t_d < self.days else self
        return f"{wording.number(t_d / own.days)} {own.unit}"

    def ticks(self, end_d: float, most: int = MOST_TICKS) -> NDArray[np.float64]:
        """Return ticks from 0 to the end, in this unit; the last may lie a little beyond: 24 months at 728 days."""
        end = end_d / self.days
        step = next((step for step in self.steps if end / step < most), self.steps[-1])
        return np.arange(0, end + 0.1 * step, step)

    def mark(self, axis: Axis, end_d: float, most: int = MOST_TICKS) -> None:
        """Put the ticks on an axis."""
        axis.set_major_locator(FixedLocator(list(self.ticks(end_d, most))))


DAYS = Clock("days", 1.0, (1.0, 2.0, 7.0, 14.0, 28.0))
MONTHS = Clock("months", MONTH_D, (1.0, 2.0, 3.0, 6.0, 12.0))
YEARS = Clock("years", 12 * MONTH_D, (1.0, 2.0, 5.0, 10.0))


def clock_for(end_d: float) -> Clock:
    """Return the unit for a follow-up of so many days."""
    if end_d <= MOST_DAYS:
        return DAYS
    return MONTHS if end_d <= MOST_MONTHS * MONTH_D else YEARS
