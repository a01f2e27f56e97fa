"""Compiled kernels on the disk: read without what only a compiler needs, compiled by one process while others wait."""

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.compiler_lock import global_compiler_lock
from numba.core.runtime import rtsys

POLL_S = 0.02
PATIENCE_S = 120.0  # design: ten times what the slowest kernel takes

n_compiled = 0  # kernels, in this process


def keep(compiled: Any, function: Callable, parallel: bool) -> None:
    """Let what is compiled of a function be kept on the disk; its files are looked for at the first call."""

    def compile_kept(signature: Any) -> Any:
        with global_compiler_lock:  # of all threads
            if not isinstance(compiled._cache, KernelCache):
                with suppress(RuntimeError):  # there is no folder to keep it in
                    compiled._cache = KernelCache(function, parallel)
            with compiled._cache.turn() if isinstance(compiled._cache, KernelCache) else nullcontext():
                return type(compiled).compile(compiled, signature)

    compiled.compile = compile_kept


class KernelCache(FunctionCache):
    """Numba's disk cache, but a damaged file or a full disk means that a kernel is compiled again.

    What one function becomes with and without threads is kept apart.
    """

    def __init__(self, function: Callable, parallel: bool):
        super().__init__(function)
        name = f"{self._impl.filename_base}{'.threads' if parallel else ''}"
        self._cache_file = IndexDataCacheFile(self._cache_path, name, self._impl.locator.get_source_stamp())
        self._lock: int | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Load or compile; the compiler makes much, of which little can be collected before it is done."""
        collects = gc.isenabled()
        try:
            yield
        finally:
            self._unlock()
            if collects:
                gc.enable()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code, or None where this process has to compile it."""
        found = self._read(sig, target_context)
        if found is None and self._has_waited():
            found = self._read(sig, target_context)
        if found is None:
            gc.disable()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled code if that is possible."""
        global n_compiled
        n_compiled += 1
        with suppress(Exception):
            super().save_overload(sig, data)

    def _read(self, sig: Any, target_context: Any) -> Any:
        """Return what is on the disk; Numba itself would first load its whole compiler."""
        rtsys.initialize(target_context)
        try:
            return self._load_overload(sig, target_context)
        except Exception:  # unpickling what is no pickle raises anything
            with suppress(OSError):
                self.flush()
            return None

    def _has_waited(self) -> bool:
        """Lock this kernel, and return whether another process held it: what it compiled is on the disk now."""
        waited_s = 0.0
        with suppress(OSError, ImportError):  # without locks two do the same work
            from fcntl import LOCK_EX, LOCK_NB, flock

            self._impl.locator.ensure_cache_path()
            self._unlock()
            name = Path(self._cache_path, f"{self._cache_file._index_name}.lock")
            self._lock = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
            while waited_s < PATIENCE_S:
                try:
                    flock(self._lock, LOCK_EX | LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(POLL_S)
                    waited_s += POLL_S
        return waited_s > 0.0

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
