import pickle
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import Field, ValidationError
from ruamel.yaml import YAML

from abm.core.errors import Fault, InputError, Interrupted, nearest
from abm.core.par import Model, bounds_text, describe, par, plain
from abm.core.units import UnitError

WHY = "design: an example"


class Loss(Model):
    kind: Literal["loss"] = "loss"
    rate_per_h: float = par(0.26, "1/h", "Beum2011", "Loss", ge=0, le=2)


class Gain(Model):
    kind: Literal["gain"] = "gain"
    kd_nM: float = par(0.8, "nM", "Bondza2017", "Dissociation constant", gt=0)


class Well(Model):
    duration: float = par("1 d", "h", WHY, "Duration", gt=0)
    n: int = par(10, "cells", WHY, "Cells", ge=0, le=1000)
    p_kill: float = par(0.5, "1", WHY, "Probability", ge=0, le=1)
    is_mixed: bool = False
    at: tuple[float, ...] = par((), "h", WHY, "Times", ge=0)
    doses: dict[str, float] = par({}, "nM", WHY, "Doses", ge=0)
    window: float | Literal["auto"] = par("auto", "h", WHY, "Window", gt=0)
    half_life: float | None = par(None, "h", WHY, "Half-life", gt=0)
    process: Annotated[Loss | Gain, Field(discriminator="kind")] = Loss()
    without: tuple[str, ...] = Field((), alias="except")


def refused(**values):
    with pytest.raises(ValidationError) as error:
        Well(**values)
    return error.value.errors()[0]


def test_texts_with_units_are_converted_to_the_unit_of_the_field():
    well = Well(duration="90 min", at=["1 d", "30 min"], doses={"a": "1 uM"}, window="2 d", p_kill="25 %", n="20 cells")
    assert (well.duration, well.at, well.doses) == (1.5, (24.0, 0.5), {"a": 1000.0})
    assert (well.window, well.p_kill, well.n) == (48.0, 0.25, 20)


def test_a_name_with_its_unit_takes_a_plain_number_or_any_unit_of_the_dimension():
    assert Loss(rate_per_h=1).rate_per_h == 1.0
    assert Loss(rate_per_h="24 /d").rate_per_h == 1.0
    assert Loss(rate_per_h="0.01 per min").rate_per_h == 0.6


@pytest.mark.parametrize(
    "values",
    [{"duration": 24}, {"duration": 24.0}, {"duration": "24"}, {"at": ["1 h", 2]}, {"doses": {"a": 1}}, {"window": 2}],
)
def test_a_name_without_its_unit_demands_one(values):
    assert "unit missing" in refused(**values)["msg"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"n": True}, "int_type"),
        ({"n": 1.5}, "int_type"),
        ({"n": "0.5 cells"}, "int_type"),
        ({"p_kill": True}, "float_type"),
        ({"duration": True}, "float_type"),
        ({"is_mixed": "yes"}, "bool_type"),
        ({"is_mixed": 1}, "bool_type"),
        ({"p_kill": float("nan")}, "finite_number"),
        ({"p_kill": float("inf")}, "finite_number"),
        ({"n": "10"}, "fault"),
        ({"p_kill": "0.5"}, "fault"),
        ({"p_kill": "half"}, "fault"),
        ({"duration": "24 um"}, "fault"),
        ({"half_life": "0 h"}, "fault"),
        ({"p_kill": 1.01}, "fault"),
        ({"n": -1}, "fault"),
        ({"n": 10**30}, "fault"),
        ({"at": ["1 h", "-1 h"]}, "fault"),
        ({"doses": {"a": "-1 nM"}}, "fault"),
        ({"without": ["nk"]}, "extra_forbidden"),
        ({"except": "nk"}, "tuple_type"),
        ({"process": {"kind": "los"}}, "union_tag_invalid"),
    ],
)
def test_nothing_is_coerced_silently(values, kind):
    assert refused(**values)["type"] == kind


def test_a_fault_in_a_list_names_the_item():
    fault = refused(at=["1 h", "-1 h"])["ctx"]["faults"][0]
    assert fault == Fault("found -1, out of bounds", path="1", allowed=">= 0 h")


def test_scalars_of_ruamel_and_numpy_become_plain():
    data = YAML().load("{n: 0x10, p_kill: 5e-1, is_mixed: &flag true, duration: '2 h', at: [1 h]}")
    well = Well(**data)
    assert well == Well(n=16, p_kill=0.5, is_mixed=True, duration="2 h", at=("1 h",))
    assert [type(value) for value in (well.n, well.p_kill, well.is_mixed)] == [int, float, bool]
    assert Well(n=np.int64(4), p_kill=np.float64(0.25)) == Well(n=4, p_kill=0.25)
    assert Well(n=1e2).n == 100


def test_a_model_is_frozen_and_survives_pickling():
    well = Well(duration="3 h")
    with pytest.raises(ValidationError):
        well.duration = 4.0
    assert pickle.loads(pickle.dumps(well)) == well


def test_plain_data_validates_to_an_equal_model():
    well = Well(
        duration="0.1 min",
        at=["1 s"],
        doses={"a": "1 pM"},
        process=Gain(kd_nM=0.1),
        half_life="1 week",
        **{"except": ["nk"]},
    )
    data = plain(well)
    assert Well(**data) == well
    assert data["half_life"] == "168 h"
    assert data["process"] == {"kind": "gain", "kd_nM": 0.1}
    assert data["except"] == ["nk"]


def test_parameters_are_described_with_unit_source_and_bounds():
    first, *_, last = describe(Well)
    assert first == {
        "name": "duration", "default": 24.0, "unit": "h", "source": WHY, "description": "Duration",
        "ge": None, "gt": 0, "le": None, "lt": None,
    }  # fmt: skip
    assert last["name"] == "half_life"
    assert [row["name"] for row in describe(Loss)] == ["rate_per_h"]


def test_a_required_parameter_has_no_default():
    class Needy(Model):
        n: int = par(..., "1", WHY, "Cells", ge=0)

    assert describe(Needy)[0]["default"] is ...
    with pytest.raises(ValidationError):
        Needy()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((1.0, "furlong", WHY, "x"), UnitError),
        ((1.0, "h", " ", "x"), ValueError),
        ((1.0, "h", WHY, ""), ValueError),
        (("3 um", "h", WHY, "x"), UnitError),
    ],
)
def test_a_parameter_without_unit_source_or_description_cannot_be_declared(arguments, error):
    with pytest.raises(error):
        par(*arguments)


def test_a_default_out_of_bounds_cannot_be_declared():
    with pytest.raises(ValueError, match=">= 0 and < 1"):
        par(1.0, "1", WHY, "x", ge=0, lt=1)
    with pytest.raises(ValueError, match="> 0"):
        par((1.0, 0.0), "h", WHY, "x", gt=0)
    assert bounds_text({"gt": 0, "le": 2}, "nM") == "> 0 and <= 2 nM"


def test_the_schema_for_editors_takes_texts_and_shows_bounds():
    schema = Well.model_json_schema()["properties"]
    assert schema["duration"]["type"] == ["number", "string"]
    assert schema["p_kill"]["maximum"] == 1
    assert schema["at"]["items"]["type"] == ["number", "string"]
    assert schema["is_mixed"]["type"] == "boolean"


def test_an_input_error_lists_all_faults_one_a_line():
    error = InputError(Fault("unknown key 'n'", "a.n", "x.yaml", 3, 5, "m, k", "m"), "second")
    assert str(error) == "x.yaml:3:5  a.n  unknown key 'n'; allowed: m, k; did you mean 'm'?\nsecond"
    assert error.exit_code == 2


def test_an_interruption_ends_with_the_code_of_its_signal():
    assert [Interrupted(2).exit_code, Interrupted(15).exit_code] == [130, 143]
    assert pickle.loads(pickle.dumps(Interrupted(15))).exit_code == 143
    assert pickle.loads(pickle.dumps(InputError("a", "b"))).faults == InputError("a", "b").faults


@pytest.mark.parametrize(
    ("word", "near"), [("bindng", "binding"), ("RATE_PER_H", "rate_per_h"), ("rate", "rate_per_h"), ("zzz", "")]
)
def test_the_nearest_spelling_is_found(word, near):
    assert nearest(word, ["binding", "rate_per_h"]) == near
