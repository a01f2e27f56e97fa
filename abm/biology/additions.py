"""What an arm adds to the well and when: antibody, serum, DHEAS, inhibitors, cells.

*Model*: amounts enter at their moment, before anybody looks; cells enter with the step that begins then and get rows in
FATE, so that a look at that moment does not see them yet. Both hold at 0 as later.

*Writes*: pools, fields, arrivals.
"""

from typing import ClassVar

import numpy as np

from abm.core.par import Model
from abm.core.population import Population
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World

SAME_MOMENT_H = 1e-8
AT_STEP, ENTERED = "additions.at_step", "additions.entered"  # how many of the last moment's amounts are in


class Portion(Model):
    """One addition in engine units: nM in the well, a fraction, or a number of cells."""

    t_h: float
    name: str
    amount: float
    is_cells: bool = False
    cohort: int = 0


class Additions(Process):
    """The plan of one arm, in order of time."""

    phase: ClassVar = Phase.DOSE
    reads: ClassVar = ()
    writes: ClassVar = ("pools.*", "fields.*")

    plan: tuple[Portion, ...] = ()

    def step(self, world: World, key: Key) -> None:
        """Let cells in, and what somebody has added since the look at this moment."""
        self.enter(world)
        if world.step > 0:
            self._let_cells_in(world)

    def begin(self, world: World) -> None:
        """Add what is there from the start."""
        self.enter(world)
        self._let_cells_in(world)

    def enter(self, world: World) -> None:
        """Add the amounts of this moment that have not been added yet."""
        due = [portion for portion in self._due(world) if not portion.is_cells]
        n_entered = world.tallies.get(ENTERED, 0) if world.tallies.get(AT_STEP) == world.step else 0
        for portion in due[n_entered:]:
            if portion.name.startswith("anti_"):
                world.pools.add(portion.name, portion.amount)
                continue
            molecules = world.pools.molecules(portion.amount)
            world.supply(portion.name, molecules)
            world.pools.add(f"{portion.name}_supplied", molecules)
        world.tallies |= {AT_STEP: world.step, ENTERED: len(due)} if due else {}

    def _let_cells_in(self, world: World) -> None:
        for portion in self._due(world):
            if portion.is_cells:
                world.arrive(portion.name, np.zeros(int(portion.amount)), portion.cohort)

    def _due(self, world: World) -> list[Portion]:
        return [portion for portion in self.plan if abs(portion.t_h - world.t_h) <= SAME_MOMENT_H]


def bound_antibody(b: Population) -> float:
    """Antibody molecules on all cells still in the well."""
    return float(b.bound_per_cell.sum()) if "bound_per_cell" in b else 0.0


def conservation(world: World) -> dict[str, float]:
    """Return the relative error of each balance: drug, complement, DHEAS molecules and cells; 0 is perfect."""
    pools, b, tally = world.pools, world.populations["b_cells"], world.tallies
    errors = {}
    kept = sum(pools[f"antibody{fate}"] for fate in ("", "_lysed", "_internalised", "_shaved", "_decayed"))
    errors["rituximab_rel_error"] = _relative(kept + bound_antibody(b), pools["antibody_supplied"])
    for name in ("c1q", "c2c4", "c3", "c5c9"):
        kept = pools[name] + pools[f"{name}_used"] + pools[f"{name}_decayed"]
        errors[f"{name}_rel_error"] = _relative(kept, pools[f"{name}_supplied"])
    field = world.fields.get("dheas")
    kept = field.values.mean() * pools.molecules(1.0) if field else pools["dheas"]
    kept += pools["dheas_lost"] + pools["dheas_taken_up"]
    errors["dheas_rel_error"] = _relative(kept, pools["dheas_supplied"] + pools["dheas_released"])
    born = tally.get("b_cells.entered", 0) + tally.get("b_cells.born", 0)
    errors["cells_error"] = float(born - b.n - tally.get("b_cells.lysed", 0))
    dead = sum(count for name, count in tally.items() if name.startswith("b_cells.deaths_"))
    errors["deaths_error"] = float(dead - tally.get("b_cells.lysed", 0) - b.is_dying.sum())
    return errors


def _relative(found: float, expected: float) -> float:
    return abs(found - expected) / expected if expected > 0.0 else abs(found)
