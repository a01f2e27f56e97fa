"""The patient of agents follows the ordinary differential equations, whatever the number of agents."""

from pathlib import Path

import numpy as np
import pytest

from abm.biology.serum import Donor
from abm.core.probe import own
from abm.core.stack import stack
from abm.scenario.build import Subject, build
from abm.scenario.draws import draws, patient_of
from abm.scenario.from_file import load_scenario
from tests.reference.patient_ode import G158, simulate

WALDENSTROM = Path(__file__).parents[2] / "configs" / "parameters" / "waldenstrom.yaml"
DAYS, PER_D = 300, 24.0
COURSE = [(7.0 * week, 375.0) for week in range(4)]
ARM = "arms={course: {add: [{infusion: 375 mg/m2, times: 4, every: 7 d}]}}"


def trial(cells_per_agent, *sets):
    """Return the published set with one course."""
    agents = (f"populations.b_cells.cells_per_agent={cells_per_agent:g}",)
    looks = "probes.patient={every: 7 d}"
    return load_scenario(WALDENSTROM, ("replicates=20", f"duration={DAYS} d", ARM, looks, *agents, *sets))


def equations(own):
    """Return what the equations take, per day and in litres, from a patient's own scenario."""
    cells, p = own.populations.b_cells, own.processes
    drug, effect, killing, growth = p["drug"], p["effect"], p["killing"], p["growth"]
    plasma, il6, igm, loss, potency = p["plasma_cells"], p["il6"], p["igm"], p["cd20_loss"], p["potency"]
    dheas_uM = Donor(**own.serum.donor.model_dump()).dheas_uM(own.covariates)
    return {
        "cells": cells.cells,
        "sigma": cells.cd20.sigma,
        "niche": cells.niche_frac,
        "bsa": own.covariates.surface_m2,
        "v1": drug.v1,
        "v2": drug.v2,
        "q": PER_D * drug.q,
        "cl1": PER_D * drug.cl1,
        "cl2": PER_D * drug.cl2,
        "kappa": effect.marrow_frac,
        "ec50": effect.ec50_ug_per_mL,
        "kmax": PER_D * killing.rate * getattr(killing, G158[own.covariates.fcgr3a]),
        "potency": 1.0 + potency.max_effect * dheas_uM / (dheas_uM + potency.ec50_uM),
        "power": killing.cd20_power,
        "b_sat": killing.saturation_cells,
        "rel_niche": killing.rel_niche,
        "tire": killing.kills_to_tire,
        "refill": p["effectors"].granules_time_constant / PER_D,
        "g": PER_D * growth.rate,
        "is_gompertz": float(growth.kind == "gompertz_growth"),
        "capacity": float(growth.capacity(cells.cells)),
        "growth_sigma": cells.growth_sigma,
        "is_growing": float(not growth.is_balanced_at_start),
        "exchange": PER_D * p["niche"].rate,
        "diff": PER_D * plasma.differentiation,
        "per_b_cell": plasma.per_b_cell or 0.0,
        "plasma_half_life": plasma.half_life / PER_D,
        "long_lived": plasma.rel_long_lived,
        "long_lived_half_life": (plasma.long_lived_half_life or np.inf) / PER_D,
        "exhaust": killing.kills_to_exhaust or np.inf,
        "own": igm.rel_own,
        "s_b": PER_D * igm.b_cell,
        "s_p": PER_D * igm.plasma_cell,
        "s_il6": il6.strength,
        "o50": il6.half_coated,
        "tau": il6.tau / PER_D,
        "loss": PER_D * loss.rate_per_h,
        "recovery": PER_D * loss.recovery_per_h,
    }


def courses(scenario, replicates):
    """Return the probe's columns of some patients, weekly, by replicate."""
    sim = stack([build(scenario, Subject("course", replicate)) for replicate in replicates])
    sim.run()
    weekly = [row for row in sim.records["patient"].values() if row["time_h"] % 168.0 == 0.0]
    tables = {replicate: [own(row, i) for row in weekly] for i, replicate in enumerate(replicates)}
    return {who: {name: np.array([row[name] for row in rows]) for name in rows[0]} for who, rows in tables.items()}


PATIENTS = (0, 4, 11)


def solved(scenario, dt_d=0.05):
    """Return weekly IgM, drug and burden of the three patients by the equations, by replicate."""
    own = [equations(patient_of(scenario, replicate)) for replicate in PATIENTS]
    together = {name: np.array([p[name] for p in own]) for name in own[0]}
    t, igm, drug, burden, *_ = simulate(together, COURSE, DAYS, dt_d=dt_d)
    assert t.tolist() == pytest.approx([7.0 * week for week in range(43)])
    return {replicate: (igm[:, i], drug[:, i], burden[:, i]) for i, replicate in enumerate(PATIENTS)}


def test_the_three_patients_differ_much():
    drawn = [draws(trial(1e9), replicate) for replicate in PATIENTS]
    assert len({patient["covariates.fcgr3a"] for patient in drawn}) > 1
    rates = [patient["processes.killing.rate"] for patient in drawn]
    assert max(rates) > 1.2 * min(rates)


def test_igm_of_drawn_patients_follows_the_equations():
    scenario = trial(1e9)
    expected = solved(scenario)
    assert min(igm.min() / igm[0] for igm, *_ in expected.values()) < 0.5  # the treatment does something
    for replicate, found in courses(scenario, PATIENTS).items():
        igm, drug, burden = expected[replicate]
        assert found["igm_g_per_L"] == pytest.approx(igm, rel=0.02)
        assert found["n_clone"] == pytest.approx(burden, rel=0.1)  # some hundred subclones sample the CD20
        assert found["rituximab_ug_per_mL"] == pytest.approx(drug, rel=0.05, abs=1.0)  # so does clearance by target


def test_where_subclones_do_not_differ_small_steps_follow_the_equations_closely():
    scenario = trial(1e10, "dt=1 h", "dt_later=[]", "populations.b_cells.cd20={median: 152000, sigma: 0}")
    expected = solved(scenario, dt_d=0.02)
    for replicate, found in courses(scenario, PATIENTS).items():
        igm, drug, burden = expected[replicate]
        assert found["igm_g_per_L"] == pytest.approx(igm, rel=0.004)
        assert found["n_clone"] == pytest.approx(burden, rel=0.02)
        assert found["rituximab_ug_per_mL"] == pytest.approx(drug, rel=0.01, abs=0.1)


LOGISTIC = "processes.growth={kind: logistic_growth, rate: 0.004 /d, capacity_cells: 3e12, is_balanced_at_start: false}"
GOMPERTZ = "processes.growth={kind: gompertz_growth, rate: 0.004 /d, is_balanced_at_start: false}"
SECOND = (
    "cohort={vary: {processes.growth.rate: {cv: 1.5}, processes.igm.rel_own: {cv: 0.53}}}",
    "processes.plasma_cells.long_lived_half_life=500 d",
    "processes.killing.kills_to_exhaust=8e11",
    "dt=1 h",
    "dt_later=[]",
)
ALIKE, SPREAD = "populations.b_cells.cd20={median: 152000, sigma: 0}", "populations.b_cells.growth_sigma=0.6"


SO_MANY = "processes.plasma_cells.per_b_cell=0.125", "processes.plasma_cells.half_life=8 d"


@pytest.mark.parametrize(
    ("growth", "plasma"),
    [(LOGISTIC, ()), (GOMPERTZ, ()), (GOMPERTZ, SO_MANY)],
    ids=["logistic", "gompertz", "so many plasma cells"],
)
def test_the_second_patient_follows_the_equations_within_one_percent(growth, plasma):
    scenario = trial(1e10, growth, *SECOND, ALIKE, *plasma)
    expected = solved(scenario, dt_d=0.02)
    first = solved(trial(1e10, "cohort=null", "dt=1 h", "dt_later=[]", ALIKE))
    assert np.abs(expected[0][0] / first[0][0] - 1.0).max() > 0.1  # the second is another
    for replicate, found in courses(scenario, PATIENTS).items():
        igm, drug, burden = expected[replicate]
        assert found["igm_g_per_L"] == pytest.approx(igm, rel=0.01)
        assert found["n_clone"] == pytest.approx(burden, rel=0.01)
        assert found["rituximab_ug_per_mL"] == pytest.approx(drug, rel=0.01, abs=0.1)


TYPICAL = (*SECOND, "cohort=null", "dt=2 h")


def test_subclones_that_grow_apart_follow_the_equations():
    sets = GOMPERTZ, *TYPICAL, ALIKE
    scenario = trial(4e9, *sets, SPREAD)
    own = equations(patient_of(scenario, 0))
    _, igm, _, burden, *_ = simulate({name: np.array([value]) for name, value in own.items()}, COURSE, DAYS)
    found, alike = courses(scenario, [0])[0], courses(trial(4e9, *sets), [0])[0]
    assert found["igm_g_per_L"] == pytest.approx(igm[:, 0], rel=0.01)
    assert found["n_clone"] == pytest.approx(burden[:, 0], rel=0.01)
    assert found["n_clone"][-1] > 1.1 * alike["n_clone"][-1]  # the quick take over


def test_the_number_of_agents_does_not_matter():
    curves = [courses(trial(weight), [0])[0]["igm_g_per_L"] for weight in (1e10, 1e9, 1e8)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert curves[one] == pytest.approx(curves[other], rel=0.02)


@pytest.mark.parametrize("sets", [(LOGISTIC, *TYPICAL), (GOMPERTZ, *TYPICAL, SPREAD)], ids=["logistic", "apart"])
def test_nor_does_it_in_the_second_patient(sets):
    few, many = (courses(trial(weight, *sets), [0])[0]["igm_g_per_L"] for weight in (1e9, 2e8))
    assert few == pytest.approx(many, rel=0.035)  # of 430 subclones, whose few left by treatment regrow


def test_halving_both_steps_of_the_schedule_moves_no_level_much():
    schedule = trial(1e10, "duration=2 years")
    assert schedule.steps_h == ((0.0, 4.0), (4800.0, 48.0))
    halved = trial(1e10, "duration=2 years", "dt=2 h", "dt_later.0.dt=1 d")
    coarse, fine = courses(schedule, [0])[0], courses(halved, [0])[0]
    assert coarse["time_h"].tolist() == fine["time_h"].tolist()
    assert len(np.unique(np.round(np.diff(build(schedule, Subject("course", 0)).grid_h)))) > 2  # it is followed
    for name in ("igm_g_per_L", "n_clone", "n_plasma", "albumin_g_per_L", "viscosity_cP"):
        assert coarse[name] == pytest.approx(fine[name], rel=0.015), name
        assert (coarse[name] != fine[name]).any()
