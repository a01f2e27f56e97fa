"""The three arms with half the step: what is left moves by less than half a point, or by what chance explains."""

from functools import partial

import numpy as np

from abm.statistics.intervals import of_mean
from abm.verify.check import Case, Check
from abm.verify.wells import finished, patch, sized, survival

MOST_POINTS = 0.5  # as a run's own check of its step
N_WELLS, N_B_CELLS = 8, 400
SETS = (*sized(N_B_CELLS), "populations.nk_cells.per_b_cell=5", "processes.dheas.voxels_per_side=12", "duration=6 h")


def arm(name: str, n_wells: int = N_WELLS) -> list[Check]:
    """Compare wells of the same cells at the same places at steps of 1 min and of half a minute."""
    percent = {
        dt: np.array([100.0 * survival(finished(patch(*SETS, f"dt={dt} min"), name, i)) for i in range(n_wells)])
        for dt in (1.0, 0.5)
    }
    change = of_mean(percent[0.5] - percent[1.0])
    allowed = MOST_POINTS + (float(change.hi) - float(change.lo)) / 2.0
    reason = f"half a point, and the 95 % interval of {n_wells} pairs of wells of {N_B_CELLS} cells"
    means = (float(percent[dt].mean()) for dt in (0.5, 1.0))
    return [Check(f"B cells left in the arm {name} after 6 h, half the step", "%", *means, allowed, reason)]


CASES: dict[str, Case] = {f"half-step-{name}": partial(arm, name) for name in ("serum", "effectors", "both")}
