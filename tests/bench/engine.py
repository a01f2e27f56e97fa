"""The engine under the clock: wells of any size at the density of the assay, started afresh, their end state hashed."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

from abm.core.jit import Kernel, kernel, prange, set_threads
from abm.core.simulation import Simulation
from abm.scenario.build import Subject, build
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario
from tests.bench.jobs import NK_SHARE, NO_FRAMES, THREE_ARMS, WELL_CELLS, density
from tests.bench.rounds import timed

ROOT = Path(__file__).parents[2]
STEPS = 16
LEAST_S = 0.5


class WrongStateError(Exception):
    """The same steps from the same start ended in another state."""


def assay(n_cells: int, nk_share: float = NK_SHARE) -> Scenario:
    """Return the three arms with this many cells, floor, medium and field scaled so that all is as in the well."""
    voxels = max(4, 16 * round(4 * (n_cells / WELL_CELLS) ** 0.5))
    sets = (*density(n_cells, nk_share), f"processes.dheas.voxels_per_side={voxels}", *NO_FRAMES)
    return load_scenario(ROOT / THREE_ARMS, sets)


def digest(simulation: Simulation) -> str:
    """Return a hash of everything that a checkpoint would hold."""
    _, arrays = simulation.state()
    whole = hashlib.sha256()
    for name in sorted(arrays):
        whole.update(name.encode())
        whole.update(np.ascontiguousarray(arrays[name]))
    return whole.hexdigest()


class Clocked:
    """One well whose first steps are timed again and again.

    Parameters
    ----------
    scenario : Scenario
        From :func:`assay`.
    n_steps : int
        Steps of one repeat, the first of the run until it is moved on.
    """

    def __init__(self, scenario: Scenario, n_steps: int = STEPS):
        self.simulation, self.n_steps = build(scenario, Subject("both", 0)), n_steps
        self.n_cells = sum(p.n for p in self.simulation.world.populations.values())
        self._begin()

    def _begin(self) -> None:
        self.expected = ""
        self.header, arrays = self.simulation.state()
        self.arrays = {name: array.copy() for name, array in arrays.items()}

    def fresh(self) -> None:
        """Go back to the start."""
        self.simulation.restore(self.header, self.arrays)

    def advance(self) -> None:
        """Take the steps."""
        for _ in range(self.n_steps):
            self.simulation.step()

    def move_on(self) -> None:
        """Let the next steps be those that are timed."""
        self.fresh()
        self.advance()
        self._begin()

    def seconds_per_step(self, n_threads: int) -> float:
        """Time the steps; the end state must be that of the first call, whatever the number of threads.

        Raises
        ------
        WrongStateError
            It is not.
        """
        set_threads(n_threads)
        seconds = timed(self.advance, self.fresh, LEAST_S, n_threads)
        found = digest(self.simulation)
        self.expected = self.expected or found
        if found != self.expected:
            raise WrongStateError(f"{self.n_cells} cells on {n_threads} threads end in {found}, not {self.expected}")
        return seconds / self.n_steps

    def bytes_per_cell(self) -> float:
        """Bytes of all arrays of the state over the number of cells."""
        populations = self.simulation.world.populations.values()
        fields = sum(field.values.nbytes for field in self.simulation.world.fields.values())
        return (sum(p.bytes_per_row * p.capacity for p in populations) + fields) / self.n_cells

    def bytes_per_step(self) -> float:
        """Bytes that a step must move at least: the arrays of every parallel loop, once per call."""
        moved = 0

        def listening(kernel):
            def call(*arguments):
                nonlocal moved
                flat = [a for argument in arguments for a in (argument if isinstance(argument, tuple) else [argument])]
                moved += sum(a.nbytes for a in flat if isinstance(a, np.ndarray))
                return kernel(*arguments)

            return call

        self.fresh()
        with pytest.MonkeyPatch.context() as patch:
            for module in [m for name, m in sys.modules.items() if name.startswith("abm.")]:
                for name, value in list(vars(module).items()):
                    if isinstance(value, Kernel):
                        patch.setattr(module, name, listening(value))
            self.advance()
        return moved / self.n_steps


@kernel
def triad(out, a, b, factor):
    """Add one array to a multiple of another."""
    for i in prange(out.size):
        out[i] = a[i] + factor * b[i]


class Triad:
    """Memory bandwidth by the triad: 24 bytes per element, arrays far beyond any cache."""

    def __init__(self, n: int = 16_000_000):
        self.out, self.a, self.b = np.zeros(n), np.ones(n), np.ones(n)

    def bytes_per_s(self, n_threads: int) -> float:
        """Return the bandwidth on this many threads."""
        set_threads(n_threads)
        triad(self.out, self.a, self.b, 3.0)
        seconds = timed(lambda: triad(self.out, self.a, self.b, 3.0), lambda: None, LEAST_S, n_threads)
        return 24.0 * self.out.size / seconds
