"""The engine under the clock: wells of any size at the density of the assay, started afresh, their end state hashed."""

import hashlib
import sys
from pathlib import Path

import numpy as np

from abm.core.jit import Kernel, kernel, prange, set_threads
from abm.core.simulation import Simulation
from abm.document.load import resolve, validate
from abm.scenario.build import Subject, build
from abm.scenario.schema import Scenario
from tests.bench.rounds import timed

THREE_ARMS = Path(__file__).parents[2] / "configs" / "scenarios" / "three_arms.yaml"
WELL_B_CELLS, WELL_NK_PER_B, WELL_SIDE_UM, WELL_UL = 10_000, 5.0, 5657.0, 200.0
STEPS = 32
LEAST_S = 0.5


class WrongStateError(Exception):
    """The same steps from the same start ended in another state."""


def assay(n_agents: int, nk_share: float = WELL_NK_PER_B / (WELL_NK_PER_B + 1.0), hours: float = 24.0) -> Scenario:
    """Return the three arms with this many cells, floor and medium scaled so that their density is that of the well."""
    n_b = round(n_agents * (1.0 - nk_share))
    scale = n_agents / (WELL_B_CELLS * (1.0 + WELL_NK_PER_B))
    sets = [
        f"populations.b_cells.n={n_b}",
        f"populations.nk_cells.per_b_cell={(n_agents - n_b) / n_b}",
        f"space.side={WELL_SIDE_UM * scale**0.5} um",
        f"space.volume={WELL_UL * scale} uL",
        f"processes.dheas.voxels_per_side={max(4, 16 * round(4 * scale**0.5))}",
        f"duration={hours} h",
        "probes.cells=null",
        "probes.fields=null",
    ]
    return validate(Scenario, resolve(THREE_ARMS, sets, Scenario))


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
        Steps of one repeat, always the first of the run.
    """

    def __init__(self, scenario: Scenario, n_steps: int = STEPS):
        self.simulation, self.n_steps, self.expected = build(scenario, Subject("both", 0)), n_steps, ""
        self.header, arrays = self.simulation.state()
        self.arrays = {name: array.copy() for name, array in arrays.items()}
        self.n_agents = sum(p.n for p in self.simulation.world.populations.values())

    def fresh(self) -> None:
        """Go back to the start."""
        self.simulation.restore(self.header, self.arrays)

    def advance(self) -> None:
        """Take the steps."""
        for _ in range(self.n_steps):
            self.simulation.step()

    def seconds_per_step(self, n_threads: int) -> float:
        """Time the steps; the end state must be that of the first call, whatever the number of threads.

        Raises
        ------
        WrongStateError
            It is not.
        """
        set_threads(n_threads)
        seconds, _ = timed(self.advance, self.fresh, LEAST_S)
        found = digest(self.simulation)
        self.expected = self.expected or found
        if found != self.expected:
            raise WrongStateError(f"{self.n_agents} cells on {n_threads} threads end in {found}, not {self.expected}")
        return seconds / self.n_steps

    def seconds_by_process(self) -> dict[str, float]:
        """Return seconds per step of each process on one thread."""
        set_threads(1)
        self.fresh()
        self.simulation.seconds = dict.fromkeys(self.simulation.seconds, 0.0)
        self.advance()
        ordered = sorted(self.simulation.seconds.items(), key=lambda item: -item[1])
        return {name: seconds / self.n_steps for name, seconds in ordered}

    def bytes_per_agent(self) -> float:
        """Bytes of all arrays of the state over the number of cells."""
        populations = self.simulation.world.populations.values()
        fields = sum(field.values.nbytes for field in self.simulation.world.fields.values())
        return (sum(p.bytes_per_row * p.capacity for p in populations) + fields) / self.n_agents

    def bytes_per_step(self) -> float:
        """Bytes that a step must move at least: the arrays of every parallel loop, once per call."""
        import pytest  # slow to import, and the clock of the first result runs

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
        seconds, _ = timed(lambda: triad(self.out, self.a, self.b, 3.0), lambda: None, LEAST_S)
        return 24.0 * self.out.size / seconds
