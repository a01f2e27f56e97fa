"""What is seen of a patient at visits alone: the visits that were kept, and a level at them."""

import math
from collections.abc import Sequence

import numpy as np

from abm.core.errors import Fault

SLACK_H = 1e-6


def at_visits(
    visits_h: Sequence[float], first_h: float, t_h: Sequence[float], level: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the visits that were kept, from the first, and a level at them, interpolated linearly between looks.

    The first visit, before the dose, has the level of the last look. A visit is kept if there was a look since the
    visit before it; the first that was not kept ends follow-up.
    """
    at, visits = np.asarray(t_h, dtype=float), np.asarray(visits_h, dtype=float)
    n_looks = np.searchsorted(at, visits + first_h + SLACK_H, side="right")
    unseen = np.flatnonzero(np.diff(n_looks) == 0)
    visits = visits[: unseen[0] + 1] if unseen.size else visits
    found = np.interp(visits + first_h, at, np.asarray(level, dtype=float))
    found[0] = at_first(t_h, level, first_h)
    return visits, found


def at_first(t_h: Sequence[float], level: Sequence[float], first_h: float) -> float:
    """Return a level at the last look that is not after the first dose, which is its baseline."""
    return float(level[int(np.searchsorted(t_h, first_h + SLACK_H, side="right")) - 1])


def answer(is_so: bool | np.bool_, *seen: float) -> float:
    """Return 1 for yes and 0 for no; NaN where the answer was not observed."""
    return math.nan if any(math.isnan(value) for value in seen) else float(is_so)


def too_rare(every_h: float, usual_h: float, since_h: float, duration_h: float) -> list[Fault]:
    """Refuse visits that were asked for and of which a run that is longer than ``since_h`` has none."""
    if every_h == usual_h or not every_h > duration_h > since_h:
        return []
    text = f"visits every {every_h:g} h are rarer than the run of {duration_h:g} h is long"
    return [Fault(text, "end_points.visit_every", allowed=f"at most {duration_h:g} h", beside=("duration",))]
