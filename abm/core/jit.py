"""Compilation of kernels: the only place that sets Numba options.

A *kernel* is a module-level function over rows, or over fixed blocks of them: ``for i in prange(n)`` where iteration
``i`` writes only row, or block, ``i``, so the result cannot depend on the number of threads. ``fastmath`` stays off for
the same reason.

Numba's disk cache does not notice edits in imported functions, so it lives in a per-user folder named after a hash
of every source file that holds kernels: an edit anywhere starts a fresh cache.
"""

import atexit
import ctypes
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from numba import prange
from numba.core.caching import FunctionCache

from abm.core.resources import cores
from abm.core.source import kernels_hash

__all__ = [
    "device",
    "kernel",
    "prange",
    "serial",
    "set_threads",
    "threading_layer",
    "warm_mark",
]


def _cache_folder() -> Path:
    """Return a cache folder of the user's own; a temporary one, shared with workers, where there can be none.

    What is compiled is run, so a folder that somebody else owns, or may write to, is not used.
    """
    with suppress(OSError):
        place = _cache_place()
        if place and _is_usable(found := place / "abm" / f"numba-{kernels_hash()}"):
            return found
    os.environ["NUMBA_CACHE_DIR"] = temporary = tempfile.mkdtemp(prefix="abm-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    folder = Path(temporary) / "abm" / f"numba-{kernels_hash()}"
    _is_usable(folder)
    return folder


def _cache_place() -> Path | None:
    """Return where the user wants a cache, else the usual place; without a home there is none."""
    home, asked = (os.path.expanduser(path) for path in ("~", os.environ.get("NUMBA_CACHE_DIR", "")))
    if asked:
        return None if asked.startswith("~") else Path(asked).absolute()
    usual = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(usual):  # its specification says to ignore any other
        return Path(usual)
    return Path(home) / ".cache" if os.path.isabs(home) and os.path.isdir(home) else None


def _is_usable(folder: Path) -> bool:
    """Make a folder, and say whether it and the one around it are this user's alone; whether it can be written to."""
    folder.parent.mkdir(0o700, parents=True, exist_ok=True)
    folder.mkdir(0o700, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        return _is_own(folder.parent) and _is_own(folder)


def _is_own(folder: Path) -> bool:
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _load_tbb() -> None:
    """Load the tbb wheel's library by hand: pip puts it where the loader does not look."""
    for name in ("libtbb.so.12", "libtbb.so"):
        path = Path(sys.prefix) / "lib" / name
        if path.exists():
            try:
                ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
            except OSError:
                continue
            return


numba.config.CACHE_DIR = str(_cache_folder())
if "NUMBA_NUM_THREADS" not in os.environ:
    numba.config.NUMBA_NUM_THREADS = min(cores(), numba.config.NUMBA_NUM_THREADS)
numba.config.THREADING_LAYER_PRIORITY = ["tbb", "omp", "workqueue"]
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
_load_tbb()

_OPTIONS = {"nogil": True, "fastmath": False, "error_model": "numpy"}


class _Cache(FunctionCache):
    """Numba's disk cache, but a damaged file or a full disk means that a kernel is compiled again."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code, or None where there is none that can be read."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # unpickling what is no pickle raises anything
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled code if that is possible."""
        with suppress(Exception):
            super().save_overload(sig, data)


def _compile(function: Callable, parallel: bool) -> Callable:
    compiled = numba.njit(parallel=parallel, **_OPTIONS)(function)
    with suppress(RuntimeError):  # there is no folder to keep it in
        compiled._cache = _Cache(function)
    return compiled


def kernel(function: Callable) -> Callable:
    """Compile a parallel loop over rows; ``.py_func`` is its plain Python."""
    return _compile(function, parallel=True)


def serial(function: Callable) -> Callable:
    """Compile a loop whose order matters: sorting, grouping, accepting proposals."""
    return _compile(function, parallel=False)


def device(function: Callable) -> Callable:
    """Compile a scalar function that kernels call."""
    return _compile(function, parallel=False)


def warm_mark(kernels: str) -> Path:
    """Return the file that says that these kernels are in the cache."""
    return Path(numba.config.CACHE_DIR) / f"warm-{hashlib.sha256(kernels.encode()).hexdigest()[:16]}"


def set_threads(n_threads: int) -> None:
    """Use ``n_threads`` in every following kernel call of this thread, at most the job's."""
    numba.set_num_threads(max(1, min(n_threads, numba.config.NUMBA_NUM_THREADS)))


def threading_layer() -> str:
    """Name the threading layer in use, or the first choice before any parallel call."""
    try:
        return numba.threading_layer()
    except ValueError:
        return numba.config.THREADING_LAYER_PRIORITY[0]
