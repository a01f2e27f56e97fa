"""What there is to choose from, without compiling anything."""

import json
import sys

from abm.core.par import Model
from abm.document.shipped import CONFIGS
from abm.scenario import listing
from abm.scenario.kinds import PROCESSES


def test_processes_are_those_that_a_scenario_takes_with_their_modules_first_sentence():
    found = listing.processes()
    assert list(found) == list(PROCESSES)
    for kind, text in found.items():
        doc = sys.modules[PROCESSES[kind].__module__].__doc__
        assert text.split() == doc.split("\n\n")[0].split()


def test_scenarios_are_the_files_that_ship_with_their_titles():
    found = listing.scenarios()
    assert found["quick"] == "A first look"
    assert list(found) == [path.stem for path in sorted((CONFIGS / "scenarios").glob("*.yaml"))]


def test_the_schema_can_be_written_and_describes_units_and_bounds():
    schema = json.loads(json.dumps(listing.schema()))
    duration = schema["properties"]["duration"]
    assert duration["type"] == ["number", "string"]  # an editor accepts "24 h"
    assert (duration["unit"], duration["exclusiveMinimum"]) == ("h", 0)
    assert schema["properties"]["seed"]["maximum"] == 2**64 - 1
    models = [schema, *schema["$defs"].values()]
    assert all(model.get("additionalProperties") is False for model in models if "properties" in model)
    assert issubclass(PROCESSES["binding"], Model)


def test_every_list_has_its_name():
    assert list(listing.LISTS) == ["scenarios", "studies", "processes", "schema", "references"]
