"""Wells of few cells against Gillespie's exact stochastic simulation: the same chances, not only the same means."""

import math

import numpy as np
from scipy.stats import ks_2samp

from abm.scenario.schema import Scenario
from abm.verify.check import OF_LAWS, SIGMAS, Case, Check, farthest
from abm.verify.closed_forms import IN_SERUM, NM, docking_per_h
from abm.verify.ssa import Exact, Rates
from abm.verify.wells import FULL_SIGNAL, ONE_HIT, finished, law_of, mixed

N_RUNS = 60
SPACE = {"kind": "mixed", "side": "600 um", "volume": "1000 uL"}
MEET_PER_H = 102.0 * math.pi * 100.0 / 600.0**2
WORDS = {
    "alive": "B cells left",
    "adcc": "killed by NK cells",
    "cdc": "killed by complement",
    "background": "died anyhow",
}


def both(scenario: Scenario, rates: Rates, causes: tuple[str, ...], n_runs: int) -> dict[str, np.ndarray]:
    """Return survivors and deaths by cause of many runs: a row of the engine's, a row of the exact ones."""
    rng, found, exact = np.random.default_rng(7), [], []
    cells = scenario.populations
    for replicate in range(n_runs):
        world = finished(scenario, replicate=replicate).world
        nk = world.populations["nk_cells"]
        found.append([world.populations["b_cells"].n, *(world.tallies.get(f"b_cells.deaths_{c}", 0) for c in causes)])
        killers = int(nk.is_killer.sum()) if nk.n else 0
        one = Exact(rates, cells.b_cells.n, killers, nk.n - killers, rng).run(scenario.duration)
        exact.append([len(one.targets), *(one.deaths[c] for c in causes)])
    return dict(zip(("alive", *causes), np.array([found, exact]).transpose(2, 0, 1), strict=True))


def same_law(counts: dict[str, np.ndarray]) -> list[Check]:
    """Compare means, and the whole distributions, of what two ways of simulating count."""
    checks = []
    for name, (found, exact) in counts.items():
        n = found.size
        error = SIGMAS * math.sqrt((found.var(ddof=1) + exact.var(ddof=1)) / n)
        reason = f"4 standard errors of the difference of {n} and {n} runs"
        far = float(ks_2samp(found, exact).statistic)
        checks += [
            Check(f"{WORDS[name]}, mean", "cells", float(found.mean()), float(exact.mean()), error, reason),
            Check(
                "distance of the two distributions (Kolmogorov and Smirnov)", "", far, 0.0, farthest(n / 2.0), OF_LAWS
            ),
        ]
    return checks


def conjugates(n_runs: int = N_RUNS) -> dict[str, np.ndarray]:
    """Count where few NK cells engage and kill few targets that also divide, die and come."""
    kinds = {
        "binding": {},
        "engagement": FULL_SIGNAL | {"rate_per_h": 102.0, "unbinding_per_h": 1.5},
        "killing": ONE_HIT | {"rate_per_h": 2.0},
        "death": {"rate_per_h": 0.05},
        "division": {"rate_per_h": 0.1},
        "influx": {"rate_per_h": 2.0},
    }
    scenario = mixed(kinds, 30, nk_per_b=0.4, duration="3 h", dt="1 min", space=SPACE)
    rates = Rates(MEET_PER_H, unbinding=1.5, hit=2.0, death=0.05, division=0.1, influx=2.0)
    return both(scenario, rates, ("adcc", "background"), n_runs)


def all_causes(n_runs: int = N_RUNS) -> dict[str, np.ndarray]:
    """Count where few cells are under complement and NK cells at once."""
    kinds = {
        "binding": {},
        "complement_docking": {"max_per_h": 60.0, "rho50_per_cell": 72_000.0, "steepness": 3.8},
        "mac_insertion": {"per_event": 1.0, "repair_per_h": 1.5},
        "mac_lysis": {"max_per_h": 2.0, "mac50_per_cell": 12.0, "steepness": 4.0},
        "engagement": FULL_SIGNAL | {"rate_per_h": 102.0, "unbinding_per_h": 0.6},
        "killing": ONE_HIT | {"rate_per_h": 2.7},
        "death": {"rate_per_h": 0.05},
    }
    scenario = mixed(kinds, 30, nk_per_b=0.2, duration="2 h", dt="1 min", space=SPACE)
    bound = 0.7e5 * NM / (NM + scenario.antibodies.rituximab.kd_nM)
    rates = Rates(
        MEET_PER_H,
        unbinding=0.6,
        hit=2.7,
        death=0.05,
        docking=docking_per_h(scenario, bound, dict.fromkeys(("c1q", "c2c4", "c3"), IN_SERUM)),
        mac_per_event=IN_SERUM / (IN_SERUM + law_of(scenario, "mac_insertion").half_c5c9_frac),
        repair=1.5,
        lysis=(2.0, 12.0, 4.0),
    )
    return both(scenario, rates, ("adcc", "cdc", "background"), n_runs)


CASES: dict[str, Case] = {
    "exact-conjugates": lambda: same_law(conjugates()),
    "exact-all-causes": lambda: same_law(all_causes()),
}
