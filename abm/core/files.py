"""Files that are either whole or absent, whatever happens while they are written."""

import errno
import json
import math
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

Content = bytes | bytearray | memoryview | Callable[[BinaryIO], object]
LEFTOVER = re.compile(r"\..+\.\d+\.abm-tmp")
REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file-size limit is reached (ulimit -f)",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "no right to write there",
    errno.EPERM: "no right to write there",
    errno.ENOENT: "its folder is gone",
    errno.ENOTDIR: "a part of its path is a file",
}


class WriteError(OSError):
    """A file could not be written; ``errno``, ``strerror`` and ``filename`` say which and why."""

    @classmethod
    def of(cls, error: OSError, path: str | os.PathLike[str]) -> "WriteError":
        """Reword an error of the operating system."""
        reason = REASONS.get(error.errno or 0, error.strerror or str(error))
        return cls(error.errno, reason, os.fspath(path))

    def __str__(self) -> str:
        """Name the file and the reason."""
        return f"cannot write {self.filename}: {self.strerror}"


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn any ``OSError`` inside the block into a `WriteError` about `path`."""
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        raise WriteError.of(error, path) from error


def atomic_write(path: str | os.PathLike[str], content: Content, is_passing: bool = False) -> None:
    """Write a file under a temporary name in its folder and rename it into place once it is on the disk.

    Parameters
    ----------
    path : path-like
        An older file of that name is replaced.
    content : bytes-like or callable
        A callable is given the open, seekable binary file.
    is_passing : bool
        It is soon put into another file, and made again where it is damaged: so it need not outlast a power cut, and
        nobody waits for the disk.

    Raises
    ------
    WriteError
        The older file, if any, is then still whole.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.abm-tmp")
    with naming(path):
        try:
            _write(temporary, content, not is_passing)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        if not is_passing:
            _sync_folder(path.parent)


def _write(path: Path, content: Content, is_synced: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o666), "wb") as file:
        if callable(content):
            content(file)
        else:
            file.write(content)
        if is_synced:
            file.flush()
            os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync a folder
            raise
    finally:
        os.close(descriptor)


def try_folder(path: str | os.PathLike[str]) -> None:
    """Raise the `WriteError` that a folder would meet when it is made and written to; nothing is left behind."""
    place = Path(path).absolute()
    while not place.exists():
        place = place.parent
    with naming(path), tempfile.TemporaryDirectory(dir=place, prefix=".abm-"):
        pass


def append_line(path: str | os.PathLike[str], line: str) -> None:
    """Append one line; a last line that was cut by a crash is ended first."""
    with naming(path), open(path, "ab+", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        is_cut = size > 0 and os.pread(file.fileno(), 1, size - 1) != b"\n"
        data = memoryview(("\n" * is_cut + line + "\n").encode())
        while data:
            data = data[file.write(data) :]


def append_event(path: str | os.PathLike[str], event: str, fields: Mapping[str, object]) -> None:
    """Append one event with its moment as a line of JSON."""
    record = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **fields}
    append_line(path, json.dumps(record, ensure_ascii=False, default=str))


def remove_leftovers(folder: str | os.PathLike[str]) -> None:
    """Remove the temporary files that killed writers left below `folder`."""
    for parent, _, names in os.walk(folder):
        for name in filter(LEFTOVER.fullmatch, names):
            with suppress(OSError):
                os.unlink(os.path.join(parent, name))


def json_text(value: object) -> str:
    """Return strict JSON: NaN and infinity become null, NumPy numbers plain numbers."""
    return json.dumps(_plain(value), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_json(path: str | os.PathLike[str], value: object, is_passing: bool = False) -> None:
    """Write `value` by `json_text` and `atomic_write`."""
    atomic_write(path, json_text(value).encode(), is_passing)
