"""The step of the simulator, on one screen.

1 RESET    columns that ask for it return to their default (``rel_*`` to 1, hazards to their constant part); every
           128th step cells that are neighbours become neighbours in memory
2 DOSE     infusions, pharmacokinetics
3 FIELDS   secrete, diffuse, decay
4 SENSE    neighbours, binding, local concentrations
5 ACT      complement, engagement, killing: set hazards and marks, not rows
6 FATE     competing causes decided jointly; dead, divided and arriving cells: the only phase that changes rows
7 MOVE     motility
8 OBSERVE  what is added at this moment enters; probes that are due read the World

Inside a phase the order is that of the YAML mapping. Who acts reads what is there when its turn comes: of those before
it what this step has made, such as the drug at the end of the step, of those after it what the last step left. Step
boundaries are the regular ticks and every moment at which something is added or observed, so those moments are exact
whatever ``dt`` is; they cut a step in two and shift no later tick, and ticks of another length are counted from the
moment that begins them. Who has nothing to do is passed over, and who may wait acts once for many steps, before OBSERVE
(:mod:`abm.core.pace`).
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np

from abm.core.clock import SAME_MOMENT_H
from abm.core.errors import InputError
from abm.core.fate import Fate
from abm.core.guard import Guard, is_nan
from abm.core.pace import Pace
from abm.core.probe import Look, Probe, look_at, seen
from abm.core.process import Process
from abm.core.state import load, saved
from abm.core.world import World

SORT_EVERY = 128  # design: the fastest of those tried; an NK cell crosses some bins in so many steps


def time_grid(duration_h: float, steps_h: Sequence[tuple[float, float]], moments_h: Sequence[float]) -> np.ndarray:
    """Return all step boundaries: regular ticks and the given moments, merged within a nanohour.

    Parameters
    ----------
    duration_h : float
        The last boundary.
    steps_h : sequence of (float, float)
        From which moment on ticks are how far apart; the first from 0, in order of time.
    moments_h : sequence of float
        Those outside the duration are left out.
    """
    ticks, ends_h = [], [*(start for start, _ in steps_h[1:]), duration_h]
    for (start, dt_h), end in zip(steps_h, ends_h, strict=True):
        ticks.append(start + np.arange(max(0, math.ceil((min(end, duration_h) - start) / dt_h - 1e-9))) * dt_h)
    inside = [t for t in moments_h if 0.0 <= t <= duration_h]
    times = np.concatenate([*ticks, inside, [duration_h]])
    _, first = np.unique(np.round(times, 9), return_index=True)
    return times[first]


def _as_text(series: Mapping[str, Mapping[int, Look]]) -> dict[str, dict[str, dict]]:
    """Return series in a form that JSON can hold: steps are words, and missing values are null."""
    without_nan = lambda row: {column: None if value != value else value for column, value in row.items()}  # noqa: E731
    return {name: {str(step): without_nan(row) for step, row in rows.items()} for name, rows in series.items()}


def _with_nan(row: Mapping[str, float | None]) -> Look:
    """Return a row of a checkpoint with what is missing as NaN again."""
    return {column: math.nan if value is None else value for column, value in row.items()}


def _let_act(
    processes: Mapping[str, Process], world: World, streams: Mapping[str, Any], step: int, seconds: dict[str, float]
) -> None:
    """Let processes act in a step, each with its own stream, and add up the time that they take."""
    start, at = perf_counter(), np.uint32(step)
    for name, process in processes.items():
        process.step(world, (streams[name], at))
        end = perf_counter()
        seconds[name] += end - start
        start = end


class Simulation:
    """A World, ordered processes and probes, advanced over a fixed time grid.

    Parameters
    ----------
    world : World
        Already populated; processes prepare what they need here.
    processes : mapping of str to Process
        By name in the scenario; :class:`Fate` is added.
    probes : mapping of str to Probe
        By name in the scenario.
    grid_h : array
        Step boundaries in hours, first 0.
    looks_h : mapping of str to sequence of float
        When each probe looks.

    Attributes
    ----------
    renewals : dict of int to callable
        By step: makes the simulation whose processes go on from there with the state as it is, so that a mechanism
        can be switched, or a parameter changed, in the middle of a run.
    """

    def __init__(
        self,
        world: World,
        processes: Mapping[str, Process],
        probes: Mapping[str, Probe],
        grid_h: np.ndarray,
        looks_h: Mapping[str, Sequence[float]],
    ):
        self.world, self.probes, self.grid_h = world, dict(probes), grid_h
        everything = {"fate": Fate()} | dict(processes)
        self.processes = dict(sorted(everything.items(), key=lambda item: item[1].phase))
        steps = {name: np.searchsorted(grid_h, np.array(looks_h[name]) - SAME_MOMENT_H).tolist() for name in probes}
        self.due = {name: set(found) for name, found in steps.items()}
        self.records: dict[str, dict[int, Look]] = {n: {} for n in probes}
        self.renewals: dict[int, Callable[[], Simulation]] = {}
        self.seconds = dict.fromkeys(self.processes, 0.0)
        self._guard = Guard(grid_h)
        self.prepare()

    def prepare(self) -> None:
        """Let every process declare its columns, then prepare; Fate last, when all columns are known."""
        for process in self.processes.values():
            for population, column in process.columns:
                self.world.declare(population, column)
        for process in sorted(self.processes.values(), key=lambda p: isinstance(p, Fate)):
            process.prepare(self.world)
        self._entering = [p for p in self.processes.values() if type(p).enter is not Process.enter]
        self._streams = {name: self.world.key(name)[0] for name in self.processes}

    @property
    def is_over(self) -> bool:
        """Whether the last boundary is reached."""
        return self.world.step >= self.grid_h.size - 1

    def step(self) -> None:
        """Advance to the next boundary."""
        if self.world.step == 0:
            self.observe()
        if self.world.step in self.renewals:
            self._renew()
        world = self.world
        world.t_h = float(self.grid_h[world.step])
        world.dt_h = round(float(self.grid_h[world.step + 1]) - world.t_h, 12)  # equal steps are equal to the last bit
        for name in self._pace.touched(world.step):
            world.populations[name].reset()
        if (world.step + 1) % SORT_EVERY == 0 and not world.is_body:
            self._guard.check(self.world, self.processes)
            world.sort()
        _let_act(self._pace.acting, world, self._streams, world.step, self.seconds)
        world.step += 1
        world.t_h = float(self.grid_h[world.step])
        if self._pace.wait(world):
            self.settle()
        for process in self._entering:
            process.enter(world)
        self._guard.look(world, self.processes, self._pace.touched(world.step))
        if self.is_over:
            self._guard.check(world, self.processes)
        self.observe()

    def settle(self) -> None:
        """Let those that wait act for the time that they have waited, as if they had done so in the step just ended."""
        with self._pace.span(self.world) as waiting:
            _let_act(waiting, self.world, self._streams, max(self.world.step, 1) - 1, self.seconds)

    @cached_property
    def _pace(self) -> Pace:
        """Who acts when: made at the first step, when all changes are known."""
        return Pace(self.world, self.processes, self.grid_h, set().union(*self.due.values()), set(self.renewals))

    def run(self, on_step: Callable[["Simulation"], None] | None = None) -> None:
        """Advance to the end, calling ``on_step`` after every step."""
        if self.is_over:
            self.observe()
        while not self.is_over:
            self.step()
            if on_step:
                on_step(self)

    def observe(self) -> None:
        """Let every probe that is due look."""
        for name, probe in self.probes.items():
            if self.world.step in self.due[name]:
                look = look_at(self.world, probe)
                if probe.table != "series" or any(map(is_nan, look.values())):
                    self._guard.check(self.world, self.processes)
                self.records[name][self.world.step] = look

    def state(self, subject: int = 0) -> tuple[dict, dict[str, np.ndarray]]:
        """Return everything that a checkpoint of a well needs: a JSON-able header and named arrays.

        Raises
        ------
        RunFailed
            There is a NaN.
        """
        self.settle()
        self._guard.check(self.world, self.processes)
        header, arrays = saved(self.world.of(subject, is_over=True), self.processes)
        return header | {"series": _as_text(self.seen(subject))}, arrays

    def seen(self, subject: int, tables: Collection[str] = ("series",)) -> dict[str, Mapping[int, Any]]:
        """Return by step what probes of such tables saw of one of several wells side by side, or of a lone one."""
        return seen(self.probes, self.records, subject if self.world.members else None, tables)

    def restore(self, header: dict, arrays: dict[str, np.ndarray]) -> None:
        """Return to a checkpointed state of the same kind; columns the checkpoint lacks keep their defaults.

        The processes may have gained or lost causes of death; those who died before keep theirs.

        Raises
        ------
        InputError
            The checkpoint is of other populations, of another grid of voxels, or at no step of this simulation.
        RunFailed
            It holds a NaN.
        """
        step, past = header["step"], [step for step in self.renewals if step < header["step"]]
        if past:
            self._take(self.renewals[max(past)]())
        if step >= self.grid_h.size or abs(self.grid_h[step] - header["t_h"]) > SAME_MOMENT_H:
            raise InputError(
                f"the checkpoint at {header['t_h']:g} h is no step of this scenario: a branch keeps dt and every "
                "addition and look before it"
            )
        self._load(header, arrays)
        for name, rows in header["series"].items():
            if name in self.records:
                self.records[name] = {int(step): _with_nan(row) for step, row in rows.items()}

    def _renew(self) -> None:
        """Go on with other processes from the state as it is."""
        self._guard.check(self.world, self.processes)
        state = saved(self.world, self.processes)
        self._take(self.renewals[self.world.step]())
        self._load(*state)

    def _take(self, other: "Simulation") -> None:
        self.world, self.processes = other.world, other.processes
        self._entering, self._streams = other._entering, other._streams
        self.__dict__.pop("_pace", None)
        self.seconds = dict.fromkeys(other.processes, 0.0) | self.seconds

    def _load(self, header: dict, arrays: dict[str, np.ndarray]) -> None:
        load(self.world, self.processes, header, arrays)
        self._guard.begin(self.world, self.processes)
