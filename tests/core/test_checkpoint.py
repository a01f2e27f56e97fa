import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import abm
from abm.core import checkpoint
from abm.core.checkpoint import CheckpointError, CheckpointStore, load, save

HEADER = {"scenario_hash": "ab" * 32, "step": 720, "time_h": 6.0}
ARRAYS = {"b_cells/x_um": np.linspace(0, 1, 100), "b_cells/uid": np.arange(100, dtype="u8"), "is_on": np.array(True)}
DTYPES = st.sampled_from(["?", "i1", "i2", "<i4", ">i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", ">f8"])
NAMES = st.from_regex(checkpoint.NAME, fullmatch=True)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
SAVE_FOR_EVER = """
import sys, numpy as np
from abm.core.checkpoint import CheckpointStore
store = CheckpointStore(sys.argv[1], "ab")
start = store.latest().header["step"] + 1 if store.latest() else 0
for step in range(start, start + 100_000):
    store.save(step, step / 2, {"x": np.full(100_000, step)}, {})
    if step == start:
        print("ready", flush=True)
"""
SAVE_LIMITED = """
import resource, sys, numpy as np
from abm.core.checkpoint import CheckpointError, CheckpointStore
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
try:
    CheckpointStore(sys.argv[1], "ab").save(2, 1.0, {"x": np.zeros(100_000)}, {})
except CheckpointError as error:
    print(error)
"""


@pytest.fixture
def path(tmp_path):
    """A sound checkpoint."""
    save(tmp_path / "step=000720.npz", ARRAYS, HEADER)
    return tmp_path / "step=000720.npz"


@pytest.fixture
def store(tmp_path):
    """A store with three checkpoints written."""
    store = CheckpointStore(tmp_path / "serum-r0", "ab")
    for step in (240, 480, 720):
        store.save(step, step / 120, {"x": np.full(10, step)}, {"mu": 0.5})
    return store


def python(code, *arguments):
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=Path(abm.__file__).parents[1], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def rewrite(path, header=None, member=None, **changes):
    """Write the file anew with some of its members or header fields replaced."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    own = json.loads(content["header.json"]) | changes
    content["header.json"] = json.dumps(own).encode() if header is None else header
    content |= member or {}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def rows(path, **changes):
    """Return the header's rows with the first one changed."""
    with zipfile.ZipFile(path) as archive:
        found = json.loads(archive.read("header.json"))["arrays"]
    return [found[0] | changes, *found[1:]]


def same(a, b):
    return a.keys() == b.keys() and all(
        a[name].shape == b[name].shape and a[name].tobytes() == b[name].tobytes() for name in a
    )


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(NAMES, hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, min_side=0, max_side=4)), max_size=4),
    st.dictionaries(st.text(max_size=9).map("x{}".format), JSON, max_size=3),
)
def test_arrays_and_header_come_back(arrays, extra):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npz"
        save(path, arrays, HEADER | extra)
        header, loaded = load(path)
    assert header == HEADER | extra
    assert same(loaded, {name: a.astype(a.dtype.newbyteorder("<")) for name, a in arrays.items()})


def test_rows_of_a_larger_array_and_fortran_order_come_back(tmp_path):
    base = np.arange(24.0).reshape(4, 6)
    arrays = {"slice": base[::2, 1::3], "fortran": np.asfortranarray(base)}
    save(tmp_path / "a.npz", arrays, HEADER)
    assert same(load(tmp_path / "a.npz")[1], arrays)


def test_the_same_state_gives_the_same_bytes_and_numpy_opens_them(path, tmp_path):
    save(tmp_path / "again.npz", ARRAYS, HEADER)
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()
    with np.load(path, allow_pickle=False) as archive:
        assert same({name: archive[name] for name in ARRAYS}, ARRAYS)


@pytest.mark.parametrize(
    "arrays",
    [
        {"a": np.array([{}], dtype=object)},
        {"a": np.array(["text"])},
        {"a": np.zeros(2, "c16")},
        {"a": np.zeros(2, [("x", "f8")])},
        {"a": np.zeros(2, "M8[s]")},
        {"a": np.zeros((1,) * 9)},
        {"a\n": np.zeros(2)},
        {"": np.zeros(2)},
    ],
)
def test_what_cannot_be_stored_is_refused(tmp_path, arrays):
    with pytest.raises(CheckpointError, match="cannot be stored"):
        save(tmp_path / "a.npz", arrays, HEADER)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "header",
    [
        {},
        HEADER | {"step": True},
        HEADER | {"step": 1.5},
        HEADER | {"step": -1},
        HEADER | {"time_h": float("nan")},
        HEADER | {"scenario_hash": None},
        HEADER | {"arrays": []},
        HEADER | {"x": object()},
        HEADER | {"x": float("inf")},
    ],
)
def test_a_header_that_cannot_be_stored_is_refused(tmp_path, header):
    with pytest.raises(CheckpointError, match="header"):
        save(tmp_path / "a.npz", ARRAYS, header)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_or_changes_nothing(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npz"
        save(path, ARRAYS, HEADER)
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content)
        try:
            header, arrays = load(path)
        except CheckpointError:
            return
    assert header == HEADER
    assert same(arrays, ARRAYS)


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_a_cut_file_is_refused(path, kept):
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(CheckpointError, match="damaged or cut"):
        load(path)


def test_one_wrong_value_is_found_by_its_hash(path):
    with zipfile.ZipFile(path) as archive:
        data = bytearray(archive.read("b_cells/x_um.npy"))
    data[-1] ^= 1
    rewrite(path, member={"b_cells/x_um.npy": bytes(data)})
    with pytest.raises(CheckpointError, match="array b_cells/x_um is damaged: its hash differs"):
        load(path)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b"not a checkpoint at all"),
        lambda path: np.savez(path, x=np.zeros(3)),
        lambda path: np.savez_compressed(path, x=np.zeros(3)),
        lambda path: path.write_bytes(b"\x93NUMPY\x01\x00"),
        lambda path: rewrite(path, format="another"),
        lambda path: rewrite(path, version=2),
        lambda path: rewrite(path, version=int("9" * 50)),
    ],
    ids=["text", "npz", "compressed npz", "npy", "another format", "newer version", "absurd version"],
)
def test_a_foreign_file_is_refused(path, write):
    write(path)
    with pytest.raises(CheckpointError, match=r"foreign file|damaged or cut|format version"):
        load(path)


@pytest.mark.parametrize("header", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"step": NaN}', b"9" * 5000])
def test_a_malformed_header_is_refused(path, header):
    rewrite(path, header=header)
    with pytest.raises(CheckpointError, match=r"damaged or cut|foreign file|NaN"):
        load(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [2**40, 2**40]},
        {"shape": [2**36]},
        {"shape": [0, 2**36, 2**36]},
        {"shape": [-100]},
        {"shape": [100.0]},
        {"shape": [True]},
        {"shape": [1] * 9},
        {"shape": "100"},
        {"shape": [99]},
        {"dtype": "|O"},
        {"dtype": "|O8"},
        {"dtype": "<V8000000000"},
        {"dtype": "<U25"},
        {"dtype": "<f1"},
        {"dtype": ">f8"},
        {"dtype": "<f8\n"},
        {"dtype": 8},
        {"dtype": "<i8"},
        {"name": "../../escape"},
        {"name": "b_cells/uid"},
        {"name": 5},
        {"sha256": "0" * 64},
        {"sha256": None},
        {"more": 1},
    ],
    ids=str,
)
def test_a_hostile_array_row_is_refused_before_memory_is_taken(path, changes):
    rewrite(path, arrays=rows(path, **changes))
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match=r"step=000720\.npz: "):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 5 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("key", ["scenario_hash", "step", "time_h", "arrays"])
@pytest.mark.parametrize("value", [None, {}, True, [5]], ids=str)
def test_header_fields_of_wrong_type_are_refused(path, key, value):
    rewrite(path, **{key: value})
    with pytest.raises(CheckpointError, match=r"header|no checkpoint"):
        load(path)


def test_a_pickle_inside_is_never_opened(path, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "exploded",))

    payload = io.BytesIO()
    np.save(payload, np.array([Bomb()], dtype=object), allow_pickle=True)
    size = len(payload.getvalue())
    for dtype in ("|O8", "|u1"):
        rewrite(path, member={"b_cells/x_um.npy": payload.getvalue()})
        rewrite(path, arrays=rows(path, dtype=dtype, shape=[size - 128]))
        with pytest.raises(CheckpointError, match=r"not one of plain numbers|own header differs"):
            load(path)
    assert not (tmp_path / "exploded").exists()


def test_a_compression_bomb_is_refused(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", bytes(2**24))
    with pytest.raises(CheckpointError, match="its members are compressed"):
        load(path)


def test_overlapping_members_are_refused(path):
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        big = archive.getinfo("b_cells/x_um.npy")
    for signature, offset in ((b"PK\x01\x02", 20), (b"PK\x01\x02", 24)):
        at = content.find(b"b_cells/x_um.npy", content.find(signature)) - 46 + offset
        content[at : at + 4] = (big.file_size * 100).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="claim more than the file's"):
        load(path)


def test_twins_and_encrypted_members_are_refused(path):
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("header.json", b"{}")
    with pytest.raises(CheckpointError, match="two members have the same name"):
        load(path)
    save(path, ARRAYS, HEADER)
    content = bytearray(path.read_bytes())
    content[content.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged or cut"):
        load(path)


def test_what_is_no_regular_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    (tmp_path / "zero.npz").symlink_to("/dev/zero")
    for name, reason in (("pipe", "not a regular"), ("zero", "not a regular"), ("none", "there is no such")):
        with pytest.raises(CheckpointError, match=reason):
            load(tmp_path / f"{name}.npz")
    with pytest.raises(CheckpointError, match="not a regular file"):
        load(tmp_path)


def test_a_file_above_the_allowed_size_is_refused_unopened(path):
    with path.open("r+b") as file:
        file.truncate(checkpoint.MAX_BYTES + 1)  # sparse: takes no room
    with pytest.raises(CheckpointError, match="more than the allowed"):
        load(path)


def test_the_last_two_are_kept(store):
    assert sorted(path.name for path in store.folder.iterdir()) == ["step=000480.npz", "step=000720.npz"]
    latest = store.latest()
    assert latest.header == {"mu": 0.5, "scenario_hash": "ab", "step": 720, "time_h": 6.0}
    assert latest.refused == ""
    assert latest.arrays["x"][0] == 720


def test_a_damaged_newest_is_refused_and_the_previous_one_used_and_said_so(store):
    newest = store.folder / "step=000720.npz"
    newest.write_bytes(newest.read_bytes()[:-30])
    latest = store.latest()
    assert latest.header["step"] == 480
    assert "step=000720.npz: damaged or cut" in latest.refused
    store.save(600, 5.0, {"x": np.zeros(1)}, {})
    assert sorted(path.name for path in store.folder.iterdir()) == ["step=000480.npz", "step=000600.npz"]


def test_when_none_is_intact_all_reasons_are_given(store):
    for path in store.folder.iterdir():
        path.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"no checkpoint can be used: .*step=000720.*step=000480"):
        store.latest()


def test_an_empty_store_has_none(tmp_path):
    assert CheckpointStore(tmp_path / "new", "ab").latest() is None


def test_checkpoints_of_another_scenario_or_step_are_refused(store):
    with pytest.raises(CheckpointError, match="belongs to another scenario, 'ab'"):
        CheckpointStore(store.folder, "cd").latest()
    shutil.copy(store.folder / "step=000480.npz", store.folder / "step=000960.npz")
    assert "holds step 480" in store.latest().refused


def test_files_of_others_are_left_alone(store):
    for name in ("step=1.npz", "step=000001.npz.bak", "notes.txt"):
        (store.folder / name).write_text("mine")
    store.save(960, 8.0, {}, {})
    assert len(list(store.folder.iterdir())) == 5


def test_a_save_killed_at_any_moment_leaves_a_checkpoint_to_resume_from(tmp_path):
    folder, last = tmp_path / "serum-r0", -1
    for pause in np.random.default_rng(2).uniform(0, 0.1, 12):
        process = python(SAVE_FOR_EVER, folder)
        assert process.stdout.readline() == "ready\n"
        time.sleep(pause)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        latest = CheckpointStore(folder, "ab").latest()
        assert latest.refused == ""
        assert (latest.arrays["x"] == latest.header["step"]).all()
        assert latest.header["step"] > last
        last = latest.header["step"]
    assert len(list(folder.iterdir())) <= 3  # between the rename and the removal there may be three


def test_a_file_size_limit_is_named_and_both_older_ones_stay(store):
    out, err = python(SAVE_LIMITED, store.folder).communicate()
    assert "the file-size limit is reached" in out, err
    assert store.latest().header["step"] == 720
    assert len(list(store.folder.iterdir())) == 2


def test_a_full_disk_is_named_and_the_older_one_stays(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("SKIPPED OUT LOUD: no right to mount a small tmpfs, so a full disk was not tried")
    try:
        store = CheckpointStore(disk / "serum-r0", "ab")
        store.save(1, 0.5, {"x": np.zeros(10)}, {})
        with pytest.raises(CheckpointError, match="the disk is full"):
            store.save(2, 1.0, {"x": np.zeros(100_000)}, {})
        assert store.latest().header["step"] == 1
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_folder_removed_during_the_run_is_named(store):
    shutil.rmtree(store.folder)
    with pytest.raises(CheckpointError, match="its folder is gone"):
        store.save(960, 8.0, {}, {})
    with pytest.raises(CheckpointError, match="its folder is gone"):
        CheckpointStore(store.folder / "below", "ab")
    assert not store.folder.exists()
