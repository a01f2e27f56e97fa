import json
import os
import pickle
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.files import WriteError
from abm.results.folder import FolderError, RunFolder, run_path
from abm.results.lock import LockedError, take_over
from abm.results.page import PageFolder
from abm.results.run import Run
from abm.results.tables import ReadError

HASH = "0123456789abcdef" * 4
HOLD = """
import sys
from abm.results.folder import RunFolder
RunFolder.create(sys.argv[1], "three_arms", sys.argv[2], 7).subject("serum", 0)
print("held", flush=True)
input()
"""
BAD_NAMES = ["", ".", "..", "../x", "/etc", "a/b", "a\\b", "a\n", "a\0", "é", "a" * 65, "a b", "~", "$HOME"]


def test_a_new_folder_is_named_after_scenario_hash_and_seed(create, tmp_path):
    folder = create()
    assert folder.path == tmp_path / "runs" / "three_arms" / "01234567-s7"
    assert not folder.is_finished
    assert folder.provenance()["seed"] == 7


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_refused(create, tmp_path, name):
    with pytest.raises(FolderError, match="allowed are 1 to 64"):
        create(scenario=name)
    with pytest.raises(FolderError, match="allowed are 1 to 64"):
        create().subject(name, 0)
    assert {path.name for path in tmp_path.iterdir()} <= {"runs"}


@given(st.text(max_size=70))
def test_any_name_is_refused_or_stays_inside(name):
    root = Path("runs").resolve()
    try:
        path = run_path(root, name, HASH, 1)
    except FolderError:
        return
    assert path == root / name / "01234567-s1"


@pytest.mark.parametrize("scenario_hash", ["", "0123456", "../" + HASH, HASH.upper(), HASH + "\n", "g" * 64])
def test_bad_hashes_are_refused(create, scenario_hash):
    with pytest.raises(FolderError, match="hexadecimal"):
        create(scenario_hash=scenario_hash)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_bad_seeds_are_refused(create, seed):
    with pytest.raises(FolderError, match="seed"):
        create(seed=seed)


def test_a_link_out_of_the_root_is_refused(create, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "three_arms").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FolderError, match="leads out of"):
        create()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_root_itself_may_be_a_link(create, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "elsewhere")
    assert create().path == tmp_path / "elsewhere" / "three_arms" / "01234567-s7"


def test_a_folder_with_foreign_files_is_refused_and_left_alone(create, tmp_path):
    folder = tmp_path / "runs" / "three_arms" / "01234567-s7"
    folder.mkdir(parents=True)
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(FolderError, match=r"is not empty and holds no run: thesis\.txt"):
        create()
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_another_run_with_the_same_short_hash_is_refused(create):
    create().close()
    with pytest.raises(FolderError, match="holds another run: its scenario_hash"):
        create(scenario_hash=HASH[:8] + "f" * 56)


def test_two_processes_into_one_folder_one_wins(create, child, tmp_path):
    process = child(HOLD, tmp_path / "runs", HASH)
    assert process.stdout.readline() == "held\n"
    with pytest.raises(LockedError, match=f"process {process.pid} .* wait"):
        create()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(LockedError, match="no longer runs"):
        create()
    path = tmp_path / "runs" / "three_arms" / "01234567-s7"
    leftover = path / "parts" / "serum-r0" / ".step=000001.parquet.99.abm-tmp"
    leftover.touch()
    take_over(path)
    create()
    assert not leftover.exists()


def test_the_lock_goes_even_when_the_run_fails(create, tmp_path):
    with pytest.raises(RuntimeError), create() as folder:
        raise RuntimeError
    assert not (folder.path / ".lock").exists()


def test_a_finished_run_is_reused_and_cannot_be_written(finished, create, wells):
    finished.close()
    again = create()
    assert again.is_finished
    assert not (again.path / ".lock").exists()
    for write in (lambda: again.write_scenario("a: 1"), lambda: again.merge_parts(wells), lambda: again.finish({})):
        with pytest.raises(FolderError, match="not open for writing"):
            write()


def test_a_folder_removed_during_the_run_is_named_and_does_not_come_back(create, rows):
    folder = create()
    well = folder.subject("serum", 0)
    shutil.rmtree(folder.path)
    with pytest.raises(WriteError, match="its folder is gone"):
        rows(well, 0)
    with pytest.raises(WriteError, match="its folder is gone"):
        folder.log("failed", {})
    with pytest.raises(FolderError, match="does not hold its lock"):
        folder.finish({})
    folder.close()
    assert not folder.path.exists()


def test_a_full_disk_during_the_run_is_named(create, small_disk):
    well = create(root=small_disk).subject("serum", 0)
    with pytest.raises(WriteError, match="the disk is full"):
        well.append("cells", 0, {"x_um": np.random.default_rng(1).random(50_000)})
    assert well.chunks("cells") == {}


def test_only_a_run_folder_opens(finished, tmp_path):
    assert Run.open(finished.path).summary()["replicates"] == 2
    with pytest.raises(ReadError, match="missing"):
        RunFolder.open(tmp_path)
    (tmp_path / "provenance.json").write_text("[1]")
    with pytest.raises(ReadError, match="holds no mapping"):
        RunFolder.open(tmp_path)
    (tmp_path / "provenance.json").write_text("{}")
    with pytest.raises(ReadError, match="not a run folder"):
        RunFolder.open(tmp_path)


def test_everything_written_is_read_back(finished):
    finished.write_scenario("seed: 7  # α\n")
    finished.write_table("parameters.csv", {"name": ["a.b"], "value": ["1"], "unit": ["nM"]})
    finished.log("finished", {"step": 120})
    run = Run.open(finished.path)
    assert run.scenario_text() == "seed: 7  # α\n"
    assert run.parameters()["value"].tolist() == ["1"]
    assert run.arms()["control_arm"].tolist() == ["serum~control", ""]
    assert run.cell_steps() == run.field_steps() == [0, 60, 120]
    assert run.deaths()["uid"].tolist() == [2**63 + 1, 2**63 + 2] * 3
    assert len(run.start()) == 9
    assert run.wells()["serum-r1"] == {"n_steps": 120}
    assert run.fields(60)["serum~control/0/dheas_uM"].shape == (2, 2)
    log = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    assert [(row["event"], row["step"]) for row in log] == [("finished", 120)]


def test_one_population_has_its_own_columns_and_types(finished):
    b = finished.cells(60, "b_cells")
    assert "potency" not in b
    assert b["is_dying"].dtype == bool
    assert finished.cells(60)["population"].tolist() == ["b_cells", "b_cells", "nk_cells"] * 3


def test_a_missing_table_is_named(create):
    with pytest.raises(ReadError, match=r"series\.csv is missing; the run has not come that far"):
        create().series()


def test_figures_and_report_can_be_drawn_again(finished):
    finished.close()
    run = PageFolder(finished.path)
    assert run.write_figure("survival.png", b"png").read_bytes() == b"png"
    assert run.write_report("<p>α</p>").read_text() == "<p>α</p>"
    assert run.has_figure("survival.png")
    for _ in range(2):
        run.remove_figure("survival.png")
    assert not run.has_figure("survival.png")
    with pytest.raises(ValueError, match="no file name for a figure"):
        run.write_figure("../survival.png", b"")


def test_a_well_can_be_sent_to_another_process(create):
    well = create().subject("serum~control", 3)
    assert pickle.loads(pickle.dumps(well)) == well
    assert well.path.name == "serum~control-r3"
