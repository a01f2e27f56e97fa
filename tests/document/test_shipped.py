"""A name without a path means a file that ships, unless one of that name lies beside."""

import pytest

from abm.core.errors import InputError
from abm.document.load import resolve
from abm.document.shipped import CONFIGS, meant, shipped
from abm.scenario.from_file import load_scenario

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_no_two_files_that_ship_share_a_name():
    names = [path.stem for kind in ("scenarios", "parameters", "studies") for path in CONFIGS.glob(f"{kind}/*.yaml")]
    assert sorted(names) == list(dict.fromkeys(sorted(names)))
    assert shipped().keys() == set(names)


@pytest.mark.parametrize("name", ["quick", "quick.yaml"])
def test_a_name_means_what_ships(name):
    assert load_scenario(name) == load_scenario(CONFIGS / "scenarios" / "quick.yaml")


@pytest.mark.parametrize("name", ["quick", "quick.yaml"])
@pytest.mark.parametrize("beside", ["quick.yaml", "quick"])
def test_a_file_beside_wins(elsewhere, name, beside):
    (elsewhere / beside).write_text("title: mine")
    is_mine = name == beside or beside.endswith(".yaml")
    assert (load_scenario(name).title == "mine") == is_mine


def test_a_folder_of_that_name_and_a_path_mean_no_file_that_ships(elsewhere):
    (elsewhere / "quick").mkdir()
    assert load_scenario("quick").name == "quick"
    for path in ("./quick.yaml/", "quick/quick", "scenarios/quick.yaml"):
        with pytest.raises(InputError):
            load_scenario(elsewhere / path)


def test_a_file_extends_what_ships_or_what_lies_beside_it(elsewhere):
    (elsewhere / "mine.yaml").write_text("extends: quick\nname: mine")
    assert load_scenario("mine") == load_scenario("quick").model_copy(update={"name": "mine"})
    (elsewhere / "quick.yaml").write_text("title: beside")
    assert resolve("mine").data == {"title": "beside", "name": "mine"}


def test_a_misspelt_name_is_told_the_nearest(elsewhere):
    with pytest.raises(InputError, match=r"^three_arm  no such file; did you mean 'three_arms'\?$"):
        load_scenario("three_arm")
    (elsewhere / "mine.yaml").write_text("extends: wm_brigt")
    with pytest.raises(InputError, match=r"no such file 'wm_brigt'; did you mean 'wm_bright'\?$"):
        load_scenario("mine")


def test_a_table_that_ships_is_meant_by_its_name():
    assert meant("calibrated_draws", suffix=".csv") == str(CONFIGS / "parameters" / "calibrated_draws.csv")
    assert meant("calibrated_draws") == "calibrated_draws"
