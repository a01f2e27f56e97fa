"""Which arm is whose control, as a scenario chooses it."""

import re

import pytest
from pydantic import ValidationError

from abm.document.load import dump, resolve, validate
from abm.scenario.build import Subject, arm_of, subjects
from abm.scenario.controls import controls
from abm.scenario.schema import Scenario

WELL = {"duration": "1 h", "dt": "5 min", "space": {"kind": "floor", "side": "400 um", "volume": "1 uL"}}
RTX, SERUM = {"rituximab": "10 ug/mL"}, {"serum": "20 %"}
BODY = {"space": {"kind": "body"}, "populations": {"b_cells": {"kind": "clone"}}, "dt": "4 h", "duration": "10 d"}
BODY |= {"probes": {"counts": None, "patient": {"every": "1 d"}}}


def scenario(base=WELL, **changes):
    arms = {"medium": {}, "serum": {"add": [RTX, SERUM]}, "drug": {"add": [RTX]}}
    return Scenario.model_validate(base | {"arms": {name: arm | changes.pop(name, {}) for name, arm in arms.items()}}
                                   | changes)  # fmt: skip


def refused(base=WELL, **changes):
    with pytest.raises(ValidationError) as error:
        scenario(base, **changes)
    return [(fault.path, str(fault)) for e in error.value.errors() for fault in e["ctx"]["faults"]]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("medium", "serum~control", "medium")),
        ({"control": "own"}, ("medium", "serum~control", "medium")),
        ({"control": "none"}, ("", "", "")),
        ({"control": "medium"}, ("medium", "medium", "medium")),
        ({"serum": {"control": "none"}}, ("medium", "", "medium")),
        ({"control": "none", "serum": {"control": "own"}}, ("", "serum~control", "")),
        ({"control": "none", "serum": {"control": "medium"}}, ("", "medium", "")),
        ({"drug": {"control": "serum"}}, ("medium", "serum~control", "serum~control")),
        ({"control": "serum"}, ("serum~control", "serum~control", "serum~control")),
        ({"drug": {"control": "serum"}, "serum": {"control": "medium"}}, ("medium", "medium", "medium")),
    ],
)
def test_an_arm_has_its_own_control_that_of_another_or_none(changes, expected):
    assert controls(scenario(**changes)) == dict(zip(("medium", "serum", "drug"), expected, strict=True))


def test_a_control_that_nobody_asks_for_is_not_run():
    assert [one.arm for one in subjects(scenario(control="none"))] == ["medium", "serum", "drug"]
    shared = scenario(drug={"control": "serum"})
    assert [one.arm for one in subjects(shared)] == ["medium", "serum", "drug", "serum~control"]
    assert arm_of(shared, Subject("serum~control", 0, is_control=True)).words() == "serum 20 %"


def test_the_choice_comes_back_from_its_dump(tmp_path):
    one = scenario(control="none", serum={"control": "own"})
    (tmp_path / "x.yaml").write_text(dump(one))
    assert validate(Scenario, resolve(tmp_path / "x.yaml")) == one


def test_what_was_published_of_an_untreated_arm_gives_it_no_control_of_its_own():
    told = [{"of": "lysis", "value": "4 %", "source": "Golay2003"}]
    assert controls(scenario(medium={"observed": told})) == controls(scenario())


def test_arms_that_differ_in_that_alone_still_share_a_control():
    one = scenario(drug={"control": "own", "add": [RTX, SERUM]})
    assert controls(one)["drug"] == controls(one)["serum"] == "serum~control"


@pytest.mark.parametrize(
    ("changes", "place", "text"),
    [
        ({"control": "non"}, "control", "there is no arm 'non'.*own, none, medium, serum, drug; did you mean 'none'"),
        ({"drug": {"control": "sreum"}}, "arms.drug.control", "no arm 'sreum'.*did you mean 'serum'"),
        ({"drug": {"control": "serum"}, "serum": {"control": "none"}}, "arms.drug.control", "'serum' has no control"),
        ({"drug": {"control": "serum"}, "serum": {"control": "drug"}}, "arms.serum.control", "'drug' has no control"),
        ({"base": BODY, "control": "none"}, "control", "a patient has no control.*an untreated arm, written out"),
        ({"base": BODY, "drug": {"control": "medium"}}, "arms.drug.control", "a patient has no control"),
    ],
)
def test_what_can_be_no_control_is_refused_with_what_can(changes, place, text):
    if "base" in changes:
        changes["drug"] = changes.get("drug", {}) | {"add": []}
        changes["serum"] = {"add": []}
    found = dict(refused(**changes))
    assert re.search(text, found[place])


def test_a_word_that_is_also_an_arm_is_refused():
    with pytest.raises(ValidationError, match="'none' is an arm too") as error:
        Scenario.model_validate(WELL | {"control": "none", "arms": {"none": {}, "a": {"add": [RTX]}}})
    assert error.value.errors()[0]["ctx"]["faults"][0].allowed == "another name for that arm"
