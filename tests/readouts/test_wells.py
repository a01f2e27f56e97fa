"""What a well shows, relative to its control: the same quantities in a run's summary and in a study's table."""

import math

import pytest

from abm.readouts.drug_left import Level
from abm.readouts.igm_response import IgmResponse
from abm.readouts.readout import Seen, measures_of
from abm.readouts.survival import Survival
from abm.scenario.kinds import READOUTS
from abm.study.measures import of_arms

CONTROL = {"a": "a.control"}


WELL = [cls() for cls in READOUTS.values() if cls.scale == "well"]


def of_well(simulation):
    """Return what a well shows at its end."""
    seen = Seen([], (), world=simulation.world)
    return {name: value for readout in WELL for name, value in readout.of_subject(seen).items()}


def well(survival, lysed):
    return {"survival_raw": survival, "lysed_frac": lysed}


def test_survival_is_the_mean_of_every_replicate_over_its_own_control():
    wells = {"a": [well(0.2, 0.0), well(0.3, 0.0)], "a.control": [well(0.8, 0.0), well(0.5, 0.0)]}
    found = of_arms(wells, CONTROL, [Survival()])
    assert found["a.survival"] == pytest.approx((0.25 + 0.6) / 2)  # not 0.25 / 0.65
    assert found["a.survival_raw"] == pytest.approx(0.25)
    assert found["a.control"] == pytest.approx(0.65)


def test_lysis_is_what_lysed_above_the_control_of_what_the_control_left():
    found = of_arms({"a": [well(0.2, 0.7)], "a.control": [well(0.8, 0.4)]}, CONTROL, [Survival()])
    assert found["a.lysis"] == pytest.approx((0.7 - 0.4) / (1 - 0.4))
    assert of_arms({"a": [well(0.5, 0.1)], "a.control": [well(0.5, 0.2)]}, CONTROL, [Survival()])[
        "a.lysis"
    ] == pytest.approx(-0.125)


def test_a_replicate_without_living_controls_has_no_survival_and_costs_itself_alone():
    wells = {"a": [well(0.2, 0.1), well(0.3, 0.1)], "a.control": [well(0.0, 1.0), well(0.5, 0.0)]}
    found = of_arms(wells, CONTROL, [Survival()])
    assert (found["a.survival"], found["a.lysis"]) == (pytest.approx(0.6), pytest.approx(0.1))
    assert math.isnan(
        of_arms({"a": [well(0.2, 0.1)], "a.control": [well(0.0, 1.0)]}, CONTROL, [Survival()])["a.survival"]
    )


def test_the_measures_of_a_well_are_its_last_totals(culture):
    kinds = {"binding": {}, "internalisation": {}, "engagement": {}, "killing": {}, "death": {"rate_per_h": 0.3}}
    changes = {"populations": {"b_cells": {"n": 60}, "nk_cells": {"per_b_cell": 1.0}}, "space": {"volume": "20 uL"}}
    simulation = culture(kinds | {"igm_secretion": {}}, [{"rituximab": "10 ug/mL"}], changes)
    simulation.run()
    last, found = list(simulation.records["counts"].values())[-1], of_well(simulation)
    n, pools = last["n_b_start"], simulation.world.pools
    assert (found["n_b_start"], n) == (60, 60)
    assert 0 < last["n_b_dead"] < n
    assert found["survival_raw"] == pytest.approx(last["n_b_alive"] / n)
    assert found["lysed_frac"] == pytest.approx(last["n_b_dead"] / n)
    assert found["deaths_background_frac"] == pytest.approx(last["deaths_background"] / n)
    assert found["igm_ng_per_mL"] == pytest.approx(last["igm_ng_per_mL"], rel=1e-6)
    assert found["igm_molecules_per_cell"] == pytest.approx(last["igm_molecules"] / n)
    assert found["igm_released_frac"] == pytest.approx(last["igm_released_molecules"] / last["igm_molecules"])
    on_cells = simulation.world.populations["b_cells"].bound_per_cell.sum()
    inside = pools["antibody_rituximab_internalised"]
    assert found["internalised_frac"] == pytest.approx(inside / (inside + on_cells))
    assert found["kills_per_nk"] == pytest.approx(last["deaths_adcc"] / last["n_nk"])


def test_cells_are_counted_by_the_decades_of_their_cd20(culture, alike):
    cells = {"populations": {"b_cells": alike(50, cd20=100_000.0)}}
    simulation = culture({"death": {"rate_per_h": 0.5}}, (), cells)
    simulation.run()
    found = {name: value for name, value in of_well(simulation).items() if "_cd20_" in name}
    n_alive = list(simulation.records["counts"].values())[-1]["n_b_alive"]
    assert found == {"n_cd20_100000": 50.0, "alive_cd20_100000": float(n_alive)}
    assert 0 < n_alive < 50


def test_a_level_falls_exponentially_between_two_looks():
    level = Level([0.0, 168.0, 400.0], [100.0, 25.0, 5.0])
    assert level.at(168.0, 0.0) == 25.0
    assert level.at(84.0, 168.0) == pytest.approx(50.0)
    assert math.isnan(level.at(84.0, 100.0))
    assert math.isnan(level.at(4.0, 0.0))  # nobody looked at the end of the infusion
    assert math.isnan(level.at(300.0, 168.0))  # the looks are farther apart
    assert math.isnan(level.at(401.0, 168.0))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("survival", "ratio"), ("survival_raw", "share"), ("control", "share"), ("deaths_cdc_frac", "share"),
     ("never_killed_frac", "share"), ("partial", "share"), ("lysis", "number"), ("kills_per_nk", "number"),
     ("best_change_frac", "number"), ("drug_left_30d_frac", "number"), ("time_to_partial_d", "time")],
)  # fmt: skip
def test_shares_are_told_apart_from_what_may_leave_nought_to_one(name, kind):
    assert measures_of([*WELL, IgmResponse()]).of(name).kind == kind
