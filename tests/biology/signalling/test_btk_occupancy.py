"""Ibrutinib in a well holds BTK, is read by the signal, and balances."""

import math

import pytest

from abm.biology.additions import conservation

STABLE = {"half_life": "1e6 h", "resynthesis": "0 /h"}
TWO_HOURS = {"duration": "2 h", "dt": "5 min"}


def free(culture, add=({"ibrutinib": "1 uM"},), **values):
    sim = culture({"btk_occupancy": values}, add, TWO_HOURS)
    sim.run()
    return sim.world.pools["btk_free"]


def test_an_hour_in_1_uM_leaves_5_percent_of_btk_free(culture):
    assert free(culture, [{"ibrutinib": "1 uM", "at": "1 h"}], **STABLE) == pytest.approx(math.exp(-3.0), rel=1e-4)


def test_binding_goes_with_dose_and_time(culture):
    half = free(culture, [{"ibrutinib": "500 nM"}], **STABLE)
    assert half == pytest.approx(free(culture, [{"ibrutinib": "1 uM", "at": "1 h"}], **STABLE), rel=1e-4)
    assert free(culture, ()) == 1.0


def test_what_is_made_anew_balances_what_is_bound_in_the_long_run(culture):
    kept = free(culture, half_life="1e6 h", resynthesis="10 /h", inactivation_per_uM_per_h=20)
    assert kept == pytest.approx(10.0 / 30.0, rel=1e-4)


def test_ibrutinib_disappears_with_its_half_life_and_its_molecules_balance(culture):
    sim = culture({"btk_occupancy": {"half_life": "30 min"}}, [{"ibrutinib": "1 uM", "at": "1 h"}], TWO_HOURS)
    sim.run()
    assert sim.world.pools.nM("ibrutinib") == pytest.approx(250.0, rel=1e-9)
    assert conservation(sim.world)["ibrutinib_dissolved_rel_error"] < 1e-12
    sim.world.pools["ibrutinib_decayed"] *= 2
    assert conservation(sim.world)["ibrutinib_dissolved_rel_error"] > 0.1


def test_cells_signal_less_the_more_btk_is_held(culture):
    sim = culture({"btk_occupancy": {}, "bcr_signalling": {"bypass": 0.0}}, [{"ibrutinib": "1 uM"}], TWO_HOURS)
    sim.run()
    b = sim.world.populations["b_cells"]
    assert b.signal_rel == pytest.approx(sim.world.pools["btk_free"])
    assert b.signal_rel.max() < 0.05
