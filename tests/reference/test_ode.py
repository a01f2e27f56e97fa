"""Without places and with many cells, the engine follows the well-mixed equations."""

import numpy as np
import pytest

from abm.verify.wells import FULL_SIGNAL, ONE_HIT, finished, mixed, series
from tests.reference import ode

SIGMAS = 4.0


def antibody_error(dt: str) -> dict[str, float]:
    """Return relative errors of the drug's balance at 6 h in a small volume, where cells take most of the drug."""
    kinds = {"antibody_decay": {"half_life": "30 h"}, "binding": {}, "internalisation": {}, "death": {"rate_per_h": 0}}
    scenario = mixed(
        kinds, 4000, duration="6 h", dt=dt, space={"kind": "mixed", "side": "1000 um", "volume": "0.02 uL"}
    )
    world, expected = finished(scenario).world, ode.antibody(scenario, np.array([0.0, 6.0]))
    b = world.populations["b_cells"]
    found = {
        "bound": b.bound_per_cell.mean(),
        "cd20": b.cd20_per_cell.mean(),
        "free": world.pools["antibody_rituximab"],
    }
    found |= {name: world.pools[f"antibody_rituximab_{name}"] for name in ("internalised", "decayed")}
    return {name: value / expected[name][-1] - 1.0 for name, value in found.items()}


def test_drug_that_cells_use_up_follows_the_equations_to_first_order_in_dt():
    coarse, fine = antibody_error("1.5 min"), antibody_error("0.5 min")
    assert all(abs(error) < 0.02 for error in fine.values()), fine
    assert all(abs(fine[name]) < 0.6 * abs(coarse[name]) + 1e-4 for name in fine), (coarse, fine)


def test_bound_antibody_of_lysed_cells_follows_the_equations():
    kinds = {"antibody_decay": {}, "binding": {}, "internalisation": {}, "death": {"rate_per_h": 0.2}}
    scenario = mixed(kinds, 20_000, duration="6 h", dt="1 min")
    world, expected = finished(scenario).world, ode.antibody(scenario, np.array([0.0, 6.0]))
    n, sd = expected["n"][-1], np.sqrt(expected["n"][-1] * (1 - expected["n"][-1] / 20_000))
    assert world.populations["b_cells"].n == pytest.approx(n, abs=SIGMAS * sd)
    lysed = expected["lysed"][-1]
    assert world.pools["antibody_rituximab_lysed"] == pytest.approx(lysed, rel=SIGMAS * sd / (20_000 - n) + 0.002)


COMPLEMENT = {
    "complement_decay": {},
    "binding": {},
    "complement_docking": {},
    "c3b_deposition": {},
    "mac_insertion": {},
}
BOUND = 0.7e5 * 68.97 / (68.97 + 0.8)


def test_c3b_and_pores_have_the_mean_and_variance_of_the_master_equation():
    scenario = mixed(
        COMPLEMENT | {"mac_lysis": {"max_per_h": 0.0}},
        4000,
        duration="1 h",
        dt="0.1 min",
        antibodies={"rituximab": {"kon_per_M_per_s": 1e8}},
    )
    b, expected = (
        finished(scenario).world.populations["b_cells"],
        ode.complexes(scenario, BOUND, np.array([0.0, 1.0]), 400),
    )
    m, p = np.arange(401), expected["mac"][-1]
    mean = m @ p
    variance = (m - mean) ** 2 @ p
    assert b.mac_per_cell.mean() == pytest.approx(mean, rel=0.005, abs=SIGMAS * np.sqrt(variance / b.n))
    assert b.mac_per_cell.var() == pytest.approx(variance, rel=SIGMAS * np.sqrt(2 / b.n) + 0.01)
    assert b.c3b_per_cell.mean() == pytest.approx(expected["c3b"][-1], rel=0.005)


def test_survival_of_complement_is_that_of_the_master_equation():
    scenario = mixed(
        COMPLEMENT | {"mac_lysis": {"mac50_per_cell": 190.0}},
        10_000,
        duration="2 h",
        dt="0.2 min",
        antibodies={"rituximab": {"kon_per_M_per_s": 1e8}},
    )
    simulation = finished(scenario)
    alive, times_h = series(simulation, "n_b_alive") / 10_000, series(simulation, "time_h")
    expected = ode.complexes(scenario, BOUND, times_h, 400)["mac"].sum(axis=1)
    assert 0.02 < expected[-1] < 0.98
    np.testing.assert_allclose(alive, expected, atol=SIGMAS * np.sqrt(0.25 / 10_000) + 0.005)


def test_engagement_killing_division_and_influx_follow_the_equations():
    n = 6000
    kinds = {
        "binding": {},
        "engagement": FULL_SIGNAL | {"rate_per_h": 12.0},
        "killing": ONE_HIT | {"rate_per_h": 1.5},
        "death": {"rate_per_h": 0.05},
        "division": {"rate_per_h": 0.1},
        "influx": {"rate_per_h": 300.0},
    }
    scenario = mixed(kinds, n, nk_per_b=0.5, duration="4 h", dt="0.25 min")
    simulation = finished(scenario)
    nk = simulation.world.populations["nk_cells"]
    expected = ode.conjugates(scenario, series(simulation, "time_h"), int(nk.is_killer.sum()))
    sd = SIGMAS * np.sqrt(n)
    np.testing.assert_allclose(series(simulation, "n_b_alive"), expected["n"], atol=sd)
    np.testing.assert_allclose(series(simulation, "deaths_adcc"), expected["killed"], atol=sd)
    np.testing.assert_allclose(series(simulation, "deaths_background"), expected["died"], atol=sd)
    free = expected["free_killers"] + expected["free_others"]
    np.testing.assert_allclose(series(simulation, "n_nk_engaged"), nk.n - free, atol=sd)
