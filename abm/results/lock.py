"""The lock that lets one process at a time write into a folder.

The lock file names its owner: host, process, when that process was born and in which boot of the machine, so that a
process that has come to the same number is told apart. While it works, the owner touches the file: that is all that
another machine can see of it.
"""

import fcntl
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

from abm.core.files import naming

LOCK_NAME = ".lock"
BEAT_S = 10.0  # design: so rarely that it costs nothing
SILENT_S = 120.0  # design: network file systems show a change up to a minute late
LATER_S = 2.0  # design: system times are told to the second
TAKE_OVER = "--unlock takes the lock over and goes on from what is on the disk"


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
    """An exclusive lock file with host, process and start of its owner, who touches it as long as it is held.

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
        self.owner = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "start": datetime.now(UTC).isoformat(),
            "boot": _boot(),
            "born_ticks": _process(os.getpid())[1],
            "beat_s": BEAT_S,
        }
        with naming(self.path), _one_at_a_time(folder):
            holder = "" if self._sign() else describe(self.path)
        if holder:
            raise LockedError(holder)
        self._released = Event()
        Thread(target=self._beat, daemon=True).start()

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

    def _beat(self) -> None:
        while not self._released.wait(BEAT_S) and self.is_held:
            with suppress(OSError):
                os.utime(self.path)

    @property
    def is_held(self) -> bool:
        """Whether the lock is still there and this process's own."""
        return self.owner["pid"] == os.getpid() and read_owner(self.path) == self.owner

    def release(self) -> None:
        """Remove the lock file if it is still ours."""
        self._released.set()
        if self.is_held:
            self.path.unlink(missing_ok=True)


def read_owner(path: Path) -> dict[str, Any] | None:
    """Return what the owner wrote; None where there is no readable lock."""
    try:
        owner = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError):
        return None
    is_whole = isinstance(owner, dict) and {"host", "pid", "start"} <= owner.keys()
    return owner if is_whole and type(owner["pid"]) is int and 0 < owner["pid"] < 2**31 else None


def is_dead(owner: dict[str, Any]) -> bool:
    """Whether the owner was a process of this machine, since it was last started, that no longer runs."""
    return _is_here(owner) and _end(owner) != ""


def _end(owner: dict[str, Any]) -> str:
    """Say how a process of this machine ended; nothing if it runs."""
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return "that process no longer runs"
    except OSError:  # it runs under another user
        pass
    state, born_ticks = _process(owner["pid"])
    if state in ("Z", "X"):
        return "that process no longer runs"
    return "" if born_ticks is None or _is_same(owner, born_ticks) else "that process ended and another has its number"


def _is_here(owner: dict[str, Any]) -> bool:
    return owner["host"] == socket.gethostname() and owner.get("boot", _boot()) == _boot()


def _is_same(owner: dict[str, Any], born_ticks: int) -> bool:
    """Whether the process that has the owner's number now is the owner."""
    if owner.get("born_ticks") is not None:
        return owner["born_ticks"] == born_ticks
    try:  # an owner that did not say when it was born was so before it made the lock
        booted_s = next(int(row.split()[1]) for row in Path("/proc/stat").read_text().splitlines() if "btime" in row)
        born_s = booted_s + born_ticks / os.sysconf("SC_CLK_TCK")
        return born_s < datetime.fromisoformat(owner["start"]).timestamp() + LATER_S
    except (OSError, ValueError, TypeError, StopIteration):
        return True


def _process(pid: int) -> tuple[str, int | None]:
    """Return a process's state and when it was born, clock ticks after boot, as far as the system says so."""
    with suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0], int(fields[19])
    return "", None


def _boot() -> str:
    """Return an identifier of this machine, its last start and this container."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip() + os.readlink("/proc/self/ns/pid")
    return ""


def _silence_s(path: Path) -> float:
    """Return how long ago the lock was touched, by the clock of its own file system."""
    try:
        with tempfile.TemporaryFile(dir=path.parent) as probe:
            now = os.fstat(probe.fileno()).st_mtime
    except OSError:
        now = time.time()
    with suppress(FileNotFoundError):
        return max(0.0, now - path.stat().st_mtime)
    return 0.0


def describe(path: Path) -> str:
    """Say who holds the lock and what can be done about it."""
    owner = read_owner(path)
    if owner is None:
        text = f"{path.parent} is locked by an owner that cannot be read"
    else:
        text = f"{path.parent} is locked by process {owner['pid']} on host {owner['host']} since {owner['start']}"
    return f"{text}; {_way_out(path, owner)[1]}"


def _way_out(path: Path, owner: dict[str, Any] | None) -> tuple[str, str]:
    """Return whether the owner is ``dead``, perhaps so (``silent``) or at ``work``, and what can be done."""
    if owner and _is_here(owner):
        end = _end(owner)
        return ("dead", f"{end}: {TAKE_OVER}") if end else ("work", "it is at work on this machine: wait for it to end")
    if owner and "beat_s" not in owner:
        return "silent", f"that is another machine, or an earlier boot of this one: if it has ended, {TAKE_OVER}"
    silence_s = _silence_s(path)
    if silence_s > SILENT_S:
        return "silent", f"it gave no sign of life for {_duration(silence_s)}: if it has ended, {TAKE_OVER}"
    waiting = f"once it is silent for {_duration(SILENT_S)}, {TAKE_OVER}"
    return "work", f"it gave a sign of life {_duration(silence_s)} ago: wait for it to end; {waiting}"


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def take_over(folder: str | os.PathLike[str], unlocks: bool = False) -> None:
    """Remove the lock of an owner that no longer runs.

    Parameters
    ----------
    folder : path-like
        Where the lock may be.
    unlocks : bool
        Whether, on the user's word, that of an owner elsewhere that seems to have ended goes as well.

    Raises
    ------
    LockedError
        The owner runs, or may do so.
    """
    path, holder = Path(folder) / LOCK_NAME, ""
    if not path.exists():
        return
    with naming(path), _one_at_a_time(path.parent):
        state, _ = _way_out(path, read_owner(path))
        if state == "dead" or (unlocks and state == "silent"):
            path.unlink(missing_ok=True)
        elif path.exists():
            holder = describe(path)
    if holder:
        raise LockedError(holder)
