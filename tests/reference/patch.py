"""A small patch of the assay for the engine, and what comes out of it."""

from pathlib import Path

from abm.core.simulation import Simulation
from abm.document.load import resolve, validate
from abm.scenario.build import Subject, build
from abm.scenario.schema import Scenario

PATCH = Path(__file__).with_name("patch.yaml")
FLOOR_UM2_PER_B_CELL = 5657.0**2 / 10_000
MEDIUM_UL_PER_B_CELL = 200.0 / 10_000


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


def finished(scenario: Scenario, arm: str, replicate: int = 0) -> Simulation:
    """Run one well to its end."""
    simulation = build(scenario, Subject(arm, replicate))
    simulation.run()
    return simulation


def survival(simulation: Simulation) -> float:
    """Return the share of all B cells that is alive and not committed to die."""
    world = simulation.world
    b = world.populations["b_cells"]
    return float((b.n - b.is_dying.sum()) / world.tallies["b_cells.entered"])
