"""Compilation: a cache that notices every edit, and options that keep bits."""

import os
import pwd
import tempfile

import numba
import numpy as np
import pytest

from abm.core import jit
from abm.core.jit import device, kernel, prange, serial
from abm.core.source import kernels_hash


@kernel
def halve(out, values):
    for i in prange(out.size):
        out[i] = values[i] / 2.0


@serial
def add_up(values):
    total = 0.0
    for i in range(values.size):
        total += values[i]
    return total


@device
def ratio(a, b):
    return a / b


def test_a_kernel_runs_compiled_and_plain_alike():
    compiled, plain, values = np.empty(1000), np.empty(1000), np.random.default_rng(1).random(1000)
    halve(compiled, values)
    halve.py_func(plain, values)
    assert compiled.tobytes() == plain.tobytes()


def test_a_serial_loop_adds_in_the_order_of_rows():
    values = np.random.default_rng(2).random(10_001)
    assert add_up(values) == add_up.py_func(values)  # reordered sums differ in the last bit


@pytest.mark.parametrize("compiled", [halve.alone, halve.together, add_up, ratio])
def test_nothing_is_compiled_with_loose_arithmetic(compiled):
    assert not compiled.targetoptions.get("fastmath")
    assert compiled.targetoptions["error_model"] == "numpy"
    assert compiled.targetoptions.get("parallel", False) == (compiled is halve.together)


@pytest.mark.parametrize(("n_threads", "n_rows"), [(1, jit.MANY_ROWS), (2, jit.MANY_ROWS - 1), (2, jit.MANY_ROWS)])
def test_threads_are_woken_for_many_rows_alone(n_threads, n_rows, monkeypatch):
    own = kernel(halve.py_func)
    called = []
    monkeypatch.setattr(own, "alone", lambda *given: called.append("alone"))
    monkeypatch.setattr(own, "together", lambda *given: called.append("together"))
    jit.set_threads(n_threads)
    own(np.empty(n_rows), np.ones(n_rows))
    assert called == ["together" if n_threads == 2 and n_rows == jit.MANY_ROWS else "alone"]


def test_what_is_compiled_with_and_without_threads_is_kept_apart():
    for compiled in (halve.alone, halve.together):
        compiled(np.empty(2), np.empty(2))
    files = {compiled._cache._cache_file._index_name for compiled in (halve.alone, halve.together)}
    assert len(files) == 2


def test_division_by_zero_gives_infinity_not_an_exception():
    assert ratio(1.0, 0.0) == np.inf


@pytest.mark.parametrize(("asked", "given"), [(1, 1), (2, 2), (0, 1), (10**6, None)])
def test_threads_are_set_within_what_the_machine_has(asked, given):
    jit.set_threads(asked)
    assert numba.get_num_threads() == (given or numba.config.NUMBA_NUM_THREADS)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user with an empty home and no wishes; temporary folders are made beside it."""
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "")  # so that what is set meanwhile goes at the end
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def cache_below(place):
    return place / "abm" / f"numba-{kernels_hash()}"


def is_temporary(folder, tmp_path):
    return folder.relative_to(tmp_path).parts[0].startswith("abm-")


@pytest.mark.parametrize(
    ("wishes", "place"),
    [
        ({}, "home/.cache"),
        ({"XDG_CACHE_HOME": "{}/own"}, "own"),
        ({"XDG_CACHE_HOME": "{}/own", "NUMBA_CACHE_DIR": "{}/numba"}, "numba"),
        ({"NUMBA_CACHE_DIR": "numba"}, "numba"),
        ({"NUMBA_CACHE_DIR": "~/numba"}, "home/numba"),
        ({"XDG_CACHE_HOME": "~/own"}, "home/.cache"),
        ({"XDG_CACHE_HOME": "own"}, "home/.cache"),
    ],
)
def test_the_cache_is_where_the_user_wants_it(home, tmp_path, monkeypatch, wishes, place):
    for name, wish in wishes.items():
        monkeypatch.setenv(name, wish.format(tmp_path))
    assert jit._cache_folder() == cache_below(tmp_path / place)
    assert not list(tmp_path.rglob("~"))


@pytest.mark.parametrize("wish", ["", "~/numba"])
def test_a_user_without_a_home_gets_a_temporary_cache_and_no_folder_named_after_a_tilde(
    home, tmp_path, monkeypatch, wish
):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # as for a number that no account has
    monkeypatch.setenv("NUMBA_CACHE_DIR", wish)
    assert is_temporary(jit._cache_folder(), tmp_path)
    assert not list(tmp_path.rglob("~"))


def test_a_home_that_is_not_there_is_not_made(home, tmp_path, monkeypatch):
    home.rmdir()
    assert is_temporary(jit._cache_folder(), tmp_path)
    assert not home.exists()


def test_a_cache_that_cannot_be_written_is_replaced_by_a_temporary_one(home, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    folder = jit._cache_folder()
    assert is_temporary(folder, tmp_path)
    assert jit._cache_folder() == folder  # so do the workers find it


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
@pytest.mark.parametrize("is_outer", [False, True])
def test_a_cache_that_others_may_write_to_is_not_used(home, tmp_path, mode, is_outer):
    folder = jit._cache_folder()
    (folder.parent if is_outer else folder).chmod(mode)
    assert is_temporary(jit._cache_folder(), tmp_path)


def test_a_cache_of_somebody_else_is_not_used(home, tmp_path, monkeypatch):
    assert jit._cache_folder() == cache_below(home / ".cache")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert is_temporary(jit._cache_folder(), tmp_path)


def test_a_link_to_another_folder_is_no_cache(home, tmp_path):
    cache_below(home / ".cache").parent.mkdir(parents=True)
    (tmp_path / "theirs").mkdir()
    cache_below(home / ".cache").symlink_to(tmp_path / "theirs")
    assert is_temporary(jit._cache_folder(), tmp_path)


def test_a_cache_is_made_for_the_user_alone_whatever_the_mask(home, tmp_path):
    before = os.umask(0)
    try:
        folder = jit._cache_folder()
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (folder, folder.parent)} == {0o700}


def test_the_threading_layer_has_a_name():
    assert jit.threading_layer() in ("tbb", "omp", "workqueue")


def test_few_rows_compile_for_several_threads_what_many_would_need(monkeypatch):
    own = kernel(halve.py_func)
    jit.set_threads(2)
    with jit.few_for_many(jit.MANY_ROWS / 4):
        for n_rows in (3, 4):
            assert not own.together.signatures
            out = np.empty(n_rows)
            own(out, np.ones(n_rows))
            assert (out == 0.5).all()
    assert own.alone.signatures == own.together.signatures
