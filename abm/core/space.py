"""Where cells are and who touches whom: ``floor`` (a square seen from above) or ``mixed`` (no positions).

Floor and mixed space answer two questions: which searching cells touch a target, with the summed weight of the targets
that each of them touches; and, where it matters, which one, drawn with probability proportional to its weight. On the
floor, touching is a distance; in the mixed space every pair touches for the share ``contact area / floor area`` of the
time, the well-mixed limit of the same law.
"""

import math
from collections.abc import Callable
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from abm.core.floor import (
    bin_rows,
    choose_on_floor,
    close_up,
    count_descents,
    find_bins,
    lay_out,
    list_targets,
    touch_on_floor,
)
from abm.core.jit import kernel, prange, serial
from abm.core.par import Model, par
from abm.core.population import Population, whose
from abm.core.rng import Key, OneKey, uniform, uniform2

LEAST_BIN_UM = 20.0  # design: twice the usual contact distance
SPACINGS_A_BIN = 0.7  # design: the fastest of those tried
MOST_BINS_A_SIDE = 2048  # design: a table of 16 MB
FEW_CELLS = 16_384  # design: of so few all that a step looks at lies in the cache, wherever they are
RADII_A_BIN = 2.1  # design: what lies within reach along one axis lies in one or two bins
TARGET_SPACINGS_A_BIN = 0.2  # design: the fastest of those tried


class Touching(NamedTuple):
    """Who touches a target.

    Attributes
    ----------
    rows : array of int64, shape (m,)
        The seekers that touch a target, in ascending order.
    total : array, shape (m,)
        Summed weight of all targets that each touches.
    choose : callable
        Takes some of the rows, and returns the row of a target drawn for each.
    """

    rows: np.ndarray
    total: np.ndarray
    choose: Callable[[np.ndarray], np.ndarray]


@serial
def cumulate(cumulated, weight, first):
    """Write the sum of the weights of each subject's targets up to each of them."""
    for s in range(first.size - 1):
        so_far = 0.0
        for j in range(first[s], first[s + 1]):
            so_far += weight[j]
            cumulated[j] = so_far


@kernel
def choose_mixed(chosen, rows, uid, first, cumulated, target_first, key):
    """Draw one target from its subject's cumulated weights for each of these rows."""
    for k in prange(chosen.size):
        s = whose(first, rows[k])
        start, own = target_first[s], cumulated[target_first[s] : target_first[s + 1]]
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
    individual : str
        What those of a cohort are called.
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
    individual: ClassVar[str] = "donor"
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

    def scatter(self, population: Population, rows: slice, key: OneKey) -> None:
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
        n_cells, bins = np.atleast_1d(population.next_uid), np.empty(population.n, np.int64)
        floor = self._sides(n_cells, SPACINGS_A_BIN, np.full(n_cells.size, LEAST_BIN_UM))
        find_bins(bins, population.x_um, population.y_um, population.blocks, *floor[:2], self.side)
        return bins, floor[2]

    def _sides(self, n_cells: np.ndarray, spacings: float, least_um: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
        """Return of each subject the bins a side, so many spacings of its cells wide, and its first bin; and all."""
        n_side, first_bin = np.empty(n_cells.size, np.int64), np.empty(n_cells.size, np.int64)
        return n_side, first_bin, lay_out(n_side, first_bin, n_cells, spacings, least_um, MOST_BINS_A_SIDE, self.side)

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
        """Find the free seekers that touch a target of their own subject.

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
        """
        n, blocks, floor = seekers.n, seekers.blocks, (self.side, self.is_periodic)
        *sides, n_bins = self._sides(targets.n_each, TARGET_SPACINGS_A_BIN, RADII_A_BIN * radius_um)
        heads, entries = np.empty(n_bins, np.int32), np.empty((4 * targets.n, 2), np.int32)
        found, none = (np.empty(n, np.int64), np.empty(n)), np.empty(0, np.int64)
        if not list_targets(
            heads, entries, targets.x_um, targets.y_um, weight, targets.first, *sides, floor, radius_um
        ):
            return Touching(none, found[1][:0], lambda rows: none)
        n_found, lists = np.empty(blocks.shape[0], np.int64), (heads, entries, targets.x_um, targets.y_um)
        who = is_free, seekers.x_um, seekers.y_um, blocks
        touch_on_floor(*found, n_found, who, (*lists, weight), (*sides, *floor), radius_um)
        m = close_up(*found, n_found, blocks)

        def choose(rows: np.ndarray) -> np.ndarray:
            chosen, own = np.empty(rows.size, np.int64), (*lists, targets.uid, weight)
            who = seekers.x_um, seekers.y_um, seekers.uid
            choose_on_floor(chosen, rows, who, seekers.first, own, (*sides, *floor), radius_um, key)
            return chosen

        return Touching(found[0][:m], found[1][:m], choose)


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
        """Find every free seeker where there is a target; parameters and results as on the floor."""
        cumulated, first = np.empty(weight.size), targets.first
        cumulate(cumulated, weight, first)
        of_each = np.append(cumulated, 0.0)[np.maximum(first[1:] - 1, 0)] * (first[1:] > first[:-1])
        totals = np.repeat(math.pi * radius_um**2 / self.side**2 * of_each, seekers.n_each)
        rows = np.flatnonzero(is_free & (totals > 0.0))

        def choose(rows: np.ndarray) -> np.ndarray:
            chosen = np.empty(rows.size, np.int64)
            choose_mixed(chosen, rows, seekers.uid, seekers.first, cumulated, first, key)
            return chosen

        return Touching(rows, totals[rows], choose)


class Body(Space):
    """A patient: compartments instead of places; the pools are dissolved in the plasma."""

    scale: ClassVar = "body"
    subject: ClassVar = "patient"
    where: ClassVar = "a patient"
    person: ClassVar = "the patient"
    individual: ClassVar = "patient"
    replicate: ClassVar = "Patient"
    time_unit: ClassVar = "d"
    has_controls: ClassVar = False
    keeps_cells: ClassVar = False
    is_plasma: ClassVar = True
    look: ClassVar = "patient"
    look_every: ClassVar = "7 d"

    kind: Literal["body"] = "body"
    volume: float = par("3.0 L", "uL", "assumed: usual adult plasma volume", "Plasma", ge=100_000, le=100_000_000)
