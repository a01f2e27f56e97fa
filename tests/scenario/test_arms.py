"""What an arm adds: doses in the units people use, no more than the whole, names that survive other programs."""

import pytest
from pydantic import ValidationError

from abm.core.errors import InputError
from abm.document.load import dump, resolve, validate
from abm.scenario.build import Subject, build
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario

WELL = {"duration": "1 h", "dt": "5 min", "space": {"kind": "floor", "side": "400 um", "volume": "1 uL"}}
WELL |= {"populations": {"b_cells": {"n": 20}}}
BODY = {
    "duration": "10 d",
    "dt": "4 h",
    "space": {"kind": "body"},
    "populations": {"b_cells": {"kind": "clone", "cells_per_agent": 1e11}},
    "probes": {"counts": None, "patient": {"every": "1 d"}},
}


def refused(add, base=WELL, **arm):
    with pytest.raises(ValidationError) as error:
        Scenario.model_validate(base | {"arms": {"a": {"add": add, **arm}}})
    return [(fault.path, fault.message) for e in error.value.errors() for fault in e["ctx"]["faults"]]


@pytest.mark.parametrize(
    ("add", "place", "percent"),
    [
        ([{"serum": "60 %"}, {"serum": "50 %", "at": "30 min"}], "add.1.serum", 110),
        ([{"serum": 0.5}, {"serum": 0.5}, {"serum": "1 %", "lacking": ["complement"]}], "add.2.serum", 101),
        ([{"anti_cd55": 0.7}, {"anti_cd59": 1}, {"anti_cd55": 0.7}], "add.2.anti_cd55", 140),
        ([{"anti_cd59": 1}, {"anti_cd59": "10 %", "at": "30 min"}], "add.1.anti_cd59", 110),
    ],
)
def test_no_more_than_the_whole_is_added_to_a_well(add, place, percent):
    text = f"{place.split('.')[-1]} adds up to {percent} % in this arm"
    assert refused(add) == [(place, text)]


def test_the_whole_may_be_added_in_parts():
    assert Scenario.model_validate(WELL | {"arms": {"a": {"add": [{"serum": "10 %"}] * 10}}})


def test_a_patient_has_one_daily_dose_at_a_time():
    found = refused([{"ibrutinib": "420 mg", "at": "1 d"}, {"ibrutinib": "140 mg", "at": "24 h"}], BODY)
    assert found == [("add.1.at", "two daily doses from 24 h on")]


@pytest.mark.parametrize(("kind", "kDa"), [("rituximab", 145.0), ("ofatumumab_like", 149.0)])
def test_a_molar_dose_is_what_is_then_in_the_well(kind, kDa):  # noqa: N803 - a unit
    scenario = Scenario.model_validate(WELL | {"arms": {"a": {"add": [{kind: "69 nM"}]}}})
    assert getattr(scenario.arms["a"].add[0], kind) == pytest.approx(69e-3 * kDa, rel=1e-15)
    assert build(scenario, Subject("a", 0)).world.pools.nM(f"antibody_{kind}") == pytest.approx(69.0, rel=1e-12)


def test_a_molar_dose_goes_by_the_molecular_weight_that_the_scenario_gives(tmp_path):
    file = tmp_path / "well.yaml"
    file.write_text("antibodies: {rituximab: {mw_kDa: 100}}\narms: {a: {add: [{rituximab: 1 ug/mL}]}}")
    scenario = load_scenario(file, ("arms.a.add.0.rituximab=50 nmol/L",))
    assert scenario.arms["a"].add[0].rituximab == pytest.approx(5.0, rel=1e-15)
    file.write_text(dump(scenario))
    assert validate(Scenario, resolve(file)) == scenario


def test_a_dose_of_another_dimension_is_refused_at_its_place(tmp_path):
    file = tmp_path / "well.yaml"
    file.write_text("arms:\n  a:\n    add: [{rituximab: 50 nmol}]")
    with pytest.raises(InputError, match=r"well.yaml:3:12  arms.a.add.0.rituximab  '50 nmol' is of dimension amount"):
        load_scenario(file)


def patient(add, bsa):
    drug, who = {"drug": {"kind": "two_compartment"}}, {"body_surface_m2": bsa}
    return Scenario.model_validate(BODY | {"processes": drug, "covariates": who, "arms": {"a": {"add": add}}})


def dosed_mg(scenario):
    sim = build(scenario, Subject("a", 0))
    sim.run()
    return sim.world.pools["drug_rituximab_dosed_mg"]


@pytest.mark.parametrize("bsa", ["1.5 m2", "2.2 m2"])
@pytest.mark.parametrize("written", [{"infusion": "0.5 g"}, {"infusion_mg": 500}])
def test_a_flat_dose_is_the_same_for_everybody(bsa, written):
    course = written | {"times": 2, "every": "7 d"}
    assert dosed_mg(patient([course], bsa)) == pytest.approx(1000.0, rel=1e-9)
    assert patient([course], bsa).arms["a"].add[0].kind == "infusion"


def test_a_dose_by_body_surface_follows_it():
    given = [{"infusion": "375 mg/m2"}]
    assert dosed_mg(patient(given, "2.0 m2")) == pytest.approx(750.0, rel=1e-9)
    assert dosed_mg(patient(given, "1.5 m2")) == pytest.approx(562.5, rel=1e-9)


def test_a_dose_by_body_weight_follows_it_and_is_said_so():
    def weighing(kg):
        who = {"processes": {"drug": {"kind": "two_compartment"}}, "covariates": {"weight_kg": kg}}
        return Scenario.model_validate(BODY | who | {"arms": {"a": {"add": [{"infusion": "10 mg/kg"}]}}})

    assert dosed_mg(weighing(60)) == pytest.approx(600.0, rel=1e-9)
    assert dosed_mg(weighing(90)) == pytest.approx(900.0, rel=1e-9)
    assert weighing(90).arms["a"].add[0].words() == "10 mg/kg rituximab"


def test_a_flat_dose_comes_back_from_its_dump(tmp_path):
    scenario = patient([{"infusion": "500 mg"}, {"infusion": "375 mg/m2", "at": "5 d"}], "1.8 m2")
    (tmp_path / "x.yaml").write_text(dump(scenario))
    again = validate(Scenario, resolve(tmp_path / "x.yaml"))
    assert again == scenario
    assert dosed_mg(again) == pytest.approx(500.0 + 1.8 * 375.0, rel=1e-9)
    assert again.arms["a"].untreated().add == ()


def test_one_infusion_has_one_dose():
    for dose in ("500 mg", "375 mg/m2"):
        found = refused([{"infusion": dose, "infusion_mg": 300}], BODY)
        assert found == [("", "an addition names one thing, found infusion and infusion_mg")]


def test_infusions_overlap_whatever_their_dose_is_by():
    drug = BODY | {"processes": {"drug": {"kind": "two_compartment"}}}
    found = refused([{"infusion": "500 mg"}, {"infusion": "375 mg/m2", "at": "2 h"}], drug)
    assert found == [("add.1.at", "an infusion at 2 h begins before the one before it ends (4 h)")]


@pytest.mark.parametrize("name", ["NA", "na", "N/A", "NaN", "nan", "null", "None", "nil", "NULL", "#N/A", "<NA>"])
def test_what_others_read_as_missing_is_no_name(tmp_path, name):
    file = tmp_path / "well.yaml"
    file.write_text(f"name: '{name}'\narms:\n  a: {{group: '{name}'}}\nx_axis: {{name: '{name}'}}")
    with pytest.raises(InputError) as error:
        load_scenario(file)
    assert [(fault.path, fault.line) for fault in error.value.faults] == [
        ("name", 1),
        ("arms.a.group", 3),
        ("x_axis.name", 4),
    ]
    if name.isalpha():
        file.write_text(f"arms:\n  '{name}': {{group: '{name}'}}")
        with pytest.raises(InputError, match=rf"well.yaml:2:3  arms.{name}  '{name}' reads as a missing value"):
            load_scenario(file)


def test_a_name_that_only_contains_such_a_word_is_one():
    arms = {"NaN3": {}, "none-added": {"group": "NA 1"}, "T": {}, "0": {}}
    assert list(Scenario.model_validate(WELL | {"arms": arms}).arms) == list(arms)


def test_names_that_differ_in_capitals_alone_are_refused():
    with pytest.raises(ValidationError, match="'Both' and 'both' are one name where capitals do not count"):
        Scenario.model_validate(WELL | {"arms": {"both": {}, "Both": {}}})


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\x1bb", "\u202eab", "a\x00b"])
@pytest.mark.parametrize("place", ["group", "name", "unit"])
def test_a_label_has_no_control_characters(text, place):
    axis = {"name": "dose", "unit": "", **({place: text} if place != "group" else {})}
    arms = {"a": {"group": text if place == "group" else "g"}}
    with pytest.raises(ValidationError, match="at most 64 printable characters"):
        Scenario.model_validate(WELL | {"arms": arms, "x_axis": axis})


@pytest.mark.parametrize(
    ("file", "name"), [("NA.yaml", "NA-"), ("my well.yaml", "my-well"), ("null.yaml", "null-"), ("--.yaml", "scenario")]
)
def test_a_file_names_what_has_no_name(tmp_path, file, name):
    (tmp_path / file).write_text("seed: 1")
    loaded = load_scenario(tmp_path / file)
    assert loaded.name == name
    assert validate(Scenario, resolve(tmp_path / file, [f"name={name}"])).name == name


@pytest.mark.parametrize("name", ["nan", "null", "na"])
def test_causes_and_processes_have_names_too(name):
    for processes, path in (({"x": {"kind": "death", "cause": name}}, "x"), ({name: {"kind": "binding"}}, name)):
        with pytest.raises(ValidationError, match=f"'{name}' reads as a missing value") as error:
            Scenario.model_validate(WELL | {"processes": processes})
        assert path in error.value.errors()[0]["loc"]


@pytest.mark.parametrize(("base", "dose"), [(WELL, "420 mg"), (BODY, "1 uM")])
def test_a_small_molecule_is_given_in_mg_to_a_patient_and_in_uM_to_a_well(base, dose):
    kind = {"ibrutinib": "ibrutinib"} if base is BODY else {"ibrutinib": "btk_occupancy"}
    found = refused([{"ibrutinib": dose}], base | {"processes": {name: {"kind": k} for name, k in kind.items()}})
    where = "a patient" if base is BODY else "a culture well"
    assert found == [("arms.a.add.0", f"'ibrutinib' in {dose.split()[1]} cannot be added to {where}")]
