"""What many draws say."""

import numpy as np
import pytest

from abm.statistics.draws import as_extreme, middle, n_independent, sorted_uniform, weighted_quantiles


def test_weighted_quantiles_of_equal_weights_are_the_ordinary_ones():
    values = np.random.default_rng(1).standard_normal(1001)
    assert weighted_quantiles(values, np.ones(1001), [0.5])[0] == pytest.approx(float(np.median(values)))
    assert weighted_quantiles([1.0, 2.0], [1.0, 3.0], [0.5])[0] == pytest.approx(1.75)


def test_the_middle_leaves_a_fortieth_on_each_side_and_passes_over_what_is_undefined():
    draws = np.arange(0.0, 1001.0)
    assert middle(draws) == pytest.approx((25.0, 975.0))
    assert middle([*draws, np.nan]) == pytest.approx((25.0, 975.0))
    assert middle(np.column_stack([draws, 2 * draws]), axis=0)[1] == pytest.approx([975.0, 1950.0])


def test_the_middle_draw_is_as_extreme_as_all_and_the_last_as_twice_its_share():
    assert as_extreme([1.0, 2.0, 3.0], 2.0) == 1.0
    assert as_extreme(np.arange(100.0), 99.0) == as_extreme(np.arange(100.0), 0.0) == pytest.approx(0.02)


def test_equal_weights_all_count_and_a_single_heavy_one_counts_alone():
    assert n_independent([0.1] * 10) == pytest.approx(10.0)
    assert n_independent([1.0, 0.0, 0.0]) == 1.0


def test_sorted_uniform_numbers_lie_where_they_do_in_many_draws():
    np.testing.assert_allclose(sorted_uniform(1), [[0.025], [0.975]])
    drawn = np.sort(np.random.default_rng(1).random((40_000, 7)), axis=1)
    np.testing.assert_allclose(sorted_uniform(7), np.quantile(drawn, [0.025, 0.975], axis=0), atol=0.006)
