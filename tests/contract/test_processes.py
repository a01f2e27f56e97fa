"""What every process may do to the world, found out by letting it act in a busy well."""

import copy
from fnmatch import fnmatchcase

import numpy as np
import pytest

from abm.core.fate import Fate
from abm.core.par import describe, takes_bare_numbers
from abm.core.pools import Pools
from abm.core.population import Population
from abm.core.process import Phase, Process
from abm.core.space import Mixed
from abm.core.stack import stack
from abm.core.world import World
from abm.scenario.kinds import GIVEN, PROCESSES

MIXED = {"kind": "mixed", "side": "300 um", "volume": "1.1 uL"}
ALWAYS_KNOWN = {"uid"}
IN_BODY = [kind for kind, cls in PROCESSES.items() if cls.scale == "body"]
IN_WELL = [kind for kind in PROCESSES if kind not in IN_BODY]
each_kind = pytest.mark.parametrize("kind", PROCESSES)
each_in_well = pytest.mark.parametrize("kind", IN_WELL)


class Watched(dict):
    """Properties that note which of them are read and which are published."""

    def __init__(self, properties, seen):
        super().__init__(properties)
        self.seen = seen

    def __getitem__(self, name):
        self.seen.add(f"properties.{name}")
        return super().__getitem__(name)

    def get(self, name, default=None):
        self.seen.add(f"properties.{name}")
        return super().get(name, default)

    def __setitem__(self, name, model):
        self.seen.add(f"properties.{name}")
        super().__setitem__(name, model)


class Spy:
    """Stands before a process and tells what changed while it acted."""

    def __init__(self, process, look, tell):
        self.process, self.look, self.tell = process, look, tell

    def __getattr__(self, name):
        return getattr(self.process, name)

    def step(self, world, key):
        before = self.look(world)
        self.process.step(world, key)
        self.tell(self.process, before, self.look(world))


def undeclared(names, declared):
    """Return the names that no declaration stands for; a ``*`` is any part of a name."""
    return {name for name in names if not any(fnmatchcase(name, pattern) for pattern in declared)}


def spied(sim, look, tell):
    sim.processes = {name: Spy(process, look, tell) for name, process in sim.processes.items()}
    sim.run()


@pytest.mark.parametrize("space", [{"kind": "floor"}, {"kind": "floor", "walls": "periodic"}, MIXED, {"kind": "body"}])
def test_a_process_writes_only_what_it_declares(busy, patient, picture, differences, space):
    def tell(process, before, after):
        if isinstance(process, Fate):
            return
        written = {name for name in differences(before, after) if not name.startswith("tallies.")}
        assert not undeclared(written, process.writes), type(process).__name__

    spied(patient() if space["kind"] == "body" else busy(changes={"space": space}), picture, tell)


def test_rows_change_only_in_fate(busy):
    def rows(world):
        return {name: sorted(p.uid.tolist()) for name, p in world.populations.items()}

    def tell(process, before, after):
        changed.update([process.phase] if before != after else [])

    changed = set()
    spied(busy(), rows, tell)
    assert changed == {Phase.FATE}


@pytest.mark.parametrize("where", ["well", "body"])
def test_a_process_reads_only_what_it_declares(where, busy, patient, monkeypatch):
    """The order inside a phase is checked by what processes say they read."""
    read = set()

    def note(population, name):
        own = vars(population)
        if name in own.get("columns", ()):
            read.add(f"{own['name']}.{name}")

    def attribute(population, name):
        if name != "__dict__":
            note(population, name)
        return object.__getattribute__(population, name)

    def column(population, name):
        note(population, name)
        return original_column(population, name)

    def amount(pools, name):
        read.add(f"pools.{name}")
        return original_amount(pools, name)

    def given_of(world, kind):
        read.add(f"given.{kind}")
        return original_given(world, kind)

    def mend(world, *arguments):
        before = set(read)
        original_mend(world, *arguments)
        read.intersection_update(before)

    def drained(world):
        seen = {name for name in read if name.split(".")[1] not in ALWAYS_KNOWN}
        read.clear()
        return seen

    def tell(process, before, seen):
        if isinstance(process, Fate):
            return
        assert not undeclared(seen, (*process.reads, *process.writes)), type(process).__name__

    sim = busy() if where == "well" else patient()
    sim.world.properties = Watched(sim.world.properties, read)
    original_given = World.given_of
    monkeypatch.setattr(World, "given_of", given_of)
    original_column, original_amount, original_mend = Population.__getitem__, Pools.__getitem__, World._mend
    monkeypatch.setattr(World, "_mend", mend)
    monkeypatch.setattr(Population, "__getattribute__", attribute)
    monkeypatch.setattr(Population, "__getitem__", column)
    monkeypatch.setattr(Pools, "__getitem__", amount)
    spied(sim, drained, tell)


@pytest.mark.parametrize("where", ["well", "body"])
def test_a_process_publishes_what_it_declares_and_nothing_else(where, busy, patient):
    sim = busy() if where == "well" else patient()
    for process in sim.processes.values():
        seen = set()
        sim.world.properties = Watched(sim.world.properties, seen)
        process.prepare(sim.world)
        declared = {name for name in process.writes if name.startswith("properties.")}
        assert declared <= seen
        assert not undeclared(seen, (*declared, *process.reads)), type(process).__name__


@each_kind
def test_what_a_process_names_exists(kind, busy, patient):
    process, known = PROCESSES[kind](), {f"given.{name}" for name in GIVEN}
    for where, make in (("well", busy), ("body", patient)):
        world = make().world if process.scale in (where, "both") else None
        for name, p in world.populations.items() if world else ():
            known |= {f"{name}.{column}" for column in p.columns}
        known |= {f"properties.{name}" for name in world.properties} if world else set()
        known |= {f"fields.{name}" for name in world.fields} if world else set()
    named = {name for name in (*process.reads, *process.writes) if not name.startswith("pools.")}
    assert all(any(fnmatchcase(name, pattern) for name in known) for pattern in named)


def multipliers(world):
    return {
        f"{name}.{column}": p[column].copy()
        for name, p in world.populations.items()
        for column in p.names("rel_")
        if p.columns[column].resets
    }


@each_in_well
def test_multipliers_are_multiplied_and_never_assigned(kind, busy, midway):
    results = []
    for preset in (1.0, 2.0):
        sim = busy()
        sim.restore(*copy.deepcopy(midway))
        sim.world.dt_h = 1 / 60
        for population in sim.world.populations.values():
            population.reset()
            for column in population.names("rel_"):
                if population.columns[column].resets:
                    population[column][:] = preset
        sim.processes[kind].step(sim.world, sim.world.key(kind))
        results.append(multipliers(sim.world))
    assert len(results[0]) >= 4
    for name, values in results[0].items():
        assert (results[1][name] == 2.0 * values).all(), name


def zeros(kind):
    """Return every parameter of a process that may be zero, as zero."""
    return {name: 0 if takes_bare_numbers(name, unit) else f"0 {unit}" for name, unit in may_be_zero(kind)}


def may_be_zero(kind):
    return [(row["name"], row["unit"]) for row in describe(PROCESSES[kind]) if row["ge"] == 0]


NEVER_NULL = {"antibody_decay", "binding", "effector_recovery", "igg_competition", "igm_secretion"}
NEVER_NULL |= {"marrow_effect", "one_compartment", "plasmapheresis", "ibrutinib", "subclone_split"}
LEVELS = {
    "two_compartment",
    "il6",
    "igm_turnover",
    "albumin",
    "viscosity",
    "bcr_signalling",
    "btk_occupancy",
}  # set a level: there is no doing without
VARIANTS = {  # which write the same: all but one are left out where that one is looked at
    kind: tuple(
        other
        for other, its in PROCESSES.items()
        if other != kind and its.writes == cls.writes and {*its.__mro__} & {*cls.__mro__} - {*Process.__mro__}
    )
    for kind, cls in PROCESSES.items()
}
WITHOUT_FIELD = {"dheas_field": ("dheas_source",)}  # a uniform field is the pool; a source makes it uneven


def test_every_process_has_a_null_or_says_that_it_has_none():
    assert {kind for kind in PROCESSES if not may_be_zero(kind)} == NEVER_NULL


@pytest.mark.parametrize("kind", sorted(set(IN_BODY) - NEVER_NULL - LEVELS))
def test_with_rates_of_zero_a_process_of_a_patient_is_as_good_as_absent(kind, patient, picture, differences):
    others, pictures = VARIANTS[kind], []
    for sim in (patient(others, {kind: zeros(kind)}), patient((*others, kind)), patient(others, {kind: {}})):
        sim.run()
        pictures.append(picture(sim.world))
    own = {f"{owner}.{column.name}" for owner, column in PROCESSES[kind].columns}
    assert differences(*pictures[:2]) <= own
    assert len(differences(*pictures[1:])) > 3


@pytest.mark.parametrize("kind", sorted(set(IN_WELL) - NEVER_NULL - LEVELS))
def test_with_rates_and_effects_of_zero_a_process_is_as_good_as_absent(kind, busy, picture, differences):
    others = VARIANTS.get(kind, ()) + WITHOUT_FIELD.get(kind, ())
    pictures = []
    for sim in (busy(others, values={kind: zeros(kind)}), busy((*others, kind))):
        sim.run()
        pictures.append(picture(sim.world))
    own = {f"{owner}.{column.name}" for owner, column in PROCESSES[kind].columns if column.resets}
    own |= {"deaths.b_cells.cause"}  # a code
    own |= {f"nk_cells.{name}" for name in ("x_heading", "y_heading", "wait_to_turn")}  # where nobody goes, and when
    own |= {"fields.dheas", "pools.dheas"} if kind == "dheas_field" else set()
    allowed = {name for name in own if not name.split(".")[1].startswith("rel_")}
    assert differences(*pictures, rel=1e-9 if kind == "dheas_field" else 0.0) <= allowed
    assert pictures[1]["tallies.b_cells.entered"] >= 100


@pytest.mark.parametrize(("kind", "lacking"), [("igg_competition", "igg"), ("complement_decay", "complement")])
def test_without_its_substance_a_process_is_as_good_as_absent(kind, lacking, culture, picture, differences):
    chain = ("binding", "igg_competition", "complement_decay", "engagement", "killing", "death")
    pictures = []
    for kinds in (chain, [k for k in chain if k != kind]):
        sim = culture({k: {} for k in kinds}, [{"rituximab": "1 ug/mL"}, {"serum": "25 %", "lacking": [lacking]}])
        sim.run()
        pictures.append(picture(sim.world))
    assert differences(*pictures) <= {"b_cells.rel_fc50"}


@each_kind
@pytest.mark.parametrize("has_nk", [True, False], ids=["nk", "no_nk"])
def test_a_process_runs_alone(kind, has_nk, culture, patient):
    if kind in IN_BODY:
        sim = patient(only=(kind,))
        sim.run()
        assert sim.is_over
        return
    cells = {"b_cells": {"n": 20}} | ({"nk_cells": {"per_b_cell": 1}} if has_nk else {})
    sim = culture(
        {kind: {}}, [{"rituximab": "10 ug/mL"}, {"serum": "25 %"}], {"populations": cells, "duration": "3 min"}
    )
    sim.run()
    assert sim.world.step == 3


@pytest.mark.parametrize("kind", [kind for kind in IN_WELL if PROCESSES[kind].stacks])
def test_a_process_that_stacks_does_in_company_what_it_does_alone(kind, culture):
    """Wells differ in every number of the process, and are in the middle of what it needs."""

    def well(which):
        numbers = {row["name"]: getattr(PROCESSES[kind](), row["name"]) for row in describe(PROCESSES[kind])}
        scaled = {name: value * (1.0 - 0.1 * which) for name, value in numbers.items() if isinstance(value, float)}
        usual = ("binding", "complement_docking", "mac_insertion", "engagement")
        chain = dict.fromkeys((*(kind if name in VARIANTS[kind] else name for name in usual), kind))
        add = [{"rituximab": "10 ug/mL"}, {"serum": "25 %"}, {"anti_cd55": 0.1 * (1 + which)}, {"igg": "1 uM"}]
        cells = {"b_cells": {"n": 30 + which}, "nk_cells": {"per_b_cell": 2}}
        changes = {"populations": cells, "duration": "6 min", "seed": which}
        sim = culture({name: {} for name in chain}, add, changes)
        process = sim.processes[kind].model_copy(update=scaled)
        sim.processes[kind] = process
        sim.prepare()
        return sim

    alone, together = well(1), stack([well(0), well(1), well(2)])
    assert together.world.n_subjects == 3
    for sim in (alone, together):
        sim.run()
    own = together.world.of(1, is_over=True)
    pools = {name: (amount, own.pools[name]) for name, amount in alone.world.pools.amounts.items()}
    assert {name for name, (mine, its) in pools.items() if mine != its} == set()
    for name, cells in alone.world.populations.items():
        for column in (one.name for one in cells.columns.values() if not one.refers):
            assert np.array_equal(cells[column], own.populations[name][column]), (name, column)


@each_kind
def test_all_others_run_without_a_process(kind, busy, patient):
    sim = (
        patient((kind,))
        if kind in IN_BODY
        else busy((kind,), {"duration": "12 min", "populations": {"b_cells": {"n": 30}}})
    )
    sim.run()
    assert sim.is_over


@pytest.mark.parametrize("nothing", [{"b_cells": {"n": 0}}, {"nk_cells": {"per_b_cell": 0}}, {"nk_cells": None}])
def test_an_empty_well_is_an_ordinary_well(nothing, culture, all_processes):
    cells = {"b_cells": {"n": 20}, "nk_cells": {"per_b_cell": 1}} | nothing
    sim = culture(
        all_processes(("influx", "dheas_source")),
        [{"rituximab": "10 ug/mL"}, {"serum": "25 %"}],
        {"populations": cells, "duration": "5 min"},
    )
    sim.run()
    assert sim.is_over


@pytest.mark.parametrize(
    "add", [(), ({"serum": "25 %"},), ({"rituximab": "10 ug/mL"},), ({"serum": 0.0}, {"rituximab": "0 ug/mL"})]
)
def test_nothing_added_is_an_ordinary_well(add, culture, all_processes):
    sim = culture(all_processes(), add, {"populations": {"nk_cells": {"per_b_cell": 1}}, "duration": "5 min"})
    sim.run()
    assert sim.world.tallies.get("b_cells.deaths_cdc", 0) == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_decides_nothing(busy, midway, picture, differences, seed):
    """Sums over cells may differ in their last bits; whoever docks, engages, hits, moves or dies may not."""
    rng, pictures = np.random.default_rng(seed), []
    for is_shuffled in (False, True):
        sim = busy()
        sim.restore(*copy.deepcopy(midway))
        for name, population in sim.world.populations.items():
            if is_shuffled:
                sim.world.reorder(name, rng.permutation(population.n))
        sim.run()
        pictures.append(picture(sim.world))
    assert differences(*pictures, rel=1e-9) == set()
    assert pictures[0]["tallies.b_cells.lysed"] > 30


@each_in_well
def test_a_process_finds_no_cells_by_place_in_a_mixed_space(kind, busy):
    sim = busy(changes={"space": MIXED, "duration": "12 min"})
    assert isinstance(sim.world.space, Mixed)
    before = sim.world.populations["nk_cells"].x_um.copy()
    while sim.world.step < 3:
        sim.step()
    assert (sim.world.populations["nk_cells"].x_um == before).all()
