"""What an arm adds to the well and when: antibody, serum, DHEAS, inhibitors, cells.

*Model*: amounts enter at their moment, before anybody looks; cells enter with the step that begins then and get rows in
FATE, so that a look at that moment does not see them yet. Both hold at 0 as later.

*Writes*: pools, fields, arrivals.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from abm.biology.antibody.places import LOST, column_of, pool_of
from abm.core.clock import SAME_MOMENT_H
from abm.core.par import Model
from abm.core.population import Population
from abm.core.process import Phase, Process
from abm.core.rng import Key
from abm.core.world import World

AT_STEP, ENTERED = "additions.at_step", "additions.entered"  # how many of the last moment's additions are in


class Additions(Process):
    """Lets in what the subject is given.

    Attributes
    ----------
    known : tuple of mapping
        For each of ``world.given``, serum and antibodies as the scenario has them at its moment.
    moments_h : tuple of float
        And that moment.
    """

    phase: ClassVar = Phase.DOSE
    stacks: ClassVar = True
    reads: ClassVar = ()
    writes: ClassVar = ("pools.*", "fields.*")

    known: tuple[Mapping[str, Model], ...] = ()
    moments_h: tuple[float, ...] = ()

    def step(self, world: World, key: Key) -> None:
        """Let cells enter, and what a user has added since the last look at this moment."""
        self.enter(world)
        if world.step > 0:
            self._let_cells_in(world)

    def begin(self, world: World) -> None:
        """Add what is there from the start."""
        self.enter(world)
        self._let_cells_in(world)

    def enter(self, world: World) -> None:
        """Add the amounts of this moment that have not been added yet."""
        due = self._due(world)
        if not due:
            return
        is_same = np.all(world.tallies.get(AT_STEP, -1) == world.step)
        n_entered = int(np.max(world.tallies[ENTERED])) if is_same else 0
        for index in due[n_entered:]:
            world.given[index].enter(world, self.known[index])
        world.tallies |= {AT_STEP: world.step, ENTERED: len(due)}

    def _let_cells_in(self, world: World) -> None:
        for index in self._due(world):
            one, before = world.given[index], world.given[:index]
            if one.population:
                cohort = 1 + sum(bool(other.population) for other in before)
                world.arrive(one.population, np.zeros(one.n_cells), cohort)

    def _due(self, world: World) -> list[int]:
        """Return the places of what is given at this moment."""
        return [index for index, t_h in enumerate(self.moments_h) if abs(t_h - world.t_h) <= SAME_MOMENT_H]


def conservation(world: World) -> dict[str, float]:
    """Return the relative error of each balance: antibodies, complement, DHEAS molecules and cells; 0 is perfect."""
    pools, target, tally = world.pools, world.target, world.tallies
    b = world.populations[target]
    errors = {}
    for drug in world.properties["antibodies"].shown:
        kept = sum(pools[pool_of(drug, fate)] for fate in ("", *LOST, "washed")) + total(b, column_of(drug))
        errors[f"{drug.kind}_rel_error"] = _relative(kept, pools[pool_of(drug, "supplied")])
    for name in ("c1q", "c2c4", "c3", "c5c9"):
        kept = pools[name] + sum(pools[f"{name}_{fate}"] for fate in ("used", "decayed", "washed"))
        errors[f"{name}_rel_error"] = _relative(kept, pools[f"{name}_supplied"])
    field = world.fields.get("dheas")
    kept = field.mean * pools.molecules(1.0) if field else pools["dheas"]
    kept += sum(pools[f"dheas_{fate}"] for fate in ("lost", "taken_up", "washed"))
    errors["dheas_rel_error"] = _relative(kept, pools["dheas_supplied"] + pools["dheas_released"])
    for name in dict.fromkeys(name for one in world.given for name in one.conserved):
        kept = pools[name] + sum(pools[pool] for pool in pools.amounts if _is_fate(pool, name))
        errors[f"{name}_dissolved_rel_error"] = _relative(kept, pools[f"{name}_supplied"])
    born, lysed = tally.get(f"{target}.entered", 0) + tally.get(f"{target}.born", 0), tally.get(f"{target}.lysed", 0)
    errors["cells_error"] = float(born - b.n - lysed)
    dead = sum(count for name, count in tally.items() if name.startswith(f"{target}.deaths_"))
    errors["deaths_error"] = float(dead - lysed - b.is_dying.sum())
    return errors


def total(b: Population, column: str) -> float:
    """Return what all cells still in the well hold together; nothing where there is no such column."""
    return float(b[column].sum()) if column in b else 0.0


def _is_fate(pool: str, name: str) -> bool:
    return pool.startswith(f"{name}_") and pool != f"{name}_supplied"


def _relative(found: float, expected: float) -> float:
    return abs(found - expected) / expected if expected > 0.0 else abs(found)
