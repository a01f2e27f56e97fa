"""A patient whose clone grows: plasma cells and IgM begin where they would be had it always grown so."""

import math
from pathlib import Path

import numpy as np
import pytest

from abm.biology.patient.balance import balance
from abm.core.stack import stack
from abm.scenario.build import Subject, build
from abm.scenario.from_file import load_scenario

SETS = Path(__file__).parents[3] / "configs" / "parameters"
CELLS, DAY_H = 1e11, 24.0
GROWING = {"kind": "logistic_growth", "rate": "0.004 /d", "capacity_cells": 1e15, "is_balanced_at_start": False}
MORTAL = {"long_lived_half_life": "500 d", "rel_long_lived": 0.6}


def patient(culture, growth=GROWING, plasma=MORTAL, cells=CELLS, **igm):
    """Return an untreated patient of twenty subclones."""
    clone = {"kind": "clone", "cells": cells, "cells_per_agent": cells / 20}
    base = {"duration": "600 d", "dt": "4 h", "space": {"kind": "body"}, "populations": {"b_cells": clone}}
    named = {
        "growth": growth,
        "plasma_cells": {"kind": "plasma_cells", **plasma},
        "igm": {"kind": "igm_turnover", **igm},
    }
    return culture(named, [], base | {"probes": {"counts": None, "patient": {"every": "7 d"}}})


def course(sim):
    """Return what the probe saw, in order of time, by name."""
    rows = list(sim.records["patient"].values())
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def test_what_a_growing_clone_feeds_begins_below_balance(culture):
    world = patient(culture).world
    b, r = world.populations["b_cells"], 0.004
    plasma = CELLS * 0.002 / (math.log(2) / 50 + r)
    assert b.plasma_cells.sum() == pytest.approx(plasma, rel=1e-3)
    assert b.long_lived_cells.sum() == pytest.approx(0.6 * plasma, rel=1e-3)
    g_per_d = 1e-12 * (3 * CELLS + 130 * 1.6 * plasma)
    assert world.pools["igm_g_per_L"] == pytest.approx(0.82 * g_per_d / (math.log(2) / 5.1 + r) / 3.0, rel=1e-3)


@pytest.mark.parametrize("plasma", [MORTAL, MORTAL | {"long_lived_half_life": "60 d"}], ids=["500 d", "60 d"])
def test_a_growing_start_keeps_every_ratio_to_the_clone_while_it_grows_unhindered(culture, plasma):
    sim = patient(culture, plasma=plasma)
    sim.run()
    seen = course(sim)
    assert seen["n_clone"][-1] == pytest.approx(CELLS * math.exp(0.004 * seen["time_h"][-1] / DAY_H), rel=2e-3)
    for name in ("igm_g_per_L", "n_plasma", "n_long_lived"):
        ratio = seen[name] / seen["n_clone"]
        assert ratio == pytest.approx(ratio[0], rel=2e-3), name


SHORT = {"per_b_cell": 0.125, "half_life": "8 d", "rel_long_lived": 1.5, "long_lived_half_life": "500 d"}


@pytest.mark.parametrize("is_balanced", [False, True], ids=["growing", "balanced"])
def test_how_many_plasma_cells_there_are_says_nothing_of_how_long_they_live(culture, is_balanced):
    """In closed form: cells per B cell, shared by their ratio, and an IgM that knows no half-life of theirs."""
    growth, kept = GROWING | {"is_balanced_at_start": is_balanced}, 0.125 * CELLS
    r = 0.0 if is_balanced else 0.004
    for changed in ({}, {"half_life": "50 d"}, {"rel_long_lived": 0.2}, {"long_lived_half_life": None}):
        plasma = SHORT | changed
        world = patient(culture, growth=growth, plasma=plasma).world
        b, share = world.populations["b_cells"], 1.0 / (1.0 + plasma["rel_long_lived"])
        assert b.plasma_cells.sum() == pytest.approx(share * kept, rel=1e-9)
        assert b.long_lived_cells.sum() == pytest.approx((1.0 - share) * kept, rel=1e-9)
        g_per_d = 1e-12 * (3 * CELLS + 130 * kept)
        assert world.pools["igm_g_per_L"] == pytest.approx(0.82 * g_per_d / (math.log(2) / 5.1 + r) / 3.0, rel=1e-3)


@pytest.mark.parametrize("growth", [GROWING, {"kind": "logistic_growth", "rate": "0 /d"}], ids=["growing", "still"])
def test_so_many_plasma_cells_per_b_cell_are_kept_beside_an_untreated_clone(culture, growth):
    sim = patient(culture, growth=growth, plasma=SHORT)
    sim.run()
    seen = course(sim)
    for name in ("n_plasma", "n_long_lived"):
        assert seen[name] / seen["n_clone"] == pytest.approx(seen[name][0] / seen["n_clone"][0], rel=2e-3), name
    assert max(balance(sim.world).values()) < 1e-9


def test_from_balance_a_growing_clone_leaves_its_igm_behind(culture):
    sim = patient(culture, growth=GROWING | {"is_balanced_at_start": True})
    sim.run()
    seen = course(sim)
    assert seen["igm_g_per_L"][30] / seen["n_clone"][30] < 0.9 * seen["igm_g_per_L"][0] / seen["n_clone"][0]


@pytest.mark.parametrize(("kind", "drift"), [("logistic_growth", 0.02), ("gompertz_growth", 0.06)])
def test_igm_follows_a_clone_that_nears_its_capacity(culture, kind, drift):
    growth = {"kind": kind, "rate": "0.002 /d", "capacity_cells": 3e12, "is_balanced_at_start": False}
    sim = patient(culture, growth=growth, cells=4.3e11)
    sim.run()
    seen = course(sim)
    ratio = seen["igm_g_per_L"] / seen["n_clone"]
    assert ratio[: 180 // 7] == pytest.approx(ratio[0], rel=drift)
    assert seen["n_clone"][-1] > 1.5 * seen["n_clone"][0]


@pytest.mark.parametrize("kind", ["logistic_growth", "gompertz_growth"])
def test_a_clone_at_its_capacity_or_above_begins_at_balance(culture, kind):
    growth = {"kind": kind, "capacity_cells": 1e11, "is_balanced_at_start": False}
    for cells in (1e11, 1.5e11):
        assert patient(culture, growth=growth, cells=cells).world.pools["start_growth_per_h"] == 0.0


def test_long_lived_plasma_cells_without_a_clone_halve_in_their_half_life(culture, until):
    sim = patient(culture, growth={"kind": "logistic_growth", "rate": "0 /d"})
    b = sim.world.populations["b_cells"]
    start = b.long_lived_cells.copy()
    assert until(sim, DAY_H * 30).world.populations["b_cells"].long_lived_cells == pytest.approx(start, rel=1e-9)
    b.accessible_cells[:] = b.niche_cells[:] = 0.0
    assert until(sim, DAY_H * 530).world.populations["b_cells"].long_lived_cells == pytest.approx(start / 2, rel=1e-9)
    assert balance(sim.world)["long_lived_rel_error"] < 1e-12
    assert sim.world.pools["long_lived_died"] > start.sum() / 2


def test_a_patient_secretes_in_proportion_to_their_own_secretion(culture):
    one, other = (patient(culture, rel_own=rel) for rel in (1.0, 1.7))
    for sim in (one, other):
        sim.run()
    assert course(other)["igm_g_per_L"] == pytest.approx(1.7 * course(one)["igm_g_per_L"], rel=1e-12)


def test_the_typical_second_patient_has_the_igm_of_the_first_a_quarter_of_it_from_b_cells():
    for name, share in (("waldenstrom", 0.127), ("waldenstrom_second", 0.25)):
        few = ("cohort=null", "populations.b_cells.cells_per_agent=1e10", "duration=30 d")
        scenario = load_scenario(SETS / f"{name}.yaml", few)
        pools = build(scenario, Subject(next(iter(scenario.arms)), 0)).world.pools
        assert pools["igm_g_per_L"] == pytest.approx(31.0, abs=0.5)
        parts = [pools[f"igm_{who}_g"].item() for who in ("clone", "plasma", "long_lived")]
        assert parts[0] / sum(parts) == pytest.approx(share, abs=0.002)


@pytest.mark.parametrize("plasma", [MORTAL, SHORT], ids=["fed at a rate", "so many"])
def test_growing_patients_beside_one_another_are_as_alone(culture, plasma):
    def three():
        return [
            patient(
                culture, GROWING | {"rate": f"{rate} /d"}, plasma | {"rel_long_lived": rate * 100}, rel_own=rate * 500
            )
            for rate in (0.001, 0.002, 0.006)
        ]

    alone, together = three(), stack(three())
    for sim in (*alone, together):
        sim.run()
    for name, amount in together.world.pools.amounts.items():
        assert amount.tobytes() == np.concatenate([sim.world.pools[name] for sim in alone]).tobytes(), name
