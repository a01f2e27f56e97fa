"""Every parameter of every registered class: unit, bounds, source, frozen, and back again from YAML."""

import math
import re
import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel, ValidationError

import abm
from abm.biology.cells.lognormal import LogNormal, PositiveLogNormal
from abm.biology.cells.measured import MeasuredCd20
from abm.biology.covariates import Covariates
from abm.biology.populations import CELL_TYPES
from abm.biology.serum import Donor, Serum
from abm.core.par import Model, describe, parameter, plain, takes_bare_numbers
from abm.core.space import Body, Floor, Mixed
from abm.core.units import names_its_unit, parse_quantity, unit_of
from abm.cytometry.beads import Beads
from abm.document.load import dump, resolve, validate
from abm.evidence.nuisances import NUISANCES
from abm.scenario.kinds import ANTIBODIES, GIVEN, PROBES, PROCESSES
from abm.scenario.schema import Scenario

CELLS = [cls for kinds in CELL_TYPES.values() for cls in kinds.values()]
SPREADS = [LogNormal, PositiveLogNormal]
OF_EVENTS = [MeasuredCd20, Beads]  # their file or their beads are given
PARTS = [*CELLS, *SPREADS, Serum, Donor, Covariates, Floor, Mixed, Body, *NUISANCES.values()]
REGISTERED = [*PROCESSES.values(), *ANTIBODIES.values(), *PROBES.values(), *PARTS]
ROWS = [(cls, row) for cls in [*REGISTERED, *GIVEN.values(), *OF_EVENTS, Scenario] for row in describe(cls)]
KEYS = set(re.findall(r"^@\w+\{(\w+),", Path(abm.__file__).with_name("references.bib").read_text(), re.MULTILINE))

each_class = pytest.mark.parametrize("cls", REGISTERED, ids=lambda cls: cls.__name__)
each_row = pytest.mark.parametrize(("cls", "row"), ROWS, ids=lambda x: x.__name__ if isinstance(x, type) else x["name"])


def kinds(annotation: Any) -> set:
    if get_origin(annotation) is Literal:
        return {type(choice) for choice in get_args(annotation)}
    return {annotation}.union(*(kinds(part) for part in get_args(annotation)))


def numbers(cls):
    """Return the names of all fields that can hold a number."""
    return [name for name, field in cls.model_fields.items() if kinds(field.annotation) & {int, float}]


def within(value, row):
    above = value >= (row["ge"] if row["ge"] is not None else -math.inf) and value > (
        row["gt"] if row["gt"] is not None else -math.inf
    )
    below = value <= (row["le"] if row["le"] is not None else math.inf) and value < (
        row["lt"] if row["lt"] is not None else math.inf
    )
    return above and below


def other_values(cls):
    """Return a value beside the default for every parameter, inside its bounds."""
    values = {}
    for row in describe(cls):
        default, is_whole = row["default"], kinds(cls.model_fields[row["name"]].annotation) & {int, float} == {int}
        if isinstance(default, tuple):
            values[row["name"]] = (0.25, 0.5)
            continue
        if isinstance(default, str):
            continue
        tries = [1, 2, 0, 3] if is_whole else [0.3, 0.7, 0.013, 1.3, 37.0, 0.2, 1.1 * (default or 1.0)]
        values[row["name"]] = next(v for v in tries if v != default and within(v, row))
    return values


def made(cls, values):
    """Validate values as YAML would give them: with units where the key names none."""
    fields = cls.model_fields

    def written(name, value):
        unit = parameter(fields[name])["unit"]
        if isinstance(value, tuple):
            return [written(name, entry) for entry in value]
        return value if takes_bare_numbers(name, unit) else f"{value} {unit}"

    return cls.model_validate({name: written(name, value) for name, value in values.items()})


@each_class
def test_every_number_is_a_parameter(cls):
    assert set(numbers(cls)) <= {row["name"] for row in describe(cls)}


@each_row
def test_a_parameter_has_a_unit_a_bound_a_description_and_a_source_that_resolves(cls, row):
    unit_of(row["unit"])
    assert len(row["description"]) > 1
    if row["name"] in numbers(cls):
        assert any(row[bound] is not None for bound in ("ge", "gt", "le", "lt")), "no bound"
    references, reason, why = re.match(r"(.*?)(assumed: |fitted: |design: |$)(.*)", row["source"]).groups()
    assert set(filter(None, references.split("; "))) <= KEYS
    assert set(re.findall(r"\b[A-Z][A-Za-z]+(?:19|20)\d\d\b", why)) <= KEYS
    assert len(why) > 4 if reason else references


@each_row
def test_a_rate_a_fraction_or_a_share_is_not_negative(cls, row):
    if re.search(r"(rate|_frac|_per_\w+|half_life|_uM|_nM|_um)$", row["name"]):
        assert (row["ge"] if row["ge"] is not None else row["gt"]) >= 0
    if row["name"].endswith("_frac"):
        assert row["le"] is not None
        assert row["le"] <= 1


@each_row
def test_a_name_that_ends_in_a_unit_means_it(cls, row):
    if re.search(r"_(um|uL|h|d|s|min|years|kDa|nM|uM|per_(h|s|min|d|cell))$", row["name"]):
        assert names_its_unit(row["name"], row["unit"])


@each_class
def test_parameters_are_frozen(cls):
    instance = cls()
    for name in cls.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(instance, name, getattr(instance, name))


@each_class
def test_parameters_outside_their_bounds_and_unknown_ones_are_refused(cls):
    for row in describe(cls):
        bounds = [
            row["ge"] - 1 if row["ge"] is not None else row["gt"],
            None if row["le"] is None else row["le"] * 2 + 1,
        ]
        for value in [bound for bound in bounds if bound is not None and row["name"] in numbers(cls)]:
            values = (value,) if isinstance(row["default"], tuple) else value
            with pytest.raises(ValidationError):
                made(cls, {row["name"]: values})
    with pytest.raises(ValidationError, match="no_such_parameter"):
        cls.model_validate({"no_such_parameter": 1})


@each_class
@pytest.mark.parametrize("is_default", [True, False], ids=["defaults", "others"])
def test_a_model_comes_back_equal_from_plain_data_and_from_yaml(cls, is_default, tmp_path):
    model = cls() if is_default else made(cls, other_values(cls))
    assert is_default or all(getattr(model, name) == value for name, value in other_values(cls).items())
    assert cls.model_validate(plain(model)) == model
    file = tmp_path / "model.yaml"
    file.write_text(dump(model))
    assert validate(cls, resolve(file)) == model


@each_row
def test_a_default_is_written_and_read_back_to_the_same_float(cls, row):
    if isinstance(row["default"], float):
        assert parse_quantity(f"{row['default']!r} {row['unit']}", row["unit"]) == row["default"]


@pytest.mark.parametrize("registry", [PROCESSES, ANTIBODIES, PROBES, {"floor": Floor, "mixed": Mixed}])
def test_a_kind_is_a_literal_that_names_one_class(registry):
    for kind, cls in registry.items():
        assert get_args(cls.model_fields["kind"].annotation) == (kind,)
        assert cls().kind == kind
    assert len(set(registry.values())) == len(registry)


@pytest.mark.parametrize("kind", PROCESSES)
def test_a_mechanism_states_its_claim_model_and_references(kind):
    text = sys.modules[PROCESSES[kind].__module__].__doc__
    assert text.split("\n\n")[0].rstrip().endswith(".")
    for part in ("*Model*:", "*References*:"):
        assert part in text, part
    assert re.search(r"\*(Reads|Writes|Reads / Writes)\*:", text)
    named = re.findall(r"\b[A-Z][A-Za-z]+(?:19|20)\d\d\b", text)
    assert set(named) <= KEYS


def test_every_class_of_the_model_is_registered():
    """A class with numbers that nobody registered would escape these tests."""
    below, seen = [Model], set()
    while below:
        cls = below.pop()
        seen.add(cls)
        below += cls.__subclasses__()
    own = {cls for cls in seen if cls.__module__.startswith(("abm.biology", "abm.probes", "abm.core.space"))}
    bases = {base for cls in [*REGISTERED, *GIVEN.values(), *OF_EVENTS] for base in cls.__mro__}
    assert {cls.__name__ for cls in own - bases} == {"Additions", "AntibodiesOfArm"}
    assert all(isinstance(cls, type) and issubclass(cls, BaseModel) for cls in REGISTERED)
