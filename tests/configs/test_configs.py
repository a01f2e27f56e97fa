"""Every file that ships: it is right, comes back equal, and each of its arms takes its first steps."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from abm.biology.additions import conservation
from abm.biology.patient.balance import balance
from abm.document.load import dump
from abm.scenario.build import build, subjects
from abm.scenario.from_file import load_scenario

CONFIGS = Path(__file__).parents[2] / "configs"
FILES = sorted(path.relative_to(CONFIGS) for path in CONFIGS.rglob("*.yaml") if path.parent.name != "studies")
FEW_AGENTS = ("populations.b_cells.cells_per_agent=1e10",)
TINY = (
    "populations.b_cells.n=30",
    "space.side=400 um",
    "space.volume=1 uL",
)
COARSE = ("processes.dheas.voxels_per_side=4",)


@cache
def loaded(file):
    """Return a scenario, read once."""
    return load_scenario(CONFIGS / file)


each_file = pytest.mark.parametrize("file", FILES, ids=str)


def test_the_promised_scenarios_are_there():
    names = {path.stem for path in FILES}
    series = {"dose_series", "effector_series", "serum_series"}
    assert {"three_arms", "controls_panel", "second_challenge", "quick", "wm_bright"} | series <= names


@each_file
def test_a_file_is_right_and_comes_back_equal_from_its_dump(file, tmp_path):
    scenario = loaded(file)
    assert scenario.told == (), "what ships has the present names"
    copy = tmp_path / "copy.yaml"
    copy.write_text(dump(scenario))
    again = load_scenario(copy)
    assert again == scenario
    assert dump(again) == copy.read_text()


@each_file
def test_every_arm_takes_three_steps_and_keeps_its_balances(file):
    scenario = loaded(file)
    few = (*TINY, *(COARSE if "dheas" in scenario.processes else ()))
    scenario = load_scenario(CONFIGS / file, FEW_AGENTS if scenario.space.scale == "body" else few)
    for well in subjects(scenario):
        if well.replicate:
            continue
        sim = build(scenario, well)
        for _ in range(3):
            sim.step()
        assert sim.world.t_h == pytest.approx(3 * scenario.dt)
        errors = balance(sim.world) if scenario.space.scale == "body" else conservation(sim.world)
        assert max(errors.values()) < 1e-10, well
        if scenario.space.scale == "body":
            continue
        for population in sim.world.populations.values():
            assert np.isfinite(population.x_um).all()
            assert (population.x_um >= 0).all()
            assert (population.x_um <= 400).all()
