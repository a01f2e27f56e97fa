"""Paths as people write them: ``~`` is the home folder, and never the name of one that is made here."""

import os
from pathlib import Path

from abm.core.errors import InputError


def from_home(path: str | os.PathLike[str]) -> Path:
    """Return a path with a leading ``~``, or ``~user``, replaced by that home folder.

    Raises
    ------
    InputError
        There is no such home, or a folder of the path is itself named ``~``.
    """
    text = os.fspath(path)
    found = Path(os.path.expanduser(text))
    first = text.partition(os.sep)[0]
    is_lost = first.startswith("~") and not found.is_absolute() and (first == "~" or not os.path.lexists(first))
    if is_lost or "~" in found.parts or (first == "~" and os.environ.get("HOME") == ""):
        allowed = f"the whole path, such as {os.getcwd()}/runs"
        raise InputError(f"{text}: no home folder is known for '~'; allowed: {allowed}")
    return found
