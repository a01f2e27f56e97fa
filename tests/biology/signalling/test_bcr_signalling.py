"""Signalling through surface IgM: the law, its exceptions, and how it differs between cells and patients."""

import math

import numpy as np
import pytest

from abm.scenario.build import Subject, build
from abm.scenario.draws import patient_of
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario

CLL = "configs/scenarios/chiodin2022.yaml"
FEW = ("populations.b_cells.cells_per_agent=1e10", "duration=60 d", "end_points.follow_up_spread=0 h")


def patient(*sets, steps=0):
    simulation = build(load_scenario(CLL, ("cohort=null", "replicates=1", *FEW, *sets)), Subject("ibrutinib", 0))
    for _ in range(steps):
        simulation.step()
    return simulation


@pytest.mark.parametrize("bypass", [0.0, 0.5, 1.0])
def test_the_signal_is_what_the_law_says(bypass):
    looks = "probes.patient.every=10 d"  # the 20th step ends at one
    world = patient(f"processes.signalling.bypass={bypass}", looks, steps=20).world
    b, free = world.populations["b_cells"], world.pools["btk_free"]
    s0 = b.surface_igm / (b.surface_igm + 1.1)
    held = b.c481s == 0
    assert free < 0.1
    assert b.signal_rel[held] == pytest.approx((free + (1 - free) * bypass * s0)[held], rel=1e-12)
    assert b.signal == pytest.approx(s0 * b.signal_rel, rel=1e-12)
    if bypass > 0:  # the more signal, the less inhibition
        order = np.argsort(s0[held])
        assert (np.diff(b.signal_rel[held][order]) > 0).all()


def test_mutated_cells_and_cells_without_drug_keep_their_signal():
    treated = patient(steps=20).world.populations["b_cells"]
    assert treated.signal_rel[treated.c481s > 0] == 1.0
    assert (treated.c481s > 0).sum() == 1
    untreated = patient("arms={ibrutinib: {}}", steps=20).world.populations["b_cells"]
    assert (untreated.signal_rel == 1.0).all()


def test_surface_igm_recovers_in_blood():
    """A cell whose share in blood is one, not a eleventh, gains half of 10/11, with its time constant."""
    simulation = patient("arms={ibrutinib: {}}", "processes.turnover=null", "processes.split=null")
    b = simulation.world.populations["b_cells"]
    b.accessible_cells[:] += b.niche_cells
    b.niche_cells[:] = 0.0
    start = b.surface_igm.copy()
    for _ in range(4):
        simulation.step()
    gain = 0.5 * (10 / 11) * (1.0 - math.exp(-0.5 * 2.0))
    assert b.surface_igm == pytest.approx(start * (1.0 + gain), rel=1e-9)


def test_cells_of_a_patient_are_log_normal_about_the_patients_own_median():
    b = patient("processes.signalling.surface_igm_mfi=130").world.populations["b_cells"]
    own = b.c481s == 0
    cells = (b.accessible_cells + b.niche_cells)[own]
    logs = np.log(b.surface_igm[own])
    mean = np.average(logs, weights=cells)
    assert mean == pytest.approx(math.log(2.0), abs=0.02)
    assert math.sqrt(np.average((logs - mean) ** 2, weights=cells)) == pytest.approx(0.58, abs=0.02)


def test_calcium_goes_with_surface_igm_in_the_cohort():
    scenario = load_scenario(CLL, (*FEW, "replicates=400", "duration=1 d"))
    found = []
    for replicate in range(400):
        law = patient_of(scenario, replicate).processes["signalling"]
        m = law.surface_igm_mfi / 65.0
        found.append((law.surface_igm_mfi, 100.0 * m / (m + law.m50)))
    igm = np.array(found)
    assert np.median(igm[:, 0]) == pytest.approx(65.0, rel=0.12)
    assert np.median(igm[:, 1]) == pytest.approx(47.0, abs=3.0)
    assert np.log(igm[:, 0]).std() == pytest.approx(0.8, abs=0.08)


def test_cells_in_a_well_signal_with_and_without_free_btk():
    def signal(free):
        data = {
            "name": "well",
            "duration": "1 h",
            "dt": "5 min",
            "populations": {"b_cells": {"n": 500}},
            "processes": {"signalling": {"kind": "bcr_signalling", "btk_free": free, "bypass": 0.6}},
        }
        simulation = build(Scenario.model_validate(data), Subject("arm", 0))
        simulation.run()
        return simulation.world.populations["b_cells"]

    without, inhibited = signal(1.0), signal(0.05)
    assert (without.signal_rel == 1.0).all()
    s0 = without.signal
    assert inhibited.signal == pytest.approx(s0 * (0.05 + 0.95 * 0.6 * s0), rel=1e-12)
    assert np.corrcoef(s0, 1.0 - inhibited.signal / s0)[0, 1] < -0.99
