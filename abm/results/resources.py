"""How much room there is before a run starts."""

import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path


def free_disk(path: str | os.PathLike[str]) -> int:
    """Return the free bytes where `path` is, or will be made."""
    place = Path(path).absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def free_memory() -> int:
    """Return the bytes this process can still take: the machine's, its control group's or its own limit's."""
    return max(0, min((_machine_free(), *_group_free(), *_limit_free())))


def _machine_free() -> int:
    free = _fields("/proc/meminfo").get("MemAvailable")
    if free is not None:
        return free * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _group_free() -> Iterator[int]:
    """Yield what each enclosing control group (v2, then v1) leaves free."""
    for line in _text("/proc/self/cgroup").splitlines():
        _, kinds, name = line.split(":", 2)
        if kinds == "":
            yield from _climb(Path("/sys/fs/cgroup"), name, ("memory.max", "memory.current"))
        elif "memory" in kinds.split(","):
            yield from _climb(Path("/sys/fs/cgroup/memory"), name, ("memory.limit_in_bytes", "memory.usage_in_bytes"))


def _climb(root: Path, name: str, files: tuple[str, str]) -> Iterator[int]:
    place = root / name.lstrip("/")
    for group in (place, *place.parents):
        limit, used = (_text(group / file).strip() for file in files)
        if limit.isdigit() and used.isdigit():
            # Cached file pages are given back under pressure, so they count as free.
            yield int(limit) - int(used) + _fields(group / "memory.stat").get("inactive_file", 0)
        if group == root:
            return


def _limit_free() -> Iterator[int]:
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        yield soft - _fields("/proc/self/status").get("VmSize", 0) * 1024


def _fields(path: str | Path) -> dict[str, int]:
    """Read the lines ``name: 123 kB`` or ``name 123`` of a system file."""
    rows = (line.replace(":", " ").split() for line in _text(path).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
