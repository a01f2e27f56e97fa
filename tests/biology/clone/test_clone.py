"""Death, division and influx as processes of a well. Bounds are 4.5 standard errors or p = 1e-5."""

import math

import numpy as np
import pytest
from scipy import stats

MANY = {"populations": {"b_cells": {"n": 10_000}}, "duration": "10 h"}


def end(culture, processes, dt, changes=MANY):
    sim = culture(processes, (), changes | {"dt": dt})
    sim.run()
    return sim.world


@pytest.mark.parametrize("dt", ["1 h", "6 min"])
def test_background_death_leaves_its_exponential_share(culture, dt):
    world = end(culture, {"death": {"rate_per_h": 0.1}}, dt)
    p = math.exp(-1.0)
    assert world.populations["b_cells"].n == pytest.approx(10_000 * p, abs=4.5 * math.sqrt(10_000 * p * (1 - p)))
    assert world.tallies["b_cells.deaths_background"] == world.tallies["b_cells.lysed"]


@pytest.mark.parametrize("dt", ["1 h", "6 min"])
@pytest.mark.parametrize(("birth", "death"), [(0.1, 0.1), (0.1, 0.05)])
def test_division_and_death_are_a_linear_birth_death_process(culture, dt, birth, death):
    world = end(culture, {"division": {"rate_per_h": birth}, "death": {"rate_per_h": death}}, dt)
    growth = math.exp(10 * (birth - death))
    variance = 20 * birth if birth == death else (birth + death) / (birth - death) * growth * (growth - 1)
    assert world.populations["b_cells"].n / 10_000 == pytest.approx(growth, abs=4.5 * math.sqrt(variance / 10_000))


def test_rates_are_the_resting_values_of_their_columns_also_for_newcomers(culture):
    processes = {"death": {"rate_per_h": 0.07}, "division": {"rate_per_h": 0.02}}
    b = culture(processes, [{"b_cells": 5, "at": "10 min"}]).world.populations["b_cells"]
    for _ in range(2):
        b.add(50, {})
        assert set(b.hazard_background_per_h) == {0.07}
        assert set(b.division_per_h) == {0.02}
        b.reset()


def test_two_causes_of_death_compete(culture):
    processes = {"death": {"rate_per_h": 0.1}, "drug": {"kind": "death", "cause": "drug", "rate_per_h": 0.3}}
    tallies = end(culture, processes, "1 h").tallies
    n = tallies["b_cells.lysed"]
    assert tallies["b_cells.deaths_drug"] == pytest.approx(0.75 * n, abs=4.5 * math.sqrt(0.1875 * n))
    assert tallies["b_cells.deaths_drug"] + tallies["b_cells.deaths_background"] == n


@pytest.mark.parametrize("dt", ["1 h", "6 min"])
def test_influx_against_death_reaches_its_balance(culture, dt):
    empty = {"populations": {"b_cells": {"n": 0}}, "duration": "10 h"}
    world = end(culture, {"influx": {"rate_per_h": 5000.0}, "death": {"rate_per_h": 0.5}}, dt, empty)
    mean = 10_000 * -math.expm1(-5.0)
    assert world.populations["b_cells"].n == pytest.approx(mean, abs=4.5 * math.sqrt(mean))
    assert world.tallies["b_cells.entered"] == pytest.approx(50_000, abs=4.5 * math.sqrt(50_000))


def test_arrivals_are_poisson_in_number_and_even_in_time(culture):
    sim = culture({"influx": {"rate_per_h": 180.0}}, (), {"populations": {"b_cells": {"n": 0}}, "duration": "10 h"})
    counts = []
    sim.run(lambda sim: counts.append(sim.world.tallies["b_cells.entered"]))
    per_step = np.diff([0, *counts])
    table = np.bincount(np.minimum(per_step, 7), minlength=8)
    expected = 600 * np.array([*stats.poisson(3).pmf(range(7)), stats.poisson(3).sf(6)])
    assert stats.chisquare(table, expected).pvalue > 1e-5


def test_newcomers_are_cells_like_the_others(culture):
    world = end(culture, {"influx": {"rate_per_h": 200.0}}, "1 h")
    b = world.populations["b_cells"]
    assert b.n > 11_500
    assert stats.ks_2samp(b.cd55[:10_000], b.cd55[10_000:]).pvalue > 1e-5
    assert (b.cohort == 0).all()
    assert stats.kstest(b.x_um[10_000:] / 400, "uniform").pvalue > 1e-5


def test_nk_cells_can_die_and_divide_too(culture):
    processes = {
        "death": {"population": "nk_cells", "rate_per_h": 0.5},
        "division": {"population": "nk_cells", "rate_per_h": 0.2},
    }
    cells = {"populations": {"b_cells": {"n": 10}, "nk_cells": {"per_b_cell": 100}}, "duration": "2 h"}
    world = end(culture, processes, "30 min", cells)
    nk, tally = world.populations["nk_cells"], world.tallies
    assert nk.n == tally["nk_cells.entered"] + tally["nk_cells.born"] - tally["nk_cells.lysed"]
    assert nk.n == pytest.approx(
        1000 * math.exp(-0.6), abs=4.5 * math.sqrt(1000 * 7 / 3 * math.exp(-0.6) * (1 - math.exp(-0.6)))
    )
    assert world.populations["b_cells"].n == 10


def test_daughters_share_antibody_cd20_and_c3b_in_halves(culture, alike):
    processes = {"binding": {}, "c3b_deposition": {"loss_per_h": 0.0}, "division": {"rate_per_h": 2.0}}
    sim = culture(processes, (), {"populations": {"b_cells": alike(100)}, "dt": "10 min"})
    b = sim.world.populations["b_cells"]
    b.c3b_per_cell[:] = 1000.0
    sim.run()
    assert b.n > 300
    assert b.c3b_per_cell.sum() == 100_000.0
    assert b.cd20_per_cell == pytest.approx(152 * b.c3b_per_cell)
    assert set(b.hits_needed) == {1.0}
