"""Compilation of kernels: the only place that sets Numba options.

A *kernel* is a module-level function over rows, or over fixed blocks of them: ``for i in prange(n)`` where iteration
``i`` writes only row, or block, ``i``, so the result cannot depend on the number of threads. ``fastmath`` stays off for
the same reason. It is compiled twice, each when it is first needed: to start threads costs as much as thousands of
rows, so a small well, and every well on one thread, never waits for them.

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numba
from numba import prange

from abm.core.kernel_cache import keep
from abm.core.resources import cores
from abm.core.source import kernels_hash

__all__ = [
    "Kernel",
    "device",
    "few_for_many",
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


def _put_off_blas() -> None:
    """Let Numba take BLAS for granted: it would import all linear algebra of SciPy to look, for a tenth of a second."""
    if "scipy.linalg" not in sys.modules:
        sys.modules["scipy.linalg"] = None  # type: ignore[assignment]
        try:
            from numba.np import arraymath
        finally:
            del sys.modules["scipy.linalg"]
        arraymath._HAVE_BLAS = True


_put_off_blas()
numba.config.CACHE_DIR = str(_cache_folder())
if "NUMBA_NUM_THREADS" not in os.environ:
    numba.config.NUMBA_NUM_THREADS = min(cores(), numba.config.NUMBA_NUM_THREADS)
numba.config.THREADING_LAYER_PRIORITY = ["tbb", "omp", "workqueue"]
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
_load_tbb()

MANY_ROWS = 16_384  # design: to wake threads costs 5 us, a row 2 to 20 ns
_OPTIONS = {"nogil": True, "fastmath": False, "error_model": "numpy"}


_n_threads = numba.config.NUMBA_NUM_THREADS
_rel_rows = 1.0


def _compile(function: Callable, parallel: bool = False, forceinline: bool = False) -> Any:
    compiled = numba.njit(parallel=parallel, forceinline=forceinline, **_OPTIONS)(function)
    keep(compiled, function, parallel)
    return compiled


class Kernel:
    """A loop over rows, the first argument, that uses all threads where there are many rows.

    Attributes
    ----------
    py_func : callable
        Its plain Python.
    """

    def __init__(self, function: Callable):
        self.py_func, self.__doc__ = function, function.__doc__

    @cached_property
    def alone(self) -> Any:
        """Return what runs on one thread."""
        return _compile(self.py_func)

    @cached_property
    def together(self) -> Any:
        """Return what runs on several."""
        return _compile(self.py_func, parallel=True)

    def __call__(self, rows: Any, *others: Any) -> Any:
        """Call the loop."""
        is_large = _n_threads > 1 and rows.size * _rel_rows >= MANY_ROWS
        if is_large and _rel_rows > 1.0:
            self.together.compile(tuple(map(self.together.typeof_pyval, (rows, *others))))
            return self.alone(rows, *others)
        return self.together(rows, *others) if is_large else self.alone(rows, *others)


def kernel(function: Callable) -> Callable:
    """Compile a loop over rows, on several threads where that pays; ``.py_func`` is its plain Python."""
    return Kernel(function)


def serial(function: Callable) -> Callable:
    """Compile a loop whose order matters: sorting, grouping, accepting proposals."""
    return _compile(function)


def device(function: Callable) -> Callable:
    """Compile a function that kernels call; it becomes part of them, so their loops run in vector registers."""
    return _compile(function, forceinline=True)


@contextmanager
def few_for_many(rel_rows: float) -> Iterator[None]:
    """Compile for several threads, but run on one, what would be called with this many times more rows."""
    global _rel_rows
    _rel_rows = max(1.0, rel_rows)
    try:
        yield
    finally:
        _rel_rows = 1.0


def warm_mark(kernels: str) -> Path:
    """Return the file that says that these kernels are in the cache."""
    return Path(numba.config.CACHE_DIR) / f"warm-{hashlib.sha256(kernels.encode()).hexdigest()[:16]}"


def set_threads(n_threads: int) -> None:
    """Use ``n_threads`` in every following kernel call of this thread, at most the job's."""
    global _n_threads
    _n_threads = max(1, min(n_threads, numba.config.NUMBA_NUM_THREADS))
    numba.set_num_threads(_n_threads)


def threading_layer() -> str:
    """Name the threading layer in use, or the first choice before any parallel call."""
    try:
        return numba.threading_layer()
    except ValueError:
        return numba.config.THREADING_LAYER_PRIORITY[0]
