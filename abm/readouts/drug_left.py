"""When a protocol begins, and how much of its drug is left in plasma later."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from abm.core.addition import Addition
from abm.core.clock import H_PER_D, H_PER_WEEK
from abm.readouts.readout import Found, Seen
from abm.readouts.visits import SLACK_H

DRUG_LEFT_D = (30, 45, 60, 90, 120, 180)
LONGEST_GAP_H = H_PER_WEEK  # design: the usual time between looks
LONGEST_PAUSE_H = 35.0 * H_PER_D  # design: a week more than the four between cycles


def starts_h(given: Sequence[Addition]) -> tuple[float, float]:
    """Return when the first infusion of a protocol begins and when the last of its first course does, h.

    Infusions that are written out one by one, as a record has them, are one course up to the first longer pause. Both
    are the first dose where all are by mouth; 0 and NaN where nothing is given.
    """
    drugs = [addition for addition in given if addition.is_drug]
    courses = [drug.moments for drug in drugs if drug.antibody] or [drug.moments for drug in drugs[:1]]
    if not courses:
        return 0.0, math.nan
    first, last = courses[0][0], courses[0][-1]
    for own in courses[1:] if first == last else ():
        if len(own) > 1 or own[0] > last + LONGEST_PAUSE_H:
            break
        last = own[0]
    return first, last


def drug_left(seen: Seen) -> Found:
    """Return the drug in plasma so many days after the first infusion, relative to its end.

    Missing without a look at that end, or at most a week apart around the day, between which it is read on an
    exponential.
    """
    given_h = next((addition.ends[0] for addition in seen.given if addition.ends), math.nan)
    drugs = sorted({addition.antibody for addition in seen.given} - {""})
    level = Level(
        seen.column("time_h").tolist(), [sum(row[f"{drug}_ug_per_mL"] for drug in drugs) for row in seen.rows]
    )
    peak, found = level.at(given_h, 0.0), {}
    for days in DRUG_LEFT_D:
        left = level.at(given_h + days * H_PER_D, LONGEST_GAP_H)
        found[f"drug_left_{days}d_frac"] = left / peak if peak else math.nan
    return found


@dataclass(frozen=True)
class Level:
    """A level at the looks, taken to fall exponentially between them."""

    t_h: Sequence[float]
    level: Sequence[float]

    def at(self, t_h: float, longest_gap_h: float) -> float:
        """Return the level at a moment; NaN where the looks around it are farther apart than that."""
        after = int(np.searchsorted(self.t_h, t_h - SLACK_H))
        if math.isnan(t_h) or after == len(self.t_h):
            return math.nan
        if self.t_h[after] <= t_h + SLACK_H:
            return self.level[after]
        gap_h, ends = self.t_h[after] - self.t_h[after - 1], (self.level[after - 1], self.level[after])
        if gap_h > longest_gap_h + SLACK_H or min(ends) <= 0.0:
            return math.nan
        return ends[0] * (ends[1] / ends[0]) ** ((t_h - self.t_h[after - 1]) / gap_h)
