"""A study: the same table whatever the engine and whatever is killed; what ended is not run again."""

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from abm.core.errors import InputError, ResourceRefused
from abm.readouts.readout import measures_of
from abm.results.study import StudyFolder
from abm.study import pool, rows
from abm.study.execute import local, plan, run_study, status
from abm.study.jobs import Monitor, Stopped
from abm.study.spec import load_study

SWEEP = Path(__file__).with_name("sweep.yaml")
COUNTS = "design={kind: list, points: [{populations.b_cells.n: 20}, {populations.b_cells.n: 30}]}"


@pytest.fixture(scope="session")
def sweep():
    """Return the function that loads the tiny sweep with changes."""
    return lambda *sets: load_study(SWEEP, sets)


@pytest.fixture(scope="session")
def quiet_table(sweep, tmp_path_factory):
    """Return the sweep's table, run in one process and never disturbed."""
    return run_study(sweep(), tmp_path_factory.mktemp("quiet"), local(1), Monitor()).table()


def same(folder, table):
    pd.testing.assert_frame_equal(folder.table(), table)


def test_rows_are_points_times_seeds_and_all_points_see_the_same_seeds(quiet_table):
    assert len(quiet_table) == 3 * 2 * 2
    assert (quiet_table["status"] == "done").all()
    assert quiet_table["seed"].tolist() == [1, 2] * 6
    serum = quiet_table.loc[quiet_table["arm"] == "serum"]
    assert serum["serum.survival"].notna().all()
    assert serum["both.survival"].isna().all()


def test_survival_falls_with_cd20(quiet_table):
    means = quiet_table.groupby("populations.b_cells.cd20.median")["serum.survival"].mean()
    assert means.iloc[0] > means.iloc[-1]


def test_workers_give_the_table_of_one_process(sweep, quiet_table, tmp_path):
    same(run_study(sweep(), tmp_path, local(2), Monitor()), quiet_table)


def test_dask_gives_the_table_of_one_process(sweep, quiet_table, tmp_path):
    from abm.study import cluster

    engine = lambda jobs, monitor: cluster.outcomes(jobs, 2, monitor)  # noqa: E731
    same(run_study(sweep(), tmp_path, engine, Monitor()), quiet_table)


def test_no_scheduler_at_an_address_is_said(sweep, tmp_path, monkeypatch):
    from abm.study import cluster

    monkeypatch.setattr(cluster, "WAIT_S", 0.5)
    engine = lambda jobs, monitor: cluster.outcomes(jobs, 2, monitor, "tcp://127.0.0.1:1")  # noqa: E731
    with pytest.raises(InputError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1"):
        run_study(sweep(), tmp_path, engine, Monitor())


class Killer(Monitor):
    """Kills a worker's process after every few rows."""

    def __init__(self, pids):
        self.pids, self.n_beats = pids, 0

    def beat(self, index, done, total):
        self.n_beats += 1
        if self.n_beats in (3, 6, 9):
            with suppress(ProcessLookupError):
                os.kill(self.pids()[0], signal.SIGKILL)


def test_killed_workers_leave_the_same_table(sweep, quiet_table, tmp_path, monkeypatch):
    hired = []
    real = pool.subprocess.Popen

    def popen(*args, **kwargs):
        hired.append(real(*args, **kwargs))
        return hired[-1]

    monkeypatch.setattr(rows, "part_of_job", lambda row: 1.0)
    monkeypatch.setattr(pool.subprocess, "Popen", popen)
    folder = run_study(sweep(), tmp_path, local(2), Killer(lambda: [p.pid for p in hired if p.poll() is None]))
    assert len(hired) > 2
    same(folder, quiet_table)


@pytest.mark.verification
def test_dask_workers_killed_every_two_seconds_leave_the_same_table(sweep, tmp_path):
    from abm.study import cluster

    seeds = ",".join(map(str, range(1, 68)))
    many = sweep(f"seeds=[{seeds}]", "design.axes.arm=[both]")
    assert many.n_rows > 200
    quiet = run_study(many, tmp_path / "quiet", local(2), Monitor()).table()
    over, killed = threading.Event(), []

    def kill():
        while not over.wait(2.0):
            workers = sorted(filter(None, map(_start_of_worker, Path("/proc").glob("[0-9]*"))))
            if len(workers) > 1:
                killed.append(workers[0])
                with suppress(ProcessLookupError):
                    os.kill(workers[0][1], signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    try:
        engine = lambda jobs, monitor: cluster.outcomes(jobs, 3, monitor)  # noqa: E731
        same(run_study(many, tmp_path / "killed", engine, Monitor()), quiet)
    finally:
        over.set()
        killer.join()
    assert len(killed) >= 3


def _start_of_worker(path):
    """Return start and identity of a process if it was spawned by Dask's nanny, a child of this one."""
    with suppress(OSError):
        fields = (path / "stat").read_text().rsplit(")", 1)[1].split()
        if int(fields[1]) == os.getpid() and b"spawn_main" in (path / "cmdline").read_bytes():
            return int(fields[19]), int(path.name)
    return None


class StopsSoon(Monitor):
    """Asks to stop after some rows."""

    def beat(self, index, done, total):
        self.signal_number = signal.SIGINT if index >= 5 and done >= total else 0


def test_what_ended_before_a_stop_is_not_run_again(sweep, quiet_table, tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "part_of_job", lambda row: 1.0)
    with pytest.raises(Stopped):
        run_study(sweep(), tmp_path, local(1), StopsSoon())
    before = status(sweep(), tmp_path)
    assert before["done"] + before["missing"] == 12
    assert 0 < before["done"] < 12
    counted = []

    def engine(jobs, monitor):
        jobs = list(jobs)
        counted.append(len(jobs))
        return local(1)(jobs, monitor)

    same(run_study(sweep(), tmp_path, engine, Monitor()), quiet_table)
    assert counted == [before["missing"]]


def test_a_line_that_a_crash_cut_short_costs_one_row(sweep, quiet_table, tmp_path):
    folder = run_study(sweep(), tmp_path, local(1), Monitor())
    lines = (folder.path / "rows.jsonl").read_bytes()
    (folder.path / "rows.jsonl").write_bytes(lines[: -len(lines.splitlines()[-1]) // 2])
    assert status(sweep(), tmp_path)["missing"] == 1
    same(run_study(sweep(), tmp_path, local(1), Monitor()), quiet_table)


def test_a_line_that_was_damaged_costs_one_row(sweep, quiet_table, tmp_path):
    folder = run_study(sweep(), tmp_path, local(1), Monitor())
    lines = (folder.path / "rows.jsonl").read_text()
    values = lines.index('"values"')
    at = next(i for i in range(lines.index("0.", values), len(lines)) if lines[i] in "123456")
    (folder.path / "rows.jsonl").write_text(lines[:at] + "7" + lines[at + 1 :])
    assert status(sweep(), tmp_path)["missing"] == 1
    same(run_study(sweep(), tmp_path, local(1), Monitor()), quiet_table)


def test_equal_content_is_run_once(sweep, tmp_path):
    alike = "design={kind: latin_hypercube, n: 4, axes: {populations.b_cells.n: {lo: 20, hi: 21}}}"  # two of each
    folder = run_study(sweep(alike, "seeds=[1]"), tmp_path, local(1), Monitor())
    assert len(list(folder.records())) == 2
    table = folder.table()
    assert sorted(table["populations.b_cells.n"]) == [20, 20, 21, 21]
    assert (table.groupby("populations.b_cells.n")["both.survival"].nunique() == 1).all()


def test_a_larger_design_reuses_what_is_there(sweep, tmp_path):
    run_study(sweep(COUNTS, "seeds=[1]"), tmp_path, local(1), Monitor())
    folder = run_study(sweep(COUNTS, "seeds=[1, 2]"), tmp_path, local(1), Monitor())
    assert len(list(folder.records())) == 4
    assert len(folder.table()) == 4


def test_a_row_that_cannot_be_run_is_one_refused_row_with_its_reason(sweep, tmp_path):
    narrow = "design.axes={space.side: [450 um, 30 um], processes.engagement.contact_um: [10, 20]}"
    folder = run_study(sweep(narrow, "seeds=[1]"), tmp_path, local(1), Monitor())
    table = folder.table()
    assert table["status"].tolist() == ["done", "done", "done", "refused"]
    assert "smaller than a cell's contact" in table["reason"][3]
    assert "failed" in (folder.path / "log.jsonl").read_text()


def test_rows_that_failed_are_tried_again_when_asked(sweep, tmp_path, monkeypatch):
    planned = sweep(COUNTS, "seeds=[1]")
    with monkeypatch.context() as patch:
        patch.setattr("abm.study.rows.measured", lambda *_: 1 / 0)
        assert set(run_study(planned, tmp_path, local(1), Monitor()).table()["status"]) == {"failed"}
    assert status(planned, tmp_path)["failed"] == 2
    run_study(planned, tmp_path, local(1), Monitor())
    assert status(planned, tmp_path)["failed"] == 2
    run_study(planned, tmp_path, local(1), Monitor(), again=True)
    assert status(planned, tmp_path)["done"] == 2


def test_of_two_runs_of_one_study_one_wins_and_the_other_says_so(sweep, tmp_path):
    planned = sweep(COUNTS)
    said = []

    def engine(jobs, monitor):
        with pytest.raises(InputError, match=r"locked by process \d+ .* wait for it to end") as refused:
            run_study(planned, tmp_path, local(1), Monitor())
        said.append(str(refused.value))
        return iter(())

    run_study(planned, tmp_path, engine, Monitor())
    assert len(said) == 1


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        (["base=nowhere.yaml"], "no such file 'nowhere.yaml'"),
        (["design.axes={populations.b_cels.n: [1]}"], "did you mean 'b_cells'"),
        (["design.axes={populations.b_cells.n: [-1]}"], "out of bounds"),
        (["design.axes={arm: [sera]}"], "no arm 'sera'"),
        (["design.axes={replicate: [1]}"], "no replicate 1"),
        (["design.axes={}"], "at least 1"),
        (["seeds=[]"], "no seeds"),
        (["seeds=[-1]"], "out of bounds"),
        (["design.kind=grid"], "grid"),
        (["summaries=[]"], "at least 1"),
        (["summaries=[both.survivl]"], "no measure 'survivl'.*did you mean 'survival'"),
        (["summaries=[bth.survival]"], "no arm 'bth'.*did you mean 'both'"),
        (["set={populations.b_cels.n: 1}"], "did you mean 'b_cells'"),
        (["colour=red"], "colour"),
    ],
)
def test_a_faulty_study_is_refused_by_name(sweep, sets, told):
    with pytest.raises(InputError, match=told):
        sweep(*sets)


def test_more_rows_than_a_plan_may_have_are_refused(sweep):
    with pytest.raises(ResourceRefused, match="2e\\+07 rows"):
        sweep("design={kind: latin_hypercube, n: 10000000, axes: {processes.shield.max_frac: {}}}")


def test_a_plan_holds_every_row_and_comes_back(sweep, tmp_path, monkeypatch):
    monkeypatch.setattr("abm.results.study.CHUNK", 5)
    planned = sweep("design={kind: list, points: [{processes.shield: null}, {processes.potency.lag: 2 h}, {}]}")
    folder = plan(planned, tmp_path)
    assert list(folder.plan()) == list(planned.rows())


def test_a_study_that_was_never_planned_has_no_plan(tmp_path):
    with pytest.raises(ValueError, match=r"plan\.parquet"):
        list(StudyFolder(tmp_path).plan())


def test_a_stop_is_quick(sweep, tmp_path):
    class Now(Monitor):
        signal_number = signal.SIGTERM

    start = time.monotonic()
    with pytest.raises(Stopped):
        run_study(sweep(), tmp_path, local(2), Now())
    assert time.monotonic() - start < 60


def test_killed_parent_and_all_the_next_run_comes_to_the_same_table(start, call, quiet_table, tmp_path):
    words = ("study", "run", SWEEP, "--threads", 2, "--json")
    run = start(*words, slow_s=0.01)
    folder = StudyFolder(tmp_path / "runs" / "studies" / "sweep")
    end = time.monotonic() + 100
    while len(list(folder.records())) < 3 and time.monotonic() < end:
        time.sleep(0.02)
    run.signal_all(signal.SIGKILL)
    run.process.join()
    assert 3 <= len(list(folder.records())) < 12
    assert (folder.path / ".lock").exists()
    ended = call(*words)
    assert (ended.code, ended.json["done"]) == (0, 12), ended.err
    same(folder, quiet_table)


def test_an_interrupted_study_says_how_to_go_on(start, tmp_path):
    run = start("study", "run", SWEEP, "--threads", 2, slow_s=0.02)
    folder = StudyFolder(tmp_path / "runs" / "studies" / "sweep")
    end = time.monotonic() + 100
    while not list(folder.records()) and time.monotonic() < end:
        time.sleep(0.02)
    os.kill(run.pid, signal.SIGTERM)
    ended = run.end()
    assert ended.code == 143
    assert f"go on with: abm study run {SWEEP}" in ended.err
    assert not (folder.path / ".lock").exists()


def test_every_measure_that_can_be_asked_for_is_there(sweep, quiet_table):
    shown = {name.partition(".")[2] for name in quiet_table if name.startswith("both.")}
    known = measures_of(sweep().base.readouts)
    assert {name for name in shown if known.find(name) is None} == set()
    assert {one.name for one in known if not any(map(one.takes, shown))} == set()
