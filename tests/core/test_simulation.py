"""The step: time grid, order of processes, exact moments, checkpoints, and the guard against NaN."""

from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.checkpoint import load, save
from abm.core.errors import RunFailed
from abm.core.fields import Field
from abm.core.population import Population
from abm.core.probe import Probe
from abm.core.process import Phase, Process, discover
from abm.core.simulation import SORT_EVERY, Simulation, time_grid
from abm.core.space import Mixed
from abm.core.state import saved
from abm.core.table import Column
from abm.core.world import World

hours = st.floats(0.0, 24.0)


@given(st.floats(0.01, 24.0), st.floats(0.005, 3.0), st.lists(hours, max_size=8))
def test_the_grid_holds_ticks_and_moments_and_no_step_is_longer_than_dt(duration_h, dt_h, moments_h):
    grid = time_grid(duration_h, [(0.0, dt_h)], moments_h)
    assert grid[0] == 0.0
    assert grid[-1] == pytest.approx(duration_h, abs=1e-9)
    assert (np.diff(grid) > 5e-10).all()
    assert (np.diff(grid) <= dt_h + 2e-9).all()
    for wanted in [*(t for t in moments_h if t <= duration_h), *np.arange(0.0, duration_h, dt_h)]:
        assert np.abs(grid - wanted).min() < 1e-9


@pytest.mark.parametrize(
    ("duration_h", "dt_h", "n"), [(24.0, 1 / 60, 1440), (1.0, 0.1, 10), (0.3, 0.1, 3), (1.0, 0.4, 3)]
)
def test_rounding_makes_no_extra_step(duration_h, dt_h, n):
    assert time_grid(duration_h, [(0.0, dt_h)], [k * dt_h for k in range(n)]).size == n + 1


@pytest.mark.parametrize(
    ("duration_h", "moments_h", "expected"),
    [
        (10.0, [], [0.0, 1.0, 2.0, 2.5, 5.5, 8.5, 9.0, 10.0]),
        (10.0, [7.0], [0.0, 1.0, 2.0, 2.5, 5.5, 7.0, 8.5, 9.0, 10.0]),
        (2.0, [], [0.0, 1.0, 2.0]),
    ],
)
def test_steps_grow_from_the_moments_of_a_schedule_on(duration_h, moments_h, expected):
    assert time_grid(duration_h, [(0.0, 1.0), (2.5, 3.0), (9.0, 5.0)], moments_h).tolist() == expected


class Note(Process):
    """Writes its name and the time into a list."""

    phase: ClassVar = Phase.ACT
    name: str = ""
    notes: ClassVar[list] = []

    def step(self, world, key):
        self.notes.append((self.name, world.t_h))


class Early(Note):
    phase: ClassVar = Phase.DOSE


class Late(Note):
    phase: ClassVar = Phase.MOVE


class Look(Probe):
    table: ClassVar = "series"

    def observe(self, world):
        return {"time_h": world.t_h, "n": float(len(Note.notes))}


class LookAtAll(Look):
    def observe(self, world):
        return {"dose": world.populations["b_cells"].mean("dose"), "dheas": world.fields["dheas"].mean}


def simulation(processes, grid_h, looks_h=(0.0,), columns=(), probe=None):
    Note.notes.clear()
    world = World(Mixed(), 1.0, seed=1, replicate=0)
    world.populations["b_cells"] = Population("b_cells", columns)
    made = Simulation(world, processes, {"look": probe or Look()}, np.array(grid_h), {"look": looks_h})
    world.populate("b_cells", 5, cohort=0)
    return made


def test_processes_act_by_phase_and_inside_a_phase_in_the_order_given():
    order = {"d": Late(name="d"), "c": Note(name="c"), "b": Note(name="b"), "a": Early(name="a")}
    made = simulation(order, [0.0, 0.5, 2.0])
    made.run()
    assert Note.notes == [(name, t) for t in (0.0, 0.5) for name in "acbd"]
    assert list(made.processes) == ["a", "c", "b", "fate", "d"]
    assert (made.world.step, made.world.t_h, made.is_over) == (2, 2.0, True)


def test_probes_see_the_start_before_anything_acts_and_each_moment_once():
    made = simulation({"a": Note()}, [0.0, 0.25, 0.5, 1.0], looks_h=[0.0, 0.5, 1.0])
    made.run()
    assert made.records["look"] == {
        0: {"time_h": 0.0, "n": 0.0},
        2: {"time_h": 0.5, "n": 2.0},
        3: {"time_h": 1.0, "n": 3.0},
    }


def test_a_run_calls_back_after_every_step():
    made, seen = simulation({}, [0.0, 1.0, 2.0]), []
    made.run(lambda sim: seen.append(sim.world.step))
    assert seen == [1, 2]


class Spoil(Process):
    """Writes NaN into a cell, a pool or a field."""

    phase: ClassVar = Phase.ACT
    writes: ClassVar = ("b_cells.dose", "pools.drug", "fields.dheas")
    where: str = "cell"
    at_step: int = 1

    def step(self, world, key):
        if world.step != self.at_step:
            return
        if self.where == "cell":
            world.populations["b_cells"].dose[3] = np.nan
        elif self.where == "pool":
            world.pools.add("drug", float("nan"))
        else:
            world.fields["dheas"].divide()[1, 2] = np.nan


WRITTEN = {"cell": r"b_cells\.dose of cell 3", "pool": r"pools\.drug", "field": r"fields\.dheas"}


def spoilt(where, at_step, grid_h, looks_h=(0.0,)):
    processes = {"poison": Spoil(where=where, at_step=at_step), "innocent": Note()}
    made = simulation(processes, grid_h, looks_h, [Column("dose")], LookAtAll())
    made.world.fields["dheas"] = Field(4, 100.0, periodic=False)
    return made


@pytest.mark.parametrize("where", WRITTEN)
def test_a_nan_is_never_kept_and_names_cell_process_and_step(where):
    made = spoilt(where, 1, [0.0, 0.5, 1.0, 1.5], looks_h=(0.0, 0.5, 1.0, 1.5))
    steps = "in steps 0 to 1" if where == "field" else "at step 1"
    with pytest.raises(RunFailed, match=rf"^NaN in {WRITTEN[where]} {steps} .*; written by 'poison'$"):
        made.run()
    assert list(made.records["look"]) == [0, 1]


@pytest.mark.parametrize(("where", "n_steps"), [("cell", 6), ("field", SORT_EVERY - 1), ("pool", 6)])
def test_a_nan_that_could_be_gone_is_found_at_once_and_any_other_before_cells_are_sorted(where, n_steps):
    made = spoilt(where, 5, np.arange(2.0 * SORT_EVERY))
    last = n_steps - 1
    steps = rf"in steps 0 to {last} \(0 to {last} h\)" if where == "field" else r"at step 5 \(5 h\)"
    with pytest.raises(RunFailed, match=rf"^NaN in {WRITTEN[where]} {steps}; written by 'poison'$"):
        made.run()
    assert made.world.step == n_steps


@pytest.mark.parametrize("where", WRITTEN)
def test_a_nan_of_the_last_step_and_one_in_a_checkpoint_stop_the_run(where):
    made = spoilt(where, 2, [0.0, 0.5, 1.0, 1.5])
    steps = r"in steps 0 to 2 \(0 to 1 h\)" if where == "field" else r"at step 2 \(1 h\)"
    with pytest.raises(RunFailed, match=rf"^NaN in {WRITTEN[where]} {steps}"):
        made.run()
    made = spoilt(where, 0, [0.0, 0.5, 1.0])
    made.processes["poison"].step(made.world, None)
    header, arrays = saved(made.world, made.processes)
    for use in (made.state, lambda: spoilt(where, 2, made.grid_h).restore(header, arrays)):
        with pytest.raises(RunFailed, match=rf"^NaN in {WRITTEN[where]} before step 0 \(0 h\)"):
            use()


def test_a_process_without_a_step_says_so():
    class Idle(Process):
        phase: ClassVar = Phase.ACT

    with pytest.raises(RunFailed, match="Idle defines no step"):
        simulation({"idle": Idle()}, [0.0, 1.0]).run()


def test_two_classes_of_one_kind_are_refused(tmp_path, monkeypatch):
    package = tmp_path / "twice"
    package.mkdir()
    text = (
        "from typing import Literal\nfrom abm.core.process import Process\n"
        "class A(Process):\n    kind: Literal['same'] = 'same'\n"
    )
    for name in ("__init__", "one", "two"):
        (package / f"{name}.py").write_text("" if name == "__init__" else text)
    monkeypatch.syspath_prepend(tmp_path)
    import twice

    with pytest.raises(RunFailed, match="two classes of kind 'same'"):
        discover(twice, Process)


@pytest.mark.parametrize("at_h", [0.0, 0.123456, 0.5, 0.7301])
def test_a_dose_acts_from_its_own_moment_however_long_the_step(culture, at_h):
    dose = {"rituximab": "10 ug/mL", "at": f"{at_h} h"}
    sim = culture(
        {"antibody_decay": {"half_life": "2 h"}}, [dose], {"dt": "30 min", "probes": {"counts": {"every": "30 min"}}}
    )
    sim.run()
    assert sim.world.pools.nM("antibody_rituximab") == pytest.approx(1e4 / 145 * 0.5 ** ((1.0 - at_h) / 2), rel=1e-9)
    assert (sim.records["counts"][0]["rituximab_nM"] > 0, sim.grid_h.size) == (at_h == 0, 3 + (at_h not in (0.0, 0.5)))


def test_cells_added_later_get_rows_in_their_own_step(culture):
    sim = culture({}, [{"b_cells": 7, "at": "20.5 min"}], {"dt": "10 min"})
    cohorts = {}
    sim.run(
        lambda s: cohorts.update(
            {round(s.world.t_h * 60, 6): np.bincount(s.world.populations["b_cells"].cohort)[1:].sum()}
        )
    )
    assert cohorts == {10.0: 0, 20.0: 0, 20.5: 0, 30.0: 7, 40.0: 7, 50.0: 7, 60.0: 7}


def everything(sim):
    header, arrays = sim.state()
    return header, {name: values.tobytes() for name, values in arrays.items()}


@pytest.mark.parametrize("at_step", [0, 1, 17, 30])
def test_a_restored_run_ends_in_the_same_bytes(busy, tmp_path, at_step):
    whole, first, second = busy(), busy(), busy()
    while first.world.step < at_step:
        first.step()
    header, arrays = first.state()
    save(tmp_path / "c.npz", arrays, header | {"scenario_hash": "", "time_h": first.world.t_h})
    second.restore(*load(tmp_path / "c.npz"))
    assert everything(second) == everything(first)
    for sim in (whole, second):
        sim.run()
    assert everything(second) == everything(whole)
    assert second.records["counts"] == whole.records["counts"]
    assert whole.world.tallies["b_cells.lysed"] > 30


def test_what_is_missing_in_the_series_is_missing_after_a_checkpoint(culture, tmp_path):
    sim = culture({}, (), {"probes": {"counts": {"every": "10 min"}}})
    while sim.world.step < 30:
        sim.step()
    header, arrays = sim.state()
    save(tmp_path / "c.npz", arrays, header | {"scenario_hash": "", "time_h": sim.world.t_h})
    again = culture({}, (), {"probes": {"counts": {"every": "10 min"}}})
    again.restore(*load(tmp_path / "c.npz"))
    np.testing.assert_equal(again.records, sim.records)
    assert all(np.isnan(row["potency_mean"]) for row in again.records["counts"].values())


def test_another_seed_is_another_course_and_the_same_seed_the_same(busy):
    courses = []
    for seed in (1, 1, 2):
        sim = busy(changes={"seed": seed, "duration": "12 min"})
        sim.run()
        courses.append(everything(sim))
    assert courses[0] == courses[1]
    assert all(
        courses[0][1][f"cells/b_cells/{c}"] != courses[2][1][f"cells/b_cells/{c}"]
        for c in ("x_um", "cd20_per_cell", "mac_per_cell")
    )
