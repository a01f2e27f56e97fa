"""Which software made a result: versions and times, but no host name and no absolute path."""

import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path

from abm.core.version import __version__

PACKAGES = ("matplotlib", "mesa", "numba", "numpy", "pandas", "pyarrow", "pydantic", "ruamel.yaml", "scipy", "tbb")
HERE = Path(__file__).resolve().parent


def collect(t_start: datetime, n_threads: int = 1) -> dict[str, object]:
    """Describe the software and the time taken since `t_start`.

    Parameters
    ----------
    t_start : datetime
        With a time zone.
    n_threads : int
        Threads the run was given.

    Returns
    -------
    dict
        ``software``, ``commit`` (with ``+dirty``; None outside a checkout), ``python``, ``platform``, ``packages``,
        ``n_threads``, ``start`` and ``elapsed_s``.
    """
    return {
        **software(),
        "n_threads": n_threads,
        "start": t_start.astimezone(UTC).isoformat(timespec="seconds"),
        "elapsed_s": round((datetime.now(UTC) - t_start).total_seconds(), 3),
    }


@cache
def software() -> dict[str, object]:
    """Describe the software, as it was when this process first asked."""
    return {
        "software": __version__,
        "commit": commit(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": {name: found for name in PACKAGES if (found := version(name))},
    }


def version(package: str) -> str | None:
    """Return the installed version of a package."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def commit() -> str | None:
    """Return the checked-out commit of this very code, with ``+dirty`` when files differ from it."""
    if _git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None  # installed inside somebody else's repository, or in none
    head = _git("rev-parse", "HEAD")
    changes = _git("--no-optional-locks", "status", "--porcelain", "--", str(HERE.parent))
    return f"{head}+dirty" if head and changes else head


def _git(*words: str) -> str | None:
    command = ["git", "-C", str(HERE), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
