"""Halving the step moves no arm's survival by half a point."""

import sys

import numpy as np
import pytest
from scipy.stats import t as student

from tests.verification.halving import wells

pytestmark = pytest.mark.verification

ARMS = ("serum", "effectors", "both")
N_WELLS = 32
MOST_POINTS = 0.5


def test_halving_dt_moves_survival_by_less_than_half_a_point(capsys):
    percent = wells(list(ARMS), N_WELLS, [1.0, 0.5, 0.25])
    changes = {}
    for arm in ARMS:
        for coarse, fine in ((1.0, 0.5), (0.5, 0.25)):
            change = np.subtract(percent[arm, fine], percent[arm, coarse])
            half = student.ppf(0.975, N_WELLS - 1) * change.std(ddof=1) / N_WELLS**0.5
            changes[f"{arm}, {coarse} to {fine} min"] = (change.mean(), half)
    lines = (f"  {name}: {mean:+.2f} points, 95 % ±{half:.2f}" for name, (mean, half) in changes.items())
    with capsys.disabled():
        sys.stdout.write(f"\nchange of survival, {N_WELLS} paired wells:\n" + "\n".join(lines) + "\n")
    assert all(abs(mean) + half < MOST_POINTS for mean, half in changes.values())
