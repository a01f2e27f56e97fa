"""Families: who is born inside one step, when and of whom, and how mother and daughter share what was hers.

*Model*: a cell divides or dies at constant rates, and so does each daughter from the moment of her birth; with the
first division of a step given, all later ones are drawn exactly, one after the other.

*References*: Gillespie1977 (total first, then which).
"""

import math

import numpy as np

from abm.core.jit import serial
from abm.core.population import Population
from abm.core.rng import OneKey, uniform2

FIRST_OF_LATER = 16  # decision of a cell's second event of a step; its first is decision 0, those between are free


@serial
def which(floats, hazards, i, threshold):
    """Return the hazard whose share holds the threshold, -2 for division."""
    for c in range(hazards.size):
        threshold -= floats[hazards[c], i]
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
        for i in range(used):
            for j in range(4):
                larger[i, j] = store[i, j]
        store = larger
    store[used, 0], store[used, 1], store[used, 2], store[used, 3] = row, parent, moment, -1.0
    return store


@serial
def grow_families(rows, t_event_h, uid, n_divisions, floats, hazards, division_per_h, dt_h, key):
    """Follow dividing cells and their descendants to the end of the step.

    How many descendants there will be is known only afterwards, so the lists grow as they are born: ``items`` is also
    the queue, of which each pass of the outer loop takes one cell and follows it alone to its death or the end of the
    step, while her daughters join at the end. Identities do not fit into ``items``, whose floats have 53 bits.

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
        divides = True  # of the mother, whom first_events found dividing; who is born here starts with a new draw
        while current < used:
            row, moment = int(items[current, 0]), items[current, 2]
            total = division_per_h[row]
            for c in range(hazards.size):
                total += floats[hazards[c], row]
            decision = FIRST_OF_LATER
            while True:
                if divides:
                    items = _push(items, used, row, current, moment)
                    if uids.size < items.shape[0]:
                        uids, counts = _longer(uids, counts, items.shape[0])
                    uids[used], counts[used] = _splitmix(uids[current], counts[current]), 0
                    counts[current] += 1
                    used += 1
                u, share = uniform2(key, uids[current], decision)
                decision += 1
                moment -= math.log1p(-u) / total
                divides = False
                if moment >= dt_h:
                    break
                cause = which(floats, hazards, row, share * total)
                if cause >= 0:
                    items[current, 2], items[current, 3] = moment, cause
                    break
                divides = True
            current += 1
    return items[:used], uids[:used], counts[:used]


@serial
def _longer(uids, counts, size):
    new_uids, new_counts = np.empty(size, np.uint64), np.zeros(size, np.int64)
    for i in range(uids.size):
        new_uids[i], new_counts[i] = uids[i], counts[i]
    return new_uids, new_counts


@serial
def split_contents(values, parents, first):
    """Give each daughter half of her mother's content, in order of birth; of an odd count the mother keeps one more."""
    for k in range(parents.size):
        values[first + k] = values[parents[k]] * 0.5
        values[parents[k]] -= values[first + k]


def divide(
    population: Population, mothers: np.ndarray, t_event_h: np.ndarray, hazards: np.ndarray, dt_h: float, key: OneKey
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Let cells divide, and their daughters, until the end of the step; the newborns become rows.

    Parameters
    ----------
    population : Population
        Gains the newborns: copies of their first mother, but for contents that are split.
    mothers : array of int64
        Rows of the cells that divide first.
    t_event_h : array, shape (n,)
        When they do.
    hazards : array of int64, shape (causes,)
        Where among ``population.floats`` the hazards are that may end them, 1/h.
    dt_h : float
        Length of the step.
    key : Key
        Stream and step of the caller.

    Returns
    -------
    rows, causes, moments_h : array
        Of all members of the families: their row, what ended them inside the step (-1: nothing) and when.
    """
    columns = population.uid, population.n_divisions, population.floats, hazards, population.division_per_h
    items, uids, counts = grow_families(mothers, t_event_h, *columns, dt_h, key)
    roots, parents = items[:, 0].astype(np.int64), items[:, 1].astype(np.int64)
    born, rows = np.flatnonzero(parents >= 0), roots.copy()
    rows[born] = population.n + np.arange(born.size)
    copied = {name: population[name][roots[born]] for name in population.columns}
    first = population.add(born.size, copied | {"uid": uids[born]}).start
    for column in population.columns.values():
        if column.splits:
            split_contents(population[column.name], rows[parents[born]], first)
    population.n_divisions[rows] = counts
    return rows, items[:, 3].astype(np.int64), items[:, 2]
