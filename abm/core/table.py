"""Columns of one length, kept so that a row of all of them moves in one call.

A table owns every column, so removal and reordering cannot miss one. A row number is only valid until rows change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from abm.core.errors import RunFailed
from abm.core.jit import kernel, prange

LONG_STRETCH = 16  # design: rows that move sooner together than one by one


@dataclass(frozen=True)
class Column:
    """What one column of a population means and how the engine treats it.

    Parameters
    ----------
    name : str
        Column name with its unit as suffix.
    dtype : str
        NumPy type code.
    default : float
        Value of new rows; also the value written at RESET when ``resets`` is set.
    unit, doc : str
        For tables and the live view.
    resets : bool
        Set back to ``default`` at the start of every step (``rel_*`` multipliers, hazards, marks).
    refers : str
        Name of the population whose row numbers the column holds (-1: none); kept right when rows change.
    spills : str
        Pool that receives the content when a cell lyses, so that molecules balance.
    recorded : str
        Name under which the value at commitment is written to the deaths table ("" for not).
    splits : bool
        The content is halved between daughters at division; otherwise it is copied.
    """

    name: str
    dtype: str = "f8"
    default: float = 0.0
    unit: str = "1"
    doc: str = ""
    resets: bool = False
    refers: str = ""
    spills: str = ""
    recorded: str = ""
    splits: bool = False


@kernel
def arrange(block, order):
    """Put row ``order[k]`` of every column at place ``k``."""
    for c in prange(block.shape[0]):
        moved = np.empty(order.size, block.dtype)
        for k in range(order.size):
            moved[k] = block[c, order[k]]
        for k in range(order.size):
            block[c, k] = moved[k]


@kernel
def compact(block, kept):
    """Move the kept rows of every column forward; they never move back, so it is done in place."""
    for c in prange(block.shape[0]):
        for k in range(kept.size):
            block[c, k] = block[c, kept[k]]


@kernel
def close(block, gone):
    """Move what lies between rows that are gone forward, stretch by stretch; ``gone`` ends with the number of rows."""
    for c in prange(block.shape[0]):
        row = block[c]
        for k in range(gone.size - 1):
            row[gone[k] - k : gone[k + 1] - k - 1] = row[gone[k] + 1 : gone[k + 1]]


@kernel
def part(block, at, n):
    """Move the rows of every column back so that a place before each of these rows is free; the last go first."""
    for c in prange(block.shape[0]):
        end = n
        for k in range(at.size - 1, -1, -1):
            for i in range(end - 1, at[k] - 1, -1):
                block[c, i + k + 1] = block[c, i]
            end = at[k]


def close_gaps(blocks: Iterable[np.ndarray], mask: np.ndarray, kept: np.ndarray) -> None:
    """Move the kept rows, those of ``mask``, forward in all blocks: in stretches where few others lie between them."""
    is_few = (mask.size - kept.size) * LONG_STRETCH < mask.size
    move, rows = (close, np.flatnonzero(np.append(~mask, True))) if is_few else (compact, kept)
    for block in blocks:
        move(block, rows)


class Table:
    """Rows of columns; every column is an attribute, an array of shape ``(n,)``.

    Parameters
    ----------
    name : str
        What the rows are, for example ``b_cells``.
    columns : iterable of Column
        What they have.
    """

    def __init__(self, name: str, columns: Iterable[Column] = ()):
        self.name, self.n, self.version = name, 0, 0
        self.columns, self.defaults = dict[str, Column](), dict[str, float]()
        # columns of one width share a block of shape (columns, capacity)
        self._blocks: dict[int, np.ndarray] = {}
        self._place: dict[str, tuple[int, int]] = {}
        self._whole, self._view = dict[str, np.ndarray](), dict[str, np.ndarray]()
        self._names, self._places = dict[tuple[str, str], list[str]](), dict[tuple[str, str], np.ndarray]()
        for column in columns:
            self.declare(column)

    def declare(self, column: Column) -> None:
        """Add a column; two declarations of one name must agree.

        Raises
        ------
        RunFailed
            Two processes declare the same column differently, or every table has something of that name.
        """
        if (known := self.columns.get(column.name)) == column:
            return
        if known is not None:
            raise RunFailed(f"column {self.name}.{column.name} is declared twice with different meaning")
        if hasattr(self, column.name):
            raise RunFailed(f"no column can be called {column.name!r}: every table has something of that name")
        new = np.full((1, self.capacity), column.default, column.dtype)
        width = new.itemsize
        block = self._blocks.get(width, np.empty((0, self.capacity), f"i{width}"))
        self.columns[column.name], self.defaults[column.name] = column, column.default
        self._place[column.name] = width, block.shape[0]
        self._blocks[width] = np.concatenate([block, new.view(block.dtype)])
        self._names.clear()
        self._places.clear()
        self._whole[column.name] = self._view[column.name] = self.__dict__[column.name] = new[0]
        if self.capacity:
            self._see()

    def _see(self) -> None:
        """Make the arrays of all columns anew, after a block has changed."""
        for name, (width, place) in self._place.items():
            self._whole[name] = self._blocks[width][place].view(self.columns[name].dtype)
        self._look()

    def _look(self) -> None:
        """Make the views of all columns anew, as long as there are rows."""
        self._view = {name: array[: self.n] for name, array in self._whole.items()}
        self.__dict__.update(self._view)

    def __getattr__(self, name: str) -> np.ndarray:
        raise AttributeError(f"the table has no column {name!r}")

    def __getitem__(self, name: str) -> np.ndarray:
        return self._view[name]

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def beside(self, names: Sequence[str]) -> np.ndarray:
        """Return columns of one width that were declared one after the other, a view of shape (columns, n)."""
        if not names:
            return np.empty((0, self.n))
        width, place = self._place[names[0]]
        return self._blocks[width][place : place + len(names), : self.n].view(self.columns[names[0]].dtype)

    @property
    def capacity(self) -> int:
        """Rows that fit before the arrays grow."""
        return next(iter(self._blocks.values())).shape[1] if self._blocks else 0

    @property
    def floats(self) -> np.ndarray:
        """All columns as wide as a float, shape (columns, at least n), in which :meth:`places` says what is where."""
        return self._blocks[8].view("f8")

    def names(self, prefix: str, suffix: str = "") -> list[str]:
        """Return the column names with this prefix and suffix, sorted."""
        if (prefix, suffix) not in self._names:
            found = sorted(name for name in self.columns if name.startswith(prefix) and name.endswith(suffix))
            self._names[prefix, suffix] = found
        return self._names[prefix, suffix]

    def places(self, prefix: str, suffix: str = "") -> np.ndarray:
        """Return where the columns of floats with this prefix and suffix are among ``floats``, sorted by name."""
        if (prefix, suffix) not in self._places:
            found = [self._place[name][1] for name in self.names(prefix, suffix)]
            self._places[prefix, suffix] = np.array(found, np.int64)
        return self._places[prefix, suffix]

    def _resize(self, n: int) -> None:
        if n > self.capacity:
            capacity = n if self.n == 0 else max(n, self.capacity + self.capacity // 4 + 16)
            for width, old in self._blocks.items():
                self._blocks[width] = np.empty((old.shape[0], capacity), old.dtype)
                self._blocks[width][:, : self.n] = old[:, : self.n]
            self._see()
        self.n = n
        self._look()
        self.version += 1

    def add(self, n: int, values: Mapping[str, np.ndarray | float]) -> slice:
        """Append ``n`` rows with defaults where ``values`` names no column.

        Parameters
        ----------
        n : int
            Number of new rows.
        values : dict of str to array of shape (n,) or scalar
            By column.

        Returns
        -------
        slice
            The new rows.
        """
        rows = slice(self.n, self.n + n)
        self._resize(self.n + n)
        for name, array in self._view.items():
            array[rows] = values.get(name, self.defaults[name])
        return rows

    def make_way(self, at: np.ndarray) -> None:
        """Move rows back so that before each of these, in ascending order, there is a new one, still without values."""
        n = self.n
        self._resize(n + at.size)
        for block in self._blocks.values():
            part(block, at, n)

    def keep(self, mask: np.ndarray) -> np.ndarray:
        """Drop the rows where ``mask`` is false; order stays.

        Returns
        -------
        array of int64, shape (n before,)
            New row of every old row, -1 where dropped.
        """
        kept = np.flatnonzero(mask)
        new_row = np.full(self.n, -1, np.int64)
        new_row[kept] = np.arange(kept.size)
        close_gaps(self._blocks.values(), mask, kept)
        self._resize(kept.size)
        return new_row

    def reorder(self, order: np.ndarray) -> np.ndarray:
        """Put row ``order[k]`` at place ``k``; returns the new row of every old row."""
        for block in self._blocks.values():
            arrange(block, order)
        new_row = np.empty(self.n, np.int64)
        new_row[order] = np.arange(self.n)
        self.version += 1
        return new_row
