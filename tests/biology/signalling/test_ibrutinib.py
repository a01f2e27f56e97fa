"""Ibrutinib and BTK against closed forms and an independent integrator."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from abm.scenario.build import Subject, build
from abm.scenario.schema import Scenario

DAY = 24.0


def course(add, days=30, dt="12 h", looks="12 h", seed=1, **law):
    """Return what the probe saw of a patient whose only process is the drug, and its simulation."""
    data = {
        "name": "btk",
        "seed": seed,
        "duration": f"{days} d",
        "dt": dt,
        "space": {"kind": "body"},
        "populations": {"b_cells": {"kind": "cll_clone", "cells_per_agent": 1e12}},
        "processes": {"drug": {"kind": "ibrutinib"} | law, "signalling": {"kind": "bcr_signalling"}},
        "arms": {"arm": {"add": add}},
        "end_points": {"kind": "lymphocytes"},
        "probes": {"counts": None, "patient": {"every": looks}},
    }
    simulation = build(Scenario.model_validate(data), Subject("arm", 0))
    simulation.run()
    rows = simulation.records["patient"]
    return np.array([rows[step]["btk_free"] for step in sorted(rows)]), simulation


def test_one_dose_leaves_what_the_law_says():
    # the patient takes one dose, at 0; next day there is none
    free, sim = course(
        [{"ibrutinib": "160 mg"}, {"ibrutinib": "0 mg", "at": "1 h"}], 1, "1 h", "1 h", resynthesis="1e-9 /h"
    )
    t = np.arange(free.size)
    expected = np.exp(-160.0 / 80.0 * (1.0 - 0.5 ** (t / 6.0)))
    assert free == pytest.approx(expected, rel=1e-6)
    assert sim.world.pools["ibrutinib_mg"] == pytest.approx(160.0 * 0.5**4, rel=1e-12)


def test_btk_comes_back_at_the_rate_of_its_synthesis():
    free, _ = course([{"ibrutinib": "420 mg"}, {"ibrutinib": "0 mg", "at": "10 d"}], 60)
    after = free[2 * 20 :]  # ten days after the last dose there is no drug
    t_d = 0.5 * np.arange(after.size)
    assert 1.0 - after == pytest.approx((1.0 - after[0]) * np.exp(-0.134 * t_d), rel=1e-3)


@pytest.mark.parametrize("dt", ["4 h", "12 h"])
def test_daily_doses_agree_with_an_independent_integrator(dt):
    free, _ = course([{"ibrutinib": "420 mg"}], 10, dt, "12 h")
    k, r, f = math.log(2.0) / 6.0, 0.134 / DAY, 1.0
    expected, amount = [1.0], 0.0
    for half_day in range(20):
        amount += 420.0 if half_day % 2 == 0 else 0.0
        ode = solve_ivp(
            lambda t, y: [-k * y[0], r * (1.0 - y[1]) - k * y[0] / 80.0 * y[1]],
            (0.0, 12.0), [amount, f], rtol=1e-9, atol=1e-12,
        )  # fmt: skip
        amount, f = ode.y[:, -1]
        expected.append(f)
    assert free == pytest.approx(expected, abs=1e-3)
    assert free[-1] < 0.1


def test_what_was_taken_is_in_the_body_or_gone():
    _, sim = course([{"ibrutinib": "420 mg"}], 30)
    pools = sim.world.pools
    assert pools["ibrutinib_dosed_mg"] == pytest.approx(30 * 420.0, rel=1e-12)
    assert pools["ibrutinib_mg"] + pools["ibrutinib_eliminated_mg"] == pytest.approx(30 * 420.0, rel=1e-12)


def test_a_lower_dose_a_stop_and_a_late_start_are_kept():
    add = [
        {"ibrutinib": "420 mg", "at": "2 d"},
        {"ibrutinib": "140 mg", "at": "6 d"},
        {"ibrutinib": "0 mg", "at": "9 d"},
    ]
    free, sim = course(add, 20)
    assert sim.world.pools["ibrutinib_dosed_mg"] == pytest.approx(4 * 420.0 + 3 * 140.0, rel=1e-12)
    assert (free[: 2 * 2 + 1] == 1.0).all()


def test_missed_doses_are_a_share_and_the_same_days_at_any_step():
    taken = {dt: course([{"ibrutinib": "100 mg", "missed": 0.3}], 300, dt, "12 h")[1].world.pools["ibrutinib_dosed_mg"]
             for dt in ("4 h", "12 h")}  # fmt: skip
    assert taken["4 h"] == taken["12 h"]
    assert taken["4 h"] / 100.0 == pytest.approx(210, abs=4 * math.sqrt(300 * 0.21))
    assert taken["4 h"] % 100.0 == 0.0
    days = [course([{"ibrutinib": "100 mg", "missed": 0.3}], 20, seed=seed)[0].tolist() for seed in (1, 1, 2)]
    assert days[0] == days[1] != days[2]
