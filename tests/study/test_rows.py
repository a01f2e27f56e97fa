"""Rows of a study are computed side by side, and each gives what it gives alone."""

import pytest

from abm.scenario.build import Subject
from abm.scenario.from_file import load_scenario
from abm.study import batches, rows
from abm.study.batches import batches as batched
from abm.study.batches import batches_of_run
from abm.study.jobs import Flow
from abm.study.rows import RowJob, RowsJob, as_base, together

PATIENTS = {
    "replicates": 3,
    "duration": "200 d",
    "dt": "12 h",
    "populations.b_cells.cells_per_agent": 1e11,
    "arms": {"once": {"add": [{"infusion": "375 mg/m2"}]}, "none": {}},
}


def _loud(event, fields):
    raise AssertionError(f"{event}: {fields}")


LOUD = Flow(note=_loud)


@pytest.fixture(scope="module")
def base():
    """Return three patients under two protocols as the text that rows share."""
    return as_base(load_scenario("configs/parameters/waldenstrom.yaml", PATIENTS))


def test_rows_side_by_side_give_what_each_gives_alone(base):
    points = [{"replicate": 1}, {"replicate": 0}, {"processes.growth.rel_capacity": 2.0, "cohort": None}, {}]
    several = [RowJob(k, base, point, seed) for k, (point, seed) in enumerate(zip(points, (1, 1, 1, 2), strict=True))]
    found = RowsJob(tuple(several)).run(LOUD)
    assert found == [("done", row.run(Flow())) for row in several]
    assert len({numbers["once.best_change_frac"] for _, numbers in found}) == 4


def test_rows_of_wells_side_by_side_give_what_each_gives_alone(tiny):
    scenario = tiny("replicates=2")
    arm = next(iter(scenario.arms))
    points = [{"arm": arm}, {"populations.b_cells.cd20_scale": 0.5}, {"arm": arm, "replicate": 1}, {}]
    rows_ = [
        RowJob(k, as_base(scenario), point, seed)
        for k, (point, seed) in enumerate(zip(points, (1, 1, 1, 2), strict=True))
    ]
    found = RowsJob(tuple(rows_)).run(LOUD)
    assert found == [("done", row.run(Flow())) for row in rows_]
    assert len({numbers[f"{arm}.alive_h_per_cell"] for _, numbers in found}) == 4


def test_rows_whose_arms_lack_a_kind_of_cell_lie_side_by_side_too():
    sets = ["duration=10 min", "replicates=1", "populations.b_cells.n=60", "probes.cells=null", "probes.fields=null"]
    base = as_base(load_scenario("configs/scenarios/three_arms.yaml", sets))
    rows_ = [RowJob(k, base, {}, k) for k in range(2)]
    assert RowsJob(tuple(rows_)).run(LOUD) == [("done", row.run(Flow())) for row in rows_]


def test_a_fall_back_to_rows_alone_is_noted(base, monkeypatch):
    noted = []
    several, one_by_one = [RowJob(k, base, {"replicate": k}, 1) for k in range(2)], rows.side_by_side
    monkeypatch.setattr(rows, "side_by_side", lambda own, flow: 1 // (len(own) < 2) and one_by_one(own, flow))
    found = RowsJob(tuple(several)).run(Flow(note=lambda event, fields: noted.append((event, fields))))
    assert [event for event, _ in found] == ["done", "done"]
    ((event, fields),) = noted
    assert event == "not side by side"
    assert "ZeroDivisionError" in fields["reason"]


def test_a_row_that_cannot_be_does_not_touch_the_others(base):
    several = [RowJob(0, base, {"replicate": 0}, 1), RowJob(1, base, {"processes.growth.rate": "-1 /d"}, 1)]
    (done, numbers), (refused, reason) = RowsJob(tuple(several)).run(Flow())
    assert (done, refused) == ("done", "refused")
    assert numbers == several[0].run(Flow())
    assert "processes.growth.rate" in reason


def test_rows_travel_as_text_and_come_back(base):
    job = RowsJob((RowJob(3, base, {"replicate": 1}, 1), RowJob(4, base, {"dt": "6 h"}, 2)))
    assert RowsJob.from_json(job.to_json()) == job
    assert job.label == "rows 3 to 4"


def test_rows_fill_all_cores_as_far_as_subjects_lie_side_by_side(base, tiny, monkeypatch):
    monkeypatch.setattr(rows, "cores", lambda: 2)
    monkeypatch.setattr(batches, "MOST_SUBJECTS", 12)
    rows._part.cache_clear()
    wells, many = as_base(tiny("replicates=4")), as_base(tiny("populations.b_cells.n=100000"))
    jobs = together([RowJob(k, own, {}, 1) for own, n in ((base, 9), (wells, 4), (many, 2)) for k in range(n)], 9)
    assert [len(job.rows) for job in jobs] == [4, 4, 1, 3, 1, 1, 1]
    small, one = RowJob(0, many, {"populations.b_cells.n": 100}, 1), RowJob(0, base, {"replicate": 1}, 1)
    assert [len(job.rows) for job in together([small] * 13 + [one] * 13, 100)] == [12, 1, 12, 1]
    rows._part.cache_clear()


def test_rows_of_different_size_give_together_what_each_gives_alone(tiny):
    base, many = as_base(tiny("replicates=1")), "populations.b_cells.n"
    jobs = [RowJob(k, base, {many: n}, 1) for k, n in enumerate((40, 90, 40, 130))]
    assert [numbers for _, numbers in RowsJob(tuple(jobs)).run(Flow())] == [one.run(Flow()) for one in jobs]


def test_patients_of_an_arm_are_shared_out_evenly(base, tiny, monkeypatch):
    scenario = load_scenario("configs/parameters/waldenstrom.yaml", PATIENTS)
    todo = [*"aaaaaaaaaa", *"bbb"]
    assert [len(part) for part in batched(scenario, todo, str)] == [10, 3]
    assert [len(part) for part in batched(scenario, todo, str, n_workers=4)] == [3, 3, 4, 3]
    wells = [Subject("serum", replicate) for replicate in range(3)]
    assert batches_of_run(tiny(), wells) == [wells]
    assert batches_of_run(tiny("until=b_cells.alive < 1 %"), wells) == [[well] for well in wells], "one may end before"
    monkeypatch.setattr(batches, "MOST_ROWS", 2 * sum(scenario.counts().values()))
    assert max(len(part) for part in batched(scenario, todo, str)) == 2
