"""Hashes of files: kept when they are finished, looked at before they are used again."""

import hashlib
import json
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from abm.core.files import atomic_write, json_text, write_json

FILES = "files.json"
UNSEALED = (FILES, "log.jsonl", "report.html")
FOLDERS = {"cells": "frame=*", "fields": "frame=*", "posterior": "*"}
BELOW = re.compile(r"(?!\.)[^/\0]+(/(?!\.)[^/\0]+)?")
NONE: Mapping[str, str] = MappingProxyType({})


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a regular file; empty where there is none that can be read."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return ""
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def changed(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Return those files below a folder that no longer have their hash, or are gone."""
    return [name for name, own in files.items() if not BELOW.fullmatch(name) or file_hash(folder / name) != own]


def seal(folder: Path, last: str, content: object, known: Mapping[str, str] = NONE) -> None:
    """Keep the hashes of a run's files but those drawn from them, then write the last, which says that all is there.

    Parameters
    ----------
    folder : Path
        A run folder.
    last : str
        Name of the last file.
    content : object
        What it holds, as JSON can.
    known : mapping of str to str
        Hashes that need not be taken again.
    """
    text = json_text(content).encode()
    found = [*folder.glob("*"), *(path for name, made in FOLDERS.items() for path in (folder / name).glob(made))]
    names = sorted(path.relative_to(folder).as_posix() for path in found if path.is_file())
    kept = [name for name in names if BELOW.fullmatch(name) and name not in (*UNSEALED, last)]
    hashes = {name: known.get(name) or file_hash(folder / name) for name in kept}
    write_json(folder / FILES, hashes | {last: hashlib.sha256(text).hexdigest()})
    atomic_write(folder / last, text)


def sealed(folder: Path) -> dict[str, str]:
    """Return the hashes that were kept; none where they cannot be read."""
    try:
        return dict(json.loads((folder / FILES).read_text()))
    except (OSError, ValueError, TypeError):
        return {}
