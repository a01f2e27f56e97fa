"""A scenario of one's own, to start from."""

import json

import pytest

from abm.document.shipped import CONFIGS, shipped
from abm.scenario.from_file import load_scenario


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_copy_says_the_same_under_its_own_name_with_comments_and_a_schema(call, tmp_path):
    ended = call("init", "my-assay")
    assert (ended.code, ended.out) == (0, "my-assay.yaml; run it: abm run my-assay, watch it: abm view my-assay\n")
    first, *rest = (tmp_path / "my-assay.yaml").read_text().splitlines()
    assert json.loads((tmp_path / first.partition("$schema=")[2]).read_text())["title"] == "Scenario"
    assert sum("  # " in line for line in rest) > 5
    assert load_scenario("my-assay") == load_scenario("three_arms").model_copy(update={"name": "my-assay"})


@pytest.mark.parametrize("name", shipped("scenarios"))
def test_every_scenario_can_be_copied(call, name):
    assert call("init", "mine", "--from", name, "--json").json == {"scenario": "mine.yaml"}
    assert load_scenario("mine") == load_scenario(CONFIGS / "scenarios" / f"{name}.yaml", ("name=mine",))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["../mine"], "found the name '../mine'; allowed: 1 to 64 letters, digits and . _ -"),
        (["mine", "--from", "plat"], "no scenario 'plat' ships; allowed: those of abm list scenarios; did you mean "
         "'plate'?"),
        (["taken"], "taken.yaml is there already; allowed: another name"),
    ],
)  # fmt: skip
def test_a_wrong_name_is_refused_and_nothing_written(call, tmp_path, words, message):
    (tmp_path / "taken.yaml").write_text("mine")
    ended = call("init", *words)
    assert (ended.code, ended.err) == (2, f"{message}\n")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("taken.yaml", "mine")]
