"""Fate: competing causes decided jointly, exactly, inside the step.

*Model*: every ``hazard_<cause>_per_h`` of a cell and its ``division_per_h`` are constant during a step; the first event
comes after an exponential time of their sum and is of one kind with probability proportional to its share. A
``mark_<cause>_h`` is a moment inside the step at which another process has already committed the cell; the earlier of
the two wins. Cells born or arriving inside the step live on from their own moment with the same rates, so a linear
birth-death-immigration process is exact for any step length. After commitment a cell is *dying* until its lag is over,
then it lyses: its row goes, its contents spill into their pools.

*References*: Gillespie1977 (total first, then which).
"""

import math
from typing import ClassVar, Literal

import numpy as np

from abm.core.jit import kernel, prange, serial
from abm.core.population import Column, Population
from abm.core.process import Phase, Process
from abm.core.rng import Key, fill_uniform, mix, uniform2
from abm.core.world import World

NEVER = math.inf
MORTAL = (
    Column("is_dying", "b1", doc="committed to die, not yet lysed"),
    Column("t_lysis_h", default=NEVER, unit="h", doc="moment of lysis"),
    Column("division_per_h", unit="1/h", resets=True, doc="division rate"),
    Column("n_divisions", "i8", doc="divisions so far"),
)


@kernel
def first_events(t_event_h, event, u, hazards, marks, division_per_h, is_dying, uid, t_start_h, dt_h, key):
    """Draw the first event of each row: 0.. hazards, then marks, then division; -1 for none."""
    n_hazards, n_marks = hazards.shape[0], marks.shape[0]
    for i in prange(event.size):
        event[i] = -1
        t_event_h[i] = dt_h
        if is_dying[i]:
            continue
        total = division_per_h[i]
        for c in range(n_hazards):
            total += hazards[c, i]
        if total > 0.0 and u[i] < total * (dt_h - t_start_h[i]):
            moment = t_start_h[i] - math.log1p(-u[i]) / total
            if moment < dt_h:
                t_event_h[i] = moment
                _, share = uniform2(key, uid[i], 0)
                event[i] = _which(hazards, i, share * total)
        for c in range(n_marks):
            if marks[c, i] < t_event_h[i]:
                t_event_h[i] = marks[c, i]
                event[i] = n_hazards + c
        if event[i] == -2:
            event[i] = n_hazards + n_marks


@serial
def _which(hazards, i, threshold):
    """Return the hazard whose share holds the threshold, -2 for division."""
    for c in range(hazards.shape[0]):
        threshold -= hazards[c, i]
        if threshold < 0.0:
            return c
    return -2


@serial
def _splitmix(a, b):
    z = np.uint64(a) ^ (np.uint64(b) * np.uint64(0x9E3779B97F4A7C15)) ^ np.uint64(0xD1B54A32D192ED03)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@serial
def _push(store, used, row, parent, moment):
    if used == store.shape[0]:
        larger = np.empty((2 * used + 8, 4))
        larger[:used] = store
        store = larger
    store[used, 0], store[used, 1], store[used, 2], store[used, 3] = row, parent, moment, -1.0
    return store


@serial
def grow_families(rows, t_event_h, uid, n_divisions, hazards, division_per_h, dt_h, key):
    """Follow dividing cells and their descendants to the end of the step.

    Returns
    -------
    items : array, shape (m, 4)
        Per cell: root row, parent item (-1: is the root itself), moment of its last event, cause (-1 alive).
    uids : array of uint64, shape (m,)
    counts : array of int64, shape (m,)
        Divisions of each cell so far.
    """
    items, used = np.empty((rows.size * 2 + 8, 4)), 0
    uids, counts = np.empty(items.shape[0], np.uint64), np.zeros(items.shape[0], np.int64)
    for r in rows:
        items = _push(items, used, r, -1, t_event_h[r])
        if uids.size < items.shape[0]:
            uids, counts = _longer(uids, counts, items.shape[0])
        uids[used], counts[used] = uid[r], n_divisions[r]
        current, used = used, used + 1
        divides = True
        while current < used:
            row, moment = int(items[current, 0]), items[current, 2]
            total = division_per_h[row]
            for c in range(hazards.shape[0]):
                total += hazards[c, row]
            event = 0
            while True:
                if divides:
                    items = _push(items, used, row, current, moment)
                    if uids.size < items.shape[0]:
                        uids, counts = _longer(uids, counts, items.shape[0])
                    uids[used], counts[used] = _splitmix(uids[current], counts[current]), 0
                    counts[current] += 1
                    used += 1
                event += 1
                u, share = uniform2(key, uids[current], 15 + event)
                moment -= math.log1p(-u) / total
                divides = False
                if moment >= dt_h:
                    break
                cause = _which(hazards, row, share * total)
                if cause >= 0:
                    items[current, 2], items[current, 3] = moment, cause
                    break
                divides = True
            current += 1
    return items[:used], uids[:used], counts[:used]


@serial
def _longer(uids, counts, size):
    new_uids, new_counts = np.empty(size, np.uint64), np.zeros(size, np.int64)
    new_uids[: uids.size] = uids
    new_counts[: counts.size] = counts
    return new_uids, new_counts


@serial
def split_contents(values, parents, first):
    """Give each daughter half of her mother's content, in order of birth; of an odd count the mother keeps one more."""
    for k in range(parents.size):
        values[first + k] = values[parents[k]] * 0.5
        values[parents[k]] -= values[first + k]


def is_mortal(population: Population) -> bool:
    """Whether any process gave this population a hazard, a mark or a division rate."""
    if "division_per_h" in population:
        return True
    return any(name.startswith(("hazard_", "mark_")) for name in population.columns)


class Fate(Process):
    """The only process that changes the number of rows."""

    kind: Literal["fate"] = "fate"
    phase: ClassVar = Phase.FATE

    def prepare(self, world: World) -> None:
        """Make the state columns and the deaths table of every population that can die or divide."""
        for name, population in world.populations.items():
            if not is_mortal(population):
                continue
            for column in MORTAL:
                population.declare(column)
            recorded = [c for c in population.columns.values() if c.recorded]
            base = [
                Column("time_h"),
                Column("t_lysis_h"),
                Column("uid", "u8"),
                Column("cause", "i8"),
                Column("killer_uid", "i8", default=-1),
            ]
            known = world.deaths.get(name)
            if known is None:
                world.deaths[name] = Population(name, [Column(c.recorded, c.dtype) for c in recorded], base)

    def causes(self, population: Population) -> list[str]:
        """Return the names of all causes of death, hazards first."""
        hazards = [n.removeprefix("hazard_").removesuffix("_per_h") for n in population.names("hazard_", "_per_h")]
        return hazards + [n.removeprefix("mark_").removesuffix("_h") for n in population.names("mark_", "_h")]

    def step(self, world: World, key: Key) -> None:
        """Let cells enter, die, divide and lyse."""
        for index, name in enumerate(world.populations):
            population = world.populations[name]
            stream = (np.uint64(mix(int(key[0]), index)), key[1])
            entered = self._enter(world, name)
            if is_mortal(population):
                t_start_h = np.zeros(population.n)
                if entered:
                    t_start_h[population.n - sum(t.size for t in entered) :] = np.concatenate(entered)
                self._resolve(world, population, t_start_h, stream)
                self._lyse(world, name)

    def _enter(self, world: World, name: str) -> list[np.ndarray]:
        moments = []
        for times_h, cohort in world.arrivals.pop(name, []):
            world.populate(name, times_h.size, cohort)
            moments.append(times_h)
        return moments

    def _resolve(self, world: World, population: Population, t_start_h: np.ndarray, key: Key) -> None:
        hazards = _stack(population, "hazard_", "_per_h")
        marks = _stack(population, "mark_", "_h")
        event, t_event_h, u = np.empty(population.n, np.int64), np.empty(population.n), np.empty(population.n)
        fill_uniform(u, population.uid, 0, key)
        first_events(
            t_event_h,
            event,
            u,
            hazards,
            marks,
            population.division_per_h,
            population.is_dying,
            population.uid,
            t_start_h,
            world.dt_h,
            key,
        )
        n_causes = hazards.shape[0] + marks.shape[0]
        if (event == n_causes).any():
            event, t_event_h = self._divide(world, population, event, t_event_h, hazards, key)
        self._commit(world, population, np.flatnonzero((event >= 0) & (event < n_causes)), event, t_event_h)

    def _divide(self, world, population, event, t_event_h, hazards, key):
        mothers = np.flatnonzero(event == len(self.causes(population)))
        items, uids, counts = grow_families(
            mothers,
            t_event_h,
            population.uid,
            population.n_divisions,
            hazards,
            population.division_per_h,
            world.dt_h,
            key,
        )
        is_root = items[:, 1] < 0
        row_of_item = np.empty(len(items), np.int64)
        row_of_item[is_root] = items[is_root, 0].astype(np.int64)
        born = np.flatnonzero(~is_root)
        row_of_item[born] = population.n + np.arange(born.size)
        root_rows = items[born, 0].astype(np.int64)
        copied = {name: population[name][root_rows] for name in population.columns}
        rows = population.add(born.size, copied | {"uid": uids[born]})
        parents = row_of_item[items[born, 1].astype(np.int64)]
        for column in population.columns.values():
            if column.splits:
                split_contents(population[column.name], parents, rows.start)
        population.n_divisions[row_of_item] = counts
        world.tally(f"{population.name}.born", born.size)
        event = np.concatenate([event, np.full(born.size, -1)])
        t_event_h = np.concatenate([t_event_h, np.zeros(born.size)])
        event[row_of_item], t_event_h[row_of_item] = items[:, 3].astype(np.int64), items[:, 2]
        return event, t_event_h

    def _commit(
        self, world: World, population: Population, rows: np.ndarray, event: np.ndarray, t_event_h: np.ndarray
    ) -> None:
        if not rows.size:
            return
        causes = self.causes(population)
        lags_h = np.array([world.lags_h.get(cause, 0.0) for cause in causes])
        moment_h = world.t_h + t_event_h[rows]
        population.is_dying[rows] = True
        population.t_lysis_h[rows] = moment_h + lags_h[event[rows]]
        values = {c.recorded: population[c.name][rows] for c in population.columns.values() if c.recorded}
        values |= {
            "time_h": moment_h,
            "t_lysis_h": population.t_lysis_h[rows],
            "uid": population.uid[rows],
            "cause": event[rows],
            "killer_uid": self._credit(world, population, rows, event, causes),
        }
        world.deaths[population.name].add(rows.size, values)
        for code, cause in enumerate(causes):
            world.tally(f"{population.name}.deaths_{cause}", np.count_nonzero(event[rows] == code))

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
        population = world.populations[name]
        lysed = population.t_lysis_h <= world.t_h + world.dt_h
        if not lysed.any():
            return
        for column in population.columns.values():
            if column.spills:
                world.pools.add(column.spills, population[column.name][lysed].sum())
        world.tally(f"{name}.lysed", np.count_nonzero(lysed))
        world.remove(name, lysed)


def _stack(population: Population, prefix: str, suffix: str) -> np.ndarray:
    names = population.names(prefix, suffix)
    return np.stack([population[name] for name in names]) if names else np.empty((0, population.n))
