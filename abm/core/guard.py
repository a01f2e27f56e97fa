"""No NaN is kept.

Amounts, columns of the targets, and those of other cells that RESET writes over are looked through at every boundary
before which somebody has acted on them: there a NaN could act once and be gone. The others keep it: they and fields are
looked through before neighbours are sorted, before a table, or a row with a NaN, is kept, and at the end.
"""

import fnmatch
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from abm.core.errors import RunFailed
from abm.core.process import Process
from abm.core.world import World

NOTHING = np.empty(0)


def is_nan(amount: Any) -> bool:
    """Say whether an amount, or any of an array of them, is NaN."""
    return bool(np.isnan(amount).any()) if isinstance(amount, np.ndarray) else math.isnan(amount)


class Guard:
    """Stops a simulation where its World holds a NaN.

    Parameters
    ----------
    grid_h : array
        Step boundaries of the simulation.
    """

    def __init__(self, grid_h: np.ndarray):
        self.grid_h, self._sound_until = grid_h, 0

    def begin(self, world: World, processes: Mapping[str, Process]) -> None:
        """Look through a World that has just been filled; what was before is not known."""
        self._sound_until = world.step
        self.check(world, processes)

    def check(self, world: World, processes: Mapping[str, Process]) -> None:
        """Stop where there is a NaN, naming cell, steps since all were numbers, and what writes such a target.

        Raises
        ------
        RunFailed
            There is one.
        """
        first, self._sound_until = self._sound_until, world.step
        for found in _nans(world):
            self._stop(found, first, world.step, processes)

    def look(self, world: World, processes: Mapping[str, Process], touched: Mapping[str, frozenset[str]]) -> None:
        """Look at what a step that has just ended could have set, and the next one could write over.

        Parameters
        ----------
        world, processes
            As they are now.
        touched : mapping of str to set of str
            By population, the columns that somebody may have written.

        Raises
        ------
        RunFailed
            A NaN is there.
        """
        for found in _brief_nans(world, touched):
            self._stop(found, world.step - 1, world.step, processes)

    def _stop(self, found: str, first: int, now: int, processes: Mapping[str, Process]) -> None:
        last = max(first, now - 1)
        hours = " to ".join(f"{self.grid_h[step]:g}" for step in dict.fromkeys((first, last)))
        steps = f"{'before' if first == now else 'at'} step {first}" if first == last else f"in steps {first} to {last}"
        patterns = {name: process.writes for name, process in processes.items()}
        writers = [repr(n) for n, own in patterns.items() if any(fnmatch.fnmatchcase(found.split()[0], o) for o in own)]
        raise RunFailed(f"NaN in {found} {steps} ({hours} h); written by {', '.join(writers) or 'no process'}")


def _nans(world: World) -> Iterator[str]:
    """Yield the names of what holds a NaN, cells first."""
    for owner, population in world.populations.items():
        yield from _of_cells(world, owner, population.find_nan())
    yield from (f"fields.{name}" for name, field in world.fields.items() if is_nan(field.values))
    yield from _of_pools(world)


def _brief_nans(world: World, touched: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Yield the names of what holds a NaN that the next step could write over."""
    others = {name for name, cell_type in world.cell_types.items() if cell_type.role != "target"}
    for owner, columns in touched.items():
        yield from _of_cells(world, owner, world.populations[owner].find_nan(columns, is_brief=owner in others))
    amounts = world.pools.amounts.values()
    if is_nan(sum(amounts) if world.pools.n_subjects is None else np.concatenate([*amounts, NOTHING]).sum()):
        yield from _of_pools(world)


def _of_cells(world: World, owner: str, found: tuple[str, int] | None) -> Iterator[str]:
    if found is not None:
        (name, row), population = found, world.populations[owner]
        whose = int(np.searchsorted(population.first, row, side="right")) - 1
        yield f"{owner}.{name} of cell {population.uid[row]}{_whose(world, whose)}"


def _of_pools(world: World) -> Iterator[str]:
    bad = {name: np.flatnonzero(np.isnan(amount)) for name, amount in world.pools.amounts.items()}
    yield from (f"pools.{name}{_whose(world, whose[0])}" for name, whose in bad.items() if whose.size)


def _whose(world: World, place: int) -> str:
    """Return which of several patients it is."""
    return f" of {world.space.subject} {world.subjects[place][1]}" if world.n_subjects > 1 else ""
