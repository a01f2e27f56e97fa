"""Fixed targets: engaged, hit and bearing complement, but never dying of it."""

import numpy as np
import pytest
from pydantic import ValidationError

from abm.biology.cells.b_cells import BCells
from abm.scenario.schema import Scenario
from abm.study.jobs import Flow
from abm.study.rows import RowJob, as_base

KINDS = {
    "binding": {}, "internalisation": {}, "complement_docking": {}, "c3b_deposition": {}, "mac_insertion": {},
    "mac_lysis": {}, "engagement": {}, "killing": {}, "death": {"rate_per_h": 1.0}, "division": {"rate_per_h": 1.0},
    "igm_secretion": {},
}  # fmt: skip
CELLS = {"b_cells": {"n": 100, "hits_needed": {"median": 0.6}}, "nk_cells": {"per_b_cell": 5}}
ADD = [{"rituximab": "10 ug/mL"}, {"serum": "25 %"}]


def well(culture, is_fixed, kinds=KINDS, **changes):
    cells = {"b_cells": CELLS["b_cells"] | {"is_fixed": is_fixed}, "nk_cells": CELLS["nk_cells"]}
    simulation = culture(kinds, ADD, {"populations": cells, "duration": "2 h", **changes})
    simulation.run()
    return simulation.world


def test_all_is_done_to_fixed_cells_and_none_dies_divides_or_secretes(culture):
    world, alive = well(culture, True), well(culture, False)
    b = world.populations["b_cells"]
    assert world.deaths["b_cells"].n == world.tallies.get("b_cells.born", 0) == world.pools["igm_secreted"] == 0
    assert b.uid.tolist() == list(range(100))
    assert not b.is_dying.any()
    assert b.c3b_per_cell.mean() > 1e4
    assert b.mac_per_cell.mean() > 90
    assert world.tallies["hits"] > 0
    assert world.tallies["engagements"] > 0
    assert world.populations["nk_cells"].cd16.mean() < 0.95
    assert alive.deaths["b_cells"].n > 50
    assert alive.tallies["b_cells.born"] > 0


def test_fixed_cells_take_no_antibody_in_and_their_cd20_stays(culture):
    b = (world := well(culture, True)).populations["b_cells"]
    assert world.pools["antibody_rituximab_internalised"] == 0.0
    np.testing.assert_array_equal(b.cd20_per_cell, b.cd20_start_per_cell)
    assert well(culture, False).pools["antibody_rituximab_internalised"] > 0.0


def test_macrophages_eat_fixed_cells_too(culture):
    cells = {"b_cells": CELLS["b_cells"] | {"is_fixed": True}, "macrophages": {"per_b_cell": 2, "phagocyte_frac": 1.0}}
    world = culture({"binding": {}, "phagocytosis": {}}, ADD[:1], {"populations": cells, "duration": "2 h"})
    world.run()
    assert world.world.tallies["b_cells.deaths_phagocytosis"] > 0


def test_fixed_and_live_wells_side_by_side_are_as_each_alone():
    kinds = {kind: {"kind": kind, **own} for kind, own in KINDS.items() if kind != "division"}
    arms = {"live": {"add": ADD}, "fixed": {"add": ADD, "set": {"populations.b_cells.is_fixed": True}}}
    data = {"duration": "1 h", "dt": "5 min", "space": {"kind": "floor", "side": "400 um", "volume": "1 uL"}}
    scenario = Scenario.model_validate(data | {"populations": CELLS, "processes": kinds, "arms": arms})
    flow = Flow(lambda done, total: None, lambda: False)
    together = RowJob(0, as_base(scenario), {}, 1).run(flow)
    alone = {}
    for name in arms:
        alone |= RowJob(0, as_base(scenario), {"arm": name}, 1).run(flow)
    assert together == alone
    assert together["fixed.survival_raw"] == together["fixed.control"] == 1.0
    assert together["live.survival_raw"] < 0.8


@pytest.mark.parametrize("value", ["maybe", 2, None])
def test_cells_are_fixed_or_not(value):
    with pytest.raises(ValidationError, match="is_fixed"):
        BCells(is_fixed=value)
