"""Fate: competing causes decided jointly, exactly, inside the step.

*Model*: every ``hazard_<cause>_per_h`` of a cell and its ``division_per_h`` are constant during a step; the first event
comes after an exponential time of their sum and is of one kind with probability proportional to its share. A
``mark_<cause>_h`` is a moment inside the step at which another process has already committed the cell; the earlier of
the two wins. Cells born or arriving inside the step live on from their own moment with the same rates, so a linear
birth-death-immigration process is exact for any step length. After commitment a cell is *dying* until its lag is over,
that which a process states for the cause, else none; then it lyses: at the end of that step its row goes and its
contents spill into their pools. A dying cell is committed to nothing else. Kinds of cell that do not live have neither
hazards nor divisions.

*References*: Gillespie1977 (total first, then which).
"""

import math
from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np

from abm.core.families import divide, which
from abm.core.jit import device, kernel, prange
from abm.core.population import Population
from abm.core.process import Phase, Process
from abm.core.rng import Key, OneKey, fill_first, uniform2
from abm.core.table import Column
from abm.core.world import World

NEVER = math.inf
MORTAL = (
    Column("is_dying", "b1", doc="committed to die, not yet lysed"),
    Column("t_lysis_h", default=NEVER, unit="h", doc="moment of lysis"),
    Column("division_per_h", unit="1/h", resets=True, doc="division rate"),
    Column("n_divisions", "i8", doc="divisions so far"),
)
DEAD = (
    Column("time_h"),
    Column("t_lysis_h"),
    Column("uid", "u8"),
    Column("cause", "i8"),
    Column("killer_uid", "i8", default=-1),
)
KILLS = Column("n_kills", "i8", doc="cells killed")
NOBODY_H = np.empty(0)


@device
def sum_rates(total, floats, hazards, first):
    """Add the hazards of a block of rows to a total."""
    for c in range(hazards.size):
        rates = floats[hazards[c], first : first + total.size]
        for i in range(total.size):
            total[i] += rates[i]


@kernel
def first_events(event, t_event_h, floats, hazards, marks, division_per_h, is_dying, uid, blocks, t_start_h, dt_h, key):
    """Draw the first event of each row: 0.. hazards, then marks, then division; -1 for none. Return how many have one.

    ``hazards`` and ``marks`` say which of the columns ``floats`` they are; ``t_start_h`` is of the last rows, which
    entered in this step.
    """
    n_rows, n_hazards, n_events = event.size, hazards.size, 0
    first_new = n_rows - t_start_h.size
    for block in prange(blocks.shape[0]):
        first, end, own_key = blocks[block, 1], blocks[block, 2], (key[0][blocks[block, 0]], key[1])
        u, total = np.empty(end - first), division_per_h[first:end].copy()
        fill_first(u, uid[first:end], 0, own_key)
        sum_rates(total, floats, hazards, first)
        for i in range(first, end):
            event[i] = -1
            t_event_h[i] = dt_h
            if u[i - first] < total[i - first] * dt_h and not is_dying[i]:
                start_h = t_start_h[i - first_new] if i >= first_new else 0.0
                moment = start_h - math.log1p(-u[i - first]) / total[i - first]
                if moment < dt_h:
                    t_event_h[i] = moment
                    _, share = uniform2(own_key, uid[i], 0)
                    event[i] = which(floats, hazards, i, share * total[i - first])
            for c in range(marks.size):
                if floats[marks[c], i] < t_event_h[i] and not is_dying[i]:
                    t_event_h[i] = floats[marks[c], i]
                    event[i] = n_hazards + c
            if event[i] == -2:
                event[i] = n_hazards + marks.size
            n_events += event[i] >= 0
    return n_events


def is_mortal(population: Population) -> bool:
    """Whether any process gave this population a hazard, a mark or a division rate."""
    if "division_per_h" in population:
        return True
    return any(name.startswith(("hazard_", "mark_")) for name in population.columns)


class Fate(Process):
    """The only process that changes the number of rows."""

    kind: Literal["fate"] = "fate"
    phase: ClassVar = Phase.FATE
    stacks: ClassVar = True

    def prepare(self, world: World) -> None:
        """Make the state columns and the deaths table of every population that can die or divide."""
        for name, population in world.populations.items():
            if not is_mortal(population):
                continue
            for column in MORTAL:
                population.declare(column)
            recorded = [c for c in population.columns.values() if c.recorded]
            if name not in world.deaths:
                world.deaths[name] = Population(name, [Column(c.recorded, c.dtype) for c in recorded], DEAD)
            for ended in ("lysed", *(f"deaths_{cause}" for cause in self.causes(population))):
                world.tallies.setdefault(f"{name}.{ended}", 0)
            for spilt in sorted({column.spills for column in population.columns.values()} - {""}):
                world.pools.declare(spilt)
            for killers in self._killers(world, population):
                if KILLS.name not in killers:
                    killers.declare(KILLS)

    def _killers(self, world: World, population: Population) -> Iterator[Population]:
        """Yield the populations whose cells are named as the killers of this one's."""
        for name in population.names("mark_", "_by"):
            refers = population.columns[name].refers
            if refers in world.populations:
                yield world.populations[refers]

    def causes(self, population: Population) -> list[str]:
        """Return the names of all causes of death, hazards first."""
        hazards = [n.removeprefix("hazard_").removesuffix("_per_h") for n in population.names("hazard_", "_per_h")]
        return hazards + [n.removeprefix("mark_").removesuffix("_h") for n in population.names("mark_", "_h")]

    def step(self, world: World, key: Key) -> None:
        """Let cells enter, die, divide and lyse."""
        for name, population in world.populations.items():
            t_start_h = self._enter(world, name)
            if "is_dying" in population:
                self._resolve(world, population, t_start_h, world.key(f"fate.{name}"))
                self._lyse(world, name)

    def _enter(self, world: World, name: str) -> np.ndarray:
        """Make rows of those who arrive; return their moments."""
        if name not in world.arrivals:
            return NOBODY_H
        moments = []
        for times_h, cohort in world.arrivals.pop(name):
            world.populate(name, times_h.size, cohort)
            moments.append(times_h)
        return np.concatenate(moments)

    def _resolve(self, world: World, population: Population, t_start_h: np.ndarray, key: Key) -> None:
        hazards, marks = population.places("hazard_", "_per_h"), population.places("mark_", "_h")
        if population.name in world.cell_types:
            self._spare(population, hazards, world.each(world.cell_types[population.name].lives))
        event, t_event_h = np.empty(population.n, np.int64), np.empty(population.n)
        columns = population.floats, hazards, marks, population.division_per_h, population.is_dying, population.uid
        if not first_events(event, t_event_h, *columns, population.blocks, t_start_h, world.dt_h, key):
            return
        n_causes = hazards.size + marks.size
        if (event == n_causes).any():
            event, t_event_h = self._divide(world, population, event, t_event_h, hazards, (key[0][0], key[1]))
        self._commit(world, population, np.flatnonzero((event >= 0) & (event < n_causes)), event, t_event_h)

    def _spare(self, population: Population, hazards: np.ndarray, lives: np.ndarray) -> None:
        """Take hazards and division from cells that do not live; marks stay, such as of being eaten."""
        if lives.all():
            return
        is_spared = np.repeat(lives == 0.0, population.n_each)
        for place in hazards:
            population.floats[place, : population.n][is_spared] = 0.0
        population.division_per_h[is_spared] = 0.0

    def _divide(
        self,
        world: World,
        population: Population,
        event: np.ndarray,
        t_event_h: np.ndarray,
        hazards: np.ndarray,
        key: OneKey,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Let cells divide until the end of the step; return events and moments of all rows, newborns included."""
        mothers, n_before = np.flatnonzero(event == len(self.causes(population))), population.n
        rows, causes, moments_h = divide(population, mothers, t_event_h, hazards, world.dt_h, key)
        n_born = population.n - n_before
        world.tally(f"{population.name}.born", n_born)
        event, t_event_h = np.append(event, np.full(n_born, -1)), np.append(t_event_h, np.zeros(n_born))
        event[rows], t_event_h[rows] = causes, moments_h
        return event, t_event_h

    def _commit(
        self, world: World, population: Population, rows: np.ndarray, event: np.ndarray, t_event_h: np.ndarray
    ) -> None:
        if not rows.size:
            return
        causes = self.causes(population)
        lags_h = world.laws(*(world.lags_h.get(cause, 0.0) for cause in causes))
        moment_h, of = world.t_h + t_event_h[rows], population.subject_of(rows)
        population.is_dying[rows] = True
        population.t_lysis_h[rows] = moment_h + lags_h[of, event[rows]]
        values = {c.recorded: population[c.name][rows] for c in population.columns.values() if c.recorded}
        values |= {
            "time_h": moment_h,
            "t_lysis_h": population.t_lysis_h[rows],
            "uid": population.uid[rows],
            "cause": event[rows],
            "killer_uid": self._credit(world, population, rows, event, causes),
        }
        world.deaths[population.name].add(rows.size, values | {"subject": of})
        counts = np.bincount(event[rows] * world.n_subjects + of, minlength=len(causes) * world.n_subjects)
        for cause, count in zip(causes, counts.reshape(len(causes), -1), strict=True):
            world.tally(f"{population.name}.deaths_{cause}", count)

    def _credit(self, world, population, rows, event, causes) -> np.ndarray:
        """Count a kill for the killer of each marked cell and return the killers' identities."""
        killer_uid = np.full(rows.size, -1, np.int64)
        for code, cause in enumerate(causes):
            column = population.columns.get(f"mark_{cause}_by")
            if column is None or column.refers not in world.populations:
                continue
            hit = event[rows] == code
            killers = world.populations[column.refers]
            by = population[column.name][rows[hit]]
            np.add.at(killers.n_kills, by, 1)
            killer_uid[hit] = killers.uid[by].astype(np.int64)
        return killer_uid

    def _lyse(self, world: World, name: str) -> None:
        population, n_lysed = world.populations[name], world.tallies.get(f"{name}.lysed", 0)
        if isinstance(n_lysed, np.ndarray):
            n_lysed = n_lysed.sum()
        if world.deaths[name].n == n_lysed:  # nobody is dying
            return
        lysed = population.t_lysis_h <= world.t_h + world.dt_h
        rows = np.flatnonzero(lysed)
        if not rows.size:
            return
        of = population.subject_of(rows)
        for column in population.columns.values():
            if column.spills:
                spilt = np.bincount(of, population[column.name][rows], world.n_subjects)
                world.pools.add(column.spills, spilt)
        world.tally(f"{name}.lysed", np.bincount(of, minlength=world.n_subjects))
        world.remove(name, lysed)
