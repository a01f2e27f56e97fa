"""What a run or a study will take is said by one model, and refused where it is too much."""

from pathlib import Path

import pytest

from abm.core.errors import ResourceRefused
from abm.study import cost
from abm.study.cost import START_S, cost_of_run, cost_of_study, refuse_large_study
from abm.study.spec import load_study

SWEEP = Path(__file__).with_name("sweep.yaml")
MANY = "design={kind: latin_hypercube, n: 100000, axes: {processes.shield.max_frac: {}}}"


def test_a_row_of_a_study_takes_as_long_as_a_run_of_its_base_but_for_steps_that_rows_share(monkeypatch):
    planned = load_study(SWEEP)
    own = cost_of_run(planned.base, 1).seconds - START_S + cost.ROW_S
    assert cost_of_study(planned, 1).hours < planned.n_rows * own / 3600
    monkeypatch.setattr(cost, "STEP_S", 0.0)
    own = cost_of_run(planned.base, 1).seconds - START_S + cost.ROW_S
    assert cost_of_study(planned, 1).hours == pytest.approx(planned.n_rows * own / 3600)


def test_a_run_of_few_cell_steps_stays_in_one_process(tiny, monkeypatch):
    assert cost_of_run(tiny(), 4).n_workers == 1
    monkeypatch.setattr(cost, "SMALL", 0)
    assert cost_of_run(tiny(), 4).n_workers == 4


def test_cells_that_an_arm_adds_need_their_memory(tiny):
    few, many = (cost_of_run(tiny(f"arms={{a: {{add: [{{b_cells: {n}, at: 1 min}}]}}}}"), 1) for n in (100, 100_000))
    assert many.memory_bytes - few.memory_bytes == pytest.approx(99_900 * cost.CELL_BYTES)


def test_a_study_over_its_budget_is_refused_with_the_numbers(tmp_path):
    large = load_study(SWEEP, (MANY, "budget=1 h"))
    with pytest.raises(ResourceRefused, match=r"200000 rows need about .* h of 1 h"):
        refuse_large_study(large, 1, tmp_path)
    assert cost_of_study(large, 4).hours == pytest.approx(cost_of_study(large, 1).hours / 4)
