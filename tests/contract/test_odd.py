"""Every scenario that ships can be described completely, from what its parts say of themselves."""

import pytest

from abm.biology.pools import POOLS
from abm.document.shipped import shipped
from abm.dossier.described import Described
from abm.dossier.odd import KEY, describe, texts
from abm.scenario.from_file import load_scenario
from abm.scenario.references import references

PARTS = ("Purpose and patterns", "Entities, state variables and scales", "Process overview and scheduling",
         "Design concepts", "Initialisation", "Input data", "Submodels", "References")  # fmt: skip
CONCEPTS = ("Basic principles", "Emergence", "Adaptation", "Objectives", "Learning", "Prediction", "Sensing",
            "Interaction", "Stochasticity", "Collectives", "Observation")  # fmt: skip


def empty(sections):
    """Return the headings under which nothing stands."""
    found = []
    for own in sections:
        found += [] if any(own.text) or own.code or own.parts or any(t.rows for t in own.tables) else [own.heading]
        found += empty(own.parts)
    return found


@pytest.mark.parametrize("name", shipped("scenarios"))
def test_a_scenario_that_ships_is_described_completely(name):
    scenario = load_scenario(name)
    page = describe(scenario)
    assert tuple(own.heading for own in page.sections) == PARTS
    assert tuple(own.heading for own in page.sections[3].parts) == CONCEPTS
    assert empty(page.sections) == []
    words = list(texts(page.sections))
    assert {key for text in words for key in KEY.findall(text)} <= set(references())
    of, headings = Described(scenario), [own.heading.partition(" (")[0] for own in page.sections[6].parts]
    assert [heading for heading in headings if heading != "Fields"] == list(of.processes)
    assert {*scenario.processes, "additions", "fate"} <= set(headings)
    assert [pool for pool in of.pools if not POOLS.find(pool)] == []
    for columns in of.columns.values():
        assert all(column.doc or column.name.startswith(("mark_",)) for column in columns.values())
