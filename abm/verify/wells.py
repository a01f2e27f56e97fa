"""Small wells for the engine: a patch of the assay, and equal cells without places; and what comes out of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.simulation import Simulation
from abm.document.load import resolve, validate
from abm.scenario.build import Subject, build
from abm.scenario.schema import Scenario

PATCH = Path(__file__).with_name("patch.yaml")
FLOOR_UM2_PER_B_CELL = 5657.0**2 / 10_000
MEDIUM_UL_PER_B_CELL = 200.0 / 10_000
FULL_SIGNAL = {"fc50_vv_per_cell": 1e-6, "cd16_shed_frac": 0.0, "contact_um": 10.0}
ONE_HIT = {"granules_per_hit_frac": 0.0, "repair_per_h": 0.0, "lag": "0 h"}
MIXED = {"kind": "mixed", "side": "1000 um", "volume": "1000 uL"}
ARM = "both"


def patch(*sets: str) -> Scenario:
    """Return the patch with some values set, as ``--set`` would."""
    return validate(Scenario, resolve(PATCH, sets, Scenario))


def sized(n_b_cells: int) -> list[str]:
    """Return what makes a patch of this many B cells at the density of the well."""
    side_um = (n_b_cells * FLOOR_UM2_PER_B_CELL) ** 0.5
    return [
        f"populations.b_cells.n={n_b_cells}",
        f"space.side={side_um:.6f} um",
        f"space.volume={n_b_cells * MEDIUM_UL_PER_B_CELL:.6f} uL",
    ]


def mixed(
    processes: Mapping[str, dict],
    n: int,
    nk_per_b: float = 0.0,
    hits_needed: float = 0.5,
    *,
    duration: str,
    dt: str,
    space: Mapping[str, Any] = MIXED,
    antibodies: Mapping[str, Any] | None = None,
) -> Scenario:
    """Return a scenario of ``n`` equal B cells with 100 000 CD20, each process named after its kind.

    Parameters
    ----------
    processes : mapping of str to dict
        Parameters by kind.
    n : int
        B cells.
    nk_per_b : float
        NK cells per B cell.
    hits_needed : float
        Hits that commit a cell; below 1 any hit does.
    duration, dt, space, antibodies
        As at the top of a scenario file.
    """
    one = {"median": 1.0, "sigma": 0.0}
    b_cells = {"n": n, "cd20": {"median": 1e5, "sigma": 0.0}, "low_fraction": 0.0, "cd55": one, "cd59": one}
    b_cells |= {"hits_needed": {"median": hits_needed, "sigma": 0.0}, "igm_per_s": {"median": 100.0, "sigma": 0.0}}
    content = {
        "name": "mixed",
        "space": dict(space),
        "populations": {"b_cells": b_cells, "nk_cells": {"per_b_cell": nk_per_b}},
        "processes": {kind: {"kind": kind} | parameters for kind, parameters in processes.items()},
        "arms": {ARM: {"add": [{"rituximab": "10 ug/mL"}, {"serum": "25 %"}]}},
        "probes": {"counts": {"every": "15 min"}},
        "duration": duration,
        "dt": dt,
    }
    return Scenario.model_validate(content | ({"antibodies": dict(antibodies)} if antibodies else {}))


def begun(scenario: Scenario, arm: str = ARM, replicate: int = 0) -> Simulation:
    """Return one well before its first step."""
    return build(scenario, Subject(arm, replicate))


def finished(scenario: Scenario, arm: str = ARM, replicate: int = 0) -> Simulation:
    """Run one well to its end."""
    simulation = begun(scenario, arm, replicate)
    simulation.run()
    return simulation


def survival(simulation: Simulation) -> float:
    """Return the share of all B cells that is alive and not committed to die."""
    world = simulation.world
    b = world.populations["b_cells"]
    return float((b.n - b.is_dying.sum()) / world.tallies["b_cells.entered"])


def series(simulation: Simulation, name: str) -> np.ndarray:
    """Return one column of the counts, time by time."""
    return np.array([row.get(name, 0) for _, row in sorted(simulation.records["counts"].items())])


def law_of(scenario: Scenario, kind: str) -> Any:
    """Return the process of a kind."""
    return next(process for process in scenario.processes.values() if process.kind == kind)
