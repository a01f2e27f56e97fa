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

MOST_SUBJECTS, MOST_ROWS = 128, 100_000  # design: what stays in the cache and stops within a second
BEAT_S = 0.2


One = TypeVar("One")


def batches(
    scenario: Scenario, todo: Sequence[One], arm_of: Callable[[One], str] = attrgetter("arm"), n_workers: int = 1
) -> list[list[One]]:
    """Return subjects in batches, those of an arm together, as many as leave all workers something."""
    most = min(most_side_by_side(scenario), math.ceil(len(todo) / n_workers))
    found = []
    for _, arm in groupby(todo, arm_of):
        own = list(arm)
        n = math.ceil(len(own) / most)
        found += [own[k * len(own) // n : (k + 1) * len(own) // n] for k in range(n)]
    return found


def batches_of_run(scenario: Scenario, todo: Sequence[One], n_workers: int = 1) -> list[list[One]]:
    """Return the subjects of a run in batches, wells of any arms together; one that may end before others is alone."""
    if scenario.until:
        return [[one] for one in todo]
    return batches(scenario, todo, (lambda one: "") if scenario.space.keeps_cells else attrgetter("arm"), n_workers)


def most_side_by_side(scenario: Scenario) -> int:
    """Return how many subjects lie side by side at most."""
    return max(1, min(MOST_SUBJECTS, MOST_ROWS // max(1, sum(scenario.counts().values()))))


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
