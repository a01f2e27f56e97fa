"""Files that come with the package: a name without a path, such as ``three_arms``, means one of them.

A file of that name beside the one that names it, or in the working folder, wins.
"""

import os
from pathlib import Path

from abm.core.errors import nearest

PACKAGE = Path(__file__).resolve().parents[1]
CONFIGS = next((p for p in (PACKAGE / "configs", PACKAGE.parent / "configs") if p.is_dir()), PACKAGE / "configs")


def shipped(kind: str = "*", suffix: str = ".yaml") -> dict[str, Path]:
    """Return the files that ship, by name without suffix; ``kind`` is a folder of them, such as ``scenarios``."""
    return {path.stem: path for path in sorted(CONFIGS.glob(f"{kind}/*{suffix}"))}


def meant(name: str, folder: str = "", suffix: str = ".yaml") -> str:
    """Return the file that a name means, seen from a folder; of none there, and none that ships, the path as given."""
    file = os.path.join(folder, name)
    if os.path.dirname(name) or os.path.isfile(file):
        return file
    stem = name.removesuffix(suffix)
    beside = os.path.join(folder, f"{stem}{suffix}")
    return beside if stem and os.path.isfile(beside) else str(shipped(suffix=suffix).get(stem, file))


def near(name: str, folder: str = "") -> str:
    """Return the most similar name of a file beside or, for a name without a path, that ships; empty if none is."""
    inner, last = os.path.split(name)
    try:
        beside = sorted(os.listdir(os.path.join(folder, inner) or "."))
    except OSError:
        beside = []
    found = nearest(last, [*beside, *(() if inner else shipped())])
    return os.path.join(inner, found) if found else ""
