"""Where cells are and who touches whom: ``floor`` (a square seen from above) or ``mixed`` (no positions).

Both answer one question: for each searching cell, the summed weight of the targets it touches and one of them drawn
with probability proportional to its weight. On the floor, touching is a distance; in the mixed space every pair touches
for the share ``contact area / floor area`` of the time, the well-mixed limit of the same law.
"""

import math
from typing import ClassVar, Literal

import numpy as np

from abm.core.jit import device, kernel, prange, serial
from abm.core.par import Model, par
from abm.core.population import Population
from abm.core.rng import Key, pair_uniform, uniform, uniform2

LEAST_BIN_UM = 20.0  # design: twice the usual contact distance
SPACINGS_A_BIN = 0.7  # design: the fastest of those tried
MOST_BINS_A_SIDE = 2048  # design: a table of 32 MB


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
def find_starts(starts, bins):
    """Write where each bin begins in rows that are sorted by bin."""
    n, n_bins = bins.size, starts.size - 1
    for i in prange(n + 1):
        first = bins[i - 1] + 1 if i > 0 else 0
        last = bins[i] if i < n else n_bins
        for b in range(first, last + 1):
            starts[b] = i


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
def touch_on_floor(chosen, total, is_free, x_um, y_um, uid, targets, starts, order, shape, radius_um, key):
    """Sum target weights within ``radius_um`` of each free cell and draw one of them.

    Each touched target waits an exponential time of its weight and the first is chosen, whatever the order of rows.
    ``targets`` is ``(x, y, uid, weight)`` in bin order; ``shape`` is ``(bins a side, bin size, side if periodic else
    0)``. Targets in neighbouring bins of one row of bins lie one after the other, so a cell looks at one stretch of
    targets for each row of bins within reach, and at two where the row runs over a periodic edge.
    """
    tx, ty, target_uid, weight = targets
    n_side, bin_um, period = shape
    r2, per_um = radius_um * radius_um, 1.0 / bin_um
    for i in prange(chosen.size):
        chosen[i], total[i] = -1, 0.0
        if not is_free[i]:
            continue
        x, y, first, found, touched = x_um[i], y_um[i], math.inf, -1, 0.0
        column0, column1 = math.floor((x - radius_um) * per_um), math.floor((x + radius_um) * per_um)
        row0, row1 = math.floor((y - radius_um) * per_um), math.floor((y + radius_um) * per_um)
        is_split = period > 0.0 and (column0 < 0 or column1 >= n_side)
        if 2.0 * radius_um + 2.0 * bin_um > n_side * bin_um:  # so few bins that a ring would be walked round twice
            column0, column1, row0, row1, is_split = 0, n_side - 1, 0, n_side - 1, False
        elif period == 0.0:
            row0, row1 = max(row0, 0), min(row1, n_side - 1)
        for row in range(row0, row1 + 1):
            line = wrapped(row, n_side) * n_side
            for part in range(2 if is_split else 1):
                low, high = max(column0, 0), min(column1, n_side - 1)
                if part == 1:  # what lies beyond the left or the right edge comes in on the other side
                    low, high = (column0 + n_side, n_side - 1) if column0 < 0 else (0, column1 - n_side)
                for k in range(starts[line + low], starts[line + high + 1]):
                    dx, dy = abs(tx[k] - x), abs(ty[k] - y)
                    if period > 0.0:
                        dx, dy = min(dx, period - dx), min(dy, period - dy)
                    if dx * dx + dy * dy > r2 or weight[k] <= 0.0:
                        continue
                    touched += weight[k]
                    wait = -math.log(pair_uniform(key, uid[i], target_uid[k])) / weight[k]
                    if wait < first:
                        first, found = wait, order[k]
        chosen[i], total[i] = found, touched


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

    def bins(self, population: Population) -> tuple[np.ndarray, int, float]:
        """Return (bin of every row, bins a side, bin size).

        Bins are as wide as the spacing of all cells there ever were, so that rows once sorted stay sorted when others
        go.
        """
        spacing_um = SPACINGS_A_BIN * self.side / max(1.0, population.next_uid) ** 0.5
        n_side = max(1, min(int(self.side / max(LEAST_BIN_UM, spacing_um)), MOST_BINS_A_SIDE))
        bins = np.empty(population.n, np.int64)
        find_bins(bins, population.x_um, population.y_um, self.side / n_side, n_side)
        return bins, n_side, self.side / n_side

    def lookup(self, bins: np.ndarray, n_side: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Return (starts, order): where each bin begins, and the rows in order of bins, None if they are so already."""
        starts = np.empty(n_side * n_side + 1, np.int64)
        if count_descents(bins) == 0:
            find_starts(starts, bins)
            return starts, None
        order = np.empty(bins.size, np.int64)
        bin_rows(starts, order, bins)
        return starts, order

    def sort(self, population: Population) -> np.ndarray | None:
        """Return the row order that puts neighbours beside each other, None if they are."""
        return self.lookup(*self.bins(population)[:2])[1]

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
        bins, n_side, bin_um = self.bins(targets)
        starts, order = self.lookup(bins, n_side)
        if order is None:
            order, columns = np.arange(targets.n), (targets.x_um, targets.y_um, targets.uid, weight)
        else:
            columns = tuple(v[order] for v in (targets.x_um, targets.y_um, targets.uid, weight))
        shape = (n_side, bin_um, self.side if self.is_periodic else 0.0)
        touch_on_floor(
            chosen,
            total,
            is_free,
            seekers.x_um,
            seekers.y_um,
            seekers.uid,
            columns,
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
