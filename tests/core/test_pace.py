"""Who may wait acts once for many steps: when, for how long, with what means, and who keeps it from waiting."""

from typing import ClassVar

import numpy as np
import pytest

from abm.core.population import SUBJECT, Population
from abm.core.probe import Probe
from abm.core.process import Phase, Process
from abm.core.simulation import Simulation
from abm.core.space import Body
from abm.core.table import Column
from abm.core.world import World

SIGNAL = Column("signal")
LONG_H = 64.0


class Level(Process):
    """Sets a pool to the end of each step."""

    phase: ClassVar = Phase.DOSE
    writes: ClassVar = ("pools.level",)

    def step(self, world, key):
        world.pools["level"] = world.t_h + world.dt_h


class Slow(Process):
    """Notes for how long it acts, and what it sees of the level."""

    phase: ClassVar = Phase.SENSE
    may_wait_h: ClassVar = 4.0
    columns: ClassVar = (("b_cells", SIGNAL),)
    reads: ClassVar = ("pools.level",)
    writes: ClassVar = ("b_cells.signal", "pools.n_seen")
    notes: ClassVar[list] = []

    def step(self, world, key):
        level = world.pools.amounts["level"].item()
        self.notes.append((int(key[1]), world.dt_h, world.n_steps, level))
        world.pools.add("n_seen", 1.0)


class Reader(Process):
    """Reads at every step."""

    phase: ClassVar = Phase.ACT
    reads: ClassVar = ("b_cells.signal",)

    def step(self, world, key):
        pass


class Ledger(Reader):
    """Adds to what another adds to, and reads nothing."""

    reads: ClassVar = ()
    writes: ClassVar = ("pools.n_*",)


class Idle(Reader):
    """Reads at every step, if there is anything to do."""

    def is_idle(self, world):
        return True

    def step(self, world, key):
        raise AssertionError("who is idle does not act")


class Look(Probe):
    """Sees how far the slow one is."""

    table: ClassVar = "series"

    def observe(self, world):
        return {"time_h": world.t_h, "passed_h": sum(dt_h for _, dt_h, _, _ in Slow.notes)}


def simulation(*others, looks_h=()):
    Slow.notes.clear()
    world = World(Body(), 1.0, 1, 0)
    world.populations["b_cells"] = Population("b_cells", [SUBJECT])
    processes = {"level": Level(), "slow": Slow()} | {f"other{k}": one for k, one in enumerate(others)}
    return Simulation(world, processes, {"look": Look()}, np.arange(0.0, LONG_H + 1.0), {"look": looks_h})


def test_a_span_is_a_part_of_the_time_since_the_start_and_has_an_end():
    made = simulation(Idle(), Ledger())
    made.run()
    ends = np.cumsum([dt_h for _, dt_h, _, _ in Slow.notes])
    begins = ends - [dt_h for _, dt_h, _, _ in Slow.notes]
    assert ends[-1] == LONG_H
    for (step, dt_h, n_steps, level), begin, end in zip(Slow.notes, begins, ends, strict=True):
        assert (step, n_steps) == (end - 1, dt_h)
        assert dt_h == min(max(1, int(begin / 8)), 4, LONG_H - begin)
        assert level == pytest.approx(np.arange(begin + 1.0, end + 1.0).mean())  # the mean of the levels at the ends
    assert made.world.pools["level"] == LONG_H


def test_who_reads_at_every_step_is_not_kept_waiting():
    made = simulation(Reader())
    made.run()
    assert Slow.notes == [(step, 1.0, 1, step + 1.0) for step in range(int(LONG_H))]


def test_a_state_is_of_its_moment_and_the_rest_goes_on_from_there():
    made = simulation()
    while made.world.step < 43:
        made.step()
    before = sum(dt_h for _, dt_h, _, _ in Slow.notes)
    assert before < 43.0
    made.state()
    assert sum(dt_h for _, dt_h, _, _ in Slow.notes) == 43.0
    made.state()
    assert sum(dt_h for _, dt_h, _, _ in Slow.notes) == 43.0
    made.run()
    assert sum(dt_h for _, dt_h, _, _ in Slow.notes) == LONG_H


def test_what_is_seen_is_of_its_moment_and_the_last_step_before_it_is_one_of_its_own():
    made = simulation(looks_h=[0.0, 41.0, 42.0, 50.0])
    made.run()
    assert all(row["time_h"] == row["passed_h"] for row in made.records["look"].values())
    steps = {step: n_steps for step, _, n_steps, _ in Slow.notes}
    assert [steps[look - 1] for look in (41, 42, 50)] == [1, 1, 1]
    assert max(steps.values()) == 4
