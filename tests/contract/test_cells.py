"""What every kind of cell is, found out from the family itself: a new file is tested as it is found."""

import numpy as np
import pytest
from pydantic import ValidationError

from abm.biology.additions import conservation
from abm.biology.populations import CELL_TYPES, EFFECTORS
from abm.core.par import plain
from abm.core.population import UID, X_UM, Y_UM, Population
from abm.core.space import Body, Floor
from abm.core.units import names_its_unit
from abm.core.world import World
from abm.scenario.kinds import PROCESSES
from abm.scenario.schema import Scenario

KINDS = {kind: cls for kinds in CELL_TYPES.values() for kind, cls in kinds.items()}
IN_WELL = [name for name in EFFECTORS if CELL_TYPES[name][name].scale != "body"]
each_kind = pytest.mark.parametrize("kind", KINDS)
each_effector = pytest.mark.parametrize("name", IN_WELL)


def world_of(*kinds, seed=1):
    """Return a world with these kinds of cell, nobody there yet."""
    space = Body() if any(KINDS[kind].scale == "body" for kind in kinds) else Floor()
    world = World(space, 200.0, seed, 0)
    for kind in kinds:
        cell_type = KINDS[kind]()
        world.populations[cell_type.population] = Population(cell_type.population, cell_type.columns)
        world.cell_types[cell_type.population] = cell_type
    return world


def drawn(world, name, n=40):
    """Return the columns of ``n`` new cells, but for their cohort."""
    rows = world.populate(name, n, cohort=0)
    population = world.populations[name]
    return {column: population[column][rows].copy() for column in population.columns if column != "cohort"}


def test_targets_come_before_effectors_and_each_population_has_a_usual_kind():
    roles = [kinds[name].role for name, kinds in CELL_TYPES.items()]
    assert roles == sorted(roles, reverse=True)
    assert [name for name, role in zip(CELL_TYPES, roles, strict=True) if role == "effector"] == sorted(EFFECTORS)
    assert len({kinds[name].short for name, kinds in CELL_TYPES.items()}) == len(CELL_TYPES)


@each_kind
def test_a_kind_is_frozen_comes_back_from_yaml_and_says_what_it_is(kind):
    cls = KINDS[kind]
    one = cls()
    assert cls.model_validate(plain(one)) == one
    with pytest.raises(ValidationError):
        one.kind = "other"
    assert cls.word.strip()
    assert cls.words.strip()
    assert cls.short.isidentifier()
    assert cls.__doc__.endswith(".")
    assert 0.2 < cls.rel_size < 5.0


@each_kind
def test_the_columns_of_a_kind_say_unit_and_meaning(kind):
    for column in KINDS[kind].columns:
        assert column.doc
        assert column.unit == "1" or names_its_unit(column.name, column.unit)


@each_kind
def test_what_is_kept_shown_and_counted_of_a_kind_is_a_column_of_somebody(kind):
    cls = KINDS[kind]
    known = {column.name for column in (*cls.columns, UID, X_UM, Y_UM)}
    known |= {column.name for process in PROCESSES.values() for owner, column in process.columns}
    known |= {"is_dying", "n_kills"}
    assert {*cls.kept, *cls.means, *(one.column for one in cls.shown)} <= known
    assert all(one.words and (one.ends is None or one.ends[0] < one.ends[1]) for one in cls.shown)
    assert {measure.name for measure in cls.measures()} == set(cls().counted(None))


@each_kind
def test_a_draw_is_a_function_of_seed_and_identity_alone(kind):
    name = KINDS[kind].population
    first, again = (drawn(world_of(kind), name) for _ in range(2))
    assert all(np.array_equal(first[column], again[column]) for column in first)
    other = drawn(world_of(kind, seed=2), name)
    assert any(not np.array_equal(first[column], other[column]) for column in first if column != "uid")


@pytest.mark.parametrize("kind", [kind for kind, cls in KINDS.items() if cls.scale != "body"])
def test_a_draw_asks_neither_for_the_order_nor_for_others(kind):
    """Cells added in two parts, after a step, beside other populations, are those that are there at once."""
    name, others = KINDS[kind].population, [other for other in ("b_cells", *IN_WELL) if other != kind]
    at_once, world = drawn(world_of(kind), name), world_of(*others, kind)
    for other in others:
        world.populate(other, 7, cohort=0)
    world.populate(name, 15, cohort=0)
    world.step = 9
    world.populate(name, 25, cohort=1)
    later = world.populations[name]
    assert all(np.array_equal(at_once[column], later[column]) for column in at_once)


@each_kind
def test_counts_are_stable_and_fewer_are_few(kind):
    cls = KINDS[kind]
    counts = {} if cls.role == "target" else {"b_cells": 1000}
    assert cls().count(dict(counts)) == cls().count(dict(counts)) > 0
    if cls.role == "target":
        assert 1 <= cls().fewer(20).count({}) <= 21
    else:
        assert cls().count({}) == 0


def some(name):
    """Return a small well whose only effectors are these."""
    own = {kind: {} for kind, cls in PROCESSES.items() if cls.scale != "body" and uses(cls(), name)}
    own |= {"motility": {"population": name}}
    return {"binding": {}, **own}, {"populations": {"b_cells": {"n": 60}, name: {"per_b_cell": 1.0}}}


def uses(process, name):
    others = set(EFFECTORS) - {name}
    read = {column.partition(".")[0] for column in (*process.reads, *process.writes)}
    return name in read and not others & read


@each_effector
def test_a_well_with_one_kind_of_effector_runs_and_balances(name, culture):
    processes, changes = some(name)
    changes |= {"space": {"kind": "floor", "side": "250 um", "volume": "1 uL"}, "duration": "3 h"}
    sim = culture(processes, [{"rituximab": "10 ug/mL"}, {name: 20, "at": "1 h"}], changes)
    sim.run()
    world = sim.world
    assert max(map(abs, conservation(world).values())) < 1e-9
    assert world.populations[name].n == 80
    row = sim.records["counts"][max(sim.records["counts"])]
    assert row[f"n_{CELL_TYPES[name][name].short}"] == 80


@each_effector
def test_an_effector_is_named_in_a_scenario_alone(name):
    assert name not in Scenario().cell_types()
    own = Scenario.model_validate({"populations": {name: {}}, "arms": {"a": {}, "b": {"without": [name]}}})
    assert list(own.cell_types()) == [population for population in CELL_TYPES if population in ("b_cells", name)]
