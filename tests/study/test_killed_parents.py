"""Studies and trials whose parent is killed, again and again: its workers end with it; the end is the quiet one's."""

import os
import random
import signal
import time
from pathlib import Path

import pandas as pd
import pytest

import abm
from abm.results.study import StudyFolder
from abm.study.execute import local, run_study
from abm.study.jobs import Monitor
from abm.study.run import run_scenario
from abm.study.spec import load_study

SWEEP = Path(__file__).with_name("sweep.yaml")
TRIAL = Path(abm.__file__).parents[1] / "configs" / "scenarios" / "gertz2004.yaml"
COHORT = ("duration=60 d", "dt=12 h", "populations.b_cells.cells_per_agent=1e10")
TABLES = ("series.csv", "patients.csv", "end_points.csv", "nonmem.csv", "wells.json", "summary.json")
PATIENCE_S = 120


def set_all(changes):
    return [word for change in changes for word in ("--set", change)]


def n_ended(root):
    """Count the rows of a study, or the patients of a trial, that ended."""
    rows = sum(path.read_bytes().count(b"\n") for path in root.glob("studies/*/rows.jsonl"))
    return rows + len(list(root.glob("*/*/parts/*/well.json")))


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def workers_of(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def wait_until(is_so):
    end = time.monotonic() + PATIENCE_S
    while not is_so() and time.monotonic() < end:
        time.sleep(0.01)
    assert is_so()


def kill_often(start, words, root, n_kills):
    """Start and kill a call at random moments, its parent alone or with all that it started."""
    for kill in range(n_kills):
        before = n_ended(root) if kill % 4 else -1  # every fourth while it is still starting
        run = start(*words, workers=True, slow_s=0.02)
        wait_until(lambda run=run, before=before: n_ended(root) > before or not run.process.is_alive())
        time.sleep(random.uniform(0.0, 0.3 if before >= 0 else 3.0))
        workers = workers_of(run.pid)
        assert run.process.is_alive(), "it was done before it was killed as often as it should be"
        if kill % 2:
            run.signal_all(signal.SIGKILL)
        else:
            os.kill(run.pid, signal.SIGKILL)
        run.process.join()
        wait_until(lambda workers=workers: not any(map(lives, workers)))


OFTEN = [2, pytest.param(20, marks=pytest.mark.verification)]


@pytest.mark.parametrize("n_kills", OFTEN)
def test_a_study_killed_again_and_again_comes_to_the_same_table(start, call, tmp_path, n_kills):
    seeds = f"seeds={list(range(1, 3 + n_kills // 3))}"
    planned = load_study(SWEEP, (seeds,))
    quiet = run_study(planned, tmp_path / "quiet", local(1), Monitor()).table()
    words = ["study", "run", SWEEP, "--set", seeds, "--threads", 2, "--json"]
    kill_often(start, words, tmp_path / "runs", n_kills)
    ended = call(*words)
    assert (ended.code, ended.json["done"]) == (0, planned.n_rows), ended.err
    folder = StudyFolder(tmp_path / "runs" / "studies" / "sweep")
    pd.testing.assert_frame_equal(folder.table(), quiet)
    assert [path.name for path in folder.path.rglob(".*")] == []


@pytest.mark.parametrize("n_kills", OFTEN)
def test_a_trial_killed_again_and_again_comes_to_the_same_bytes(start, call, tmp_path, n_kills):
    changes = (*COHORT, f"replicates={6 + 2 * n_kills}")
    quiet = run_scenario(abm.load_scenario(TRIAL, changes), tmp_path / "quiet", 1)
    words = ["run", TRIAL, *set_all(changes), "--threads", 2, "--unlock", "--json"]
    kill_often(start, words, tmp_path / "runs", n_kills)
    ended = call(*words)
    assert ended.code == 0, ended.err
    folder = Path(ended.json["folder"])
    for name in TABLES:
        assert (folder / name).read_bytes() == (quiet.path / name).read_bytes(), name
    assert [path.name for path in folder.rglob(".*")] == []
    assert not (folder / "parts").exists()


def test_a_worker_in_the_middle_of_a_step_ends_with_its_parent(start, tmp_path, tiny_file):
    (tmp_path / "marks").mkdir()
    in_a_step = {"well": "both-r0", "step": 1, "marks": str(tmp_path / "marks"), "times": 1, "number": 0}
    run = start("run", tiny_file, "--threads", 2, workers=True, slow_s=3600.0, die=in_a_step)
    wait_until(lambda: any((tmp_path / "marks").iterdir()))
    workers = workers_of(run.pid)
    assert any(map(lives, workers))
    os.kill(run.pid, signal.SIGKILL)
    run.process.join()
    wait_until(lambda: not any(map(lives, workers)))
