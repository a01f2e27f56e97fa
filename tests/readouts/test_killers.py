"""Kills per cell, and how long a first, a second and later ones took."""

import numpy as np
import pytest

from abm.readouts.killers import _times


class Deaths:
    """A table of deaths."""

    def __init__(self, rows):
        self.killer_uid = np.array([uid for uid, _ in rows])
        self.time_h = np.array([time_h for _, time_h in rows])


def test_times_are_those_of_cells_with_four_kills_or_more_in_order_of_time():
    serial = [(7, 9.0), (7, 1.0), (7, 1.5), (7, 4.0), (3, 2.0), (3, 3.0), (3, 4.0), (3, 5.0), (3, 9.0)]
    found = _times(Deaths([*serial, (5, 0.1), (5, 0.2), (-1, 0.0), (-1, 0.5), (-1, 6.0), (-1, 7.0)]))
    assert found == pytest.approx({"first_kill_h": 1.5, "second_kill_h": 0.75, "later_kill_h": (7.5 / 2 + 6.0 / 3) / 2})


def test_without_a_serial_killer_the_times_are_undefined():
    assert all(np.isnan(own) for own in _times(Deaths([(1, 0.5), (1, 1.0), (-1, 2.0)])).values())
