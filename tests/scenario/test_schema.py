"""What a scenario file may say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from abm.biology.populations import CELL_TYPES
from abm.core.par import plain
from abm.document.load import dump, resolve, validate
from abm.scenario.arms import Arm
from abm.scenario.kinds import ANTIBODIES, GIVEN, PROBES, PROCESSES
from abm.scenario.schema import Scenario

ADDITIONS = st.one_of(
    st.sampled_from(sorted(ANTIBODIES)).flatmap(
        lambda name: st.floats(0, 1e3).map(lambda dose: {name: f"{dose!r} ug/mL"})
    ),
    st.floats(0, 1).map(lambda share: {"serum": share}),
    st.integers(0, 500).map(lambda n: {"b_cells": n}),
    st.floats(0, 50).map(lambda dose: {"dheas": f"{dose!r} uM"}),
)


def described(exception):
    (error,) = exception.value.errors()
    return [(fault.path, fault.message) for fault in error["ctx"]["faults"]]


def test_a_scenario_of_defaults_is_a_well_without_processes():
    scenario = Scenario()
    assert (scenario.duration, scenario.dt, scenario.replicates) == (24.0, 1 / 60, 1)
    assert scenario.processes == {}
    assert list(scenario.arms) == ["arm"]
    with pytest.raises(ValidationError, match="frozen"):
        scenario.seed = 2


@given(
    st.integers(0, 2**64 - 1),
    st.floats(1e-3, 0.2),
    st.lists(st.tuples(ADDITIONS, st.floats(0, 23)), max_size=3, unique_by=lambda item: next(iter(item[0]))),
)
@settings(max_examples=60)
def test_any_scenario_comes_back_equal_from_its_dump(tmp_path_factory, seed, dt_h, added):
    drugs = [name for addition, _ in added for name in addition if name in ANTIBODIES]
    added = [(a, t) for a, t in added if not set(a) & set(drugs[1:])]
    plan = [addition | {"at": f"{t_h!r} h"} for addition, t_h in sorted(added, key=lambda item: item[1])]
    looks = {"probes": {"counts": {"every": f"{3 * dt_h!r} h"}}}
    scenario = Scenario.model_validate(looks | {"seed": seed, "dt": f"{dt_h!r} h", "arms": {"a": {"add": plan}}})
    file = tmp_path_factory.mktemp("dump") / "scenario.yaml"
    file.write_text(dump(scenario))
    assert validate(Scenario, resolve(file)) == scenario
    assert Scenario.model_validate(plain(scenario)) == scenario


def test_every_kind_that_there_is_can_be_named():
    schema = Scenario.model_json_schema()
    (named,) = schema["properties"]["processes"]["patternProperties"].values()
    named = named["oneOf"]
    assert len(named) == len(PROCESSES)
    assert set(CELL_TYPES) == set(schema["$defs"]["Populations"]["properties"])
    assert set(PROBES) == set(schema["$defs"]["Probes"]["properties"])
    given = schema["$defs"]["Arm"]["properties"]["add"]["items"]["oneOf"]
    assert len(given) == len(GIVEN)


def test_a_control_is_the_arm_without_antibody_and_without_its_place_on_the_axis():
    arm = Arm.model_validate({"x": 3.0, "group": "g", "add": [{"rituximab": "1 ug/mL"}, {"serum": "25 %"}]})
    assert arm.antibodies == ["rituximab"]
    control = arm.untreated()
    assert [addition.kind for addition in control.add] == ["serum"]
    assert (control.x, control.group, control.antibodies) == (None, "", [])


@pytest.mark.parametrize("kind", sorted(ANTIBODIES))
def test_every_antibody_makes_an_arm_of_its_own(kind):
    arm = Arm.model_validate({"add": [{kind: "10 ug/mL"}]})
    assert arm.antibodies == [kind]
    assert arm.untreated().add == ()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"dt": "2 h", "duration": "1 h"}, ("dt", "dt 2 h is longer than the duration 1 h")),
        ({"dt": "0.01 s", "duration": "1 year", "probes": {"counts": {"at": ["1 h"]}}}, ("dt", "steps")),
        ({"space": {"kind": "floor", "side": "19 um"}}, ("space.side", "smaller than a cell's contact (20 um)")),
        ({"processes": {"additions": {"kind": "death"}}}, ("processes.additions", "a process 'additions' of its own")),
        ({"arms": {"a": {"add": [{"b_cells": 1, "at": "24 h"}]}}}, ("arms.a.add.0.at", "at 24 h is outside the run")),
        ({"arms": {"a": {"add": [{"nk_cells": 1}]}}}, ("arms.a.add.0", "has no population 'nk_cells'")),
    ],
)
def test_what_does_not_fit_together_is_refused(data, expected):
    with pytest.raises(ValidationError) as refused:
        Scenario.model_validate(data)
    assert any(path == expected[0] and expected[1] in message for path, message in described(refused))


def test_contact_that_reaches_further_needs_a_larger_floor():
    processes = {"engagement": {"kind": "engagement", "contact_um": 40.0}}
    with pytest.raises(ValidationError, match=r"a floor of 70 um is smaller than a cell's contact \(80 um\)"):
        Scenario.model_validate({"space": {"kind": "floor", "side": "70 um"}, "processes": processes})
    assert Scenario.model_validate({"space": {"kind": "floor", "side": "80 um"}, "processes": processes})


def test_what_writes_a_column_of_the_moment_stands_above_what_reads_it():
    right = {"shield": {"kind": "c3b_shield"}, "engagement": {"kind": "engagement"}}
    assert Scenario.model_validate({"processes": right})
    clashing = {"hits": {"kind": "killing"}, "meeting": {"kind": "engagement"}}
    with pytest.raises(ValidationError) as refused:
        Scenario.model_validate({"processes": clashing})
    assert ("processes.meeting", "'hits' reads b_cells.fc_signal before 'meeting' writes it") in described(refused)
    assert Scenario.model_validate({"processes": dict(reversed(clashing.items()))})


@pytest.mark.parametrize(
    ("dt", "every", "fits"), [("1 min", "15 min", True), ("40 s", "1 min", False), ("0.1 h", "0.7 h", True)]
)
def test_looks_fall_on_steps(dt, every, fits):
    data = {"dt": dt, "probes": {"counts": {"every": every}}}
    if fits:
        Scenario.model_validate(data)
    else:
        with pytest.raises(ValidationError, match="is no multiple of dt"):
            Scenario.model_validate(data)


def test_several_faults_come_together():
    data = {"dt": "2 h", "duration": "1 h", "arms": {"a": {"add": [{"nk_cells": 1, "at": "3 h"}]}}}
    with pytest.raises(ValidationError) as refused:
        Scenario.model_validate(data)
    assert {path for path, _ in described(refused)} >= {"dt", "arms.a.add.0", "arms.a.add.0.at"}


@pytest.mark.parametrize(
    ("kind", "more", "column"),
    [
        ("division", {}, "b_cells.division_per_h"),
        ("death", {"cause": "aging"}, "b_cells.hazard_aging_per_h"),
        ("internalisation", {}, "b_cells.bound_per_cell"),
        ("antibody_decay", {}, "pools.antibody_*"),
        ("igm_secretion", {}, "pools.igm_secreted"),
        ("dheas_field", {}, "fields.dheas"),
    ],
)
def test_two_of_a_kind_on_one_column_are_refused(kind, more, column):
    with pytest.raises(ValidationError) as refused:
        Scenario.model_validate({"processes": {name: {"kind": kind} | more for name in ("one", "two")}})
    text = f"'two' is of the same kind as 'one' and sets {column} too"
    assert described(refused) == [("processes.two", text)]


@pytest.mark.parametrize(
    ("kind", "one", "two"),
    [
        ("death", {}, {"cause": "aging"}),
        ("division", {}, {"population": "nk_cells"}),
        ("influx", {}, {}),
        ("dheas_source", {"x_um": 10.0}, {"x_um": 90.0}),
    ],
)
def test_two_of_a_kind_stand_beside_each_other_where_they_add_up(kind, one, two):
    assert Scenario.model_validate({"processes": {"one": {"kind": kind} | one, "two": {"kind": kind} | two}})


PATIENT = {
    "dt": "4 h",
    "duration": "30 d",
    "space": {"kind": "body"},
    "populations": {"b_cells": {"kind": "clone"}},
    "processes": {"igm": {"kind": "igm_turnover"}, "plasma_cells": {"kind": "plasma_cells"}},
    "probes": {"counts": None, "patient": {"every": "7 d"}},
}


@pytest.mark.parametrize(
    ("changes", "path", "text"),
    [
        ({"counts": {"every": "4 h"}}, "probes.counts", "'counts' sees nothing in a patient"),
        ({"fields": {"at": ["1 d"]}}, "probes.fields", "'fields' sees nothing in a patient"),
        ({"complement_events": {"every": "4 h"}}, "probes.complement_events", "sees nothing in a patient"),
    ],
)
def test_a_patient_has_no_probes_of_a_well(changes, path, text):
    with pytest.raises(ValidationError) as refused:
        Scenario.model_validate(PATIENT | {"probes": PATIENT["probes"] | changes})
    assert any(found == path and text in message for found, message in described(refused))


def test_a_clone_has_cells():
    with pytest.raises(ValidationError) as refused:
        Scenario.model_validate(PATIENT | {"populations": {"b_cells": {"kind": "clone", "cells": 0}}})
    assert described(refused) == [("populations.b_cells.cells", "a clone without cells")]
    assert Scenario.model_validate(PATIENT)
