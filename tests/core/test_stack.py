"""A patient, or a well, is the same, to the last bit, alone and beside any others."""

import numpy as np
import pytest

from abm.core.par import describe
from abm.core.probe import own
from abm.core.stack import alike, beside, form, stack, stacks
from abm.probes.counts import Counts
from abm.scenario.build import Subject, build
from abm.scenario.from_file import load_scenario

FEW = {"populations.b_cells.cells_per_agent": 1e10, "dt": "12 h"}
COURSES = {
    "course": {
        "add": [
            {"infusion": "375 mg/m2", "times": 2},
            {"plasmapheresis": "50 %", "at": "10 d"},
            {"infusion": "375 mg/m2", "times": 2, "at": "40 d", "unless_progressed": True},
        ],
        "change": [{"at": "30 d", "set": {"processes.growth.rate": "0.05 /d"}}],
    }
}
ROOM = {  # so much room that subclones grow and split
    "processes.turnover.room": 20,
    "processes.turnover.birth": "20 %/d",
    "arms": {"course": {"add": [{"ibrutinib": "420 mg", "missed": "30 %"}, {"ibrutinib": "0 mg", "at": "60 d"}]}},
}
SCENARIOS = {
    "waldenstrom": FEW | {"arms": COURSES, "duration": "60 d", "processes.drug.antigen_max": 2.0},
    "cll": FEW | ROOM | {"duration": "120 d", "end_points.follow_up_spread": "0 h"},
}


def all_vary(scenario):
    """Return a spread for every number that patients may differ in."""
    of = {f"processes.{name}": process for name, process in scenario.processes.items()}
    of |= {f"populations.{name}": cells for name, cells in scenario.cell_types().items()}
    of |= {"antibodies.rituximab": scenario.antibodies.rituximab, "covariates": scenario.covariates}
    fields = [(path, model, row["name"]) for path, model in of.items() for row in describe(type(model))]
    values = {f"{path}.{name}": getattr(model, name) for path, model, name in fields}
    return {path: {"cv": 0.1} for path, value in values.items() if isinstance(value, float) and value > 0.0}


@pytest.fixture(scope="module", params=SCENARIOS)
def patients(request):
    """Return the function that builds a patient of a disease, of whom each differs in every number."""
    file, sets = f"configs/parameters/{request.param}.yaml", SCENARIOS[request.param] | {"replicates": 9}
    cohort = {"vary": all_vary(load_scenario(file, sets)) | {"covariates.fcgr3a": {"shares": {"VV": 0.5, "FF": 0.5}}}}
    scenario = load_scenario(file, sets | {"cohort": cohort})
    return lambda replicate: build(scenario, Subject("course", replicate))


def seen(simulation, place):
    rows = simulation.records["patient"]
    return {step: np.array(list(own(row, place).values())).tobytes() for step, row in rows.items()}


def state(simulation, place):
    world = simulation.world
    pools = {name: amount[place].tobytes() for name, amount in world.pools.amounts.items()}
    cells = {}
    for name, population in world.populations.items():
        rows = slice(*population.first[place : place + 2])
        cells |= {(name, c): population[c][rows].tobytes() for c in population.columns if c != "subject"}
    return pools | cells


@pytest.mark.parametrize("company", [[0], [4, 0, 1], [8, 7, 6, 5, 4, 3, 2, 1, 0]])
def test_a_patient_is_the_same_alone_and_in_any_company(patients, company):
    alone = patients(0)
    alone.run()
    together = stack([patients(replicate) for replicate in company])
    together.run()
    place = company.index(0)
    assert seen(together, place) == seen(alone, 0)
    assert state(together, place) == state(alone, 0)


WELL = {
    "populations.b_cells.n": 150,
    "populations.nk_cells.per_b_cell": 2.0,
    "space.side": "300 um",
    "space.volume": "1.2 uL",
    "duration": "4 h",
    "dt": "2.5 min",
    "probes.cells": None,
    "probes.fields": None,
    "arms": {
        "mixed": {
            "add": [
                {"serum": "25 %"},
                {"rituximab": "10 ug/mL"},
                {"obinutuzumab_like": "1 ug/mL"},
                {"anti_cd55": "50 %"},
                {"igg": "2 uM"},
                {"dheas": "1 uM"},
            ]
        }
    },
}


def varied(process, rng):
    """Return a process with other numbers; where DHEAS is even it stays so."""
    numbers = {row["name"]: getattr(process, row["name"]) for row in describe(type(process))}
    numbers = {name: value for name, value in numbers.items() if isinstance(value, float)}
    return process.model_copy(update={name: value * rng.uniform(0.9, 1.0) for name, value in numbers.items()})


@pytest.fixture(scope="module")
def wells():
    """Return the function that builds a well, of which each differs in every number of its processes."""

    def well(which):
        genotype, rng = ("VV", "VF", "FF")[which % 3], np.random.default_rng(which)
        sets = WELL | {"populations.b_cells.n": 150 + which, "covariates.fcgr3a": genotype, "seed": which}
        scenario = load_scenario("configs/scenarios/three_arms.yaml", sets)
        processes = {name: varied(process, rng) for name, process in scenario.processes.items()}
        return build(scenario.model_copy(update={"processes": processes}), Subject("mixed", which))

    return well


def shown(simulation, place):
    """Return everything that a well shows and holds, as bytes."""
    world = simulation.world.of(place, is_over=True)
    rows = {step: list(own(row, place).items()) for step, row in simulation.records["counts"].items()}
    tables = {("cells", name): table for name, table in world.populations.items()}
    tables |= {("dead", name): table for name, table in world.deaths.items()}
    columns = {
        (*of, name): np.ascontiguousarray(table[name]).tobytes()
        for of, table in tables.items()
        for name, column in table.columns.items()
        if name != "subject" and not column.refers
    }
    fields = {name: field.values.tobytes() for name, field in world.fields.items()}
    return rows, columns, fields, world.pools.amounts, {k: n for k, n in world.tallies.items() if "additions" not in k}


@pytest.mark.parametrize("company", [[1, 0], [5, 4, 3, 0, 1, 2]])
def test_a_well_is_the_same_alone_and_in_any_company(wells, company):
    alone = wells(0)
    alone.run()
    together = [wells(which) for which in company]
    assert alike(together) == [list(range(len(company)))]
    together = stack(together)
    together.run()
    found, expected = shown(together, company.index(0)), shown(alone, 0)
    for mine, its in zip(found, expected, strict=True):
        assert mine == its
    one_by_one = Counts(every="1 h").observe(together.world.of(company.index(0)))
    np.testing.assert_equal(one_by_one, Counts(every="1 h").observe(alone.world))
    tallies = expected[-1]
    assert min(tallies[f"b_cells.deaths_{cause}"] for cause in ("adcc", "cdc")) > 0
    assert shown(together, company.index(1)) != expected


def test_wells_where_something_comes_later_or_is_uneven_stay_alone():
    def well(*names, **changes):
        return build(load_scenario("configs/scenarios/three_arms.yaml", WELL | changes), Subject("mixed", 0))

    given = WELL["arms"]["mixed"]["add"]
    later = {"mixed": {"add": [*given, {"rituximab": "1 ug/mL", "at": "1 h"}]}}
    changing = {"mixed": {"add": given, "change": [{"at": "1 h", "set": {"processes.killing.lag": "1 h"}}]}}
    others = [
        well(),
        well(arms=later),
        well(arms=changing),
        well(**{"processes.bead": {"kind": "dheas_source"}}),
        well(**{"processes.division": {"kind": "division"}}),
        well(**{"probes.cells": {"at": ["0 h"]}}),
        well(**{"space.side": "310 um"}),
        well(),
    ]
    assert alike(others) == [[0, 7], [1], [2], [3], [4], [5], [6]]


def test_subclones_split_in_a_stack_and_keep_their_identities():
    scenario = load_scenario("configs/parameters/cll.yaml", SCENARIOS["cll"] | {"replicates": 3})
    together = stack([build(scenario, Subject("course", replicate)) for replicate in range(3)])
    before = np.diff(together.world.populations["b_cells"].first)
    together.run()
    b = together.world.populations["b_cells"]
    assert (np.diff(b.first) > before).any()
    for begin, end in zip(b.first[:-1], b.first[1:], strict=True):
        assert sorted(b.uid[begin:end].tolist()) == list(range(end - begin))


@pytest.mark.parametrize("function", [np.exp, np.expm1, np.log1p, np.sqrt, lambda x: np.power(x, 0.7)])
def test_functions_give_the_same_bits_wherever_a_value_lies(function):
    x = np.random.default_rng(1).uniform(0.0, 3.0, 2000)
    whole = function(x)
    for n in range(1, 21):
        for start in range(0, 100 - n):
            assert function(x[start : start + n].copy()).tobytes() == whole[start : start + n].tobytes()
    assert [function(float(value)) for value in x] == whole.tolist()


def test_what_patients_share_stays_one_and_what_they_differ_in_lies_side_by_side():
    assert beside([(1.0, "a"), (1.0, "a")]) == (1.0, "a")
    shared, differing = beside([(1.0, 2.0), (1.0, 3.0)])
    assert (shared, differing.tolist()) == (1.0, [2.0, 3.0])
    assert form((1.0, "a", 2)) == form((3.0, "b", 2)) != form((3.0, "b", 3))


def test_who_is_simulated_otherwise_is_not_stacked():
    def patient(replicate, **changes):
        usual = SCENARIOS["waldenstrom"] | {"cohort": None}
        scenario = load_scenario("configs/parameters/waldenstrom.yaml", usual | changes)
        return build(scenario, Subject("course", replicate))

    usual, same = patient(0), patient(1, replicates=2)
    finer, other = patient(0, dt="6 h"), patient(0, **{"processes.drug": {"kind": "one_compartment"}})
    watched = patient(0, **{"probes.cells": {"at": ["0 h"]}})
    assert alike([usual, finer, same, other, watched]) == [[0, 2], [1], [3], [4]]
    assert [places for _, places in stacks([usual, finer, same])] == [[0, 2], [1]]
