"""Which files a file may name: those below its own folder, its project, the package's configs and what the user allows.

The file that the user names decides; what it names, and what that names in turn, stays within the same folders.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from abm.core.errors import Fault, InputError
from abm.core.paths import from_home
from abm.document.shipped import CONFIGS

PROJECT = ("pyproject.toml", ".git")
RUN = "provenance.json"  # what only the folder of a run has
ALLOWED = "files of this folder, its project or the package's configs; abm --allow-path FOLDER allows more"

_allowed: tuple[str, ...] = ()


def allow(folders: Iterable[str | Path]) -> None:
    """Let files name what lies below these folders too, in this process.

    Raises
    ------
    InputError
        One is no folder.
    """
    global _allowed
    given = [str(from_home(folder)) for folder in folders]
    wrong = [Fault("no such folder", file=folder) for folder in given if not os.path.isdir(folder)]
    if wrong:
        raise InputError(*wrong)
    _allowed = tuple(map(os.path.realpath, given))


def allow_file(file: str | Path) -> None:
    """Let files name this one too, in this process: the user has named it, whether it is there or not."""
    global _allowed
    _allowed = (*_allowed, os.path.realpath(file))


def reach_of(file: str | Path) -> tuple[str, ...]:
    """Return the folders below which a file that the user names may name others, symbolic links resolved.

    A run belongs to the folder that holds all runs, ``runs``, and so to the one around that.
    """
    folder = Path(os.path.realpath(Path(file).parent))
    home = folder.parents[2] if (folder / RUN).exists() and len(folder.parents) > 2 else folder
    project = next((p for p in (home, *home.parents) if any((p / name).exists() for name in PROJECT)), home)
    return tuple(dict.fromkeys((str(folder), str(project), str(CONFIGS), *_allowed)))


def is_within(file: str, reach: Iterable[str]) -> bool:
    """Whether a file lies below one of some folders, symbolic links resolved."""
    real = Path(os.path.realpath(file))
    return any(real.is_relative_to(folder) for folder in reach)
