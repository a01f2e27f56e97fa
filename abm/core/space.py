"""Where cells are and who touches whom: ``floor`` (a square seen from above) or ``mixed`` (no positions).

Both answer one question: which searching cells touch a target, the summed weight of the targets that each of them
touches, and one of those drawn with probability proportional to its weight. On the floor, touching is a distance; in
the mixed space every pair touches for the share ``contact area / floor area`` of the time, the well-mixed limit of the
same law.
"""

import math
from typing import Any, ClassVar, Literal

import numpy as np

from abm.core.jit import device, kernel, prange, serial
from abm.core.par import Model, par
from abm.core.population import Population, whose
from abm.core.rng import BLOCK, Key, pair_uniform, uniform, uniform2

LEAST_BIN_UM = 20.0  # design: twice the usual contact distance
SPACINGS_A_BIN = 0.7  # design: the fastest of those tried
MOST_BINS_A_SIDE = 2048  # design: a table of 16 MB
FEW_CELLS = 16_384  # design: of so few all that a step looks at lies in the cache, wherever they are
RADII_A_BIN = 2.1  # design: what lies within reach along one axis lies in one or two bins
TARGET_SPACINGS_A_BIN = 0.2  # design: the fastest of those tried

Touching = tuple[np.ndarray, np.ndarray, np.ndarray]


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
def count_descents(bins):
    """Count the rows whose bin comes before that of the row above them: 0 says sorted."""
    n = 0
    for i in prange(1, bins.size):
        n += bins[i] < bins[i - 1]
    return n


@kernel
def find_bins(bins, x_um, y_um, blocks, n_side, first_bin, side_um):
    """Write the row-major bin number of every position; the bins of each subject come after those before it."""
    for k in prange(blocks.shape[0]):
        s = blocks[k, 0]
        n, per_um = n_side[s], n_side[s] / side_um
        for i in range(blocks[k, 1], blocks[k, 2]):
            column, row = min(int(x_um[i] * per_um), n - 1), min(int(y_um[i] * per_um), n - 1)
            bins[i] = first_bin[s] + row * n + column


@device
def ends(place_um, reach_um, per_um, n_side, is_ring):
    """Return the first and the last bin within reach along one axis; bins are so wide that there is none between."""
    first, last = math.floor((place_um - reach_um) * per_um), math.floor((place_um + reach_um) * per_um)
    if is_ring:
        return (first + n_side if first < 0 else first), (last - n_side if last >= n_side else last)
    return max(first, 0), min(last, n_side - 1)


@serial
def list_targets(heads, entries, x_um, y_um, weight, first, n_side, first_bin, floor, reach_um):
    """Enter each target that has a weight into the lists of all bins within its reach; return the number of entries.

    ``heads`` (bins) is the last entry of every bin, -1 for none; ``entries`` is (target, next entry of that bin).
    """
    n, (side_um, is_periodic) = 0, floor
    for s in range(n_side.size):
        per_um, is_ring = n_side[s] / side_um, is_periodic and n_side[s] > 1
        for j in range(first[s], first[s + 1]):
            if weight[j] <= 0.0:
                continue
            left, right = ends(x_um[j], reach_um[s], per_um, n_side[s], is_ring)
            low, high = ends(y_um[j], reach_um[s], per_um, n_side[s], is_ring)
            for above in range(2 if high != low else 1):
                for beside in range(2 if right != left else 1):
                    b = first_bin[s] + (high if above else low) * n_side[s] + (right if beside else left)
                    entries[n, 0], entries[n, 1], heads[b] = j, heads[b], n
                    n += 1
    return n


@device
def list_near(rows, is_free, x_um, y_um, heads, n_side, first_bin, side_um):
    """List the free cells of a block in whose bin some target is within reach; return how many, and all bins."""
    n_side, per_um, bins, n = np.int32(n_side), n_side / side_um, np.empty(x_um.size, np.int32), 0
    last, first_bin = n_side - np.int32(1), np.int32(first_bin)
    for i in range(bins.size):  # 32 bits, and a loop of nothing else, run in vector registers
        column, row = np.int32(x_um[i] * per_um), np.int32(y_um[i] * per_um)
        bins[i] = first_bin + min(row, last) * n_side + min(column, last)
    for i in range(bins.size):
        rows[n] = i
        n += is_free[i] & (heads[bins[i]] >= 0)
    return n, bins


@device
def gap(a_um, b_um, period_um):
    """Return the distance along one axis, on a ring where there is a period."""
    apart = abs(a_um - b_um)
    return min(apart, period_um - apart) if period_um > 0.0 else apart


@kernel
def touch_on_floor(rows, chosen, total, n_found, seekers, targets, floor, radius_um, key):
    """Find the free cells that touch a target, sum the weights each of them touches and draw one of its targets.

    Each touched target waits an exponential time of its weight and the first is chosen, whatever the order of rows.
    A block of cells writes what it finds from its own first row on. ``seekers`` is ``(is free, x, y, uid, blocks)``,
    ``targets`` ``(heads, entries, x, y, uid, weight)``; ``floor`` is bins a side and the first bin of each subject, the
    side, and whether it is a ring. Most cells are near no target.
    """
    is_free, x_um, y_um, uid, blocks = seekers
    heads, entries, tx, ty, target_uid, weight = targets
    n_side, first_bin, side_um, is_periodic = floor
    period_um = side_um if is_periodic else 0.0
    for block in prange(n_found.size):
        s, start, place = blocks[block, 0], blocks[block, 1], blocks[block, 1]
        own, near, r2 = slice(start, blocks[block, 2]), np.empty(BLOCK, np.int64), radius_um[s] * radius_um[s]
        own_key = key[0][s], key[1]
        n, bins = list_near(near, is_free[own], x_um[own], y_um[own], heads, n_side[s], first_bin[s], side_um)
        for k in range(n):
            i, entry = start + near[k], heads[bins[near[k]]]
            first, found, touched = math.inf, -1, 0.0
            while entry >= 0:
                j, entry = entries[entry, 0], entries[entry, 1]
                dx, dy = gap(tx[j], x_um[i], period_um), gap(ty[j], y_um[i], period_um)
                if dx * dx + dy * dy <= r2:
                    touched += weight[j]
                    wait = -math.log(pair_uniform(own_key, uid[i], target_uid[j])) / weight[j]
                    if wait < first:
                        first, found = wait, j
            if found >= 0:
                rows[place], chosen[place], total[place] = i, found, touched
                place += 1
        n_found[block] = place - start


@serial
def close_up(rows, chosen, total, n_found, blocks):
    """Move what the blocks have found to the front; return how many there are."""
    n = 0
    for block in range(n_found.size):
        for k in range(blocks[block, 1], blocks[block, 1] + n_found[block]):
            rows[n], chosen[n], total[n] = rows[k], chosen[k], total[k]
            n += 1
    return n


@serial
def cumulate(cumulated, weight, first):
    """Write the sum of the weights of each subject's targets up to each of them."""
    for s in range(first.size - 1):
        so_far = 0.0
        for j in range(first[s], first[s + 1]):
            so_far += weight[j]
            cumulated[j] = so_far


@kernel
def touch_mixed(chosen, total, rows, uid, first, cumulated, target_first, share, key):
    """Draw one target from its subject's cumulated weights for each of these rows; -1 where they are 0."""
    for k in prange(chosen.size):
        s = whose(first, rows[k])
        start, own = target_first[s], cumulated[target_first[s] : target_first[s + 1]]
        chosen[k], total[k] = -1, own[own.size - 1] * share[s] if own.size else 0.0
        if total[k] > 0.0:
            u = uniform((key[0][s], key[1]), uid[rows[k]], 1000) * own[own.size - 1]
            chosen[k] = start + min(np.searchsorted(own, u, side="right"), own.size - 1)


@kernel
def place_uniform(x_um, y_um, uid, side_um, key):
    """Scatter cells over the square."""
    for i in prange(uid.size):
        u, v = uniform2(key, uid[i], 0)
        x_um[i] = u * side_um
        y_um[i] = v * side_um


class Space(Model):
    """What all spaces share: a square floor under a volume of medium, and what it makes of who is simulated.

    Attributes
    ----------
    scale : {"well", "body"}
        Whether it is a culture well or a patient.
    subject, where : str
        What one of those simulated is called, in short and in a sentence.
    person : str
        Whose age, sex and genotype it is.
    replicate : str
        What another of them is called.
    time_unit : {"h", "d"}
        In which a reader sees time.
    has_controls : bool
        Whether every arm gets a control without antibody; else one is written out where it is wanted.
    keeps_cells : bool
        Whether cells one by one, and checkpoints on the way, are kept; of a cohort they would fill the disk.
    is_plasma : bool
        Whether the pools are the subject's own plasma.
    look : str
        The kind of probe that sees what matters, and must be there.
    look_every : str
        How often it usually looks.
    """

    scale: ClassVar[Literal["well", "body"]] = "well"
    subject: ClassVar[str] = "well"
    where: ClassVar[str] = "a culture well"
    person: ClassVar[str] = "the donor of serum and effector cells"
    replicate: ClassVar[str] = "Replicate"
    time_unit: ClassVar[Literal["h", "d"]] = "h"
    has_controls: ClassVar[bool] = True
    keeps_cells: ClassVar[bool] = True
    is_plasma: ClassVar[bool] = False
    look: ClassVar[str] = "counts"
    look_every: ClassVar[str] = "15 min"

    side: float = par(
        5657.0,
        "um",
        "design: 0.32 cm2, the floor of a 96-well plate's well; at most a dish",
        "Side of the floor",
        gt=0,
        le=200_000,
    )
    volume: float = par(
        200.0,
        "uL",
        "design: usual filling of a 96-well plate's well; from a droplet to a flask",
        "Medium",
        ge=1e-4,
        le=1_000_000,
    )

    @property
    def is_periodic(self) -> bool:
        """Whether opposite sides are joined."""
        return False

    def scatter(self, population: Population, rows: slice, key: Key) -> None:
        """Give new rows uniform positions."""
        place_uniform(population.x_um[rows], population.y_um[rows], population.uid[rows], self.side, key)

    def sort(self, population: Population) -> np.ndarray | None:
        """Return the row order that puts neighbours beside each other, or None where there is nothing to gain."""
        return None


class Floor(Space):
    """The floor of a well: cells settle, so they live in two dimensions."""

    kind: Literal["floor"] = "floor"
    walls: Literal["reflecting", "periodic"] = "reflecting"

    @property
    def is_periodic(self) -> bool:
        """Whether opposite sides are joined."""
        return self.walls == "periodic"

    def bins(self, population: Population) -> tuple[np.ndarray, int]:
        """Return the bin of every row, and how many bins there are.

        Bins are as wide as the spacing of all cells there ever were, so that rows once sorted stay sorted when others
        go.
        """
        bins, floor = (
            np.empty(population.n, np.int64),
            self._sides(np.atleast_1d(population.next_uid), SPACINGS_A_BIN, LEAST_BIN_UM),
        )
        find_bins(bins, population.x_um, population.y_um, population.blocks, *floor[:2], self.side)
        return bins, floor[2]

    def _sides(self, n_cells: np.ndarray, spacings: float, least_um: Any) -> tuple[np.ndarray, np.ndarray, int]:
        """Return of each subject the bins a side, so many spacings of its cells wide, and its first bin; and all."""
        bin_um = np.maximum(spacings * self.side / np.sqrt(np.maximum(n_cells, 1)), least_um)
        n_side = np.minimum(np.maximum(self.side / bin_um, 1.0), MOST_BINS_A_SIDE).astype(np.int64)
        ends = np.cumsum(n_side * n_side)
        return n_side, ends - n_side * n_side, int(ends[-1])

    def sort(self, population: Population) -> np.ndarray | None:
        """Return the row order that puts neighbours beside each other, None if they are, or all lie in the cache."""
        if np.max(population.next_uid) < FEW_CELLS:
            return None
        bins, n_bins = self.bins(population)
        if count_descents(bins) == 0:
            return None
        starts, order = np.empty(n_bins + 1, np.int64), np.empty(bins.size, np.int64)
        bin_rows(starts, order, bins)
        return order

    def touch(
        self,
        seekers: Population,
        is_free: np.ndarray,
        targets: Population,
        weight: np.ndarray,
        radius_um: np.ndarray,
        key: Key,
    ) -> Touching:
        """Find the free seekers that touch a target of their own subject, and draw one for each.

        Parameters
        ----------
        seekers, targets : Population
            Who searches and who can be found.
        is_free : array of bool, shape (n seekers,)
            Only these search.
        weight : array, shape (n targets,)
            Relative chance to be chosen; 0 hides a target.
        radius_um : array, shape (n_subjects,)
            Contact distance.
        key : Key
            Stream and step of the caller.

        Returns
        -------
        rows : array of int64, shape (m,)
            The seekers that touch a target, in ascending order.
        chosen : array of int64, shape (m,)
            Row of the target of each.
        total : array, shape (m,)
            Summed weight of all targets that each touches.
        """
        n, blocks, floor = seekers.n, seekers.blocks, (self.side, self.is_periodic)
        *sides, n_bins = self._sides(targets.n_each, TARGET_SPACINGS_A_BIN, RADII_A_BIN * radius_um)
        heads, entries = np.full(n_bins, -1, np.int32), np.empty((4 * targets.n, 2), np.int32)
        found = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n)
        if not list_targets(
            heads, entries, targets.x_um, targets.y_um, weight, targets.first, *sides, floor, radius_um
        ):
            return found[0][:0], found[1][:0], found[2][:0]
        lists = heads, entries, targets.x_um, targets.y_um, targets.uid, weight
        n_found = np.empty(blocks.shape[0], np.int64)
        who = is_free, seekers.x_um, seekers.y_um, seekers.uid, blocks
        touch_on_floor(*found, n_found, who, lists, (*sides, *floor), radius_um, key)
        m = close_up(*found, n_found, blocks)
        return found[0][:m], found[1][:m], found[2][:m]


class Mixed(Space):
    """No positions: every pair touches for the share of time that two scattered cells would."""

    kind: Literal["mixed"] = "mixed"

    def touch(
        self,
        seekers: Population,
        is_free: np.ndarray,
        targets: Population,
        weight: np.ndarray,
        radius_um: np.ndarray,
        key: Key,
    ) -> Touching:
        """Draw a target for every free seeker; parameters and results as on the floor."""
        rows, cumulated = np.flatnonzero(is_free), np.empty(weight.size)
        cumulate(cumulated, weight, targets.first)
        chosen, total = np.empty(rows.size, np.int64), np.empty(rows.size)
        share = math.pi * radius_um**2 / self.side**2
        touch_mixed(chosen, total, rows, seekers.uid, seekers.first, cumulated, targets.first, share, key)
        some = chosen >= 0
        return rows[some], chosen[some], total[some]


class Body(Space):
    """A patient: compartments instead of places; the pools are dissolved in the plasma."""

    scale: ClassVar = "body"
    subject: ClassVar = "patient"
    where: ClassVar = "a patient"
    person: ClassVar = "the patient"
    replicate: ClassVar = "Patient"
    time_unit: ClassVar = "d"
    has_controls: ClassVar = False
    keeps_cells: ClassVar = False
    is_plasma: ClassVar = True
    look: ClassVar = "patient"
    look_every: ClassVar = "7 d"

    kind: Literal["body"] = "body"
    volume: float = par("3.0 L", "uL", "assumed: usual adult plasma volume", "Plasma", ge=100_000, le=100_000_000)
