"""Without places and with few cells, the engine has the distribution of Gillespie's exact simulation."""

import math

import numpy as np
import pytest
from scipy.stats import ks_2samp

from tests.reference.mixed import FULL_SIGNAL, ONE_HIT, mixed, run
from tests.reference.ssa import Exact, Rates

N_RUNS = 100
SIGMAS = 4.0
LEAST_P = 1e-4


def both(scenario, rates, causes):
    """Return survivors and deaths by cause of many runs, columns in order: the engine's, the exact ones."""
    rng, found, exact = np.random.default_rng(7), [], []
    cells = scenario.populations
    for replicate in range(N_RUNS):
        world = run(scenario, replicate).world
        nk = world.populations["nk_cells"]
        found.append([world.populations["b_cells"].n, *(world.tallies.get(f"b_cells.deaths_{c}", 0) for c in causes)])
        killers = int(nk.is_killer.sum()) if nk.n else 0
        one = Exact(rates, cells.b_cells.n, killers, nk.n - killers, rng).run(scenario.duration)
        exact.append([len(one.targets), *(one.deaths[c] for c in causes)])
    return np.array(found), np.array(exact)


def assert_same_law(found, exact):
    """Compare means, spreads and distributions of integer columns."""
    for a, b in zip(found.T, exact.T, strict=True):
        error = math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / N_RUNS)
        assert a.mean() == pytest.approx(b.mean(), abs=SIGMAS * error)
        assert a.var(ddof=1) == pytest.approx(b.var(ddof=1), rel=SIGMAS * 2.0 / math.sqrt(N_RUNS))
        assert ks_2samp(a, b).pvalue > LEAST_P


def test_few_conjugates_kill_like_the_exact_simulation():
    kinds = {
        "binding": {},
        "engagement": FULL_SIGNAL | {"rate_per_h": 102.0, "unbinding_per_h": 1.5},
        "killing": ONE_HIT | {"rate_per_h": 2.0},
        "death": {"rate_per_h": 0.05},
        "division": {"rate_per_h": 0.1},
        "influx": {"rate_per_h": 2.0},
    }
    space = {"kind": "mixed", "side": "600 um", "volume": "1000 uL"}
    scenario = mixed(kinds, 30, nk_per_b=0.4, duration="3 h", dt="1 min", space=space)
    meet = 102.0 * math.pi * 100.0 / 600.0**2
    rates = Rates(meet, unbinding=1.5, hit=2.0, death=0.05, division=0.1, influx=2.0)
    found, exact = both(scenario, rates, ("adcc", "background"))
    assert_same_law(found, exact)
    assert exact[:, 1].mean() > 5.0


def test_few_cells_under_complement_and_nk_cells_die_like_the_exact_simulation():
    kinds = {
        "binding": {},
        "complement_docking": {"max_per_h": 60.0, "rho50_per_cell": 72_000.0, "steepness": 3.8},
        "mac_insertion": {"per_event": 1.0, "repair_per_h": 1.5},
        "mac_lysis": {"max_per_h": 2.0, "mac50_per_cell": 12.0, "steepness": 4.0},
        "engagement": FULL_SIGNAL | {"rate_per_h": 102.0, "unbinding_per_h": 0.6},
        "killing": ONE_HIT | {"rate_per_h": 2.7},
        "death": {"rate_per_h": 0.05},
    }
    space = {"kind": "mixed", "side": "600 um", "volume": "1000 uL"}
    scenario = mixed(kinds, 30, nk_per_b=0.2, duration="2 h", dt="1 min", space=space)
    per_event = 0.25 / (0.25 + 0.10)
    bound = 0.7e5 * 68.97 / (68.97 + 0.8)
    docking = 60.0 * (0.25 / 0.30) * (0.25 / 0.35) * (0.25 / 0.30) / (1.0 + (72_000.0 / bound) ** 3.8)
    rates = Rates(
        102.0 * math.pi * 100.0 / 600.0**2,
        unbinding=0.6,
        hit=2.7,
        death=0.05,
        docking=docking,
        mac_per_event=per_event,
        repair=1.5,
        lysis=(2.0, 12.0, 4.0),
    )
    found, exact = both(scenario, rates, ("adcc", "cdc", "background"))
    assert_same_law(found, exact)
    assert exact[:, 1:3].mean(axis=0).min() > 2.0
