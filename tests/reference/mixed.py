"""Scenarios of equal cells without places: what equations and an exact stochastic simulation can follow."""

from typing import Any

import numpy as np

from abm.core.simulation import Simulation
from abm.scenario.build import Subject, build
from abm.scenario.schema import Scenario

FULL_SIGNAL = {"fc50_vv_per_cell": 1e-6, "cd16_shed_frac": 0.0, "contact_um": 10.0}
ONE_HIT = {"granules_per_hit_frac": 0.0, "repair_per_h": 0.0, "lag": "0 h"}


def mixed(
    processes: dict[str, dict], n: int, nk_per_b: float = 0.0, hits_needed: float = 0.5, **settings: Any
) -> Scenario:
    """Return a scenario of ``n`` equal B cells with 100 000 CD20, each process named after its kind.

    Parameters
    ----------
    processes : dict of str to dict
        Parameters by kind.
    n : int
        B cells.
    nk_per_b : float
        NK cells per B cell.
    hits_needed : float
        Hits that commit a cell; below 1 any hit does.
    **settings
        Anything at the top of a scenario file.
    """
    one = {"median": 1.0, "sigma": 0.0}
    b_cells = {"n": n, "cd20": {"median": 1e5, "sigma": 0.0}, "low_fraction": 0.0, "cd55": one, "cd59": one}
    b_cells |= {"hits_needed": {"median": hits_needed, "sigma": 0.0}, "igm_per_s": {"median": 100.0, "sigma": 0.0}}
    content = {
        "name": "mixed",
        "space": {"kind": "mixed", "side": "1000 um", "volume": "1000 uL"},
        "populations": {"b_cells": b_cells, "nk_cells": {"per_b_cell": nk_per_b}},
        "processes": {kind: {"kind": kind} | parameters for kind, parameters in processes.items()},
        "arms": {"both": {"add": [{"rituximab": "10 ug/mL"}, {"serum": "25 %"}]}},
        "probes": {"counts": {"every": "15 min"}},
    }
    return Scenario.model_validate(content | settings)


def run(scenario: Scenario, replicate: int = 0) -> Simulation:
    """Run the one well to its end."""
    simulation = build(scenario, Subject("both", replicate))
    simulation.run()
    return simulation


def series(simulation: Simulation, name: str) -> np.ndarray:
    """Return one column of the counts, time by time."""
    return np.array([row.get(name, 0) for _, row in sorted(simulation.records["counts"].items())])
