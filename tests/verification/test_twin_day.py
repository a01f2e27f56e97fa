"""A whole day of every arm, cell by cell, against the plain-Python twin."""

import pytest

from abm.verify.wells import patch, sized
from tests.reference.test_twin import agree

pytestmark = pytest.mark.verification


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("arm", ["serum", "effectors", "both"])
def test_a_day_of_every_arm_cell_by_cell(arm, seed):
    twin = agree(patch(*sized(100), "populations.nk_cells.per_b_cell=5", "duration=24 h", f"seed={seed}"), arm)
    assert len(twin.deaths) > 50
