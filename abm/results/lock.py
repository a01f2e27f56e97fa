"""The lock that lets one process at a time write into a run folder."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from abm.results.files import naming

LOCK_NAME = ".lock"


class LockedError(OSError):
    """Another process, or one that died, holds the folder."""


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Let one process of this host at a time look at the lock file and change it, where the system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Lock:
    """An exclusive lock file with the host, process and start of its owner.

    Parameters
    ----------
    folder : Path
        An existing folder.

    Raises
    ------
    LockedError
        Somebody else holds it; the message says who, and whether that process still runs.
    """

    def __init__(self, folder: Path):
        self.path = folder / LOCK_NAME
        self.owner = {"host": socket.gethostname(), "pid": os.getpid(), "start": datetime.now(UTC).isoformat()}
        with naming(self.path), _one_at_a_time(folder):
            holder = "" if self._sign() else describe(self.path)
        if holder:
            raise LockedError(holder)

    def _sign(self) -> bool:
        """Make the lock file, or return False where there is one."""
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            return False
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(json.dumps(self.owner))
        except BaseException:
            self.path.unlink(missing_ok=True)
            raise
        return True

    @property
    def is_held(self) -> bool:
        """Whether the lock is still there and this process's own."""
        return self.owner["pid"] == os.getpid() and read_owner(self.path) == self.owner

    def release(self) -> None:
        """Remove the lock file if it is still ours."""
        if self.is_held:
            self.path.unlink(missing_ok=True)


def read_owner(path: Path) -> dict[str, Any] | None:
    """Return host, pid and start of the owner; None where there is no readable lock."""
    try:
        owner = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError):
        return None
    is_whole = isinstance(owner, dict) and {"host", "pid", "start"} <= owner.keys() and isinstance(owner["pid"], int)
    return owner if is_whole else None


def is_stale(owner: dict[str, Any]) -> bool:
    """Whether the owner belonged to this host and no longer runs."""
    if owner["host"] != socket.gethostname():
        return False
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def describe(path: Path) -> str:
    """Say who holds the lock and what can be done about it."""
    owner = read_owner(path)
    if owner is None:
        return f"{path.parent} is locked by an owner that cannot be read; if no run is using it, remove {path}"
    text = f"{path.parent} is locked by process {owner['pid']} on host {owner['host']} since {owner['start']}"
    if is_stale(owner):
        return f"{text}; that process no longer runs: remove {path} to resume"
    return f"{text}; wait for it to end"


def clear_stale(folder: str | os.PathLike[str]) -> None:
    """Remove, on the user's demand, the lock of an owner that no longer runs.

    Raises
    ------
    LockedError
        The owner runs, is on another host, or cannot be read.
    """
    path = Path(folder) / LOCK_NAME
    if not path.exists():
        return
    with _one_at_a_time(path.parent):
        owner = read_owner(path)
        if owner is not None and is_stale(owner):
            path.unlink(missing_ok=True)
        elif path.exists():
            raise LockedError(describe(path))
