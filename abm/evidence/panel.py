"""A panel of experiments over the free parameters: the survival of every arm, and emulators of it.

*Model*: survival is emulated on the logit scale; one replicate scatters about it by what seeds do to a patch.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from abm.core.errors import InputError
from abm.evidence.claim import B_CELLS, SIDE_UM, VOLUME_UL
from abm.evidence.emulation import Runs, checked, seeds_at
from abm.evidence.fit import Problem
from abm.evidence.lab import Lab
from abm.inference.emulators import Emulators, refuse_failed
from abm.inference.likelihood import Array
from abm.scenario.schema import Scenario
from abm.study.rows import RowJob, as_base

LEAST_SPREAD = 1e-3  # design: on the logit scale, of an arm in which seeds change nothing


@dataclass(frozen=True)
class Panel:
    """Wells of a scenario's arms.

    Attributes
    ----------
    scenario : Scenario
        Of wells.
    n : int
        B cells of each well, on a patch with the density of a full one.
    """

    scenario: Scenario
    n: int

    def patch(self) -> dict[str, Any]:
        """Return the changes that turn a parameter set into a well of the panel."""
        return {
            "space.side": f"{SIDE_UM * math.sqrt(self.n / B_CELLS)} um",
            "space.volume": f"{VOLUME_UL * self.n / B_CELLS} uL",
            "populations.b_cells.n": self.n,
            "arms": json.loads(as_base(self.scenario))["arms"],
        }

    def rows(self, problem: Problem, x: Array) -> list[list[RowJob]]:
        """Return the row of each place of the unit cube and each of its seeds."""
        patch = self.patch()
        points = [problem.at(place) | patch for place in x]
        return [
            [RowJob(0, problem.base, point, seed) for seed in seeds_at(problem.calibration, k)]
            for k, point in enumerate(points)
        ]

    def run(self, problem: Problem, lab: Lab, x: Array) -> Runs:
        """Run the panel at places of the unit cube; of each arm the survival, on the logit scale.

        Raises
        ------
        RunFailed
            A row could not be run.
        """
        rows = self.rows(problem, x)
        lab.run(lambda: (row for own in rows for row in own))
        values = [[lab.values(row) for row in own] for own in rows]
        each = [[[own[f"{arm}.survival"] for own in seeds] for arm in self.scenario.arms] for seeds in values]
        return Runs.of(x, self.to_link(np.array(each)))

    def to_link(self, survival: Array) -> Array:
        """Return the logit of a survival, half a cell away from none and from all at the most."""
        share = np.clip(survival, 0.5 / self.n, 1.0 - 0.5 / self.n)
        return np.log(share / (1.0 - share))


@dataclass(frozen=True)
class Experiments:
    """What is known of the arms before they are done.

    Attributes
    ----------
    emulators : Emulators or None
        Of the survival of the arms whose emulator passes its check, on the logit scale; None where none does.
    spread : array, shape (arms,)
        Standard deviation of one replicate on that scale.
    warnings : tuple of str
        Which arms decide nothing, and why.
    """

    emulators: Emulators | None
    spread: Array
    warnings: tuple[str, ...]


def learn_arms(names: Sequence[str], runs: Runs, seed: int) -> Experiments:
    """Learn the arms one by one; one whose emulator fails on unseen runs is left out."""
    known, spread, warnings = [], [], []
    for place, name in enumerate(names):
        own = runs.column(place)
        try:
            emulators, held = checked([name], own, seed)
            refuse_failed(held.checks)
        except InputError as error:
            warnings.append(f"the arm '{name}' of the panel decides nothing: {error.faults[0].message}")
            continue
        known.append((name, emulators.parts[0]))
        spread.append(max(float(own.spread[0]), LEAST_SPREAD))
    emulators = Emulators(*map(tuple, zip(*known, strict=True))) if known else None
    return Experiments(emulators, np.array(spread), tuple(warnings))
