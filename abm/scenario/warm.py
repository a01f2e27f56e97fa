"""Every kernel of a scenario compiled on a few cells: before workers that would all compile it, or a first step."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import numpy as np

from abm.core import jit, kernel_cache
from abm.core.par import plain
from abm.core.resources import cores
from abm.core.simulation import Simulation
from abm.core.world import World
from abm.scenario.build import Subject, build
from abm.scenario.schema import Scenario

FEW = 200  # design: enough cells for every kernel to be compiled
MANY = 1000  # design: so many times the few lie in no cache, so that they are sorted
COLD = 10  # design: so many kernels compiled to make a well mean that its steps have none in the cache
HELP = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from abm.scenario import warm; warm.help_out()"


def is_warm(scenario: Scenario, n_threads: int) -> bool:
    """Whether the kernels of a scenario are in the cache."""
    return _mark(scenario, n_threads).exists()


def warm_up(scenario: Scenario, n_threads: int) -> None:
    """Load every kernel of a scenario, or compile it where it is not in the cache, with a second process's help.

    Parameters
    ----------
    scenario : Scenario
        What will be run.
    n_threads : int
        Of each subject; with several, loops over many rows are compiled for them too.
    """
    small, n_before, helper = _small(scenario), kernel_cache.n_compiled, None
    rel_rows = _rel_rows(scenario, n_threads)
    try:
        with jit.few_for_many(rel_rows):
            for simulation in _each_arm(small):
                if helper is None and cores() > 1 and kernel_cache.n_compiled > n_before + COLD:
                    helper = _start_helper(small, n_threads, rel_rows)
                for _ in range(2):
                    simulation.step()
                _make_way(simulation.world)
    finally:
        if helper:
            helper.kill()
            helper.communicate()
    with suppress(OSError):
        _mark(scenario, n_threads).touch()


def _each_arm(scenario: Scenario) -> Iterator[Simulation]:
    for name in scenario.arms:
        yield build(scenario, Subject(name, 0))


def _make_way(world: World) -> None:
    """Do what is done where some die and neighbours part."""
    for cells in world.populations.values():
        cells.next_uid = cells.next_uid * MANY
    world.sort()
    for name, cells in world.populations.items():
        world.remove(name, np.zeros(cells.n, bool))
        world.reorder(name, np.arange(cells.n))


def _start_helper(small: Scenario, n_threads: int, rel_rows: float) -> subprocess.Popen:
    """Start a process that compiles what this one will come to last."""
    words = [sys.executable, "-c", HELP, json.dumps(sys.path)]
    nothing = subprocess.DEVNULL
    helper = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=nothing, stderr=nothing, text=True)
    if helper.stdin:
        with suppress(OSError):  # it is gone: this process compiles alone
            print(json.dumps([plain(small), n_threads, rel_rows]), file=helper.stdin, flush=True)
    return helper


def help_out() -> None:
    """Let the processes of all arms act from the last to the first; what they make of that is of no interest."""
    data, n_threads, rel_rows = json.loads(sys.stdin.readline())
    Thread(target=_end_with_parent, daemon=True).start()
    jit.set_threads(n_threads)
    with jit.few_for_many(rel_rows):
        for simulation in _each_arm(Scenario.model_validate(data)):
            world = simulation.world
            world.dt_h = float(simulation.grid_h[1])
            _make_way(world)
            for name, process in reversed(simulation.processes.items()):
                with suppress(Exception):
                    process.step(world, world.key(name))


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


def _small(scenario: Scenario) -> Scenario:
    few = {name: cell_type.fewer(FEW) for name, cell_type in scenario.cell_types().items()}
    return scenario.model_copy(update={"populations": scenario.populations.model_copy(update=few)})


def _rel_rows(scenario: Scenario, n_threads: int) -> float:
    """Return how many rows each of the few stands for; 1 where nothing is compiled for several threads."""
    n_all, n_few = (sum(one.counts().values()) for one in (scenario, _small(scenario)))
    return n_all / n_few if n_threads > 1 and n_few else 1.0


def _mark(scenario: Scenario, n_threads: int) -> Path:
    kinds = sorted(process.kind for process in scenario.processes.values())
    return jit.warm_mark(f"{kinds}{scenario.space.kind}{_rel_rows(scenario, n_threads):.0f}")
