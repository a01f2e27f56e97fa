"""What was written anew from the description alone agrees with what the description is of."""

import numpy as np
import pandas as pd
import pytest

from abm import load_scenario, simulate
from tests.reference.blind.patient import patient
from tests.reference.blind.serum_arm import serum_arm

SERUM_ONLY = {"arms.effectors": None, "arms.both": None, "probes.cells": None, "probes.fields": None}
ALIKE = {f"populations.b_cells.{name}": 0 for name in ("cd20.sigma", "cd55.sigma", "cd59.sigma", "low_fraction")}
TYPICAL = {"cohort": None, "replicates": 1, "duration": "730 d"}
N_WELLS, N_CELLS = 3, 2_000


def series(name, sets):
    return simulate(load_scenario(name, sets)).series


def test_a_serum_arm_of_cells_that_are_alike_agrees_to_the_chance_of_its_dockings():
    small = {"replicates": 1, "duration": "1 h", "populations.b_cells.n": 300, "space.volume": "6 uL"}
    rows = series("three_arms", SERUM_ONLY | ALIKE | small | {"processes.lysis": None})
    rows = rows[rows.arm == "serum"].set_index("time_h")
    for mine in serum_arm(1, 300, 6.0, [0.25, 1.0], spread=0, lysis_max_per_h=0):
        row = rows.loc[mine["t_h"]]
        assert mine["bound"] == pytest.approx(row.bound_mean_per_cell, rel=1e-6)
        assert mine["c3b"] == pytest.approx(row.c3b_mean_per_cell, rel=0.01)
        assert mine["mac"] == pytest.approx(row.mac_mean_per_cell, rel=0.03)
        assert mine["antibody"] == pytest.approx(row.rituximab_nM, rel=1e-6)


def test_a_patient_whose_subclones_are_alike_is_the_same_for_seven_months():
    alike = {"populations.b_cells.cd20.sigma": 0, "populations.b_cells.cells_per_agent": 1e9, "duration": "210 d"}
    rows = series("gertz2004", TYPICAL | alike).reset_index(drop=True)
    mine = pd.DataFrame(patient(list(rows.time_h), cd20_sigma=0, n_agents=430))
    np.testing.assert_allclose(mine.igm_g_per_L, rows.igm_g_per_L, rtol=1e-6)
    np.testing.assert_allclose(mine.accessible_cells + mine.niche_cells, rows.n_clone, rtol=1e-6)
    np.testing.assert_allclose(mine.plasma_cells, rows.n_plasma, rtol=1e-6)
    np.testing.assert_allclose(mine.drug_ug_per_mL, rows.rituximab_ug_per_mL, rtol=1e-5, atol=1e-9)


@pytest.mark.verification
def test_serum_leaves_as_many_in_both_with_as_much_on_them():
    well = {"replicates": N_WELLS, "populations.b_cells.n": N_CELLS, "space.volume": "40 uL"}
    rows = series("three_arms", SERUM_ONLY | well)
    alive = rows[rows.time_h == 24].groupby("arm").n_b_alive.sum()
    treated = [serum_arm(seed, N_CELLS, 40.0, [0.25, 1, 4, 24]) for seed in range(N_WELLS)]
    controls = [serum_arm(100 + seed, N_CELLS, 40.0, [24], rituximab_ug_per_mL=0)[-1] for seed in range(N_WELLS)]
    survival = alive["serum"] / alive["serum~control"]
    mine = sum(well[-1]["alive"] for well in treated) / sum(control["alive"] for control in controls)
    assert abs(mine - survival) < 3 * np.sqrt(2 * survival * (1 - survival) / (N_WELLS * N_CELLS))
    for t_h, of_wells in zip([0.25, 1, 4], zip(*(well[:3] for well in treated), strict=True), strict=True):
        look = rows[(rows.arm == "serum") & (rows.time_h == t_h)]
        for name in ("bound", "c3b", "mac"):
            error = np.sqrt(2 * np.mean([well[f"{name}_se"] ** 2 for well in of_wells]) / N_WELLS)
            assert abs(np.mean([well[name] for well in of_wells]) - look[f"{name}_mean_per_cell"].mean()) < 4 * error


@pytest.mark.verification
def test_the_typical_patient_has_the_same_igm_within_two_per_cent():
    rows = series("gertz2004", TYPICAL | {"probes.patient.every": "5 d"}).set_index("time_h")
    at_h = [24.0 * day for day in (30, 60, 120, 365, 730)]
    mine = {row["t_h"]: row["igm_g_per_L"] for row in patient(list(rows.index))}
    assert [mine[t_h] for t_h in at_h] == pytest.approx(list(rows.igm_g_per_L[at_h]), rel=0.02)
