"""Cost follows events: who has nothing to do is passed over, and who may wait acts once for many steps.

A process waits that may, where no other that acts at every step reads what it writes or shares a column with it. It
acts at the end of a span of steps, with ``world.dt_h`` that of all of them, ``world.n_steps`` their number, and the
means over the span of the pools that it reads. A span is a part of the time since something was given or changed, so
that what follows is met with short ones, and the step that ends at a look is one of its own: what is seen is of that
moment.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from abm.core.clock import SAME_MOMENT_H
from abm.core.process import Process
from abm.core.world import World

PART = 0.125  # design: of the time since something was given or changed


class Pace:
    """Which processes act at every step, which wait, and when these act.

    Parameters
    ----------
    world : World
        With all that processes have declared.
    processes : mapping of str to Process
        In order.
    grid_h : array
        Step boundaries, h.
    looks, changes : set of int
        Boundaries at which probes look, and at which processes change.

    Attributes
    ----------
    acting, waiting : dict of str to Process
        Those that act at every step, and those that wait.
    """

    def __init__(
        self,
        world: World,
        processes: Mapping[str, Process],
        grid_h: np.ndarray,
        looks: set[int],
        changes: set[int],
    ):
        busy = {name: process for name, process in processes.items() if not process.is_idle(world)}
        self.waiting = _waiting(busy)
        self.acting = {name: process for name, process in busy.items() if name not in self.waiting}
        self._first = world.step
        self._all = {name: frozenset(cells.columns) for name, cells in world.populations.items()}
        self._touched = [_written(self._all, one) for one in (self.acting, busy)]
        reads, writes = ({n for p in self.waiting.values() for n in getattr(p, how)} for how in ("reads", "writes"))
        self._read = {name.removeprefix("pools.") for name in reads - writes}
        self._due = self._ends(world, grid_h, looks, changes) if self.waiting else set()
        self._n_steps, self._waited_h, self._sums = 0, 0.0, dict[str, Any]()

    def _ends(self, world: World, grid_h: np.ndarray, looks: set[int], changes: set[int]) -> set[int]:
        """Return the boundaries at which spans end."""
        longest_h = min(process.may_wait_h for process in self.waiting.values())
        given_h = [t for one in world.given for t in (*one.moments, *one.ends)]
        events = {0} | changes | set(np.searchsorted(grid_h, np.array(given_h) - SAME_MOMENT_H).tolist())
        alone = {look - 1 for look in looks} | looks | events | {grid_h.size - 1}
        begin, event_h, found = 0, 0.0, set[int]()
        for end in range(1, grid_h.size):
            event_h = grid_h[begin] if begin in events else event_h
            limit_h = min(longest_h, PART * (grid_h[begin] - event_h)) + SAME_MOMENT_H
            if end in alone or grid_h[end + 1] - grid_h[begin] > limit_h:
                found.add(end)
                begin = end
        return found

    def touched(self, step: int) -> Mapping[str, frozenset[str]]:
        """Return the columns that somebody may have written in the step that ends here, by population; at first all."""
        return self._all if step == self._first else self._touched[step in self._due]

    def wait(self, world: World) -> bool:
        """Note a step that has passed; return whether a span ends with it."""
        if self.waiting:
            self._n_steps, self._waited_h = self._n_steps + 1, self._waited_h + world.dt_h
            for name in self._read & world.pools.amounts.keys():
                self._sums[name] = self._sums.get(name, 0.0) + world.pools[name] * world.dt_h
        return world.step in self._due

    @contextmanager
    def span(self, world: World) -> Iterator[Mapping[str, Process]]:
        """Lend the world as it was over the span that ends now, and those that have waited for it."""
        if not self._n_steps:
            yield {}
            return
        amounts, now, dt_h = world.pools.amounts, {name: world.pools[name] for name in self._sums}, world.dt_h
        world.n_steps, world.dt_h = self._n_steps, round(self._waited_h, 9)
        amounts |= {name: total / self._waited_h for name, total in self._sums.items()}
        yield self.waiting
        amounts |= now
        world.n_steps, world.dt_h = 1, dt_h
        self._n_steps, self._waited_h, self._sums = 0, 0.0, {}


def _waiting(busy: Mapping[str, Process]) -> dict[str, Process]:
    """Return those that may wait and that no other disturbs."""
    found = {name: process for name, process in busy.items() if process.may_wait_h > 0.0}
    while True:
        others = [process for name, process in busy.items() if name not in found]
        left = {name: one for name, one in found.items() if not any(_disturbs(other, one) for other in others)}
        if len(left) == len(found):
            return left
        found = left


def _disturbs(other: Process, one: Process) -> bool:
    """Whether a process that acts at every step reads what one writes, or shares a column that either writes."""
    columns = [name for name in (*one.reads, *one.writes) if not name.startswith("pools.")]
    return _meet(other.reads, one.writes) or _meet(other.writes, columns)


def _meet(names: tuple[str, ...], others: Any) -> bool:
    return any(fnmatchcase(a, b) or fnmatchcase(b, a) for a in names for b in others)


def _written(columns: Mapping[str, frozenset[str]], processes: Mapping[str, Process]) -> dict[str, frozenset[str]]:
    """Return which of the columns of populations processes write; populations of which they write none are left out."""
    targets = {target for process in processes.values() for target in process.writes}
    found = {
        name: frozenset(column for column in own if any(fnmatchcase(f"{name}.{column}", t) for t in targets))
        for name, own in columns.items()
    }
    return {name: own for name, own in found.items() if own}
