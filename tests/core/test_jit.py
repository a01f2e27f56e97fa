"""Compilation: a cache that notices every edit, and options that keep bits."""

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


@pytest.mark.parametrize("compiled", [halve, add_up, ratio])
def test_nothing_is_compiled_with_loose_arithmetic(compiled):
    assert not compiled.targetoptions.get("fastmath")
    assert compiled.targetoptions["error_model"] == "numpy"
    assert compiled.targetoptions.get("parallel", False) == (compiled is halve)


def test_division_by_zero_gives_infinity_not_an_exception():
    assert ratio(1.0, 0.0) == np.inf


@pytest.mark.parametrize(("asked", "given"), [(1, 1), (2, 2), (0, 1), (10**6, None)])
def test_threads_are_set_within_what_the_machine_has(asked, given):
    jit.set_threads(asked)
    assert numba.get_num_threads() == (given or numba.config.NUMBA_NUM_THREADS)


def test_the_cache_is_the_users_own_where_it_can_be_written(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert jit._cache_folder() == tmp_path / "abm" / f"numba-{kernels_hash()}"


def test_a_cache_that_cannot_be_written_is_replaced_by_a_temporary_one(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = jit._cache_folder()
    assert folder.relative_to(tmp_path).parts[0].startswith("abm-")
    folder.mkdir(parents=True)
    assert jit._cache_folder() == folder  # so do the workers find it


def test_the_threading_layer_has_a_name():
    assert jit.threading_layer() in ("tbb", "omp", "workqueue")
