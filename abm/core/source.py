"""Which model made a number: hashes over the package's own files and the libraries that it computes with.

Everything counts but what is named here as unable to change a number, so a file that is added later counts at once.
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
LIBRARIES = ("numba", "numpy", "scipy")
SHOWING = ("__main__.py", "cli", "dossier", "plot", "references.bib", "verify", "view")  # what tells, draws, checks
NOT_IN_RUNS = (*SHOWING, "evidence", "inference")  # claims read runs; no run reads a claim
WITH_KERNELS = ("biology", "core")


@cache
def model_hash(without: tuple[str, ...] = NOT_IN_RUNS, package: Path = PACKAGE) -> str:
    """Return a hash of every file that can change a number, as it was when this process first asked.

    Parameters
    ----------
    without : tuple of str
        Files and folders of the package that cannot; `NOT_IN_RUNS` for runs, `SHOWING` where claims are judged.
    package : Path
        Folder of the package.
    """
    return _hash(package, (entry for entry in package.iterdir() if entry.name not in without))


def kernels_hash(package: Path = PACKAGE) -> str:
    """Return a hash of every file that compiled code depends on; it names the compilation cache."""
    return _hash(package, (package / name for name in WITH_KERNELS))


def _hash(package: Path, entries: Iterable[Path]) -> str:
    digest = hashlib.sha256(repr([(name, metadata.version(name)) for name in LIBRARIES]).encode())
    found = {path.relative_to(package).as_posix(): path for entry in entries for path in _files(entry)}
    for name in sorted(found):
        digest.update(f"\0{name}\0".encode() + hashlib.sha256(found[name].read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(entry: Path) -> list[Path]:
    """Return the files at or below a place, without what Python or an editor leaves beside them."""
    paths = entry.rglob("*") if entry.is_dir() else [entry]
    return [p for p in paths if p.is_file() and p.suffix != ".pyc" and not p.name.startswith(".")]
