"""Growth of the clone by either law: its closed form, its capacity, and subclones that grow at rates of their own."""

import math

import numpy as np
import pytest

from abm.biology.patient.balance import balance
from abm.biology.patient.gompertz_growth import GompertzGrowth
from abm.biology.patient.growth import grow
from abm.biology.patient.logistic_growth import LogisticGrowth
from abm.core.errors import InputError
from abm.core.stack import stack
from abm.document.load import Document, validate
from abm.scenario.schema import Scenario

CELLS, DAY_H = 4.3e11, 24.0
LAWS = {
    "in_cells": {"kind": "logistic_growth", "rate": "0.01 /d", "capacity_cells": 3e12},
    "relative": {"kind": "logistic_growth", "rate": "0.01 /d", "rel_capacity": 2.0},
    "gompertz": {"kind": "gompertz_growth", "rate": "0.004 /d", "capacity_cells": 1.2e12},
    "crowded": {"kind": "gompertz_growth", "rate": "0.004 /d", "capacity_cells": 1e11},
}
each_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)


def grower(law):
    """Return the law of growth itself."""
    cls = GompertzGrowth if law["kind"] == "gompertz_growth" else LogisticGrowth
    return cls.model_validate(law)


def clone(culture, law, n=20, dt="4 h", **cells):
    """Return an untreated patient in whom the clone grows."""
    own = {"kind": "clone", "cells": CELLS, "cells_per_agent": CELLS / n, **cells}
    base = {"duration": "2000 d", "dt": dt, "space": {"kind": "body"}, "populations": {"b_cells": own}}
    return culture({"growth": law}, [], base | {"probes": {"counts": None, "patient": {"every": "7 d"}}})


def burden(sim):
    """Return all cells of the clone."""
    b = sim.world.populations["b_cells"]
    return float((b.accessible_cells + b.niche_cells).sum())


@each_law
@pytest.mark.parametrize("n", [1, 50])
def test_a_clone_grows_by_its_closed_form_whatever_the_number_of_agents(culture, until, law, n):
    sim = clone(culture, law, n)
    for days in (40, 400, 2000):
        expected = grower(law).grown(CELLS, DAY_H * days)
        assert burden(until(sim, DAY_H * days)) == pytest.approx(expected, rel=1e-3)


def test_a_gompertz_step_of_any_length_is_exact(culture, until):
    coarse = clone(culture, LAWS["gompertz"], dt="24 h")
    expected = 1.2e12 * (CELLS / 1.2e12) ** math.exp(-0.004 * 400)
    assert burden(until(coarse, DAY_H * 400)) == pytest.approx(expected, rel=1e-12)


@each_law
def test_the_closed_form_solves_its_equation_both_ways(law):
    one = grower(law)
    rate, k = one.rate, one.capacity(CELLS)
    cells = np.array([1e6, 1e10, CELLS, 2.0 * k]) if law.get("rel_capacity") is None else np.array([CELLS])
    h = 1.0
    slope = (one.grown(cells, h) - one.grown(cells, -h)) / (2.0 * h)
    law_of = rate * cells * (np.log(k / cells) if isinstance(one, GompertzGrowth) else 1.0 - cells / k)
    assert slope == pytest.approx(law_of, rel=1e-4)
    assert one.net_per_h(cells) * cells == pytest.approx(law_of, rel=1e-9)
    assert one.grown(one.grown(cells, 5000.0), 0.0) == pytest.approx(one.grown(cells, 5000.0), rel=1e-12)
    assert one.grown(cells, np.array([0.0])) == pytest.approx(cells, rel=1e-12)
    assert one.grown(CELLS, 1e7) == pytest.approx(k, rel=1e-6)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"rel_capacity": 1.25, "capacity_cells": 3e12}, "two capacities"),
        ({"rel_capacity": None}, "no capacity"),
    ],
)
def test_one_capacity_is_asked_for(said, found):
    growth = {"kind": "logistic_growth", **said}
    data = {"space": {"kind": "body"}, "populations": {"b_cells": {"kind": "clone"}}, "processes": {"growth": growth}}
    with pytest.raises(InputError, match=f"processes.growth.capacity_cells.*{found}"):
        validate(Scenario, Document("some", data))


def test_two_laws_of_growth_are_refused():
    laws = {"one": {"kind": "logistic_growth"}, "other": {"kind": "gompertz_growth"}}
    data = {"space": {"kind": "body"}, "populations": {"b_cells": {"kind": "clone"}}, "processes": laws}
    with pytest.raises(InputError, match="found one, other; allowed: one law of growth"):
        validate(Scenario, Document("some", data))


@each_law
def test_subclones_grow_at_rates_of_their_own_about_that_of_the_clone(culture, until, law):
    sim = clone(culture, law, 400, growth_sigma=0.7, cd20={"median": 152000, "sigma": 0.4})
    b = sim.world.populations["b_cells"]
    before, own = b.accessible_cells.copy(), b.growth_rel.copy()
    assert np.log(own).std() == pytest.approx(0.7, rel=1e-3)
    assert own.mean() == pytest.approx(1.0, rel=1e-12)
    assert abs(np.corrcoef(own, b.cd20_per_cell)[0, 1]) < 0.2
    expected = own * math.log(grower(law).grown(CELLS, DAY_H) / CELLS)
    assert np.log(until(sim, DAY_H).world.populations["b_cells"].accessible_cells / before) == pytest.approx(
        expected, rel=0.01
    )
    gained = np.log(until(sim, DAY_H * 200).world.populations["b_cells"].accessible_cells / before)
    assert gained / own == pytest.approx((gained / own)[0], rel=1e-9)
    assert balance(sim.world)["clone_rel_error"] < 1e-12


def test_the_compiled_law_of_subclones_is_its_plain_python():
    rng, found = np.random.default_rng(1), []
    own, cells = rng.lognormal(0.0, 0.5, 30), rng.uniform(1e8, 1e9, 60)
    for one in (grow, grow.py_func):
        parts, told = (cells[:30].copy(), cells[30:].copy()), (np.empty(2), np.empty(2))
        laws = np.array([[0.02, 1e12, 0.0], [-0.03, 1e12, 0.5]])
        one(*parts, *told, own, np.array([0, 10, 30]), laws, True)
        found.append(np.concatenate([*parts, *told]))
    assert found[0] == pytest.approx(found[1], rel=1e-13)
    exponent = -0.03 * math.log(1e12 / (cells[10:30].sum() + cells[40:].sum()))
    assert found[0][10:30] / cells[10:30] == pytest.approx(np.exp(exponent * own[10:]), rel=1e-13)


def test_patients_beside_one_another_grow_as_alone(culture):
    alone = [clone(culture, LAWS["in_cells"], 20, "24 h", growth_sigma=sigma) for sigma in (0.0, 0.5)]
    together = stack([clone(culture, LAWS["in_cells"], 20, "24 h", growth_sigma=sigma) for sigma in (0.0, 0.5)])
    for sim in (*alone, together):
        sim.run()
    both = np.concatenate([sim.world.populations["b_cells"].accessible_cells for sim in alone])
    assert together.world.populations["b_cells"].accessible_cells.tobytes() == both.tobytes()
