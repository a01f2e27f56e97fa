"""The table of a study: what came out stands beside the point it is of."""

import math

import pytest

from abm.results.study import StudyFolder

POINTS = [{"x": 1.0}, {"x": 2.0}, {"x": 3.0, "arm": "both"}]


@pytest.fixture
def folder(tmp_path):
    """Return a planned study of three rows."""
    made = StudyFolder(tmp_path / "study")
    made.make()
    rows = [{"id": i, "seed": 7, "hash": f"h{i}", "point": point} for i, point in enumerate(POINTS)]
    assert made.write_plan(rows) == 3
    return made


def shown(point):
    return {name: point.get(name) for name in ("x", "arm")}


def test_rows_stand_in_the_order_of_the_plan_whoever_ended_first(folder):
    for i in (2, 0, 1):
        folder.append({"hash": f"h{i}", "status": "done", "values": {"a.survival": 0.1 * i}})
    folder.write_table(shown)
    table = folder.table()
    assert table["id"].tolist() == [0, 1, 2]
    assert table["x"].tolist() == [1.0, 2.0, 3.0]
    assert table["arm"].tolist()[2] == "both"
    assert table["a.survival"].tolist() == [0.0, 0.1, 0.2]


def test_the_last_attempt_counts_and_what_is_missing_has_no_value(folder):
    folder.append({"hash": "h0", "status": "failed", "reason": "broke"})
    folder.append({"hash": "h0", "status": "done", "values": {"a.survival": 0.5, "a.lysis": None}})
    folder.append({"hash": "h1", "status": "done", "values": {"a.survival": 0.25}})
    folder.append({"hash": "h1", "status": "failed", "reason": "broke"})
    folder.write_table(shown)
    table = folder.table()
    assert table["status"].tolist() == ["done", "failed", "missing"]
    assert table["a.survival"].iloc[0] == 0.5
    assert all(math.isnan(value) for value in [*table["a.survival"].iloc[1:], table["a.lysis"].iloc[0]])
    assert folder.statuses() == {"h0": "done", "h1": "failed"}
