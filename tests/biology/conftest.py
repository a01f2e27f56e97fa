"""One process acting once, and sampling bounds."""

import math

import pytest


@pytest.fixture(scope="session")
def act():
    """Return the function that lets one process of a well act for one step."""

    def step(sim, name, dt_h=1 / 60):
        sim.world.dt_h = dt_h
        sim.processes[name].step(sim.world, sim.world.key(name))

    return step


@pytest.fixture(scope="session")
def until():
    """Return the function that moves a well to a moment and yields it."""

    def run(sim, t_h):
        while sim.world.t_h < t_h - 1e-6:
            sim.step()
        return sim

    return run


@pytest.fixture(scope="session")
def near():
    """Return a bound for a mean of ``n`` draws with this standard deviation: 4.5 standard errors."""

    def bound(expected, deviation, n):
        return pytest.approx(expected, abs=4.5 * deviation / math.sqrt(n))

    return bound
