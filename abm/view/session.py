"""What one viewer watches: arms of a scenario side by side, and everything that was done to them on the way.

Whatever is done becomes part of the scenario: an addition of an arm, or a change of it, at the moment at which it was
done. The simulations are made anew from that scenario with the state as it is, as a headless run of the scenario would
have it, so the saved file gives the same bytes.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from abm.core.cell_type import CellType
from abm.core.clock import SAME_MOMENT_H
from abm.core.errors import InputError, nearest
from abm.core.par import plain
from abm.core.population import Population
from abm.core.simulation import Simulation, time_grid
from abm.core.world import World
from abm.document.load import Document, dump, validate
from abm.scenario.arms import Arm
from abm.scenario.build import Subject, build
from abm.scenario.from_file import check_arms
from abm.scenario.kinds import PROBES
from abm.scenario.measures import measures
from abm.scenario.schema import Scenario

MAX_CELLS = 2_500_000  # design: of all arms watched, about 1 GB
MAX_ARMS = 4  # design: what fits side by side
ROWS = 1500  # design: points of a time course
LOCK = threading.RLock()  # kernels run for one viewer at a time: each call uses all threads as it is

Row = dict[str, float]


@dataclass(frozen=True)
class Action:
    """One thing that was done: when, to which arms, and what."""

    t_h: float
    arms: tuple[str, ...]
    what: str


@dataclass(frozen=True)
class Cell:
    """A cell to follow: its arm, population and identity."""

    arm: str
    population: str
    uid: int


class Session:
    """Arms of one scenario at one moment.

    Parameters
    ----------
    scenario : Scenario
        What is watched.
    arms : sequence of str
        At most four; by default the first ones.
    replicate : int
        Which well or patient of each arm.

    Raises
    ------
    InputError
        No such arm, no such patient, or more cells than a viewer may have.
    """

    def __init__(self, scenario: Scenario, arms: Sequence[str] = (), replicate: int = 0):
        self.start, self.scenario, self.replicate = scenario, scenario, replicate
        self.arms = refuse(scenario, arms, replicate)
        self.ticks_h = time_grid(scenario.duration, scenario.steps_h, ())
        self.tick, self.n_ticks = 0, self.ticks_h.size - 1
        self.actions: list[Action] = []
        self.followed: Cell | None = None
        self.track: list[Row] = []
        self.history: dict[str, list[Row]] = {arm: [] for arm in self.arms}
        self.latest: dict[str, Row] = {}
        self.measures = measures(scenario, [PROBES[scenario.space.look]()])
        with LOCK:
            self.simulations = {arm: build(scenario, Subject(arm, replicate)) for arm in self.arms}
            self._note()

    @property
    def t_h(self) -> float:
        """Time since the start, h."""
        return float(self.ticks_h[self.tick])

    @property
    def is_over(self) -> bool:
        """Whether the end is reached."""
        return self.tick >= self.n_ticks

    def step(self) -> None:
        """Advance every arm by one ``dt``, whatever moments of its own lie in between."""
        with LOCK:
            if self.is_over:
                return
            self.tick += 1
            for simulation in self.simulations.values():
                while not simulation.is_over and simulation.world.t_h < self.t_h - SAME_MOMENT_H:
                    simulation.step()
            self._note()

    def add(self, what: str, amount: object, arms: Iterable[str] = ()) -> None:
        """Add something now, such as ``rituximab``, ``10 ug/mL``, to some arms or to all.

        Raises
        ------
        InputError
            It cannot be added there; nothing has changed.
        """
        self._act({"add": {what: amount, "at": f"{self.t_h!r} h"}}, arms)

    def change(self, values: Mapping[str, Any], arms: Iterable[str] = ()) -> None:
        """Set dotted paths to other values from now on, ``None`` switching off, in some arms or in all.

        Raises
        ------
        InputError
            A value cannot be used; nothing has changed.
        """
        said = ", ".join(f"{path} = {'off' if value is None else _short(value)}" for path, value in values.items())
        self._act({"change": {"at": f"{self.t_h!r} h", "set": dict(values)}}, arms, said)

    def scenario_file(self) -> str:
        """Return the scenario with all that was done, as YAML: run headless, it gives the same bytes."""
        return dump(self.scenario)

    def series(self) -> pd.DataFrame:
        """Return what has been seen so far, one row per arm and moment, with the columns of ``series.csv``."""
        with LOCK:
            tables = [pd.DataFrame(rows).assign(arm=arm) for arm, rows in self.history.items()]
        found = pd.concat(tables, ignore_index=True)
        return found.fillna(dict.fromkeys((name for name in found if name.startswith("deaths_")), 0))

    def as_at_start(self) -> Scenario:
        """Return the scenario of the start with the last value of everything that was changed since."""
        data = plain(self.start)
        for name, arm in self.scenario.arms.items():
            values = {path: value for change in arm.change for path, value in change.set.items()}
            data["arms"][name] = {**data["arms"][name], "set": {**arm.set, **values}, "change": []}
        return _valid(data, self.start.name)

    def follow(self, cell: Cell | None) -> None:
        """Follow a cell from now on, or none."""
        with LOCK:
            self.followed, self.track = cell, []
            self._note_cell()

    def nearest_cell(self, arm: str, x_um: float, y_um: float, within_um: float) -> Cell | None:
        """Return the cell closest to a place, a B cell if one is there."""
        with LOCK:
            found = list(_nearest_of_each(arm, self.simulations[arm].world, x_um, y_um))
        away, cell = min(found, key=lambda item: item[0], default=(np.inf, None))
        return cell if away <= within_um else None

    def kind_of(self, cell: Cell) -> CellType:
        """Return what kind of cell it is."""
        return self.simulations[cell.arm].world.cell_types[cell.population]

    def fate_of(self, cell: Cell) -> Row | None:
        """Return the line of the deaths table about a cell, None while it lives."""
        with LOCK:
            table = self.simulations[cell.arm].world.deaths.get(cell.population)
            rows = np.flatnonzero(table.uid == cell.uid) if table is not None else ()
            return {name: table[name][rows[0]].item() for name in table.columns} if len(rows) else None

    def _act(self, what: dict[str, dict[str, Any]], arms: Iterable[str], said: str = "") -> None:
        with LOCK:
            chosen = tuple(arms) or self.arms
            if self.is_over:
                raise InputError(f"the run is over at {self.t_h:g} h")
            scenario = self._with(what, chosen)
            made = {arm: build(scenario, Subject(arm, self.replicate)) for arm in chosen}
            for arm, simulation in made.items():
                if self.tick > 0:
                    _go_on(simulation, self.simulations[arm])
            self.simulations |= made
            self.scenario = scenario
            self.actions.append(Action(self.t_h, chosen, said or _last_added(scenario.arms[chosen[0]], self.t_h)))
            if self.tick == 0:
                self.history = {arm: [] for arm in self.arms}
                self._note()

    def _with(self, what: dict[str, dict[str, Any]], arms: Sequence[str]) -> Scenario:
        """Return the scenario with something added or changed now."""
        data = plain(self.scenario)
        for name in arms:
            arm = data["arms"][name]
            if "add" in what:
                n_before = _n_added(self.scenario.arms[name], self.t_h)
                arm["add"] = [*arm["add"][:n_before], what["add"], *arm["add"][n_before:]]
            elif self.tick == 0:
                arm["set"] = {**arm["set"], **what["change"]["set"]}
            else:
                known = self.scenario.arms[name].change
                is_same = bool(known) and abs(known[-1].at - self.t_h) < SAME_MOMENT_H
                arm["change"] = _with_change(arm["change"], what["change"], is_same)
        return _valid(data, self.scenario.name)

    def _note(self) -> None:
        """Keep what is drawn over time."""
        probe = PROBES[self.scenario.space.look]()
        self.latest = {arm: probe.observe(simulation.world) for arm, simulation in self.simulations.items()}
        if self.tick % max(1, self.n_ticks // ROWS) == 0 or self.is_over:
            for arm, row in self.latest.items():
                self.history[arm].append(row)
            self._note_cell()

    def _note_cell(self) -> None:
        cell = self.followed
        if cell is None:
            return
        population = self.simulations[cell.arm].world.populations[cell.population]
        rows = np.flatnonzero(population.uid == cell.uid)
        if rows.size:
            self.track.append({"time_h": self.t_h} | _numbers(population, int(rows[0])))


def _n_added(arm: Arm, t_h: float) -> int:
    """Return how many additions an arm has had until a moment."""
    return sum(addition.at <= t_h for addition in arm.add)


def _last_added(arm: Arm, t_h: float) -> str:
    """Return what was added last until a moment, in its own words."""
    return f"added {arm.add[_n_added(arm, t_h) - 1].model_copy(update={'at': 0.0}).words()}"


def _with_change(changes: list[dict[str, Any]], change: dict[str, Any], is_same: bool) -> list[dict[str, Any]]:
    """Return an arm's changes with one more; at one moment there is one."""
    if is_same:
        return [*changes[:-1], {**changes[-1], "set": {**changes[-1]["set"], **change["set"]}}]
    return [*changes, change]


def _nearest_of_each(arm: str, world: World, x_um: float, y_um: float) -> Iterator[tuple[float, Cell]]:
    """Yield the nearest cell of each population with its distance; effectors count as twice as far."""
    for name, population in world.populations.items():
        if population.n:
            distance = np.hypot(population.x_um - x_um, population.y_um - y_um)
            i = int(np.argmin(distance))
            times = 1.0 if world.cell_types[name].role == "target" else 2.0
            yield float(distance[i]) * times, Cell(arm, name, int(population.uid[i]))


def _numbers(population: Population, row: int) -> Row:
    """Return the values of all columns of one cell."""
    names = [name for name, column in population.columns.items() if not column.resets]
    return {name: population[name][row].item() for name in names}


def refuse(scenario: Scenario, arms: Sequence[str], replicate: int = 0) -> tuple[str, ...]:
    """Return the arms to watch, without making them.

    Raises
    ------
    InputError
        No such arm, too many arms, no such replicate, or too many cells.
    """
    if not 0 <= replicate < scenario.n_replicates:
        raise InputError(f"replicate {replicate}; allowed: 0 to {scenario.n_replicates - 1}")
    chosen = _chosen(scenario, arms)
    _refuse_too_many(scenario, chosen)
    return chosen


def _chosen(scenario: Scenario, arms: Sequence[str]) -> tuple[str, ...]:
    unknown = [arm for arm in arms if arm not in scenario.arms]
    if unknown:
        near = nearest(unknown[0], list(scenario.arms))
        hint = f"; nearest: {near}" if near else ""
        raise InputError(f"there is no arm {unknown[0]!r}; allowed: {', '.join(scenario.arms)}{hint}")
    if len(set(arms)) > MAX_ARMS:
        raise InputError(f"{len(set(arms))} arms; allowed: at most {MAX_ARMS} side by side")
    return tuple(dict.fromkeys(arms)) or tuple(scenario.arms)[:MAX_ARMS]


def _refuse_too_many(scenario: Scenario, arms: Sequence[str]) -> None:
    n_cells = len(arms) * sum(scenario.counts().values())
    n_cells += sum(addition.n_cells for arm in arms for addition in scenario.arms[arm].add)
    if n_cells > MAX_CELLS:
        raise InputError(
            f"{n_cells:,} cells to watch; allowed: at most {MAX_CELLS:,}. Three ways out: fewer arms, a smaller patch "
            "of the well (fewer cells and a smaller side), or a run without a viewer (abm run)"
        )


def _valid(data: dict[str, Any], name: str) -> Scenario:
    document = Document(name, data)
    scenario = validate(Scenario, document)
    check_arms(scenario, document)
    return scenario


def _go_on(simulation: Simulation, before: Simulation) -> None:
    """Give a simulation the state and the series of the one that it replaces."""
    header, arrays = before.state()
    simulation.restore(header, arrays)
    simulation.records = before.records


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
