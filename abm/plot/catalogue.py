"""Find what is drawn: the figures of a kind of folder, one file each, and the report that it has."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDERS = ("studies", "evidence", "trial", "well")
PARTS = ("ORDER", "TITLE", "CAPTION", "applies", "figure", "seen")


def figures(folder: str) -> list[ModuleType]:
    """Return the figures for a kind of folder in reading order: its modules that have a function `figure`.

    Raises
    ------
    TypeError
        If a figure lacks one of its parts, or two have the same title.
    """
    package = importlib.import_module(f"{__package__}.{folder}")
    names = [f"{package.__name__}.{found.name}" for found in pkgutil.iter_modules(package.__path__)]
    kinds = [module for module in map(importlib.import_module, names) if callable(getattr(module, "figure", None))]
    for module in kinds:
        missing = [part for part in PARTS if not hasattr(module, part)]
        if missing:
            raise TypeError(f"{module.__name__} lacks {', '.join(missing)}")
    titles = [module.TITLE for module in kinds]
    twice = {title for title in titles if titles.count(title) > 1}
    if twice:
        raise TypeError(f"two figures are called {sorted(twice)}")
    return sorted(kinds, key=lambda module: (module.ORDER, module.__name__))


def applying(folder: str, tables: Any) -> list[ModuleType]:
    """Return the figures that what was read from a folder can show, in reading order."""
    return [kind for kind in figures(folder) if kind.applies(tables)]


def name(module: ModuleType) -> str:
    """Return the name of a figure's file, without ending."""
    return module.__name__.rpartition(".")[2]


def report_of(path: Path) -> ModuleType:
    """Return the report of a folder: the module that knows it as its own; of any other a run of wells is asked for."""
    known = reports()
    return next((report for report in known if report.holds(path)), known[-1])


def reports() -> list[ModuleType]:
    """Return the reports of all kinds of folder; loading them and what they draw with takes a second or two."""
    return [importlib.import_module(f"{__package__}.{folder}.report") for folder in FOLDERS]
