"""The words of an arm say what its file states, and no default that nobody asked about."""

import re
from pathlib import Path

import pytest

from abm.scenario.from_file import load_scenario

SCENARIOS = sorted((Path(__file__).parents[2] / "configs" / "scenarios").glob("*.yaml"))
NUMBER = re.compile(r"(?<![\w.–])\d[\d,]*(?:\.\d+)?")


def is_told(name, text):
    return bool(re.search(rf"\b{name.replace('_', ' ')}\b", text))


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_every_number_and_name_in_the_words_of_a_shipped_arm_is_stated_there(file):
    for arm in load_scenario(file).arms.values():
        for addition in arm.add:
            fields, stated = set(type(addition).model_fields), addition.model_fields_set
            text = addition.words()
            assert not [name for name in fields - stated if is_told(name, text)], text
            assert len(NUMBER.findall(text)) <= len(stated), text


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_the_words_of_a_shipped_arm_have_a_part_for_each_thing_that_it_states(file):
    for arm in load_scenario(file).arms.values():
        n = len(arm.add) + len(arm.without) + len(arm.set) + sum(len(change.set) for change in arm.change)
        assert len(arm.words().split("; ")) == max(1, n), arm.words()
