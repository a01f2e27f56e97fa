"""What theory says about single mechanisms: walks, diffusion, contact, hits, birth and death."""

import math

import numpy as np
import pytest
from scipy.stats import gamma, kstest

from abm.core.fields import Field
from tests.reference.mixed import FULL_SIGNAL, ONE_HIT, mixed, run, series

SIGMAS = 4.0
FLOOR = {"kind": "floor", "side": "2000 um", "volume": "1000 uL", "walls": "periodic"}


@pytest.mark.parametrize("walls", ["periodic", "reflecting"])
def test_mean_squared_displacement_of_a_persistent_walk(walls):
    speed, tau, hours = 2.7 * 60.0, 5.0 / 60.0, 1.0
    kinds = {"motility": {"speed_um_per_min": 2.7, "persistence": "5 min"}}
    space = FLOOR | {"side": "20 mm", "walls": walls}
    simulation = run(mixed(kinds, 100, nk_per_b=200, duration="1 h", dt="0.25 min", space=space))
    nk = simulation.world.populations["nk_cells"]
    moved = displacement(simulation, nk)
    expected = 2.0 * speed**2 * tau * (hours - tau * (1.0 - math.exp(-hours / tau)))
    squared = (moved**2).sum(axis=0)
    assert squared.mean() == pytest.approx(expected, rel=0.01, abs=SIGMAS * squared.std() / math.sqrt(nk.n))
    assert np.abs(moved.mean(axis=1)).max() < SIGMAS * moved.std() / math.sqrt(nk.n)


def displacement(simulation, nk):
    """Return how far every NK cell came, x and y; those that met a wall of a reflecting floor are left out."""
    start = run(mixed({"motility": {}}, 100, nk_per_b=200, duration="1e-4 h", dt="1e-4 h", space=space_of(simulation)))
    first, side = start.world.populations["nk_cells"], simulation.world.space.side
    row = np.argsort(first.uid)[nk.uid]
    moved = np.stack([nk.x_um - first.x_um[row], nk.y_um - first.y_um[row]])
    if simulation.world.space.is_periodic:
        return moved - side * np.round(moved / side)
    far = 200.0
    inside = (first.x_um[row] > far) & (first.x_um[row] < side - far)
    inside &= (first.y_um[row] > far) & (first.y_um[row] < side - far)
    return moved[:, inside]


def space_of(simulation):
    """Return the space of a simulation as a mapping."""
    space = simulation.world.space
    return FLOOR | {"side": f"{space.side} um", "walls": space.walls}


def test_a_drop_spreads_as_fick_says():
    field = Field(101, 1010.0, periodic=False)
    field.divide()[50, 50] = 1.0
    for _ in range(20):
        field.diffuse(4000.0, 0.05)
    place = (np.arange(101) - 50) * 10.0
    gaussian = np.exp(-(place**2) / (4.0 * 4000.0)) / math.sqrt(4.0 * math.pi * 4000.0) * 10.0
    np.testing.assert_allclose(field.values, np.outer(gaussian, gaussian), atol=0.005 * gaussian.max() ** 2)
    assert field.values.sum(axis=0) @ place**2 == pytest.approx(2.0 * 4000.0, rel=1e-6)
    assert field.values.sum() == pytest.approx(1.0, rel=1e-12)


def test_resting_nk_cells_engage_what_they_touch_at_the_stated_hazard():
    engagement = FULL_SIGNAL | {"rate_per_h": 2.0, "unbinding_per_h": 0.0, "max_per_target": 20}
    kinds = {"binding": {}, "engagement": engagement}
    scenario = mixed(kinds, 20_000, nk_per_b=1, duration="1.5 h", dt="0.5 min", space=FLOOR)
    simulation = run(scenario)
    touched = 20_000 * math.pi * 10.0**2 / 2000.0**2
    times_h = series(simulation, "time_h")
    free = np.exp(-touched * (1.0 - np.exp(-2.0 * times_h)))
    found = 1.0 - series(simulation, "n_nk_engaged") / 20_000
    np.testing.assert_allclose(found, free, atol=SIGMAS * math.sqrt(0.25 / 20_000))
    mean_engaged = simulation.world.populations["b_cells"].n_engaged.mean()
    assert mean_engaged == pytest.approx(1.0 - found[-1], rel=1e-12)


@pytest.mark.parametrize("needed", [1.0, 3.0])
def test_an_engaged_target_falls_when_its_number_of_hits_has_come(needed):
    kinds = {
        "binding": {},
        "engagement": FULL_SIGNAL | {"rate_per_h": 10_000.0, "unbinding_per_h": 0.0, "max_per_target": 1},
        "killing": ONE_HIT | {"rate_per_h": 3.0, "lag": "48 h"},
    }
    space = {"kind": "mixed", "side": "1000 um", "volume": "1000 uL"}
    scenario = mixed(kinds, 4000, nk_per_b=1, hits_needed=needed, duration="2 h", dt="0.2 min", space=space)
    world = run(scenario).world
    times_h, law = world.deaths["b_cells"].time_h, gamma(needed, scale=1.0 / 3.0)
    expected = world.populations["nk_cells"].is_killer.sum() * law.cdf(2.0)
    assert times_h.size == pytest.approx(expected, abs=SIGMAS * math.sqrt(expected))
    assert kstest(times_h, lambda t: law.cdf(t) / law.cdf(2.0)).pvalue > 1e-4


def test_birth_death_and_influx_are_exact_for_long_steps():
    birth, death, influx, n, hours = 0.4, 0.6, 160.0, 2000, 1.5
    kinds = {"death": {"rate_per_h": death}, "division": {"rate_per_h": birth}, "influx": {"rate_per_h": influx}}
    scenario = mixed(kinds, n, duration=f"{hours} h", dt="15 min")
    last = [run(scenario, replicate).world.populations["b_cells"].n for replicate in range(200)]
    growth = math.exp((birth - death) * hours)
    mean = n * growth + influx * (growth - 1.0) / (birth - death)
    variance = n * (birth + death) / (birth - death) * growth * (growth - 1.0) + influx_variance(
        birth, death, influx, hours
    )
    assert np.mean(last) == pytest.approx(mean, abs=SIGMAS * math.sqrt(variance / 200))
    assert np.var(last, ddof=1) == pytest.approx(variance, rel=SIGMAS * math.sqrt(2.0 / 200))


def influx_variance(birth, death, influx, hours):
    """Return the variance of all that came and of their descendants: that of a negative binomial."""
    growth = math.exp((birth - death) * hours)
    mean = influx * (growth - 1.0) / (birth - death)
    return mean * (birth * growth - death) / (birth - death)
