"""Which subjects are simulated side by side, and how far they are."""

import math
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from abm.core.simulation import Simulation
from abm.scenario.schema import Scenario
from abm.study.jobs import Flow, Stopped

MOST_PATIENTS, MOST_ROWS = 128, 100_000  # design: what stays in the cache and stops within a second
BEAT_S = 0.2


One = TypeVar("One")


def batches(
    scenario: Scenario, todo: Sequence[One], arm_of: Callable[[One], str] = attrgetter("arm"), n_workers: int = 1
) -> list[list[One]]:
    """Return subjects in batches: a well alone; patients of an arm together, as many as leave all workers something."""
    if scenario.space.keeps_cells:
        return [[one] for one in todo]
    n_rows = max(1, sum(scenario.counts().values()))
    most = max(1, min(MOST_PATIENTS, MOST_ROWS // n_rows, math.ceil(len(todo) / n_workers)))
    found = []
    for _, arm in groupby(todo, arm_of):
        own = list(arm)
        n = math.ceil(len(own) / most)
        found += [own[k * len(own) // n : (k + 1) * len(own) // n] for k in range(n)]
    return found


class Watch:
    """Reports how far simulations are that run one after the other, and stops them on request."""

    def __init__(self, flow: Flow, n: int):
        self.flow, self.n, self.next_beat = flow, n, 0.0
        self.index, self.current = -1, None

    def __call__(self, simulation: Simulation) -> None:
        """Look at the clock after a step."""
        if simulation is not self.current:
            self.index, self.current = self.index + 1, simulation
        now = time.monotonic()
        if now < self.next_beat or simulation.is_over:
            return
        self.next_beat = now + BEAT_S
        n_steps = simulation.grid_h.size - 1
        self.flow.beat(self.index * n_steps + simulation.world.step, self.n * n_steps)
        if self.flow.is_stopped():
            raise Stopped
