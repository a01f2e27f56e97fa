"""What callers from Python may pass in place of command-line options."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from abm.core.errors import InputError
from abm.core.paths import from_home

Sets = str | Iterable[str] | Mapping[str, Any]
ALLOWED = "'dt=1 min', ['dt=1 min', 'seed=2'] or {'dt': '1 min', 'seed': 2}"


def as_path(given: object, what: str = "the path of a file") -> Path:
    """Return a path; ``~`` stands for the home folder.

    Raises
    ------
    InputError
        It is none.
    """
    if not isinstance(given, str | os.PathLike):
        raise InputError(f"found {type(given).__name__} {given!r:.60}; allowed: {what}")
    return from_home(given)


def as_sets(given: Sets) -> tuple[str, ...]:
    """Return what to set as ``path=value``, as after ``--set``.

    Raises
    ------
    InputError
        It is no text, sequence of texts, or mapping from dotted paths to plain values.
    """
    if isinstance(given, str):
        return (given,)
    if isinstance(given, Mapping):
        return tuple(f"{path}={_as_yaml(value)}" for path, value in given.items())
    texts = tuple(given) if isinstance(given, Iterable) else (given,)
    wrong = [text for text in texts if not isinstance(text, str)]
    if wrong:
        raise _refusal(wrong[0])
    return texts


def _as_yaml(value: Any) -> str:
    try:
        return json.dumps(value, default=lambda number: number.item())
    except (AttributeError, TypeError, ValueError):
        raise _refusal(value) from None


def _refusal(found: object) -> InputError:
    return InputError(f"sets: found {type(found).__name__} {found!r:.60}; allowed: {ALLOWED}")
