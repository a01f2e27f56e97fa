"""Diffusion on the voxel grid against its closed solutions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.core.fields import Field

WALLS = pytest.mark.parametrize("periodic", [False, True])


def point(n, periodic, row, column, side_um=1000.0):
    field = Field(n, side_um, periodic)
    field.divide()[row, column] = 1.0
    return field


def centres_um(field):
    return (np.arange(field.n_voxels) + 0.5) * field.voxel_um


@WALLS
@given(st.integers(2, 24), st.floats(0, 1e6), st.floats(1e-6, 1e6), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_mass_balances_and_nothing_overshoots_at_any_step(periodic, n, diffusion, dt_h, seed):
    field = Field(n, 500.0, periodic)
    field.values = np.random.default_rng(seed).exponential(size=(n, n))
    mass, low, high = field.values.sum(), field.values.min(), field.values.max()
    field.diffuse(diffusion, dt_h)
    assert field.values.sum() == pytest.approx(mass, rel=1e-10)
    assert field.values.min() >= low - 1e-12 * high
    assert field.values.max() <= high * (1 + 1e-12)


@WALLS
def test_a_point_spreads_as_ficks_gaussian(periodic):
    field = point(101, periodic, 50, 50)
    diffusion, t_h = 500.0, 4.0
    for _ in range(8):
        field.diffuse(diffusion, t_h / 8)
    x = centres_um(field) - 500.0
    variance = 2 * diffusion * t_h
    gaussian = (
        field.voxel_um**2 * np.exp(-(x[:, None] ** 2 + x[None, :] ** 2) / (2 * variance)) / (2 * np.pi * variance)
    )
    assert field.values == pytest.approx(gaussian, abs=0.01 * gaussian.max())
    assert field.values.sum(axis=0) @ x**2 == pytest.approx(variance, rel=1e-6)


@WALLS
def test_many_short_steps_equal_one_long_step(periodic):
    short, long = point(20, periodic, 3, 7), point(20, periodic, 3, 7)
    for _ in range(50):
        short.diffuse(3e4, 0.02)
    long.diffuse(3e4, 1.0)
    assert short.values == pytest.approx(long.values, rel=1e-9)


def test_a_cosine_between_reflecting_walls_decays_at_its_own_rate():
    field, diffusion, dt_h = Field(64, 1000.0, periodic=False), 1e4, 2.0
    wave = np.cos(np.pi * centres_um(field) / 1000.0)
    field.values = 2.0 + np.tile(wave, (64, 1))
    field.diffuse(diffusion, dt_h)
    factor = np.exp(-diffusion * (np.pi / 1000.0) ** 2 * dt_h)
    assert field.values == pytest.approx(2.0 + factor * np.tile(wave, (64, 1)), abs=1e-4)


def test_walls_reflect_and_periodic_sides_are_joined():
    reflecting, periodic = point(30, False, 0, 15), point(30, True, 0, 15)
    for field in (reflecting, periodic):
        field.diffuse(1e4, 0.2)
    assert reflecting.values[29, 15] < 1e-4 * reflecting.values[1, 15]
    assert periodic.values[29, 15] == pytest.approx(periodic.values[1, 15], rel=1e-9)


@WALLS
def test_everything_is_even_in_the_end(periodic):
    field = point(16, periodic, 2, 5)
    field.diffuse(1e9, 1e3)
    assert field.values == pytest.approx(np.full((16, 16), 1 / 256), rel=1e-9)


def test_a_step_of_another_length_or_constant_is_not_taken_from_memory():
    field, fresh = point(12, False, 4, 4), point(12, False, 4, 4)
    field.diffuse(1e4, 0.1)
    field.diffuse(2e4, 0.1)
    field.diffuse(2e4, 0.3)
    fresh.diffuse(1e4, 0.9)
    assert field.values == pytest.approx(fresh.values, rel=1e-9)


def test_a_single_voxel_is_mixed():
    field = Field(1, 1000.0, periodic=False)
    field.values[:] = 3.0
    field.diffuse(1e5, 1.0)
    assert field.values.tolist() == [[3.0]]


def test_an_even_field_is_one_number_until_it_is_divided():
    field, x, y = Field(4, 100.0, periodic=False), np.array([10.0, 60.0, 99.0]), np.array([30.0, 60.0, 1.0])
    field.values += 3.0
    field.diffuse(1e5, 1.0)
    assert (field.is_even, field.values.shape, field.mean) == (True, (1, 1), 3.0)
    assert field.map.tolist() == np.full((4, 4), 3.0).tolist()
    assert (field.at(x, y).tolist(), field.count(x, y).tolist()) == ([3.0] * 3, [[3.0]])
    field.divide()[1, 0] += 16.0
    assert field.divide() is field.values
    assert (field.is_even, field.mean) == (False, 4.0)
    assert field.at(x, y).tolist() == [19.0, 3.0, 3.0]
    assert np.flatnonzero(field.count(x, y)).tolist() == [3, 4, 10]
    assert np.array_equal(field.map, field.values)


@pytest.mark.parametrize("is_even", [True, False])
def test_a_share_that_is_taken_leaves_the_rest(is_even):
    field = Field(2, 100.0, periodic=False)
    field.values += 8.0
    share = 0.25 if is_even else np.array([[0.0, 0.5], [0.25, 1.0]])
    values = field.values if is_even else field.divide()
    assert field.take(share) == 8.0 * np.mean(share)
    assert values.tolist() == (8.0 * (1.0 - np.atleast_2d(share))).tolist()


def test_cells_read_the_voxel_they_are_in_and_those_on_the_wall_the_last():
    field = Field(4, 100.0, periodic=False)
    field.values = np.arange(16.0).reshape(4, 4)
    x, y = np.array([0.0, 24.9, 25.0, 100.0, 60.0]), np.array([0.0, 0.0, 0.0, 100.0, 30.0])
    assert field.at(x, y).tolist() == [0.0, 0.0, 1.0, 15.0, 6.0]
    assert field.values.ravel()[field.voxel_of(x, y)].tolist() == field.at(x, y).tolist()
