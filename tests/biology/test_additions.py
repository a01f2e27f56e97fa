"""What an arm adds, and that nothing of it is lost."""

import pytest

from abm.biology.additions import conservation
from abm.scenario.build import Subject, build
from abm.scenario.schema import Scenario
from tests.conftest import SMALL


def test_everything_balances_in_a_busy_well(busy):
    """Drug, complement and DHEAS within 1e-9; cells and deaths exactly."""
    sim = busy()

    def check(sim):
        errors = conservation(sim.world)
        assert set(errors) == {
            *(f"{n}_rel_error" for n in ("rituximab", "obinutuzumab_like", "c1q", "c2c4", "c3", "c5c9", "dheas")),
            "cells_error",
            "deaths_error",
        }
        assert all(error < 1e-9 for error in errors.values())
        assert errors["cells_error"] == errors["deaths_error"] == 0

    sim.run(check)
    used = sim.world.pools
    for drug in ("rituximab", "obinutuzumab_like"):
        assert min(used[f"antibody_{drug}_{fate}"] for fate in ("lysed", "internalised", "shaved", "decayed")) > 0


@pytest.mark.parametrize(
    ("pool", "rel_error"),
    [("antibody_rituximab_internalised", "rituximab"), ("c3_used", "c3"), ("dheas_lost", "dheas")],
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
        ({"rituximab": "10 ug/mL"}, "antibody_rituximab", 10e3 / 145),
        ({"ofatumumab_like": "10 ug/mL"}, "antibody_ofatumumab_like", 10e3 / 149),
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
    assert sim.world.pools.nM("antibody_rituximab") == pytest.approx(3e3 / 145)


LOOKS = {"probes": {"counts": {"every": "30 min"}}, "duration": "2 h", "dt": "1 min"}


@pytest.mark.parametrize("at", [0.0, 0.5, 1.0])
def test_a_look_at_the_moment_of_a_dose_sees_it_at_the_start_as_later(culture, at):
    sim = culture({}, [{"rituximab": "10 ug/mL", "at": f"{at} h"}, {"dheas": "2 uM", "at": f"{at} h"}], LOOKS)
    sim.run()
    rows = {row["time_h"]: row for row in sim.records["counts"].values()}
    for t_h, row in rows.items():
        assert row["rituximab_nM"] == pytest.approx(10e3 / 145 if t_h >= at else 0.0)
        assert row["dheas_uM"] == pytest.approx(2.0 if t_h >= at else 0.0)


@pytest.mark.parametrize("at", [0.0, 1.0])
def test_cells_are_there_from_the_step_after_on_at_the_start_as_later(culture, at):
    sim = culture({}, [{"b_cells": 40, "at": f"{at} h"}], LOOKS | {"probes": {"counts": {"every": "1 min"}}})
    sim.run()
    seen = {round(60 * row["time_h"]): row["n_b_start"] for row in sim.records["counts"].values()}
    assert (seen[round(60 * at)], seen[round(60 * at) + 1]) == (200, 240)


def test_a_dose_enters_once_whether_it_was_planned_or_made_at_that_moment(culture):
    planned = [{"rituximab": "1 ug/mL"}, {"rituximab": "2 ug/mL", "at": "1 h"}]
    first = culture({}, planned, LOOKS)
    while first.world.t_h < 1.0:
        first.step()
    state = first.state()
    for more, expected in ((), 3e3), (({"rituximab": "4 ug/mL", "at": "1 h"},), 7e3):
        again = culture({}, [*planned, *more], LOOKS)
        again.restore(*state)
        again.run()
        assert again.world.pools.nM("antibody_rituximab") == pytest.approx(expected / 145)


def test_what_is_added_at_the_moment_of_a_change_is_what_it_is_from_then_on():
    half = {"at": "1 h", "set": {"serum.c3_nM": 3515.0}}
    arms = {"a": {"add": [{"serum": "10 %", "at": "30 min"}, {"serum": "10 %", "at": "1 h"}], "change": [half]}}
    sim = build(Scenario.model_validate(SMALL | LOOKS | {"arms": arms}), Subject("a", 0))
    sim.run()
    assert sim.world.pools.nM("c3") == pytest.approx(703.0 * 1.5)
    seen = {row["time_h"]: row["c3_frac"] for row in sim.records["counts"].values()}
    assert (seen[0.0], seen[0.5], seen[1.0]) == (0.0, 1.0, 1.0)


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
