"""The World: everything that changes during a simulation."""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import numpy as np

from abm.core.cell_type import CellType
from abm.core.fields import Field
from abm.core.jit import kernel, prange
from abm.core.par import Model
from abm.core.pools import Pools
from abm.core.population import Part, Population
from abm.core.rng import Key, OneKey, stream_key
from abm.core.space import Space
from abm.core.table import Column


@kernel
def mend(rows, new_row):
    """Follow rows to where they went."""
    for i in prange(rows.size):
        if rows[i] >= 0:
            rows[i] = new_row[rows[i]]


class Given(Protocol):
    """What somebody gives the subject; :class:`abm.core.addition.Addition`."""

    kind: ClassVar[str]
    conserved: ClassVar[tuple[str, ...]]

    @property
    def moments(self) -> list[float]:
        """Moments at which it begins, h."""

    @property
    def ends(self) -> list[float]:
        """Moments at which it is over, h."""


class World:
    """Populations, fields, pools, clock and integer event tallies of a well or a patient, or of many side by side.

    In a body, and in wells side by side, every pool, and what subjects differ in of the parameters, is an array of
    shape ``(n_subjects,)``, and rows of populations are grouped by subject. Nothing that happens to one depends on who
    else is there.

    ``properties`` holds what mechanisms are told and none changes: frozen models by name, such as ``serum``, and laws
    that a process publishes when it prepares. ``given`` is all that the subject is given, in order. ``dt_h`` is the
    time for which a process acts, ``n_steps`` that of how many steps: one, but for those that have waited.

    Parameters
    ----------
    space : Space
        Where cells are.
    volume_uL : float or array
        Volume of the pools.
    seed, replicate : int
        With a stream name they determine every random number.
    others : pairs of int
        Seed and replicate of each further subject.

    Attributes
    ----------
    n_subjects : int
        Number of wells or patients.
    members : tuple of World
        Of wells side by side, each alone, as it was before.
    """

    def __init__(self, space: Space, volume_uL: Any, seed: int, replicate: int, *others: tuple[int, int]):
        self.space, self.subjects = space, ((seed, replicate), *others)
        self.n_subjects = len(self.subjects)
        self.pools = Pools(volume_uL, self.n_subjects if self.is_body or others else None)
        self.populations: dict[str, Population] = {}
        self.cell_types: dict[str, CellType] = {}
        self.fields: dict[str, Field] = {}
        self.tallies: dict[str, Any] = {}
        self.lags_h: dict[str, float] = {}
        self.deaths: dict[str, Population] = {}
        self.arrivals: dict[str, list[tuple[np.ndarray, int]]] = {}
        self.properties: dict[str, Model] = {}
        self.given: tuple[Given, ...] = ()
        self.members: tuple[World, ...] = ()
        self.step, self.t_h, self.dt_h, self.n_steps = 0, 0.0, 0.0, 1
        self._keys: dict[str, np.ndarray] = {}
        self._laws: dict[int, tuple[object, float, Any]] = {}

    @property
    def is_body(self) -> bool:
        """Whether it holds patients."""
        return self.space.scale == "body"

    @property
    def target(self) -> str:
        """Name of the population that the drug is for."""
        return next(name for name, cell_type in self.cell_types.items() if cell_type.role == "target")

    def key(self, stream: str) -> Key:
        """Return the key of a stream for the current step: the stream of each subject, and the step."""
        if stream not in self._keys:
            self._keys[stream] = np.array([stream_key(*subject, stream) for subject in self.subjects])
        return self._keys[stream], np.uint32(self.step)

    def each(self, value: np.ndarray | float) -> np.ndarray:
        """Return a value, or that of each subject, as an array of its own, shape (n_subjects,): so kernels take it."""
        own = np.empty(self.n_subjects)
        own[:] = value
        return own

    def laws(self, *values: np.ndarray | float) -> np.ndarray:
        """Return values, or those of each subject, shape (n_subjects, values): so kernels take numbers of a law."""
        own = np.empty((self.n_subjects, len(values)))
        for place, value in enumerate(values):
            own[:, place] = value
        return own

    def law(self, process: object, make: Callable[["World"], Any]) -> Any:
        """Return what a process makes of its parameters and the length of a step, made anew only for another length."""
        known = self._laws.get(id(process))
        if known is None or known[0] is not process or known[1] != self.dt_h:
            known = self._laws[id(process)] = process, self.dt_h, make(self)
        return known[2]

    def of(self, subject: int, is_over: bool = False) -> "World":
        """Return one of several wells side by side as a well alone, to be looked at; a lone one, and patients, as is.

        ``is_over``: with those who died.
        """
        if not self.members:
            return self
        one = self.members[subject]
        one.step, one.t_h, one.dt_h = self.step, self.t_h, self.dt_h
        tallies = {k: n[subject].item() if isinstance(n, np.ndarray) else n for k, n in self.tallies.items()}
        one.tallies = {name: n for name, n in tallies.items() if n or name in one.tallies}
        one.pools.amounts = {name: amount[subject].item() for name, amount in self.pools.amounts.items()}
        for name, field in self.fields.items():
            one.fields[name].values = field.values[subject].reshape(1, 1)
        first = {name: int(population.first[subject]) for name, population in self.populations.items()}
        for name, population in self.populations.items():
            one.populations[name] = Part(population, subject, first)
        for name, dead in self.deaths.items() if is_over else ():
            mine = dead.subject == subject
            one.deaths[name].keep(np.zeros(one.deaths[name].n, bool))
            one.deaths[name].add(int(mine.sum()), {c: dead[c][mine] for c in one.deaths[name].columns})
        return one

    def first_key(self, stream: str) -> OneKey:
        """Return the key of a stream of cells of a lone subject, whatever the step: cells that come later are alike."""
        return stream_key(*self.subjects[0], f"cells.{stream}"), np.uint32(0)

    def given_of(self, kind: str) -> dict[int, Any]:
        """Return what the subject is given of a kind, by its place among all that it is given."""
        return {index: one for index, one in enumerate(self.given) if one.kind == kind}

    def declare(self, population: str, column: Column) -> None:
        """Add a column where the population exists; an arm without that population needs none."""
        if population in self.populations:
            self.populations[population].declare(column)

    def names(self, owner: str) -> list[str]:
        """Return what there is of ``pools``, of ``fields`` or in the columns of a population."""
        if owner in self.populations:
            return list(self.populations[owner].columns)
        return list(self.pools.amounts if owner == "pools" else self.fields if owner == "fields" else ())

    def tally(self, name: str, count: Any) -> None:
        """Count events, of each subject where there are several."""
        is_one = not isinstance(count, np.ndarray)
        n = np.asarray(count).astype(np.int64) if self.members else int(count if is_one else count.sum())
        if name in self.tallies or np.any(n):
            self.tallies[name] = self.tallies.get(name, 0) + n

    def populate(self, name: str, n: int, cohort: int) -> slice:
        """Append ``n`` new cells of a population, drawn by its cell type and scattered over the space."""
        population = self.populations[name]
        rows = population.add(n, {"cohort": cohort} if "cohort" in population else {})
        self.space.scatter(population, rows, (stream_key(*self.subjects[0], f"place.{name}"), np.uint32(0)))
        if name in self.cell_types:
            self.cell_types[name].draw(population, rows, self.first_key)
        self.tally(f"{name}.entered", n)
        return rows

    def arrive(self, name: str, times_h: np.ndarray, cohort: int) -> None:
        """Let cells enter during this step at these moments after its start; FATE makes their rows."""
        self.arrivals.setdefault(name, []).append((times_h, cohort))

    def remove(self, name: str, mask: np.ndarray) -> None:
        """Drop the rows where ``mask`` is true and mend every reference to them."""
        self._mend(name, self.populations[name].keep(~mask))

    def reorder(self, name: str, order: np.ndarray) -> None:
        """Put the rows of a population into another order and mend every reference to them."""
        self._mend(name, self.populations[name].reorder(order))

    def sort(self) -> None:
        """Put cells that are neighbours on the floor beside each other in memory."""
        for name, population in self.populations.items():
            order = self.space.sort(population)
            if order is not None:
                self.reorder(name, order)

    def _mend(self, name: str, new_row: np.ndarray) -> None:
        for population in self.populations.values():
            for column in population.columns.values():
                if column.refers == name:
                    mend(population[column.name], new_row)

    def supply(self, name: str, amount: float) -> None:
        """Add molecules to a field (nM, spread evenly) where one of that name exists, else to the pool."""
        if name in self.fields:
            values = self.fields[name].values
            values += amount / self.pools.molecules(1.0)
        else:
            self.pools.add(name, amount)
