"""Sensitivity measures against SALib and against the known indices of a function."""

import math

import numpy as np
import pytest
from SALib.analyze import morris as salib_morris
from SALib.sample import morris as salib_sample
from SALib.test_functions import Ishigami
from scipy.stats import qmc

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
