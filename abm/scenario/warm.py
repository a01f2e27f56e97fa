"""Every kernel of a scenario compiled on a few cells: before workers that would all compile it, or a first step."""

from contextlib import suppress
from pathlib import Path

import numpy as np

from abm.core import jit
from abm.scenario.build import build, subjects
from abm.scenario.schema import Scenario

FEW = 200  # design: enough cells for every kernel to be compiled


def is_warm(scenario: Scenario, n_threads: int) -> bool:
    """Whether the kernels of a scenario are in the cache."""
    return _mark(scenario, n_threads).exists()


def warm_up(scenario: Scenario, n_threads: int) -> None:
    """Load every kernel of a scenario, or compile it where it is not in the cache.

    Parameters
    ----------
    scenario : Scenario
        What will be run.
    n_threads : int
        Of each subject; with several, loops over many rows are compiled for them too.
    """
    small, seen = _small(scenario), set()
    with jit.few_for_many(_rel_rows(scenario, n_threads)):
        for subject in subjects(small):
            if subject.arm not in seen and not subject.is_control:
                seen.add(subject.arm)
                simulation = build(small, subject)
                for _ in range(2):
                    simulation.step()
                for name, cells in simulation.world.populations.items():  # as where some die and neighbours part
                    simulation.world.remove(name, np.zeros(cells.n, bool))
                    simulation.world.reorder(name, np.arange(cells.n))
    with suppress(OSError):
        _mark(scenario, n_threads).touch()


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
