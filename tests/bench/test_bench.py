"""What the bench says is measured on the right steps; no time is tested."""

import io
import json

import pytest
from rich.console import Console

from abm.core.jit import set_threads
from tests.bench import engine, rounds
from tests.bench.__main__ import busy_rounds, table


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Time each side once, and use one thread again afterwards."""
    monkeypatch.setattr(engine, "LEAST_S", 1e-9)
    yield
    set_threads(1)


def test_every_repeat_begins_at_the_start_and_ends_in_one_state_on_any_number_of_threads():
    clocked = engine.Clocked(engine.assay(600), n_steps=4)
    assert clocked.n_agents == 600
    assert min(clocked.seconds_per_step(n) for n in (1, 2, 1)) > 0.0
    clocked.fresh()
    assert clocked.simulation.world.step == 0
    clocked.expected = "another state"
    with pytest.raises(engine.WrongStateError):
        clocked.seconds_per_step(1)


def test_cells_of_any_size_of_well_have_its_density_and_the_asked_share_of_nk_cells():
    scenario = engine.assay(10_000, nk_share=0.2)
    cells = scenario.populations
    assert (cells.b_cells.n, cells.nk_cells.per_b_cell) == (8000, 0.25)
    assert 10_000 / scenario.space.side**2 == pytest.approx(60_000 / 5657.0**2, rel=1e-6)
    assert 10_000 / scenario.space.volume == pytest.approx(60_000 / 200.0, rel=1e-6)


def test_sides_take_turns_and_ratios_are_of_pairs():
    calls = []
    sides = {name: lambda name=name: calls.append(name) or float(len(calls)) for name in "ab"}
    measured, _ = rounds.paired(sides, 3)
    assert calls == ["a", "b"] * 3
    assert rounds.ratios(measured["b"], measured["a"]) == {"median": 4 / 3, "min": 6 / 5, "max": 2.0, "rounds": 3}


def test_the_table_shows_what_the_json_holds():
    one = rounds.summary([1.0, 2.0, 3.0])
    found = {"machine": {"cores": 4}, "mesa_ratio": {"agents": 600, "ratio": {"1": one}, "busy_rounds": 2}}
    console = Console(width=120, file=io.StringIO())
    console.print(table(json.loads(json.dumps(found))))
    assert busy_rounds(found) == 2
    assert "600 cells, 1 threads" in console.file.getvalue()
