"""What was finished and is damaged is named and made again, to the same bytes; nothing is believed unseen."""

import json
import shutil
from pathlib import Path

import pytest

import abm
import abm.study.batches
from abm.core.errors import InputError
from abm.results.run import Run
from abm.results.seal import FILES
from abm.study.jobs import Monitor, Stopped
from abm.study.resume import going_on
from abm.study.run import run_scenario

COHORT = ("replicates=3", "duration=60 d", "populations.b_cells.cells_per_agent=1e10")
CHANGING = {"provenance.json", "log.jsonl", FILES}  # times


class Listener(Monitor):
    """Keeps what the user is told."""

    def __init__(self):
        self.told = []

    def tell(self, text):
        self.told.append(text)


def damage(path):
    """Change one digit of a file, or a letter where it has none: it can still be read where that is possible."""
    raw = bytearray(path.read_bytes())
    words = [i for i, byte in enumerate(raw) if chr(byte).isdigit()] or [i for i, byte in enumerate(raw) if byte > 96]
    raw[min(words, key=lambda i: abs(i - len(raw) // 2))] ^= 1
    path.write_bytes(raw)


def contents(folder):
    """Return what is in every file that comes out the same each time."""
    found = [path for path in folder.rglob("*") if path.is_file() and "checkpoints" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found if path.name not in CHANGING}


@pytest.fixture(scope="module")
def cohort():
    return abm.load_scenario("configs/scenarios/gertz2004.yaml", COHORT)


@pytest.fixture(scope="module")
def quiet_cohort(cohort, tmp_path_factory):
    """Return a trial's run, never disturbed."""
    return run_scenario(cohort, tmp_path_factory.mktemp("quiet"), 1)


def copy(run, root):
    folder = root / run.path.parent.name / run.path.name
    shutil.copytree(run.path, folder)
    return folder


def all_sealed(run):
    return list(json.loads((run.path / FILES).read_text()))


def test_every_file_but_what_is_drawn_and_logged_is_sealed(quiet, quiet_cohort):
    for run in (quiet, quiet_cohort):
        found = {path.relative_to(run.path).as_posix() for path in run.path.rglob("*") if path.is_file()}
        assert {name for name in found if "checkpoints/" not in name} - set(all_sealed(run)) == {FILES, "log.jsonl"}
        assert run.damaged() == []
    assert {"patients.csv", "end_points.csv", "nonmem.csv", "summary.json"} <= set(all_sealed(quiet_cohort))
    assert {"cells/frame=000030.parquet", "fields/frame=000030.npz", "events.parquet"} <= set(all_sealed(quiet))


@pytest.mark.parametrize("spoil", [damage, Path.unlink])
def test_each_damaged_file_of_a_well_is_named_and_made_again(tiny, quiet, tmp_path, spoil):
    folder, before = copy(quiet, tmp_path), contents(quiet.path)
    for name in ("series.csv", "cells/frame=000030.parquet", "fields/frame=000030.npz", "wells.json", "arms.csv"):
        spoil(folder / name)
        assert Run(folder).damaged() == [name]
        monitor = Listener()
        assert run_scenario(tiny(), tmp_path, 1, monitor).path == folder
        assert monitor.told == [f"{folder} was damaged and is made again: {name} changed or gone"]
        assert contents(folder) == before, name
        assert Run(folder).damaged() == []


@pytest.mark.parametrize("spoil", [damage, Path.unlink])
def test_each_damaged_file_of_a_trial_is_named_and_made_again(cohort, quiet_cohort, tmp_path, spoil):
    folder, before = copy(quiet_cohort, tmp_path), contents(quiet_cohort.path)
    for name in all_sealed(quiet_cohort):
        if name == "provenance.json" and spoil is Path.unlink:
            continue  # the summary alone says whose folder it is
        spoil(folder / name)
        monitor = Listener()
        run_scenario(cohort, tmp_path, 1, monitor)
        assert monitor.told == [f"{folder} was damaged and is made again: {name} changed or gone"]
        assert contents(folder) == before, name
        assert Run(folder).damaged() == []


def test_what_is_concluded_is_made_again_without_simulating(cohort, quiet_cohort, tmp_path, monkeypatch):
    folder = copy(quiet_cohort, tmp_path)
    monkeypatch.setattr(abm.study.run, "run_jobs", None)
    for name in ("end_points.csv", "patients.csv", "nonmem.csv", "scenario.yaml", "summary.json", "provenance.json"):
        damage(folder / name)
    run_scenario(cohort, tmp_path, 1)
    assert contents(folder) == contents(quiet_cohort.path)


def test_a_run_whose_hashes_are_lost_is_looked_at_as_a_whole(tiny, quiet, tmp_path):
    for spoil in (Path.unlink, lambda path: path.write_text("{")):
        folder = copy(quiet, tmp_path)
        spoil(folder / FILES)
        damage(folder / "fields" / "frame=000030.npz")
        assert Run(folder).damaged()[-1] == "result_hash"
        run_scenario(tiny(), tmp_path, 1)
        assert contents(folder) == contents(quiet.path)
        shutil.rmtree(folder)


def test_a_run_that_is_whole_is_not_touched(tiny, quiet, tmp_path):
    folder, monitor = copy(quiet, tmp_path), Listener()
    (folder / "report.html").write_text("drawn")
    (folder / "log.jsonl").write_text("\n")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    run_scenario(tiny(), tmp_path, 1, monitor)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert monitor.told == []


@pytest.mark.parametrize("name", ["/dev/zero", "../../other", "cells/../../other", ".lock", "a/b/c"])
def test_names_that_lead_elsewhere_are_not_read(quiet, tmp_path, name):
    folder = copy(quiet, tmp_path)
    (folder / FILES).write_text(json.dumps({name: "0" * 64}))
    assert Run(folder).damaged() == [name]


def test_a_report_of_a_damaged_run_is_drawn_from_what_is_right(quiet, tmp_path, call, monkeypatch):
    folder = copy(quiet, tmp_path / "runs")
    damage(folder / "series.csv")
    ended = call("report", folder, "--json")
    assert ended.code == 0
    assert f"{folder} was damaged and is made again: series.csv changed or gone" in ended.err
    assert contents(folder) == contents(quiet.path)


def test_a_report_of_a_damaged_run_of_another_model_is_refused(quiet, tmp_path, call):
    folder = copy(quiet, tmp_path / "runs")
    damage(folder / "arms.csv")
    text = (folder / "summary.json").read_text()
    (folder / "summary.json").write_text(text.replace(quiet.scenario_hash, "0" * 64))
    ended = call("report", folder)
    assert ended.code == 2
    assert "arms.csv" in ended.err
    assert "changed or gone, and cannot be made again" in ended.err
    assert "was made by another version of the model" in ended.err


def test_nothing_branches_from_a_damaged_run(quiet, tmp_path):
    folder = copy(quiet, tmp_path)
    damage(folder / "cells" / "frame=000030.parquet")
    with pytest.raises(InputError, match=r"is damaged \(cells/frame=000030.parquet\); abm resume .* makes it again"):
        going_on(folder, ["title=other"], None)


def go_on(folder, monitor):
    scenario, root, branch = going_on(folder, [], None)
    return run_scenario(scenario, root, 1, monitor, branch=branch)


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("place", "spoil"),
    [
        ("series/step=*", damage),
        ("deaths/step=*", Path.unlink),
        ("start/step=*", empty),
        ("cells/step=*", damage),
        ("fields/step=*", Path.unlink),
        ("events/step=*", empty),
        ("well.json", damage),
        ("well.json", empty),
    ],
)
def test_a_damaged_part_of_a_finished_well_is_named_and_simulated_again(interrupted, quiet_hash, log, place, spoil):
    folder, monitor = interrupted(75), Listener()
    assert (folder / "parts" / "serum-r0" / "well.json").exists()
    path = next((folder / "parts" / "serum-r0").glob(place))
    spoil(path)
    assert go_on(folder, monitor).summary()["result_hash"] == quiet_hash
    assert monitor.told[0].startswith("well serum-r0 was damaged and is made again: ")
    assert place == "well.json" or path.name in monitor.told[0]
    assert log(folder)["damaged"][0]["well"] == "serum-r0"


@pytest.mark.parametrize(("table", "spoil"), [("cells", damage), ("fields", Path.unlink), ("events", empty)])
def test_a_damaged_frame_of_an_unfinished_well_is_named_and_simulated_again(interrupted, quiet_hash, table, spoil):
    folder, monitor = interrupted(55), Listener()
    path = next((folder / "parts" / "serum-r0" / table).glob("step=*"))
    spoil(path)
    assert go_on(folder, monitor).summary()["result_hash"] == quiet_hash
    assert monitor.told == [f"well serum-r0 was damaged and is made again: {table}/{path.name} changed or gone"]


def test_a_damaged_part_of_a_branch_goes_on_from_the_branch(quiet, tmp_path, stops_after, monkeypatch):
    parent = copy(quiet, tmp_path)
    scenario, root, branch = going_on(parent, ["processes.lysis.max_per_h=0"], None)
    whole = run_scenario(scenario, tmp_path / "whole", 1, branch=branch)
    monkeypatch.setattr(abm.study.batches, "BEAT_S", 0.0)
    with pytest.raises(Stopped):
        run_scenario(scenario, root, 1, stops_after(5), branch)
    (folder,) = (path for path in parent.parent.iterdir() if path != parent)
    damage(next((folder / "parts" / "serum-r0" / "cells").glob("step=*")))
    assert go_on(folder, Listener()).summary()["result_hash"] == whole.summary()["result_hash"]


def test_what_was_merged_and_is_damaged_before_the_end_does_not_block_the_run(tiny, quiet, tmp_path):
    folder = copy(quiet, tmp_path)
    (folder / "summary.json").unlink()
    files = json.loads((folder / FILES).read_text())
    del files["summary.json"]
    (folder / FILES).write_text(json.dumps(files))  # as right after the merger
    damage(folder / "series.csv")
    damage(folder / "provenance.json")
    (folder / "provenance.json").write_bytes((quiet.path / "provenance.json").read_bytes())
    monitor = Listener()
    run_scenario(tiny(), tmp_path, 1, monitor)
    assert monitor.told == [f"{folder} was damaged and is made again: series.csv changed or gone"]
    assert contents(folder) == contents(quiet.path)
