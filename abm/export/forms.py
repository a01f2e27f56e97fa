"""Which form a file has, by how its name ends; each is a module of its own, that needs libraries of the extra."""

from importlib import import_module
from pathlib import Path
from typing import Any

from abm.core.errors import Fault, InputError, nearest
from abm.core.files import atomic_write
from abm.export.chosen import Chosen

FORMS = {".h5ad": "cells", ".nc": "series", ".simularium": "trajectories"}
THERE = {  # what a run folder holds by itself, by how it ends
    ".csv": "series.csv, arms.csv, end_points.csv, ...; abm report --csv excel copies all tables for Excel",
    ".parquet": "cells/frame=*.parquet, deaths.parquet, start.parquet",
    ".npz": "fields/frame=*.npz",
}


def write(chosen: Chosen, to: Path) -> dict[str, Any]:
    """Write what was chosen of a run in the form that a file's name says; return how much it holds.

    Raises
    ------
    InputError
        No such form, arm or replicate; a library is missing; or the run does not hold it.
    """
    form = _form(chosen, to)
    chosen.check()
    try:
        module = import_module(f"abm.export.{form}")
    except ModuleNotFoundError as error:
        raise InputError(f"{to.suffix} needs {error.name}: pip install 'antibody-abm[export]'") from None
    file, told = module.content(chosen)
    atomic_write(to, file)
    return told


def _form(chosen: Chosen, to: Path) -> str:
    ending = to.suffix.lower()
    if ending in THERE:
        text = f"--to {to}: {chosen.run.path} holds it as it is: {THERE[ending]}"
        raise InputError(Fault(text, allowed=", ".join(FORMS)))
    if ending not in FORMS:
        text, near = f"--to {to}: ends in {ending or 'nothing'!r}", nearest(ending, FORMS)
        raise InputError(Fault(text, allowed=", ".join(FORMS), nearest=near))
    return FORMS[ending]
