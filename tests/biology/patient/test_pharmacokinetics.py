"""Drug in a patient: infusions, two compartments, clearance by target, and what a protocol withholds."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from abm.biology.patient.balance import balance
from abm.core.linear import two_pools
from abm.scenario.build import Subject, build
from abm.scenario.from_file import load_scenario

WALDENSTROM = Path(__file__).parents[3] / "configs" / "parameters" / "waldenstrom.yaml"
V1, V2, Q, CL1, CL2 = 2.7, 1.5, 0.3 / 24, 0.14 / 24, 0.59 / 24  # L and L/h
COURSE = {"infusion": "375 mg/m2", "times": 4, "every": "7 d"}
EXCHANGE = {"plasmapheresis": 0.6, "at": "48 h"}
MG = 375.0 * 1.85


def body(culture, processes, add=(), cells=4.3e11, **changes):
    """Return a patient whose subclones all have the reference CD20."""
    clone = {"kind": "clone", "cells": cells, "cells_per_agent": cells / 10, "cd20": {"median": 152_000.0}}
    base = {
        "duration": "40 d",
        "dt": "4 h",
        "space": {"kind": "body"},
        "populations": {"b_cells": clone},
        "probes": {"counts": None, "patient": {"every": "7 d"}},
    }
    return culture(processes, list(add), base | changes)


def seen(sim):
    """Return moments and concentrations at every look of the probe."""
    rows = sim.records["patient"].values()
    return np.array([row["time_h"] for row in rows]), np.array([row["rituximab_ug_per_mL"] for row in rows])


def levels(sim):
    """Return the concentration at every look, by moment."""
    return dict(zip(*(found.tolist() for found in seen(sim)), strict=True))


def solved(antigen, starts_h, over_h, end_h):
    """Return the concentration as a function of time, by an adaptive solver that stops where an infusion does."""

    def slope(t, x, mg_per_h):
        to_tissue, back = Q / V1 * x[0], Q / V2 * x[1]
        return [mg_per_h - (CL1 + CL2 * antigen) / V1 * x[0] - to_tissue + back, to_tissue - back]

    edges = sorted({0.0, end_h, *starts_h, *(start + over_h for start in starts_h)})
    x, pieces = [0.0, 0.0], []
    for begin, end in pairwise(edges):
        rate = MG / over_h if begin in starts_h else 0.0
        found = solve_ivp(slope, (begin, end), x, "DOP853", args=(rate,), rtol=1e-12, atol=1e-9, dense_output=True)
        x = found.y[:, -1]
        pieces.append((begin, found.sol))
    return lambda t: next(sol(t)[0] for begin, sol in reversed(pieces) if t >= begin) / V1


@pytest.mark.parametrize("dt", ["1 h", "4 h", "24 h"])
@pytest.mark.parametrize(("cells", "antigen"), [(4.3e10, 0.1), (4.3e11, 1.0), (4.3e12, 3.0)])
def test_a_course_follows_the_two_equations_whatever_the_step(culture, dt, cells, antigen):
    looks = {"every": "7 d", "at": ["2 h", "4 h", "30 h", "508 h", "700 h"]}
    sim = body(culture, {"two_compartment": {}}, [COURSE], cells, dt=dt, probes={"counts": None, "patient": looks})
    sim.run()
    expected = solved(antigen, [0.0, 168.0, 336.0, 504.0], 4.0, 960.0)
    t_h, level = seen(sim)
    assert t_h.size == 12
    assert level == pytest.approx([expected(t) for t in t_h], rel=1e-8)


@pytest.mark.parametrize("rates", [(0.3, 0.1, 0.2), (0.1, 0.1, 0.2), (0.05, 0.0, 0.0), (4.0, 3.0, 0.01)])
@pytest.mark.parametrize("dt", [1e-6, 1.0, 50.0])
def test_two_pools_are_the_exponential_of_their_matrix(rates, dt):
    a, b, c = rates
    matrix = np.array([[-a, c, 1.0], [b, -c, 0.0], [0.0, 0.0, 0.0]])  # the third row carries the inflow
    expected = expm(matrix * dt) @ [700.0, 90.0, 40.0]
    assert two_pools((700.0, 90.0), 40.0, rates, dt) == pytest.approx(expected[:2], rel=1e-9)


@pytest.mark.parametrize("dt", ["1 h", "3 h", "24 h"])
@pytest.mark.parametrize("over", ["30 min", "4 h", "50 h"])
@pytest.mark.parametrize("kind", ["two_compartment", "one_compartment"])
def test_an_infusion_gives_its_dose_by_body_surface_exactly(culture, until, dt, over, kind):
    given, who = [{"infusion": "500 mg/m2", "at": "5 h", "over": over}], {"body_surface_m2": 1.7}
    sim = body(culture, {kind: {}}, given, dt=dt, covariates=who)
    assert until(sim, 5.0).world.pools["drug_rituximab_dosed_mg"] == 0.0
    sim.run()
    assert sim.world.pools["drug_rituximab_dosed_mg"] == pytest.approx(850.0, rel=1e-12)


def test_half_an_infusion_has_given_half_the_dose(culture, until):
    sim = until(body(culture, {"two_compartment": {}}, [COURSE | {"over": "6 h"}], dt="1 h"), 3.0)
    assert sim.world.t_h == 3.0
    assert sim.world.pools["drug_rituximab_dosed_mg"] == pytest.approx(MG / 2, rel=1e-12)


@pytest.mark.parametrize("without", [(), ("plasmapheresis",)])
def test_every_milligram_is_in_the_body_or_in_one_of_three_ledgers(patient, without):
    sim = patient(without)
    pools = sim.world.pools
    while not sim.is_over:
        sim.step()
        assert balance(sim.world)["drug_rel_error"] < 1e-9
    assert pools["drug_rituximab_dosed_mg"] == pytest.approx(5 * MG, rel=1e-12)
    assert pools["drug_rituximab_by_target_mg"] > 10.0
    assert pools["drug_rituximab_eliminated_mg"] > 10.0
    assert (pools["drug_rituximab_removed_mg"] > 10.0) == (not without)


def test_the_ledger_of_one_compartment_balances_too(culture):
    sim = body(culture, {"one_compartment": {}}, [COURSE])
    sim.run()
    assert balance(sim.world)["drug_rel_error"] < 1e-9
    assert sim.world.pools["drug_rituximab_by_target_mg"] == 0.0
    assert sim.world.pools["drug_rituximab_eliminated_mg"] > 100.0


def test_a_plasma_exchange_takes_its_fraction_of_the_drug_in_plasma(culture, until, act):
    sim = until(body(culture, {"two_compartment": {}, "plasmapheresis": {}}, [COURSE, EXCHANGE]), 48.0)
    central, peripheral = sim.world.pools["drug_rituximab_central_mg"], sim.world.pools["drug_rituximab_peripheral_mg"]
    act(sim, "plasmapheresis")
    assert sim.world.pools["drug_rituximab_central_mg"] == pytest.approx(0.4 * central, rel=1e-12)
    assert sim.world.pools["drug_rituximab_removed_mg"] == pytest.approx(0.6 * central, rel=1e-12)
    assert sim.world.pools["drug_rituximab_peripheral_mg"] == peripheral


@pytest.mark.parametrize("cells", [4.3e10, 4.3e12])
@pytest.mark.parametrize("days", [10, 23, 36])
def test_in_one_compartment_the_drug_halves_in_a_half_life_whatever_the_burden(culture, days, cells):
    looks = {"at": ["4 h", f"{days * 24 + 4} h"]}
    changes = {"duration": "80 d", "probes": {"counts": None, "patient": looks}}
    sim = body(culture, {"one_compartment": {"half_life": f"{days} d"}}, [COURSE | {"times": 1}], cells, **changes)
    sim.run()
    peak, later = (levels(sim)[t] for t in (4.0, days * 24 + 4.0))
    k = math.log(2.0) / (days * 24)
    assert peak == pytest.approx(MG / 4 * -math.expm1(-4 * k) / k / V1, rel=1e-9)
    assert later == pytest.approx(peak / 2, rel=1e-9)


def test_cells_see_the_plasma_concentration_as_nanomolar(culture, until):
    sim = until(body(culture, {"two_compartment": {}}, [COURSE]), 100.0)
    level = sim.world.pools["drug_rituximab_central_mg"] / V1
    assert sim.world.pools["drug_ug_per_mL"] == pytest.approx(level, rel=1e-12)
    assert sim.world.pools.nM("antibody_rituximab") == pytest.approx(level / 0.145, rel=1e-6)


@pytest.mark.parametrize(
    ("rel_cells", "rel_cd20", "antigen"), [(1, 1, 1), (0.5, 1, 0.5), (1, 0.25, 0.25), (0.2, 0.5, 0.1), (9, 1, 3)]
)
def test_clearance_by_target_follows_the_cd20_of_the_surviving_cells(culture, until, act, rel_cells, rel_cd20, antigen):
    sim = until(body(culture, {"two_compartment": {}}, [COURSE]), 24.0)
    b, pools = sim.world.populations["b_cells"], sim.world.pools
    b.accessible_cells[:] *= rel_cells
    b.niche_cells[:] *= rel_cells
    b.cd20_per_cell[:] *= rel_cd20
    before, central = (
        (pools["drug_rituximab_by_target_mg"], pools["drug_rituximab_eliminated_mg"]),
        pools["drug_rituximab_central_mg"],
    )
    act(sim, "two_compartment", 1e-3)
    assert pools["drug_rituximab_by_target_mg"] - before[0] == pytest.approx(
        central / V1 * CL2 * antigen * 1e-3, rel=1e-4
    )
    assert pools["drug_rituximab_eliminated_mg"] - before[1] == pytest.approx(central / V1 * CL1 * 1e-3, rel=1e-4)


def test_cells_in_the_niche_clear_drug_as_the_others_do(culture, until, act):
    sim = until(body(culture, {"two_compartment": {}}, [COURSE]), 24.0)
    b, pools = sim.world.populations["b_cells"], sim.world.pools
    b.accessible_cells[:] = 0.0
    b.niche_cells[:] = 4.3e10 / 2
    before, central = pools["drug_rituximab_by_target_mg"], pools["drug_rituximab_central_mg"]
    act(sim, "two_compartment", 1e-3)
    assert pools["drug_rituximab_by_target_mg"] - before == pytest.approx(central / V1 * CL2 * 0.5 * 1e-3, rel=1e-4)


def half_life_h(level, from_h, to_h):
    return math.log(2.0) * (to_h - from_h) / math.log(level[from_h] / level[to_h])


def typical(*sets):
    """Return the typical patient of the published set under four weekly infusions."""
    arms = "arms={course: {add: [{infusion: 375 mg/m2, times: 4, every: 7 d}]}}"
    looks = "probes.patient.at=[4 h, 168 h, 508 h, 676 h]"
    return build(load_scenario(WALDENSTROM, ("cohort=null", "duration=40 d", arms, looks, *sets)), Subject("course", 0))


def is_like_the_label(level):
    first, fourth = half_life_h(level, 4.0, 168.0), half_life_h(level, 508.0, 676.0)
    assert 65 < first < 95, (first, fourth, level[508.0])
    assert 180 < fourth < 290, (first, fourth, level[508.0])
    assert 420 < level[508.0] < 500, (first, fourth, level[508.0])


def test_the_typical_patient_shows_the_label_where_cd20_vanishes_within_8_days():
    still = ("killing", "cd20_loss", "growth", "niche")
    sim = typical(*(f"processes.{name}=null" for name in still))
    b = sim.world.populations["b_cells"]
    while not sim.is_over:
        sim.step()
        for column in (b.accessible_cells, b.niche_cells):
            column[:] *= math.exp(-sim.world.dt_h / (8 * 24))
    is_like_the_label(levels(sim))


def test_the_typical_patient_shows_the_label_with_the_clone_as_fitted():
    sim = typical()
    sim.run()
    is_like_the_label(levels(sim))


CONDITIONAL = COURSE | {"at": "2 d", "unless_progressed": True}


@pytest.mark.parametrize(
    ("nadir", "now", "is_withheld"),
    [
        (10.0, 14.99, False),  # 25 % but not 5 g/L
        (10.0, 15.0, True),
        (20.0, 24.99, False),
        (20.0, 25.0, True),
        (30.0, 37.49, False),  # 5 g/L but not 25 %
        (30.0, 37.5, True),
        (30.0, 30.0, False),
    ],
)
def test_a_course_is_withheld_when_igm_is_a_quarter_and_5_g_per_L_above_its_lowest(
    culture, until, nadir, now, is_withheld
):
    sim = until(body(culture, {"two_compartment": {}}, [CONDITIONAL]), 48.0)
    sim.world.pools["igm_nadir_g_per_L"], sim.world.pools["igm_g_per_L"] = nadir, now
    sim.run()
    assert sim.world.pools["drug_rituximab_dosed_mg"] == pytest.approx(0.0 if is_withheld else 4 * MG, rel=1e-12)


@pytest.mark.parametrize(("at_first", "later"), [(15.0, 10.0), (10.0, 15.0)])
def test_a_course_is_given_or_withheld_as_a_whole(culture, until, at_first, later):
    sim = until(body(culture, {"two_compartment": {}}, [CONDITIONAL]), 48.0)
    sim.world.pools["igm_nadir_g_per_L"], sim.world.pools["igm_g_per_L"] = 10.0, at_first
    until(sim, 56.0).world.pools["igm_g_per_L"] = later
    sim.run()
    assert sim.world.pools["drug_rituximab_dosed_mg"] == pytest.approx(0.0 if at_first > 10 else 4 * MG, rel=1e-12)


def test_each_course_is_decided_by_itself(culture, until):
    later = [CONDITIONAL | {"at": f"{day} d", "times": 1} for day in (20, 30)]
    sim = body(culture, {"two_compartment": {}}, [COURSE | {"times": 2}, *later])
    pools = sim.world.pools
    pools["igm_nadir_g_per_L"] = pools["igm_g_per_L"] = 10.0
    until(sim, 480.0)
    assert pools["drug_rituximab_dosed_mg"] == pytest.approx(2 * MG, rel=1e-12)
    pools["igm_g_per_L"] = 20.0
    until(sim, 720.0)
    assert pools["drug_rituximab_dosed_mg"] == pytest.approx(2 * MG, rel=1e-12)  # progressed at the second course
    pools["igm_g_per_L"] = 10.0
    sim.run()
    assert pools["drug_rituximab_dosed_mg"] == pytest.approx(3 * MG, rel=1e-12)  # no longer at the third


def test_a_course_without_condition_is_given_to_all(culture, until):
    sim = until(body(culture, {"two_compartment": {}}, [COURSE | {"at": "2 d"}]), 48.0)
    sim.world.pools["igm_nadir_g_per_L"], sim.world.pools["igm_g_per_L"] = 10.0, 90.0
    sim.run()
    assert sim.world.pools["drug_rituximab_dosed_mg"] == pytest.approx(4 * MG, rel=1e-12)


OTHER = COURSE | {"of": "obinutuzumab_like"}


def test_another_antibody_has_the_kinetics_of_rituximab_unless_its_own_say_otherwise(culture, until):
    found = []
    for add, factors in (([COURSE], {}), ([OTHER], {}), ([OTHER], {"rel_clearance": 0.5, "rel_target_clearance": 0.0})):
        sim = body(culture, {"two_compartment": {}}, add, antibodies={"obinutuzumab_like": factors})
        found.append(until(sim, 700.0).world.pools["drug_ug_per_mL"])
    assert found[1] == found[0]
    assert found[2] > 1.5 * found[0]


def test_two_antibodies_are_cleared_as_if_alone_and_act_together(culture, until):
    alone, other, both = (until(body(culture, {"two_compartment": {}}, add), 700.0).world.pools
                          for add in ([COURSE], [OTHER], [COURSE, OTHER]))  # fmt: skip
    assert both["drug_rituximab_ug_per_mL"] == alone["drug_rituximab_ug_per_mL"]
    assert both["drug_ug_per_mL"] == alone["drug_ug_per_mL"] + other["drug_ug_per_mL"]


def test_a_plasma_exchange_takes_its_fraction_of_each_antibody(culture, until, act):
    given = [COURSE, OTHER, EXCHANGE]
    sim = until(body(culture, {"two_compartment": {}, "plasmapheresis": {}}, given), 48.0)
    pools = sim.world.pools
    central = {drug: pools[f"drug_{drug}_central_mg"] for drug in ("rituximab", "obinutuzumab_like")}
    act(sim, "plasmapheresis")
    for drug, mg in central.items():
        assert pools[f"drug_{drug}_removed_mg"] == pytest.approx(0.6 * mg, rel=1e-12)
    assert balance(sim.world)["drug_rel_error"] < 1e-9
