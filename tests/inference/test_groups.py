"""Groups are drawn about their population, inside the range, and told apart by their own claims alone."""

import numpy as np
import pytest

from abm.inference.emulator import Emulator
from abm.inference.emulators import Emulators
from abm.inference.groups import MOST_SPREAD, Grouped, Groups

GROUPS = Groups(("a", "b", "c"), 2, (1,))


def test_the_cube_has_what_is_shared_then_means_spreads_and_groups():
    assert GROUPS.n_all == 1 + 2 + 3
    middle = np.array([0.3, 0.6, 0.2, 0.5, 0.975, 0.025])
    np.testing.assert_allclose(GROUPS.place(middle, 0), [0.3, 0.6], atol=1e-3)
    np.testing.assert_allclose(GROUPS.typical(middle), [0.3, 0.6])
    told = GROUPS.told(middle)
    np.testing.assert_allclose(told[:3], middle[:3])
    np.testing.assert_allclose(told[4:], 0.6 + 1.96 * 0.2 * MOST_SPREAD * np.array([1.0, -1.0]), atol=2e-3)


@pytest.mark.parametrize(("mean", "spread"), [(0.5, 0.1), (0.02, 1.0), (0.98, 1.0), (0.5, 0.0)])
def test_another_group_lies_in_the_range_and_about_the_mean(mean, spread):
    points = np.tile([0.3, mean, spread, 0.5, 0.5, 0.5], (4000, 1))
    drawn = GROUPS.another(points, np.random.default_rng(1))
    assert ((drawn >= 0.0) & (drawn <= 1.0)).all()
    assert (drawn[:, 0] == 0.3).all()
    if mean == 0.5:
        assert drawn[:, 1].mean() == pytest.approx(0.5, abs=0.01)
        assert drawn[:, 1].std() == pytest.approx(spread * MOST_SPREAD, abs=0.005)


def test_each_claim_is_emulated_where_its_group_is():
    x = np.random.default_rng(1).random((40, 2))
    sums = x.sum(axis=1)
    emulators = Emulators(
        ("p", "q"), tuple(Emulator(x, y, np.zeros(40), np.full(2, 5.0), 100.0, 1e-8) for y in (sums, -sums))
    )
    grouped = Grouped(emulators, GROUPS, (2, 0))
    point = np.random.default_rng(2).random((5, GROUPS.n_all))
    mean, sd = grouped.at(point)
    np.testing.assert_allclose(mean[:, 0], GROUPS.place(point, 2).sum(axis=1), atol=1e-3)
    np.testing.assert_allclose(mean[:, 1], -GROUPS.place(point, 0).sum(axis=1), atol=1e-3)
    np.testing.assert_allclose(grouped.part([1]).at(point)[0][:, 0], mean[:, 1])
    assert sd.shape == mean.shape
    assert grouped.n_dim == 6
