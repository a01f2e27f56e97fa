"""Results of one name and other content lie side by side; neither is sold as the other."""

import json
from pathlib import Path

import pytest

from abm.results.study import StudyFolder, home
from abm.study.execute import at_home, local, only, plan, run_study, status
from abm.study.jobs import Monitor
from abm.study.spec import load_study

SWEEP = Path(__file__).with_name("sweep.yaml")
FEW = ("design={kind: list, points: [{populations.b_cells.n: 20}, {}]}", "seeds=[1]")
OTHER = [
    "design={kind: list, points: [{populations.b_cells.n: 21}, {}]}",
    "seeds=[2]",
    "seeds=[1, 2]",
    "set={replicates: 1, duration: 40 min, dt: 2 min, probes: {counts: {every: 10 min}}, populations.b_cells.n: 30}",
    "summaries=[both.survival]",
]


class Told(Monitor):
    """Keeps what is told."""

    def __init__(self):
        self.text = ""

    def tell(self, text):
        self.text += text


def content_of(folder):
    return {path.name: path.read_bytes() for path in folder.path.iterdir() if path.name != "log.jsonl"}


@pytest.fixture
def counted():
    """Return an engine that runs rows here, and the list of how many it was given each time."""
    counts = []

    def engine(jobs, monitor):
        todo = list(jobs)
        counts.append(sum(len(job.rows) for job in todo))
        return local(1)(todo, monitor)

    return engine, counts


@pytest.mark.parametrize("change", OTHER)
def test_a_study_of_other_content_does_not_touch_the_first_of_its_name(tmp_path, counted, change):
    engine, counts = counted
    first = run_study(load_study(SWEEP, FEW), tmp_path, engine, Monitor())
    before, told = content_of(first), Told()
    second = run_study(load_study(SWEEP, (*FEW, change)), tmp_path, engine, told)
    assert content_of(first) == before
    assert second.path.parent == first.path.parent
    assert second.path.name.startswith("sweep-")
    assert f"{first.path} holds work with other" in told.text
    assert f"this one is kept in {second.path}" in told.text
    rows = {row["hash"] for row in second.plan()}
    assert {record["hash"] for record in second.records()} == rows
    assert counts == [2, len(rows - {row["hash"] for row in first.plan()})], "shared rows are taken over"
    assert (second.table()["status"] == "done").all()


def test_what_is_the_same_study_goes_back_to_its_folder(tmp_path, counted):
    engine, counts = counted
    planned, other = load_study(SWEEP, FEW), load_study(SWEEP, (*FEW, "seeds=[2]"))
    first, second = (run_study(one, tmp_path, engine, Monitor()) for one in (planned, other))
    told = Told()
    for same in (planned, load_study(SWEEP, (*FEW, "title=Another", "budget=1 h"))):
        assert run_study(same, tmp_path, engine, told).path == first.path
    assert told.text == ""
    assert run_study(other, tmp_path, engine, told).path == second.path
    assert counts[2:] == [0, 0, 0]
    assert status(planned, tmp_path) == status(other, tmp_path) == {"done": 2, "failed": 0, "refused": 0, "missing": 0}


def test_after_an_edit_of_the_model_a_study_is_run_anew(tmp_path, counted, monkeypatch):
    engine, counts = counted
    first = run_study(load_study(SWEEP, FEW), tmp_path, engine, Monitor())
    for module in ("abm.study.execute", "abm.study.rows"):
        monkeypatch.setattr(f"{module}.model_hash", lambda: "another")
    monkeypatch.setattr("abm.study.rows.base_hash", lambda base: "another")
    monkeypatch.setattr("abm.study.spec.base_hash", lambda base: "another")
    told = Told()
    second = run_study(load_study(SWEEP, FEW), tmp_path, engine, told)
    assert second.path != first.path
    assert "other model" in told.text
    assert counts == [2, 2]


@pytest.mark.parametrize("found", ["study.json", "identity.json"])
def test_a_folder_that_does_not_say_what_it_holds_is_left_alone(tmp_path, found):
    old = tmp_path / "studies" / "sweep"
    old.mkdir(parents=True)
    (old / found).write_text("{")
    folder = plan(load_study(SWEEP, FEW), tmp_path)
    assert folder.path != old
    assert folder.notice.startswith(f"{old} holds something else under this name")
    assert [path.name for path in old.iterdir()] == [found]


def test_rows_that_a_folder_beside_does_not_show_are_run(tmp_path, counted):
    engine, counts = counted
    first = run_study(load_study(SWEEP, FEW), tmp_path, engine, Monitor())
    (first.path / "rows.jsonl").unlink()
    (first.path / "rows.jsonl").mkdir()
    run_study(load_study(SWEEP, (*FEW, "seeds=[1, 2]")), tmp_path, engine, Monitor())
    assert counts == [2, 4]


def test_what_a_killed_start_left_is_no_content(tmp_path):
    begun = tmp_path / "fit" / "x"
    begun.mkdir(parents=True)
    (begun / ".lock").write_text("")
    (begun / ".identity.json.77.abm-tmp").write_text("{")
    assert home(tmp_path / "fit", "x", {"seed": 1}).path == begun


def test_work_of_another_content_does_not_wait_for_the_first(tmp_path):
    parent = tmp_path / "fit"
    with at_home(parent, "x", {"seed": 1}, Monitor()) as first, at_home(parent, "x", {"seed": 2}, Monitor()) as second:
        assert first.path != second.path
        assert json.loads((second.path / "identity.json").read_text()) == {"seed": 2}


def test_a_name_that_was_taken_meanwhile_is_left_to_its_owner(tmp_path, monkeypatch):
    """Between looking and locking, another process of other content begins and ends."""
    parent = tmp_path / "fit"

    def late(folder, unlocks):
        if folder.path == parent / "x" and not (parent / "x" / "identity.json").exists():
            folder.write_json("identity.json", {"seed": 1})
        return only(folder, unlocks)

    monkeypatch.setattr("abm.study.execute.only", late)
    with at_home(parent, "x", {"seed": 2}, Monitor()) as folder:
        assert folder.path != parent / "x"
    assert StudyFolder(parent / "x").read_json("identity.json") == {"seed": 1}


def test_files_without_a_name_have_folders_of_their_own(tmp_path):
    well = "populations: {b_cells: {n: 10}}\narms: {serum: {add: [{serum: 25 %}]}}\n"
    (tmp_path / "well.yaml").write_text(well)
    for name in ("dose", "effectors"):
        file = tmp_path / f"{name}.yaml"
        file.write_text("base: well.yaml\ndesign: {kind: list, points: [{}]}\nsummaries: [serum.survival]\n")
        planned = load_study(file)
        assert planned.study.name == name
        assert plan(planned, tmp_path).path == tmp_path / "studies" / name


def test_what_a_killed_writer_left_in_a_study_is_removed_by_the_next(tmp_path, counted):
    planned = load_study(SWEEP, FEW)
    folder = plan(planned, tmp_path)
    left = folder.path / ".plan.parquet.99.abm-tmp"
    left.touch()
    run_study(planned, tmp_path, counted[0], Monitor())
    assert not left.exists()
