"""Where files cannot be written or read, the run ends with a clear message and code 3."""

import re
import shutil
import subprocess

import pytest

from abm.core.resources import free_disk


@pytest.fixture
def mounted(tmp_path):
    """Return the function that mounts a small file system."""
    mounts = []

    def mount(options):
        place = tmp_path / "disk"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
            pytest.skip(f"SKIPPED OUT LOUD: no right to mount a tmpfs with {options}")
        mounts.append(place)
        return place

    yield mount
    for place in mounts:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_disk_too_small_is_refused_before_the_run(call, mounted, tiny_file):
    disk = mounted("size=256k")
    refused = call("run", tiny_file, "--out", disk)
    assert refused.code == 4
    assert "GB of disk and 0.000262 GB are free. Ways out: " in refused.err
    assert list(disk.iterdir()) == []


@pytest.mark.parametrize("faults", [{}, {"workers": True}])
def test_a_full_disk_ends_the_run_and_room_lets_it_go_on(call, mounted, tiny_file, quiet_hash, tmp_path, faults):
    disk = mounted("size=256k")
    ended = call("run", tiny_file, "--out", disk, "--threads", 2, is_blind=True, **faults)
    assert ended.code == 3
    assert f"cannot write {disk}/tiny/" in ended.err
    assert "the disk is full" in ended.err
    assert free_disk(disk) < 100_000
    subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
    (folder,) = disk.glob("tiny/*")
    assert call("resume", folder, "--json").json["result_hash"] == quiet_hash


@pytest.mark.parametrize("workers", [False, True])
def test_a_file_size_limit_ends_the_run(call, tiny_file, workers):
    ended = call("run", tiny_file, "--threads", 2, file_limit=25_000, workers=workers)
    assert ended.code == 3
    assert re.search(r"cannot write \S+/serum-r0/\S+: the file-size limit is reached \(ulimit -f\)", ended.err)


def test_a_read_only_root_is_named(call, mounted, tiny_file):
    ended = call("run", tiny_file, "--out", mounted("ro"))
    assert ended.code == 3
    assert "the file system is read-only" in ended.err


def test_a_root_that_is_a_file_is_named(call, tiny_file, tmp_path):
    (tmp_path / "taken").write_text("")
    ended = call("run", tiny_file, "--out", tmp_path / "taken")
    assert ended.code == 3
    assert "a part of its path is a file" in ended.err


@pytest.mark.parametrize("workers", [False, True])
def test_a_folder_removed_in_the_middle_ends_the_run(start, begun, tiny_file, workers):
    run = start("run", tiny_file, "--threads", 2, slow_s=0.05, workers=workers)
    folder = begun()
    folder.rename(folder.with_name("gone"))
    shutil.rmtree(folder.with_name("gone"))
    ended = run.end()
    assert ended.code == 3
    assert f"cannot write {folder}/" in ended.err
    assert "its folder is gone" in ended.err
    assert not folder.exists()
