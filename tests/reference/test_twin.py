"""The engine agrees with its plain-Python twin, cell by cell."""

import numpy as np
import pytest

from abm.core.user_file import UserFile
from abm.verify.twin.run import run
from abm.verify.twin.well import Well
from abm.verify.twin_agreement import LAST, differences
from abm.verify.wells import finished, patch


def agree(scenario, arm, replicate=0):
    """Compare every death, every surviving cell and the pools; returns the twin."""
    twin = run(Well(scenario, arm, replicate))
    counted, near = differences(finished(scenario, arm, replicate), twin)
    assert not any(counted.values()), counted
    assert max(near.values()) < LAST, near
    return twin


@pytest.mark.parametrize("arm", ["serum", "effectors", "both"])
def test_two_hours_of_every_arm_cell_by_cell(arm):
    twin = agree(patch(), arm)
    causes = {d.cause for d in twin.deaths}
    assert causes >= {"serum": {"cdc"}, "effectors": {"adcc"}, "both": {"cdc", "adcc"}}[arm]


def test_resting_effectors_of_another_genotype_and_donor():
    agree(
        patch(
            "populations.nk_cells.state=resting",
            "covariates.fcgr3a=VF",
            "covariates.sex=female",
            "duration=1 h",
        ),
        "both",
        replicate=3,
    )


def test_serum_that_comes_later_and_more_cells_of_both_kinds():
    added = "[{rituximab: 10 ug/mL}, {serum: 10 %, at: 20 min}, {b_cells: 20, at: 30 min}, {nk_cells: 30, at: 40 min}]"
    twin = agree(patch(f"arms.both.add={added}", "duration=1 h"), "both")
    assert len(twin.nk) == 180


def test_cells_of_measured_events_with_cd55_and_cd59_of_the_same_ones(tmp_path):
    z = np.random.default_rng(2).multivariate_normal([0.0] * 3, 0.1 + 0.1 * np.eye(3), 300)
    rows = (np.exp(z) * [900.0, 300.0, 100.0] - [400.0, 0.0, 0.0]).tolist()
    file = tmp_path / "events.csv"
    file.write_text("CD20,CD55,CD59\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows))
    known = UserFile(file=str(file)).known()
    events = f"from: {{file: '{file}', sha256: {known.sha256}}}, median: 80000, cd55_channel: CD55, cd59_channel: CD59"
    cells = f"populations.b_cells.cd20={{{events}}}"
    low = ("populations.b_cells.low_fraction=0", "populations.b_cells.cd59.median=0.8")
    agree(patch(cells, *low, "duration=1 h"), "both")


def test_two_antibodies_at_once_and_a_third_that_comes_later():
    more = "{obinutuzumab_like: 2 ug/mL}, {serum: 25 %}, {ofatumumab_like: 1 ug/mL, at: 30 min}"
    twin = agree(patch(f"arms.both.add=[{{rituximab: 3 ug/mL}}, {more}]", "duration=1 h"), "both")
    assert min(twin.pools[f"antibody_{kind}_internalised"] for kind in twin.drugs) > 0
    assert len(twin.drugs) == 3


def test_fixed_cells_are_hit_and_bear_complement_but_stay():
    twin = agree(patch("populations.b_cells.is_fixed=true", "duration=1 h"), "both")
    assert not twin.deaths
    assert max(c.mac for c in twin.b) > 200
    assert max(c.damage for c in twin.b) > 1
    assert min(n.cd16 for n in twin.nk) < 0.5


SECOND = (
    "processes.shield.kind=c3b_cover",
    "processes.docking.kind=complement_docking_limiting",
    "processes.c3b.most_per_cell=400000",
    "processes.igg.most_fold=15",
    "processes.engagement.natural_il2_frac=0.1",
    "processes.engagement.natural_resting_frac=0.02",
    "processes.engagement.place_um2=79",
    "processes.killing.primed_fold=3",
    "processes.waste={kind: complement_waste, per_lysed_igg_per_h: 0.02, per_free_igg_per_h: 1.0e-6}",
    "populations.nk_cells.hit_sigma=0.8",
    "populations.nk_cells.engagement_sigma=0.5",
    "populations.b_cells.rel_natural=0.5",
)


@pytest.mark.parametrize("state", ["il2", "il2_pbmc", "pbmc"])
def test_the_mechanisms_of_the_second_model_cell_by_cell(state):
    more = (
        () if state == "il2" else ("populations.nk_cells.per_b_cell=25", "populations.nk_cells.bystanders_per_b_cell=5")
    )
    twin = agree(patch(*SECOND, f"populations.nk_cells.state={state}", *more), "both")
    assert "adcc" in {d.cause for d in twin.deaths} or state == "pbmc"
    assert max(c.c3b for c in twin.b) > 3e5
    assert twin.pools["c1q_used"] > 0
