"""Without places and with few cells, the engine has the distribution of Gillespie's exact simulation."""

import math

import pytest

from abm.verify.check import SIGMAS
from abm.verify.exact_chance import all_causes, conjugates, same_law

N_RUNS = 100


def assert_same_law(counts):
    """Hold means and distributions together as an installation is held, and spreads besides."""
    for check in same_law(counts):
        assert check.verdict == "passed", check
    for found, exact in counts.values():
        assert found.var(ddof=1) == pytest.approx(exact.var(ddof=1), rel=SIGMAS * 2.0 / math.sqrt(N_RUNS))


def test_few_conjugates_kill_like_the_exact_simulation():
    counts = conjugates(N_RUNS)
    assert_same_law(counts)
    assert counts["adcc"][1].mean() > 5.0


def test_few_cells_under_complement_and_nk_cells_die_like_the_exact_simulation():
    counts = all_causes(N_RUNS)
    assert_same_law(counts)
    assert min(counts[cause][1].mean() for cause in ("adcc", "cdc")) > 2.0
