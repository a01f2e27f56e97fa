"""The same bytes at any number of threads, in workers or not, from Python or the command line."""

import pytest

import abm
import abm.study.cost
import abm.study.run
from abm.study.run import run_scenario


def all_files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize(("n_threads", "small", "n_workers"), [(2, 0, 2), (4, 1e9, 1), (8, 0, 4)])
def test_workers_and_threads_change_nothing(tiny, quiet_hash, n_threads, small, n_workers, tmp_path, monkeypatch, log):
    monkeypatch.setattr(abm.study.cost, "SMALL", small)
    monkeypatch.setattr(abm.study.run, "FEW_CELLS", 0)  # threads that no worker needs go into the wells
    run = run_scenario(tiny(), tmp_path, n_threads)
    assert run.summary()["result_hash"] == quiet_hash
    assert log(run.path)["start"][0]["workers"] == n_workers


def test_the_python_interface_gives_what_the_command_line_gives(tiny, call, tiny_file, quiet_hash):
    result = abm.simulate(tiny())
    assert result.folder is None
    assert result.summary["result_hash"] == quiet_hash
    assert set(result.cells) == {0, 30, 31, 60, 61}  # an addition between two ticks makes one step more
    assert result.fields[0]["both/0/dheas_uM"].shape == (8, 8)
    assert set(result.series["arm"]) == set(result.arms["arm"]) == {"serum", "both", "serum~control", "both~control"}
    assert len(result.start) == 4 * 60 + 2 * 5
    assert (result.deaths["time_h"] <= 1.0).all()
    assert call("run", tiny_file, "--json").json["result_hash"] == quiet_hash


def test_the_python_interface_gives_the_tables_of_patients():
    sets = ("replicates=3", "duration=60 d", "populations.b_cells.cells_per_agent=1e10")
    result = abm.simulate(abm.load_scenario("configs/scenarios/gertz2004.yaml", sets))
    assert result.patients["replicate"].tolist() == [0, 1, 2]
    assert len(result.end_points) == 3
    assert set(result.series["replicate"]) == {0, 1, 2}
    assert result.deaths.empty
    assert result.start.empty


def test_the_same_content_is_reused_and_another_seed_has_its_own_folder(tiny, tmp_path):
    first = run_scenario(tiny(), tmp_path, 1)
    before = all_files(first.path)
    again = run_scenario(tiny(), tmp_path, 2)
    assert again.path == first.path
    assert all_files(first.path) == before
    other = run_scenario(tiny("seed=2"), tmp_path, 1)
    assert other.path != first.path
    assert other.path.name.endswith("-s2")
    assert other.summary()["result_hash"] != first.summary()["result_hash"]
