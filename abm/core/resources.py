"""What this process may use: the cores and memory of its job, which may be a small share of the machine's."""

import gc
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RARELY = (50_000, 20, 100)  # design: at Python's own thresholds a twentieth of a cohort's time goes into it


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Let Python look more rarely for what refers to itself and to which nothing else refers."""
    before = gc.get_threshold()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def free_disk(path: str | os.PathLike[str]) -> int:
    """Return the free bytes of the disk that holds `path`, or will hold it."""
    place = Path(path).absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def cores() -> int:
    """Return the cores this process may use: its affinity's, its control group's or its Slurm job's."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min((own, *map(int, _group_cores()), *_slurm_cores())))


def free_memory() -> int:
    """Return the bytes this process can still take: the machine's, its control group's, job's or own limit's."""
    return max(0, min((_machine_free(), *_group_free(), *_slurm_free(), *_limit_free())))


def _machine_free() -> int:
    free = _fields("/proc/meminfo").get("MemAvailable")
    if free is not None:
        return free * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _groups() -> Iterator[tuple[Path, bool]]:
    """Yield every control group around this process, the nearest first, and whether it is of version 2."""
    for line in _text("/proc/self/cgroup").splitlines():
        _, kinds, name = line.split(":", 2)
        for kind in kinds.split(","):
            root = Path("/sys/fs/cgroup") / kind
            place = root / name.lstrip("/")
            for group in (place, *place.parents):
                yield group, kind == ""
                if group == root:
                    break


def _group_cores() -> Iterator[float]:
    """Yield the quota of each control group; "max" or -1 mean that there is none."""
    for group, is_v2 in _groups():
        names = ("cpu.max",) if is_v2 else ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        words = [word for name in names for word in _text(group / name).split()]
        if len(words) == 2 and all(word.isdigit() for word in words):
            yield int(words[0]) / int(words[1])


def _group_free() -> Iterator[int]:
    """Yield what each control group leaves free."""
    for group, is_v2 in _groups():
        names = ("memory.max", "memory.current") if is_v2 else ("memory.limit_in_bytes", "memory.usage_in_bytes")
        limit, used = (_text(group / name).strip() for name in names)
        if limit.isdigit() and used.isdigit():
            # Cached file pages are given back under pressure, so they count as free.
            yield int(limit) - int(used) + _fields(group / "memory.stat").get("inactive_file", 0)


def _slurm(name: str) -> int:
    """Return a number that Slurm gave the job; 0 where it gave none."""
    text = os.environ.get(f"SLURM_{name}", "")
    return int(text) if text.isdecimal() else 0


def _slurm_cores() -> Iterator[int]:
    found = _slurm("CPUS_PER_TASK") or _slurm("CPUS_ON_NODE")
    if found:
        yield found


def _slurm_free() -> Iterator[int]:
    """Yield the memory of a Slurm job less what this process holds."""
    limit = _slurm("MEM_PER_NODE") or _slurm("MEM_PER_CPU") * (_slurm("CPUS_ON_NODE") or _slurm("CPUS_PER_TASK"))
    if limit:
        yield limit * 2**20 - _fields("/proc/self/status").get("VmRSS", 0) * 1024


def _limit_free() -> Iterator[int]:
    import resource  # not on Windows, which the results package refuses

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
