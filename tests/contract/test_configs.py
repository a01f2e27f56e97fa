"""Every configuration that ships: it loads, says what it is for, and its wells run."""

from functools import cache
from pathlib import Path

import pytest
from pydantic import ValidationError

from abm.document.load import read_document
from abm.scenario.build import build, subjects
from abm.scenario.from_file import load_scenario
from abm.scenario.kinds import PROCESSES
from abm.scenario.schema import Scenario
from abm.study.cost import cost_of_study
from abm.study.spec import load_study

CONFIGS = Path(__file__).parents[2] / "configs"
SCENARIOS = sorted(path.relative_to(CONFIGS) for path in CONFIGS.glob("scenarios/*.yaml"))
STUDIES = sorted(p.relative_to(CONFIGS) for p in CONFIGS.glob("studies/*.yaml") if "design:" in p.read_text())
SETS = sorted(path.relative_to(CONFIGS) for path in CONFIGS.glob("parameters/*.yaml"))


@cache
def loaded(file, sets=()):
    """Return a scenario, read once."""
    return load_scenario(CONFIGS / file, sets)


def few_cells(file) -> tuple[str, ...]:
    """Return what makes the wells or the patients of a file small."""
    is_patient = loaded(file).space.scale == "body"
    return ("populations.b_cells.cells_per_agent=1e10",) if is_patient else ("populations.b_cells.n=30",)


each_scenario = pytest.mark.parametrize("file", SCENARIOS, ids=str)


@each_scenario
def test_a_scenario_says_what_it_is_for_and_is_named_after_its_file(file):
    scenario = loaded(file)
    assert scenario.name == file.stem
    assert scenario.title
    assert scenario.question.rstrip().endswith("?")
    assert (CONFIGS / file).read_text().startswith("# ")


@each_scenario
def test_every_well_of_a_scenario_can_be_built_and_steps(file):
    scenario = loaded(file, few_cells(file))
    all_wells = subjects(scenario)
    assert len(all_wells) % scenario.replicates == 0
    assert {well.arm for well in all_wells if not well.is_control} == set(scenario.arms)
    for well in all_wells:
        if well.replicate == 0:
            sim = build(scenario, well)
            sim.step()
            assert sim.world.populations["b_cells"].n >= 20


@each_scenario
def test_a_control_is_its_arm_without_antibody(file):
    scenario = loaded(file, few_cells(file))
    for well in (well for well in subjects(scenario) if well.is_control and well.replicate == 0):
        sim = build(scenario, well)
        for _ in range(3):
            sim.step()
        assert not any(amount for name, amount in sim.world.pools.amounts.items() if name.startswith("antibody_"))
        assert sim.world.populations["b_cells"].bound_per_cell.sum() == 0.0


def test_arms_share_their_luck_and_replicates_do_not():
    scenario = loaded("scenarios/three_arms.yaml", few_cells("scenarios/three_arms.yaml"))
    cells = {(w.arm, w.replicate): build(scenario, w).world.populations["b_cells"] for w in subjects(scenario)}
    for column in ("uid", "x_um", "cd20_per_cell", "hits_needed"):
        starts = {key: b[column].tobytes() for key, b in cells.items()}
        assert len({starts[key] for key in starts if key[1] == 0}) == 1
        assert column == "uid" or len(set(starts.values())) == scenario.replicates


@pytest.mark.parametrize("file", sorted(CONFIGS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_file_is_readable_and_lies_where_it_is_looked_for(file):
    assert read_document(file).data
    assert file.parent.name in ("scenarios", "parameters", "studies")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"populations": {"b_cells": None}}, "b_cells"),
        ({"processes": {"fate": {"kind": "death"}}}, "the engine has a process 'fate' of its own"),
        ({"processes": {"death": {"kind": "death", "population": "bcells"}}}, "population"),
        ({"arms": {"a": {"add": [{"nk_cells": 5}], "without": ["nk_cells"]}}}, "cannot add them"),
    ],
)
def test_what_would_silently_do_nothing_is_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        Scenario.model_validate({"populations": {"nk_cells": {}}} | change)


@pytest.mark.parametrize("file", SETS, ids=str)
def test_a_published_set_uses_known_processes_under_stable_names(file):
    scenario = loaded(file)
    assert {process.kind for process in scenario.processes.values()} <= set(PROCESSES)
    assert len(scenario.processes) > 10


@pytest.mark.parametrize("file", STUDIES, ids=str)
def test_a_study_says_what_it_is_for_and_its_plan_stays_in_its_budget(file, tmp_path):
    planned = load_study(CONFIGS / file)
    assert planned.study.name == file.stem
    assert planned.study.title
    assert planned.study.question.rstrip().endswith("?")
    assert cost_of_study(planned, 4).hours < 3.0
    assert next(planned.rows())["id"] == 0
