"""One table per cell type: cells have an identity, patients that are simulated together have rows of their own.

A row number is only valid until rows change; a ``uid`` is an identity and is never reused.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from abm.core.jit import device, kernel, prange, serial
from abm.core.rng import BLOCK
from abm.core.table import Column, Table

NO_ROWS, ANY = np.empty(0, np.int64), frozenset[str]()
UID = Column("uid", "u8", doc="identity, never reused")
SUBJECT = Column("subject", "i8", doc="which patient of a stack")
X_UM = Column("x_um", unit="um", doc="position", recorded="x_um")
Y_UM = Column("y_um", unit="um", doc="position", recorded="y_um")


@kernel
def fill(block, places, values, n):
    """Write one value into the first ``n`` rows of each of some columns."""
    for k in prange(places.size):
        block[places[k], :n] = values[k]


@kernel
def count_nan(places, block, n):
    """Return how many of the first ``n`` rows of some columns are NaN."""
    found = 0
    for k in prange(places.size):
        values = block[places[k]]
        for i in range(n):
            found += values[i] != values[i]
    return found


@serial
def list_referring(rows, refers):
    """List the rows that refer to another, which -1 does not; return how many there are."""
    n = 0
    for i in range(refers.size):
        rows[n] = i
        n += refers[i] >= 0
    return n


@serial
def count_rows(n, rows):
    """Add up in ``n`` how often each row is named; -1 names none."""
    for j in rows:
        if j >= 0:
            n[j] += 1


@serial
def list_stretches(first, most):
    """Return subject, first row and end of stretches of at most so many rows of one subject, in order."""
    n = 0
    for s in range(first.size - 1):
        n += (first[s + 1] - first[s] + most - 1) // most
    stretches, k = np.empty((n, 3), np.int64), 0
    for s in range(first.size - 1):
        for begin in range(first[s], first[s + 1], most):
            stretches[k, 0], stretches[k, 1], stretches[k, 2] = s, begin, min(begin + most, first[s + 1])
            k += 1
    return stretches


@device
def whose(first, row):
    """Return the subject of a row."""
    s = 0
    while first[s + 1] <= row:
        s += 1
    return s


@device
def sum_rows(values, begin, end):
    """Return the sum of a stretch of rows in eight lanes from its first row on, whatever lies around it."""
    a = b = c = d = e = f = g = h = 0.0
    last = begin + (end - begin) // 8 * 8
    for i in range(begin, last, 8):
        a, b, c, d = a + values[i], b + values[i + 1], c + values[i + 2], d + values[i + 3]
        e, f, g, h = e + values[i + 4], f + values[i + 5], g + values[i + 6], h + values[i + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(last, end):
        total += values[i]
    return total


@kernel
def sum_each(sums, values, first):
    """Write the sum of the rows of each subject."""
    for s in prange(sums.size):
        sums[s] = sum_rows(values, first[s], first[s + 1])


@kernel
def sum_each_product(sums, values, times, first):
    """Write the sum of the products of the rows of each subject."""
    for s in prange(sums.size):
        rows = slice(first[s], first[s + 1])
        sums[s] = sum_rows(values[rows] * times[rows], 0, rows.stop - rows.start)


@kernel
def count_each(n, is_so, first):
    """Count the marked rows of each subject."""
    for s in prange(n.size):
        n[s] = 0
        for i in range(first[s], first[s + 1]):
            n[s] += is_so[i]


def total(cells: "Population", of_blocks: np.ndarray) -> np.ndarray:
    """Return of each subject, shape (n_subjects,), what was counted in the blocks of its cells."""
    return np.bincount(cells.blocks[:, 0], of_blocks, cells.n_subjects)


class Population(Table):
    """Rows of one cell type; every column is an attribute, an array of shape ``(n,)``.

    Rows of several patients that are simulated together are grouped by patient, which the column ``subject`` names.

    Parameters
    ----------
    name : str
        Name in the scenario, for example ``b_cells``.
    columns : iterable of Column
        Columns beside ``uid``, ``x_um`` and ``y_um``.
    """

    def __init__(self, name: str, columns: Iterable[Column] = (), base: Iterable[Column] = (UID, X_UM, Y_UM)):
        self.next_uid: Any = 0  # of wells side by side, of each
        self.n_subjects = 1
        self._first = self._n_each = np.zeros(2, np.int64)
        self._stretches, self._first_of, self._blocks_of = np.zeros((0, 3), np.int64), -1, -1
        self._resets: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._floating: dict[tuple[frozenset[str], bool], dict[int, tuple[list[str], np.ndarray]]] = {}
        super().__init__(name, (*base, *columns))

    def declare(self, column: Column) -> None:
        """Add a column; two declarations of one name must agree."""
        super().declare(column)
        self._resets.clear()
        self._floating.clear()

    @property
    def bytes_per_row(self) -> int:
        """Bytes of all columns of one row."""
        return sum(width * block.shape[0] for width, block in self._blocks.items())

    @property
    def first(self) -> np.ndarray:
        """Where the rows of each subject begin, shape (n_subjects + 1,), the end of the last among them."""
        if self._first_of != self.version:
            one = np.array([0, self.n])
            subjects = np.arange(self.n_subjects + 1)
            self._first = np.searchsorted(self.subject, subjects) if "subject" in self else one
            self._n_each = self._first[1:] - self._first[:-1]
            self._first_of = self.version
        return self._first

    @property
    def blocks(self) -> np.ndarray:
        """Subject, first row and end of stretches of at most BLOCK rows of one subject, shape (n blocks, 3)."""
        if self._blocks_of != self.version:
            self._stretches, self._blocks_of = list_stretches(self.first, BLOCK), self.version
        return self._stretches

    def subject_of(self, rows: np.ndarray) -> np.ndarray:
        """Return the subject of each of some rows."""
        return self.subject[rows] if "subject" in self else np.zeros(rows.size, np.int64)

    @property
    def n_each(self) -> np.ndarray:
        """Rows of each subject, shape (n_subjects,)."""
        return self._n_each if self._first_of == self.version else np.diff(self.first)

    def spread(self, value: np.ndarray | float) -> np.ndarray | float:
        """Return the value of each row's subject, where they have values of their own."""
        return np.repeat(value, self.n_each) if isinstance(value, np.ndarray) else value

    def sums(self, values: np.ndarray, times: np.ndarray | None = None) -> np.ndarray:
        """Return the sum over the rows of each subject, shape (n_subjects,), the same in whatever company.

        Parameters
        ----------
        values : array, shape (n,)
            What is summed.
        times : array, shape (n,)
            What it is multiplied by.
        """
        sums = np.empty(self.n_subjects)
        if times is None:
            sum_each(sums, values, self.first)
        else:
            sum_each_product(sums, values, times, self.first)
        return sums

    def add(self, n: int, values: Mapping[str, np.ndarray | float]) -> slice:
        """Append rows as any table does; without ``uid`` they get consecutive new ones."""
        rows = super().add(n, values)
        if "uid" in self.columns and "uid" not in values:
            self.uid[rows] = np.arange(self.next_uid, self.next_uid + n, dtype=np.uint64)
            self.next_uid += n
        return rows

    def reset(self) -> None:
        """Set every resetting column back to its default."""
        if not self._resets:
            self._resets = {width: self._defaults(width) for width in self._blocks}
        for width, (places, values) in self._resets.items():
            if places.size:
                fill(self._blocks[width], places, values, self.n)

    def _defaults(self, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Return places and defaults, as the block holds them, of the resetting columns of a width."""
        block = self._blocks[width]
        names = [name for name, column in self.columns.items() if column.resets and self._place[name][0] == width]
        values = [np.array(self.defaults[name], self.columns[name].dtype).view(block.dtype) for name in names]
        return np.array([self._place[name][1] for name in names], np.int64), np.array(values, block.dtype)

    def set_default(self, name: str, value: float) -> None:
        """Change what RESET and new rows write: how a constant hazard is declared once instead of every step."""
        self.defaults[name] = value
        self._resets.clear()

    def find_nan(self, among: frozenset[str] = ANY, is_brief: bool = False) -> tuple[str, int] | None:
        """Return column and row of a cell that holds a NaN, or None.

        ``among``: some columns; ``is_brief``: those that RESET writes over.
        """
        if (among, is_brief) not in self._floating:
            self._floating[among, is_brief] = {width: self._floats(width, among, is_brief) for width in self._blocks}
        for width, (names, places) in self._floating[among, is_brief].items():
            if names and count_nan(places, self._blocks[width].view(f"f{width}"), self.n):
                name = next(name for name in names if np.isnan(self._view[name]).any())
                return name, int(np.flatnonzero(np.isnan(self._view[name]))[0])
        return None

    def _floats(self, width: int, among: frozenset[str], is_brief: bool) -> tuple[list[str], np.ndarray]:
        """Return names and places of the columns of floats of a width."""
        names = [name for name, array in self._view.items() if array.dtype == f"f{width}"]
        kept = [name for name in names if (self.columns[name].resets or not is_brief) and (not among or name in among)]
        return kept, np.array([self._place[name][1] for name in kept], np.int64)

    def referring(self, name: str) -> np.ndarray:
        """Return the rows in which a column refers to another row, in ascending order."""
        rows = np.empty(self.n, np.int64)
        return rows[: list_referring(rows, self[name])]

    def n_where(self, is_so: np.ndarray) -> np.ndarray:
        """Return how many rows of each subject are marked, shape (n_subjects,)."""
        n = np.empty(self.n_subjects, np.int64)
        count_each(n, is_so, self.first)
        return n

    def mean(self, name: str) -> np.ndarray:
        """Return the mean of a column, shape (n_subjects,); 0 without such a column, and missing without a cell."""
        n = np.where(self.n_each > 0, self.n_each, math.nan)
        return (self.sums(self[name]) if name in self else 0.0) / n


class Part(Population):
    """The rows of one subject as a population of its own, to be looked at.

    Parameters
    ----------
    whole : Population
        Of many subjects.
    subject : int
        Whose rows.
    first : dict of str to int
        Where this subject's rows begin in each population: what refers to a row counts from there.
    """

    def __init__(self, whole: Population, subject: int, first: Mapping[str, int]):
        self.name, self._whole_population, self._first_rows = whole.name, whole, first
        self.columns = {name: column for name, column in whole.columns.items() if name != SUBJECT.name}
        begin, end = whole.first[subject : subject + 2].tolist()
        self.n, self.n_subjects, self._rows = end - begin, 1, slice(begin, end)
        self.next_uid = whole.next_uid[subject].item() if isinstance(whole.next_uid, np.ndarray) else whole.next_uid
        self._first, self._n_each = np.array([0, self.n]), np.array([self.n])
        self.version = self._first_of = 0
        self._blocks_of = -1

    @property
    def bytes_per_row(self) -> int:
        """Bytes of all columns of one row."""
        return sum(np.dtype(column.dtype).itemsize for column in self.columns.values())

    def names(self, prefix: str, suffix: str = "") -> list[str]:
        """Return the column names with this prefix and suffix, sorted."""
        return self._whole_population.names(prefix, suffix)

    def __getitem__(self, name: str) -> np.ndarray:
        values, first = self._whole_population[name][self._rows], self._first_rows.get(self.columns[name].refers, 0)
        return np.where(values >= 0, values - first, values) if first else values

    def __getattr__(self, name: str) -> np.ndarray:
        if name in self.columns:
            return self[name]
        return super().__getattr__(name)


def join(
    cells: Population, subject: np.ndarray, values: Mapping[str, np.ndarray | float], free: np.ndarray = NO_ROWS
) -> np.ndarray:
    """Give each of these subjects of a body a new row, in a free one or behind those it has; return where they lie.

    Identities go on from the highest of a subject, whose row is given away only to a higher one.

    Parameters
    ----------
    cells : Population
        Of a body.
    subject : array of int64, shape (n,)
        Subjects, in ascending order.
    values : dict of str to array of shape (n,) or scalar
        Without ``uid``.
    free : array of int64
        Rows of no more use, in ascending order; what is in them is lost.
    """
    among_new, first = np.arange(subject.size) - np.searchsorted(subject, subject), cells.first
    uid = [cells.uid[first[s] : first[s + 1]].max() + 1 if first[s] < first[s + 1] else 0 for s in subject]
    values = {**values, "subject": subject, "uid": np.array(uid, np.uint64) + among_new.astype(np.uint64)}
    cells.next_uid += subject.size
    owner = np.append(np.searchsorted(first, free, side="right") - 1, -1)
    taken = np.minimum(np.searchsorted(owner[:-1], subject) + among_new, free.size)
    is_behind, rows = owner[taken] != subject, np.append(free, -1)[taken]
    if is_behind.any():
        behind = first[subject[is_behind] + 1]
        cells.make_way(behind)
        rows += np.searchsorted(behind, rows, side="right")
        rows[is_behind] = behind + np.arange(behind.size)
    for name in cells.columns:
        cells[name][rows] = values.get(name, cells.defaults[name])
    return rows
