"""Where cells are and who touches whom: ``floor`` (a square seen from above) or ``mixed`` (no positions).

Both answer one question: for each searching cell, the summed weight of the targets it touches and one of them drawn
with probability proportional to its weight. On the floor, touching is a distance; in the mixed space every pair touches
for the share ``contact area / floor area`` of the time, the well-mixed limit of the same law.
"""

import math
from typing import Literal

import numpy as np

from abm.core.jit import device, kernel, prange, serial
from abm.core.par import Model, par
from abm.core.population import Population
from abm.core.rng import Key, pair_uniform, uniform, uniform2

MOST_BINS_A_SIDE = 2048


@serial
def bin_rows(starts, order, bins):
    """Sort rows by bin, stably, into ``order``; ``starts`` (bins + 1) says where each bin begins."""
    starts[:] = 0
    for i in range(bins.size):
        starts[bins[i] + 1] += 1
    for b in range(1, starts.size):
        starts[b] += starts[b - 1]
    place = starts[:-1].copy()
    for i in range(bins.size):
        order[place[bins[i]]] = i
        place[bins[i]] += 1


@kernel
def find_bins(bins, x_um, y_um, bin_um, n_side):
    """Write the row-major bin number of every position."""
    per_um = 1.0 / bin_um
    for i in prange(bins.size):
        column = min(int(x_um[i] * per_um), n_side - 1)
        row = min(int(y_um[i] * per_um), n_side - 1)
        bins[i] = row * n_side + column


@device
def wrapped(index, n):
    """Return the index on a ring; a remainder would cost more than the rest of the search."""
    if index < 0:
        return index + n
    return index - n if index >= n else index


@kernel
def pack(x_um, y_um, uid, weight, order, target_x_um, target_y_um, target_uid, target_weight):
    """Copy targets in the order of their bins, so that a search reads neighbours from neighbouring memory."""
    for k in prange(order.size):
        j = order[k]
        x_um[k], y_um[k] = target_x_um[j], target_y_um[j]
        uid[k], weight[k] = target_uid[j], target_weight[j]


@kernel
def touch_on_floor(chosen, total, is_free, x_um, y_um, uid, targets, starts, order, shape, radius_um, key):
    """Sum target weights within ``radius_um`` of each free cell and draw one of them.

    Each touched target waits an exponential time of its weight and the first is chosen, whatever the order of rows.
    ``targets`` is ``(x, y, uid, weight)`` in bin order; ``shape`` is ``(bins a side, bin size, side if periodic else
    0)``. Bins are at least two radii wide, so at most 2 x 2 of them can hold a target.
    """
    tx, ty, target_uid, weight = targets
    n_side, bin_um, period = shape
    r2, per_um = radius_um * radius_um, 1.0 / bin_um
    for i in prange(chosen.size):
        chosen[i] = -1
        total[i] = 0.0
        if not is_free[i]:
            continue
        x, y, first = x_um[i], y_um[i], math.inf
        column0, column1 = math.floor((x - radius_um) * per_um), math.floor((x + radius_um) * per_um)
        row0, row1 = math.floor((y - radius_um) * per_um), math.floor((y + radius_um) * per_um)
        if period == 0.0 or n_side < 3:
            everywhere = period > 0.0
            column0, row0 = (0, 0) if everywhere else (max(column0, 0), max(row0, 0))
            column1 = n_side - 1 if everywhere else min(column1, n_side - 1)
            row1 = n_side - 1 if everywhere else min(row1, n_side - 1)
        for row in range(row0, row1 + 1):
            line = wrapped(row, n_side) * n_side
            for column in range(column0, column1 + 1):
                b = line + wrapped(column, n_side)
                for k in range(starts[b], starts[b + 1]):
                    dx, dy = abs(tx[k] - x), abs(ty[k] - y)
                    if period > 0.0:
                        dx, dy = min(dx, period - dx), min(dy, period - dy)
                    if dx * dx + dy * dy > r2 or weight[k] <= 0.0:
                        continue
                    total[i] += weight[k]
                    wait = -math.log(pair_uniform(key, uid[i], target_uid[k])) / weight[k]
                    if wait < first:
                        first, chosen[i] = wait, order[k]


@kernel
def touch_mixed(chosen, total, is_free, uid, cumulated, share, key):
    """Draw one target from the cumulated weights; every searcher sees the same ``share`` of their sum."""
    n = cumulated.size
    for i in prange(chosen.size):
        chosen[i] = -1
        total[i] = 0.0
        if is_free[i] and n > 0 and cumulated[n - 1] > 0.0:
            u = uniform(key, uid[i], 1000) * cumulated[n - 1]
            chosen[i] = min(np.searchsorted(cumulated, u, side="right"), n - 1)
            total[i] = cumulated[n - 1] * share


@kernel
def place_uniform(x_um, y_um, uid, side_um, key):
    """Scatter cells over the square."""
    for i in prange(uid.size):
        u, v = uniform2(key, uid[i], 0)
        x_um[i] = u * side_um
        y_um[i] = v * side_um


class Space(Model):
    """What both spaces share: a square floor under a volume of medium."""

    side: float = par(5657.0, "um", "design: 0.32 cm2, the floor of a 96-well plate's well", "Side of the floor", gt=0)
    volume: float = par(200.0, "uL", "design: usual filling of a 96-well plate's well", "Medium", gt=0)

    @property
    def is_periodic(self) -> bool:
        """Whether opposite sides are joined."""
        return False

    def scatter(self, population: Population, rows: slice, key: Key) -> None:
        """Give new rows uniform positions."""
        place_uniform(population.x_um[rows], population.y_um[rows], population.uid[rows], self.side, key)

    def sort(self, population: Population, bin_um: float) -> np.ndarray | None:
        """Return the row order that puts neighbours beside each other, or None where place means nothing."""
        return None


class Floor(Space):
    """The floor of a well: cells settle, so they live in two dimensions."""

    kind: Literal["floor"] = "floor"
    walls: Literal["reflecting", "periodic"] = "reflecting"

    @property
    def is_periodic(self) -> bool:
        """Whether opposite sides are joined."""
        return self.walls == "periodic"

    def bins(self, population: Population, bin_um: float) -> tuple[np.ndarray, np.ndarray, int, float]:
        """Return (starts, order, bins a side, bin size): rows of a population sorted by bin."""
        n_side = max(1, min(int(self.side / bin_um), MOST_BINS_A_SIDE))
        width = self.side / n_side
        bins = np.empty(population.n, np.int64)
        starts, order = np.empty(n_side * n_side + 1, np.int64), np.empty(population.n, np.int64)
        find_bins(bins, population.x_um, population.y_um, width, n_side)
        bin_rows(starts, order, bins)
        return starts, order, n_side, width

    def sort(self, population: Population, bin_um: float) -> np.ndarray | None:
        """Return the row order that puts neighbours beside each other."""
        return self.bins(population, bin_um)[1]

    def touch(
        self,
        seekers: Population,
        is_free: np.ndarray,
        targets: Population,
        weight: np.ndarray,
        radius_um: float,
        key: Key,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw a touched target for every free seeker.

        Parameters
        ----------
        seekers, targets : Population
            Who searches and who can be found.
        is_free : array of bool, shape (n seekers,)
            Only these search.
        weight : array, shape (n targets,)
            Relative chance to be chosen; 0 hides a target.
        radius_um : float
            Contact distance.
        key : Key
            Stream and step of the caller.

        Returns
        -------
        chosen : array of int64, shape (n seekers,)
            Row of the target, -1 for none.
        total : array, shape (n seekers,)
            Summed weight of all touched targets.
        """
        chosen, total = np.empty(seekers.n, np.int64), np.empty(seekers.n)
        bin_um = max(2.0 * radius_um, 0.7 * self.side / max(1.0, targets.n) ** 0.5)
        starts, order, n_side, width = self.bins(targets, min(self.side, bin_um))
        packed = (np.empty(targets.n), np.empty(targets.n), np.empty(targets.n, np.uint64), np.empty(targets.n))
        pack(*packed, order, targets.x_um, targets.y_um, targets.uid, weight)
        shape = (n_side, width, self.side if self.is_periodic else 0.0)
        touch_on_floor(
            chosen,
            total,
            is_free,
            seekers.x_um,
            seekers.y_um,
            seekers.uid,
            packed,
            starts,
            order,
            shape,
            radius_um,
            key,
        )
        return chosen, total


class Mixed(Space):
    """No positions: every pair touches for the share of time that two scattered cells would."""

    kind: Literal["mixed"] = "mixed"

    def touch(
        self,
        seekers: Population,
        is_free: np.ndarray,
        targets: Population,
        weight: np.ndarray,
        radius_um: float,
        key: Key,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw a target for every free seeker; parameters and results as on the floor."""
        chosen, total = np.empty(seekers.n, np.int64), np.empty(seekers.n)
        share = math.pi * radius_um**2 / self.side**2
        touch_mixed(chosen, total, is_free, seekers.uid, np.cumsum(weight), share, key)
        return chosen, total
