"""Sensitivity measures against SALib and against the known indices of a function."""

import math

import numpy as np
import pytest
from SALib.analyze import morris as salib_morris
from SALib.sample import morris as salib_sample
from SALib.test_functions import Ishigami
from scipy.stats import qmc, sobol_indices

from abm.study.sensitivity import morris, sobol

PATHS = ("a", "b", "c")
FIRST, TOTAL = (0.3139, 0.4424, 0.0), (0.5576, 0.4424, 0.2437)  # of Ishigami's function, in closed form


def ishigami(shares):
    return Ishigami.evaluate(shares * 2 * math.pi - math.pi)


def by_name(indices, name):
    return {index.path: index for index in indices if index.name == name}


def test_elementary_effects_are_salib_s():
    problem = {"num_vars": 3, "names": list(PATHS), "bounds": [[0.0, 1.0]] * 3}
    shares = salib_sample.sample(problem, 32, num_levels=4, seed=2)
    outputs = ishigami(shares)
    ours = morris(PATHS, shares, outputs[:, None])
    theirs = salib_morris.analyze(problem, shares, outputs, num_levels=4)
    for name in ("mu_star", "mu", "sigma"):
        assert [by_name(ours, name)[path].value for path in PATHS] == pytest.approx(list(theirs[name]))


def drawn(n):
    both = qmc.Sobol(6, rng=np.random.default_rng(1)).random(n)
    a, b = both[:, :3], both[:, 3:]
    return np.concatenate([a, b, *(np.where(np.arange(3) == i, b, a) for i in range(3))])


def test_indices_of_a_known_function_are_found_and_lie_in_their_intervals():
    n = 2048
    found = sobol(PATHS, n, ishigami(drawn(n))[:, None])
    for name, known in (("S1", FIRST), ("ST", TOTAL)):
        for path, value in zip(PATHS, known, strict=True):
            index = by_name(found, name)[path]
            assert index.value == pytest.approx(value, abs=0.03)
            assert index.lo - 0.02 <= value <= index.hi + 0.02


def test_noise_between_replicates_widens_the_intervals():
    n, rng = 256, np.random.default_rng(3)
    quiet = np.repeat(ishigami(drawn(n))[:, None], 4, axis=1)
    noisy = quiet + 3.0 * rng.standard_normal(quiet.shape)
    widths = [by_name(sobol(PATHS, n, values), "ST")["b"] for values in (quiet, noisy)]
    assert widths[1].hi - widths[1].lo > widths[0].hi - widths[0].lo


def test_where_nothing_varies_nothing_matters():
    assert {index.value for index in sobol(PATHS, 8, np.ones((40, 2)))} == {0.0}


def test_indices_are_scipy_s():
    n, rng = 64, np.random.default_rng(5)
    outputs = rng.random((5 * n, 3))
    a, b, *mixed = outputs.reshape(5, n, 3).mean(axis=2)
    theirs = sobol_indices(func={"f_A": a[None], "f_B": b[None], "f_AB": np.array(mixed)[:, None]}, n=n)
    ours = sobol(PATHS, n, outputs)
    for name, known in (("S1", theirs.first_order), ("ST", theirs.total_order)):
        assert [by_name(ours, name)[path].value for path in PATHS] == pytest.approx(known.tolist())


def trajectories(n, seeds=1):
    problem = {"num_vars": 3, "names": list(PATHS), "bounds": [[0.0, 1.0]] * 3}
    shares = salib_sample.sample(problem, n, num_levels=4, seed=2)
    noise = 0.01 * np.random.default_rng(1).standard_normal((len(shares), seeds))
    return shares, ishigami(shares)[:, None] + noise


def values(indices):
    return [(index.path, index.name, index.value, index.lo, index.hi) for index in indices]


def test_an_undefined_run_costs_its_trajectory_alone():
    shares, outputs = trajectories(8)
    gone = outputs.copy()
    gone[5] = np.nan  # of the second trajectory
    kept = np.r_[0:4, 8:32]
    found = morris(PATHS, shares, gone)
    assert values(found) == values(morris(PATHS, shares[kept], outputs[kept]))
    assert {(index.n, index.planned) for index in found} == {(7, 8)}


def test_an_undefined_seed_costs_its_trajectory_under_that_seed_alone():
    shares, outputs = trajectories(8, seeds=2)
    gone = outputs.copy()
    gone[5, 1] = np.nan
    found, whole = morris(PATHS, shares, gone), outputs.copy()
    whole[4:8, 1] = whole[4:8, 0]  # then the mean over seeds is that of the first
    same = morris(PATHS, shares, whole)
    assert [index.value for index in found] == pytest.approx([index.value for index in same])
    assert {index.n for index in found} == {8}


def test_an_undefined_run_costs_its_sample_point_alone():
    n, outputs = 16, ishigami(drawn(16))[:, None]
    gone = outputs.copy()
    gone[2 * n + 3] = np.nan  # the fourth point, its first axis from the other sample
    kept = np.delete(outputs.reshape(5, n, 1), 3, axis=1).reshape(-1, 1)
    found = sobol(PATHS, n, gone)
    assert values(found) == values(sobol(PATHS, n - 1, kept))
    assert {(index.n, index.planned) for index in found} == {(15, 16)}


@pytest.mark.parametrize(
    ("n", "n_gone", "has_index", "has_interval"), [(8, 0, 1, 1), (5, 1, 1, 0), (3, 1, 1, 0), (3, 2, 0, 0)]
)
def test_too_few_trajectories_have_no_interval_and_then_no_index(n, n_gone, has_index, has_interval):
    shares, outputs = trajectories(n)
    outputs[: 4 * n_gone] = np.nan
    found = morris(PATHS, shares, outputs)
    assert bool(found) == has_index
    assert all((index.lo is not None) == has_interval for index in found)


@pytest.mark.parametrize(("n_gone", "has_index", "has_interval"), [(0, 1, 1), (4, 1, 0), (5, 0, 0), (8, 0, 0)])
def test_too_few_sample_points_have_no_interval_and_then_no_index(n_gone, has_index, has_interval):
    outputs = ishigami(drawn(8))[:, None]
    outputs[:n_gone] = np.nan
    found = sobol(PATHS, 8, outputs)
    assert bool(found) == has_index
    assert all((index.lo is not None) == has_interval for index in found)
