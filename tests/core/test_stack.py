"""A patient is the same, to the last bit, alone and beside any others."""

import numpy as np
import pytest

from abm.core.par import describe
from abm.core.stack import alike, beside, form, own, stack, stacks
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
