"""Find the figures: every module of the folder that has a `figure` function, in the order it asks for."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

PACKAGE = "abm.plot.well"
PARTS = ("ORDER", "TITLE", "CAPTION", "applies", "figure", "seen")


def figures() -> list[ModuleType]:
    """Return the figure modules in reading order.

    Raises
    ------
    TypeError
        If a figure lacks one of its parts, or two have the same title.
    """
    folder = importlib.import_module(PACKAGE).__path__
    modules = [importlib.import_module(f"{PACKAGE}.{found.name}") for found in pkgutil.iter_modules(folder)]
    kinds = [module for module in modules if callable(getattr(module, "figure", None))]
    for module in kinds:
        missing = [part for part in PARTS if not hasattr(module, part)]
        if missing:
            raise TypeError(f"{module.__name__} lacks {', '.join(missing)}")
    titles = [module.TITLE for module in kinds]
    twice = {title for title in titles if titles.count(title) > 1}
    if twice:
        raise TypeError(f"two figures are called {sorted(twice)}")
    return sorted(kinds, key=lambda module: (module.ORDER, module.__name__))


def name(module: ModuleType) -> str:
    """Return the name of a figure's file, without ending."""
    return module.__name__.rpartition(".")[2]
