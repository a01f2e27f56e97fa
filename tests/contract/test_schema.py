"""Every file that ships names the schema by which an editor completes, checks and explains it.

``pytest tests/contract/test_schema.py --approve`` writes the schemas anew.
"""

import json
import re
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from abm.document.editor import schema_of
from abm.document.reading import read_document
from abm.document.shipped import CONFIGS
from abm.evidence.compare import Comparison
from abm.evidence.fit import Calibration
from abm.evidence.targets import VirtualPopulation
from abm.evidence.variants import Variants
from abm.scenario.schema import Scenario
from abm.study.spec import Study

MODELS = {
    "scenario": Scenario,
    "study": Study,
    "calibration": Calibration,
    "comparison": Comparison,
    "variants": Variants,
    "weights": VirtualPopulation,
}
LINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n# \S")
HOVER = re.compile(r"\w.*; (a pure number|unit \S+)(, (>|<)[^;]*)?(, default [^;]*)?\. \S", re.DOTALL)


@cache
def schema(name):
    """Return the schema that ships."""
    return json.loads((CONFIGS / "schema" / f"{name}.json").read_text())


def faults(name, data):
    """Return what an editor would mark in the data of a file."""
    return [str(fault.message) for fault in jsonschema.Draft202012Validator(schema(name)).iter_errors(data)]


@pytest.mark.parametrize("name", MODELS)
def test_the_schema_that_ships_is_that_of_the_model(name, request):
    file = CONFIGS / "schema" / f"{name}.json"
    text = json.dumps(schema_of(MODELS[name]), indent=1, ensure_ascii=False) + "\n"
    if request.config.getoption("--approve"):
        file.write_text(text)
    assert file.read_text() == text, f"the model has changed: pytest {Path(__file__).name} --approve"
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("file", sorted(CONFIGS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_a_file_that_ships_names_its_schema_first_and_keeps_to_it(file):
    line = LINE.match(file.read_text())
    assert line, "line 1: # yaml-language-server: $schema=../schema/KIND.json, line 2: # what the file is for"
    named = (file.parent / line[1]).resolve()
    assert named.parent == CONFIGS / "schema"
    assert faults(named.stem, read_document(file).data) == []


@pytest.mark.parametrize("name", MODELS)
def test_whoever_points_at_a_parameter_reads_its_unit_bounds_and_source(name):
    parts = [schema(name), *schema(name).get("$defs", {}).values()]
    found = [field for part in parts for field in part.get("properties", {}).values() if "unit" in field]
    assert all(HOVER.match(field["description"]) and field["source"] in field["description"] for field in found)
    assert found or name == "variants"


def test_what_is_said_of_a_parameter_is_what_the_model_says():
    said = schema("scenario")["$defs"]["Engagement"]["properties"]["contact_um"]["description"]
    assert said == "Contact distance; unit um, > 0 and <= 100, default 10.0 um. design: sum of the two radii"


@pytest.mark.parametrize(
    "data",
    [
        {"durtion": "24 h"},
        {"replicates": 0},
        {"arms": {"serum": {"add": [{"rituximb": "10 ug/mL"}]}}},
        {"processes": {"shield": {"kind": "c3b_shield", "max_frc": 0.5}}},
    ],
)
def test_an_editor_marks_what_is_wrong(data):
    assert faults("scenario", data)


def test_an_editor_lets_a_file_change_and_switch_off_what_another_has():
    assert not faults("scenario", {"extends": "wm_bright", "processes": {"shield": None, "igg": {"k_uM": "1 uM"}}})
    assert not faults("scenario", {"extends": ["wm_bright", "mine.yaml"], "arms": {"serum": None}})
