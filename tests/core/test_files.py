import errno
import json
import os
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest

from abm.core.files import WriteError, append_line, atomic_write, json_text, remove_leftovers

WRITE_FRAMES = """
import sys
from abm.core.files import atomic_write
for step in range(100_000):
    content = bytes([step % 256]) * 50_000
    atomic_write(f"{sys.argv[1]}/frame={step % 7:06d}", lambda file: [file.write(content) for _ in range(20)])
    if step == 0:
        print("ready", flush=True)
"""
WRITE_ONE = "import sys; from abm.core.files import atomic_write; atomic_write(sys.argv[1], b'new')"


def test_a_writer_killed_at_any_moment_leaves_only_whole_files(tmp_path, child):
    for pause in np.random.default_rng(1).uniform(0, 0.1, 30):
        process = child(WRITE_FRAMES, tmp_path)
        assert process.stdout.readline() == "ready\n"
        time.sleep(pause)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        for path in tmp_path.glob("frame=*"):
            content = path.read_bytes()
            assert content == content[:1] * 1_000_000
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} <= {f"frame={n:06d}" for n in range(7)}


def test_an_older_file_is_replaced_and_nothing_else_stays(tmp_path):
    atomic_write(tmp_path / "a", b"old")
    atomic_write(tmp_path / "a", lambda file: file.write(b"new"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"new"}


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError])
def test_a_writer_that_raises_leaves_the_older_file_and_no_other(tmp_path, failure):
    def content(file):
        file.write(b"half")
        raise failure

    atomic_write(tmp_path / "a", b"old")
    with pytest.raises(failure):
        atomic_write(tmp_path / "a", content)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


def test_a_full_disk_is_named_and_the_older_file_stays(small_disk):
    atomic_write(small_disk / "a", b"old")
    with pytest.raises(WriteError, match=r"cannot write .*/a: the disk is full") as caught:
        atomic_write(small_disk / "a", bytes(2**20))
    assert caught.value.errno == errno.ENOSPC
    assert {path.name: path.read_bytes() for path in small_disk.iterdir()} == {"a": b"old"}


def test_a_full_disk_under_the_log_is_named(tmp_path):
    (tmp_path / "log.jsonl").symlink_to("/dev/full")
    with pytest.raises(WriteError, match="the disk is full"):
        append_line(tmp_path / "log.jsonl", "{}")


def test_a_file_size_limit_is_named_and_the_older_file_stays(tmp_path, child):
    atomic_write(tmp_path / "a", b"old")
    code = (
        "import resource, sys; from abm.core.files import atomic_write, WriteError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: atomic_write(sys.argv[1], bytes(100_000))\n"
        "except WriteError as error: print(error)\n"
    )
    out, err = child(code, tmp_path / "a").communicate()
    assert "the file-size limit is reached" in out, err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


@pytest.mark.skipif(os.geteuid() == 0, reason="SKIPPED OUT LOUD: root may write into any folder")
def test_a_folder_without_write_permission_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(WriteError, match="no right to write there"):
        atomic_write(tmp_path / "a", b"new")


def test_a_read_only_file_system_is_named(small_disk):
    done = subprocess.run(["mount", "-o", "remount,ro", small_disk], capture_output=True)
    if done.returncode:
        pytest.skip("SKIPPED OUT LOUD: no right to remount read-only")
    with pytest.raises(WriteError, match="the file system is read-only"):
        atomic_write(small_disk / "a", b"new")


def test_a_folder_removed_during_the_run_is_named_and_not_made_again(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.rmtree(folder)
    for write in (atomic_write, append_line):
        with pytest.raises(WriteError, match="its folder is gone"):
            write(folder / "a", "x" if write is append_line else b"x")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("calls", "when", "survivor"),
    [("fsync", 1, b"old"), ("?rename,?renameat,?renameat2", 1, b"old"), ("fsync", 2, b"new")],
    ids=["fsync of the file", "rename", "fsync of the folder"],
)
def test_a_failing_system_call_is_named_and_the_file_is_whole(tmp_path, child, calls, when, survivor):
    if shutil.which("strace") is None or subprocess.run(["strace", "true"], capture_output=True).returncode:
        pytest.skip("SKIPPED OUT LOUD: strace is missing or may not trace, so no system call was made to fail")
    atomic_write(tmp_path / "a", b"old")
    inject = ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={calls}:error=EIO:when={when}"]
    _, err = child(WRITE_ONE, tmp_path / "a", before=inject).communicate()
    assert "WriteError" in err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": survivor}


def test_a_log_line_cut_by_a_crash_spoils_no_other(tmp_path):
    path = tmp_path / "log.jsonl"
    append_line(path, '{"n": 1}')
    with path.open("a") as file:
        file.write('{"n": ')
    append_line(path, '{"n": 2}')
    assert path.read_text() == '{"n": 1}\n{"n": \n{"n": 2}\n'


def test_leftovers_of_others_are_not_removed(tmp_path):
    names = {".hidden", ".a.tmp", "a.12.abm-tmp", ".a.b.abm-tmp"}
    for name in {*names, ".a.12.abm-tmp"}:
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == names


def test_json_is_strict():
    text = json_text({"a": np.float64("nan"), "b": np.arange(2), "c": (1, float("inf")), 3: "é"})
    assert json.loads(text) == {"a": None, "b": [0, 1], "c": [1, None], "3": "é"}
    assert "é" in text
