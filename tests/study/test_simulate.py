"""Python calls with other arguments than the usual ones work, or say what is allowed."""

from pathlib import Path

import numpy as np
import pytest

from abm import load_scenario, simulate
from abm.core.errors import InputError
from abm.document.load import dump

TINY = Path(__file__).parent / "tiny.yaml"
SHORT = ("replicates=1", "populations.b_cells.n=20")


@pytest.mark.parametrize(
    ("sets", "same"),
    [
        ("seed=2", ("seed=2",)),
        (["seed=2", "dt=1 min"], ("seed=2", "dt=1 min")),
        ((text for text in ("seed=2",)), ("seed=2",)),
        ({"seed": 2, "dt": "1 min"}, ("seed=2", "dt=1 min")),
        ({"seed": np.int64(2), "populations.b_cells.n": np.float64(80)}, ("seed=2", "populations.b_cells.n=80")),
        ({"processes.lysis": None}, ("processes.lysis=null",)),
        ({"arms.serum.add": [{"rituximab": "1 ug/mL"}]}, ("arms.serum.add=[{rituximab: 1 ug/mL}]",)),
        ({}, ()),
    ],
)
def test_what_is_set_may_be_one_text_several_or_a_mapping(sets, same):
    assert load_scenario(TINY, sets) == load_scenario(str(TINY), same)


@pytest.mark.parametrize(
    ("sets", "found"), [(2, "int 2"), ([2], "int 2"), ({"seed": {1}}, r"set \{1\}"), ([("seed", 2)], "tuple ")]
)
def test_other_things_are_not_set(sets, found):
    with pytest.raises(InputError, match=rf"^sets: found {found}.*; allowed: 'dt=1 min', \['dt"):
        load_scenario(TINY, sets)


@pytest.mark.parametrize("path", [None, 3, {"seed": 1}, [TINY]])
def test_a_scenario_is_read_from_a_path_alone(path):
    with pytest.raises(InputError, match=f"^found {type(path).__name__} .*; allowed: the path of a file"):
        load_scenario(path)


def test_the_home_folder_is_meant_by_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(TINY.parent))
    assert load_scenario("~/tiny.yaml") == load_scenario(TINY)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    found = simulate(load_scenario(TINY, SHORT), out="~/kept")
    assert found.folder.parent.parent == tmp_path / "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_file_is_simulated_as_its_scenario(tmp_path):
    short = load_scenario(TINY, SHORT)
    path = tmp_path / "short.yaml"
    path.write_text(dump(short), encoding="utf-8")
    assert simulate(path).summary["result_hash"] == simulate(short).summary["result_hash"]
    assert simulate(str(path)).folder is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scenario": {"seed": 1}}, "scenario: found dict; allowed: a Scenario, or the path of its file"),
        ({"scenario": None}, "scenario: found NoneType"),
        ({"scenario": "nowhere.yaml"}, "nowhere.yaml  no such file"),
        ({"n_threads": 0}, "n_threads: found 0; allowed: a whole number from 1"),
        ({"n_threads": 1.5}, "n_threads: found 1.5"),
        ({"n_threads": "2"}, "n_threads: found '2'"),
        ({"out": 3}, "found int 3; allowed: a folder for runs"),
        ({"out": "seed=2"}, r"out: found 'seed=2'; allowed: .*; values are set by load_scenario\(file, sets\)"),
    ],
)
def test_wrong_arguments_are_named_with_what_is_allowed(given, said):
    with pytest.raises(InputError, match=said):
        simulate(**{"scenario": load_scenario(TINY, SHORT)} | given)


def test_all_frames_and_both_tables_of_patients_are_there():
    well = simulate(TINY)
    assert set(well.fields) == {0, 30, 31}  # an addition between two ticks makes one step more
    assert (well.patients.empty, well.end_points.empty) == (True, True)
    assert "uid" in well.start
    assert "cause" not in well.start
    sets = ("replicates=2", "duration=60 d", "populations.b_cells.cells_per_agent=1e11")
    trial = simulate(load_scenario("configs/scenarios/gertz2004.yaml", sets))
    assert "response" in trial.end_points
    assert "response" not in trial.patients
    assert trial.fields == trial.cells == {}
