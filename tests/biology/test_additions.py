"""What an arm adds, and that nothing of it is lost."""

import pytest

from abm.biology.additions import conservation


def test_everything_balances_in_a_busy_well(busy):
    """Drug, complement and DHEAS within 1e-9; cells and deaths exactly."""
    sim = busy()

    def check(sim):
        errors = conservation(sim.world)
        assert set(errors) == {
            *(f"{n}_rel_error" for n in ("rituximab", "c1q", "c2c4", "c3", "c5c9", "dheas")),
            "cells_error",
            "deaths_error",
        }
        assert all(error < 1e-9 for error in errors.values())
        assert errors["cells_error"] == errors["deaths_error"] == 0

    sim.run(check)
    used = sim.world.pools
    assert min(used[f"antibody_{fate}"] for fate in ("lysed", "internalised", "shaved", "decayed")) > 0


@pytest.mark.parametrize(
    ("pool", "rel_error"), [("antibody_internalised", "rituximab"), ("c3_used", "c3"), ("dheas_lost", "dheas")]
)
def test_the_balance_notices_what_is_missing(busy, pool, rel_error):
    sim = busy()
    while sim.world.step < 10:
        sim.step()
    sim.world.pools[pool] *= 1.5
    errors = conservation(sim.world)
    assert [name for name, error in errors.items() if error > 1e-9] == [f"{rel_error}_rel_error"]


def test_the_balance_notices_a_missing_cell(busy):
    sim = busy()
    sim.step()
    sim.world.tallies["b_cells.entered"] += 1
    assert conservation(sim.world)["cells_error"] == 1


@pytest.mark.parametrize(
    ("addition", "pool", "nM"),
    [
        ({"rituximab": "10 ug/mL"}, "antibody", 10e3 / 145),
        ({"ofatumumab_like": "10 ug/mL"}, "antibody", 10e3 / 149),
        ({"igg": "5 uM"}, "igg", 5000.0),
        ({"dheas": "2 uM"}, "dheas", 2000.0),
        ({"serum": "10 %"}, "c3", 703.0),
    ],
)
@pytest.mark.parametrize("at", ["0 h", "17 min"])
def test_amounts_are_concentrations_in_the_well(culture, addition, pool, nM, at):  # noqa: N803 - a unit
    sim = culture({}, [addition | {"at": at}])
    sim.run()
    assert sim.world.pools.nM(pool) == pytest.approx(nM, rel=1e-12)
    assert sim.world.pools[f"{pool}_supplied"] == sim.world.pools[pool]


def test_two_doses_add_up(culture):
    sim = culture({}, [{"rituximab": "1 ug/mL"}, {"rituximab": "2 ug/mL", "at": "30 min"}])
    sim.run()
    assert sim.world.pools.nM("antibody") == pytest.approx(3e3 / 145)


@pytest.mark.parametrize("dt", ["1 min", "25 min"])
def test_a_second_challenge_enters_once_and_is_numbered(culture, dt):
    sim = culture({}, [{"b_cells": 40, "at": "13 min"}, {"b_cells": 2, "at": "50 min"}], {"dt": dt})
    sim.run()
    b = sim.world.populations["b_cells"]
    assert [int((b.cohort == k).sum()) for k in range(4)] == [200, 40, 2, 0]
    assert sim.world.tallies["b_cells.entered"] == 242


def test_blockers_are_fractions_blocked(culture):
    sim = culture({}, [{"anti_cd55": 0.5}, {"anti_cd59": 1.0}])
    sim.run()
    assert (sim.world.pools["anti_cd55"], sim.world.pools["anti_cd59"]) == (0.5, 1.0)
